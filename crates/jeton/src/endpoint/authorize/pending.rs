//! An authorization request that waits for its login, met with its client as that is registered now.

use std::sync::Arc;

use super::{sealed::CodeRequest, validate::require_code_protection};
use crate::{
    client::Client,
    grant::GrantType,
    host::Host,
    refusal::{PersonFault, Refusal},
    request::At,
    target::Portion,
};

/// The client of a request. It must still be registered, and with the redirect URI: else there is nobody
/// to send an error to.
///
/// # Errors
/// A fault for the person.
pub(super) async fn client_of<H: Host>(
    at: &At<'_, H>,
    code: &CodeRequest,
) -> Result<Arc<Client>, Refusal> {
    let client = at.issuer.clients().find(&code.client_id, at.now).await?;
    let client = client.ok_or(PersonFault::Client)?;
    if !client.redirects_to(&code.redirect_uri) {
        return Err(PersonFault::RedirectUri(client.home.clone()).into());
    }
    Ok(client)
}

/// The part of the request that its client may still ask for.
///
/// # Errors
/// A fault for the client: it may no longer ask so, or for nothing of it.
pub(super) fn portion_of<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    code: &CodeRequest,
) -> Result<Portion, Refusal> {
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(Refusal::GrantTypeNotRegistered(
            GrantType::AuthorizationCode,
        ));
    }
    let challenge = code.code_challenge.as_deref();
    require_code_protection(client, &code.scope, challenge, code.nonce.as_deref())?;
    let portion = Portion {
        scope: code.scope.clone(),
        audiences: code.audiences.clone(),
    };
    Ok(portion.registered(client, at.issuer.config().issuer())?)
}
