//! Who calls the management interface: a client, by an access token that it got for itself.

use std::sync::Arc;

use crate::{
    access_token::AccessToken,
    audit::Audit,
    client::{CeilingRecord, Client},
    endpoint::bearer,
    grant::live::{self, LiveToken},
    host::Host,
    management_scope as scopes,
    refusal::{BearerFault, ManagementFault, Refusal},
    request::At,
    scope::Scope,
};

/// What somebody may do with documents of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Write,
}

/// The holder of an access token that opens the management interface.
pub(crate) struct Manager {
    /// What is left of the token's scope.
    pub(crate) scope: Scope,
    /// The token's `jti`.
    pub(crate) jti: String,
    /// What clients may have that register by it, as the token says.
    pub(crate) registration: Option<CeilingRecord>,
    /// Its client.
    pub(crate) client: Arc<Client>,
}

impl Manager {
    /// Who sends the request, if their token has one of these scopes.
    ///
    /// A token of a person's grant does not open it, whatever its scope: what a person agrees to in a
    /// browser is not the right to manage a deployment. Neither does one that was exchanged.
    pub(crate) async fn of<H: Host>(
        at: &At<'_, H>,
        scopes: &'static [&'static str],
        audit: &mut Audit,
    ) -> Result<Self, Refusal> {
        let text = bearer::token_in_header(at.request)?.ok_or(BearerFault::Missing)?;
        let token = AccessToken::decode(at, text).await?;
        let token = token.ok_or(BearerFault::Invalid)?;
        audit.client_id = Some(token.client_id.clone());
        audit.jti = Some(token.jti.clone());
        if !token.aud.contains(at.issuer.config().issuer().as_str()) {
            return Err(BearerFault::Audience.into());
        }
        let is_its_own =
            token.sid.is_none() && token.act.is_none() && token.exchanged_from.is_empty();
        if !is_its_own {
            return Err(ManagementFault::NotItsOwn.into());
        }
        let live = live::find_live(at, token).await?;
        let LiveToken { token, client, .. } = live.ok_or(BearerFault::Invalid)?;
        if !scopes.iter().any(|scope| token.scope.contains(scope)) {
            return Err(ManagementFault::Scope(scopes).into());
        }
        Ok(Self {
            scope: token.scope,
            jti: token.jti,
            registration: token.registration,
            client,
        })
    }

    /// Refuses a scope that has rights over this server which the manager does not have: nobody gives what
    /// they do not have, nor takes over a client that has more.
    pub(crate) fn require_privileges_of(&self, scope: &Scope) -> Result<(), ManagementFault> {
        let mut privileges = scope.iter().filter(|token| scopes::is_privilege(token));
        match privileges.find(|token| !self.scope.contains(token)) {
            None => Ok(()),
            Some(lacking) => Err(ManagementFault::Privilege {
                scope: lacking.to_owned(),
            }),
        }
    }
}
