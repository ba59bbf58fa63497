//! Which claims about a person go where: by the client's record, the scope, and what the authorization
//! request asked for (OpenID Connect Core §5.4, §5.5). All of it is judged as it is now.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    claims::{self, AUTHENTICATION_CLAIMS, LONGEST_TOKEN_CLAIMS, reserved_claim, scope_of},
    client::{Client, RegisteredClaims},
    inserted::inserted,
    ledger::RequestedClaims,
    refusal::{GrantFault, Refusal},
    scope::Scope,
};

/// A place that claims go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    IdToken,
    AccessToken,
    Userinfo,
}

/// What of a person's claims one place may have.
pub(crate) struct Disclosure<'a> {
    place: Place,
    client: &'a Client,
    scope: &'a Scope,
    /// What the record lists; `None`: whatever the scope allows.
    listed: Option<&'a BTreeSet<String>>,
    /// What the request asked for. No request can ask for claims in an access token.
    requested: Option<&'a BTreeSet<String>>,
}

/// Whether the client may ask for the claim by name: for standard claims of the scopes that it is
/// registered for, and for what its record lists anywhere.
pub(crate) fn may_request(client: &Client, claim: &str) -> bool {
    if AUTHENTICATION_CLAIMS.contains(&claim) {
        return true;
    }
    match scope_of(claim) {
        Some(scope) => client.scope.contains(scope),
        None => reserved_claim(claim).is_none() && client.claims.name(claim),
    }
}

/// Refuses claims that the tokens of such a grant could not hold.
pub(crate) fn require_token_length(
    client: &Client,
    scope: &Scope,
    requested: &RequestedClaims,
    claims: &Map<String, Value>,
) -> Result<(), TooLong> {
    let id_token = scope.contains("openid").then_some(Place::IdToken);
    for place in id_token.into_iter().chain([Place::AccessToken]) {
        Disclosure::new(place, client, scope, requested).token_part_of(claims)?;
    }
    Ok(())
}

/// The claims for a token are longer than [`LONGEST_TOKEN_CLAIMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong(pub(crate) Place);

impl From<TooLong> for Refusal {
    fn from(_: TooLong) -> Self {
        GrantFault::ClaimsTooLong.into()
    }
}

impl<'a> Disclosure<'a> {
    /// What `place` may have of a grant of `scope`, whose request asked for `requested`.
    pub(crate) fn new(
        place: Place,
        client: &'a Client,
        scope: &'a Scope,
        requested: &'a RequestedClaims,
    ) -> Self {
        let RegisteredClaims {
            id_token,
            access_token,
            userinfo,
            client: _,
        } = &client.claims;
        let (listed, requested) = match place {
            Place::IdToken => (Some(id_token), Some(&requested.id_token)),
            Place::AccessToken => (Some(access_token), None),
            Place::Userinfo => (userinfo.as_ref(), Some(&requested.userinfo)),
        };
        Self {
            place,
            client,
            scope,
            listed,
            requested,
        }
    }

    /// Whether the claim may go there. `acr` and `amr` belong to the tokens, as `auth_time` does;
    /// `/userinfo` is about the person, and has them only where they are named. A standard claim also
    /// needs its scope: granted where the record lists the claim, registered where the request names it.
    fn allows(&self, claim: &str) -> bool {
        let is_listed = self.listed.is_some_and(|listed| listed.contains(claim));
        let is_requested = self.requested.is_some_and(|names| names.contains(claim));
        if AUTHENTICATION_CLAIMS.contains(&claim) {
            return self.place != Place::Userinfo || is_listed || is_requested;
        }
        // Whatever a record has: it may be older than the list of names that are the server's own.
        if reserved_claim(claim).is_some() {
            return false;
        }
        let is_listed = is_listed || self.listed.is_none();
        let is_in_scope = scope_of(claim).is_none_or(|scope| self.scope.contains(scope));
        (is_listed && is_in_scope) || (is_requested && may_request(self.client, claim))
    }

    /// Whether any claim but `acr` and `amr` may go there: else the others need not be known.
    pub(crate) fn needs_others(&self) -> bool {
        let Some(listed) = self.listed else {
            return true;
        };
        listed
            .iter()
            .chain(self.requested.into_iter().flatten())
            .map(String::as_str)
            .any(|claim| !AUTHENTICATION_CLAIMS.contains(&claim) && self.allows(claim))
    }

    /// What it may have of `claims`.
    pub(crate) fn part_of(&self, claims: &Map<String, Value>) -> Map<String, Value> {
        let allowed = claims.iter().filter(|(claim, _)| self.allows(claim));
        inserted(allowed.map(|(claim, value)| (claim.clone(), value.clone())))
    }

    /// The same, for a token.
    ///
    /// # Errors
    /// They are too long for one.
    pub(crate) fn token_part_of(
        &self,
        claims: &Map<String, Value>,
    ) -> Result<Map<String, Value>, TooLong> {
        let part = self.part_of(claims);
        if claims::length(&part) > LONGEST_TOKEN_CLAIMS {
            return Err(TooLong(self.place));
        }
        Ok(part)
    }
}
