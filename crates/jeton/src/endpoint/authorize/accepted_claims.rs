//! The claims of a login that is accepted: whether the tokens of its client can hold them, and where they
//! are kept until the browser comes back.

use super::{
    resume::CODE_LIFETIME,
    sealed::{Accepted, CodeRequest},
};
use crate::{
    attached_claims,
    claims::ClaimsRequest,
    client::Client,
    disclosure::{Place, may_request, require_token_length},
    host::Host,
    inserted::inserted,
    ledger::{GrantId, RequestedClaims},
    refusal::{HandoffFault, Refusal},
    request::At,
    time::UnixTime,
};

/// Keeps the claims of a login for `code`, which its client asks for. They are there for as long as its
/// tickets and the code that one becomes can be redeemed; whoever redeems it keeps them on.
pub(super) async fn keep_for_code<H: Host>(
    at: &At<'_, H>,
    (grant, tickets_end): (GrantId, UnixTime),
    code: &CodeRequest,
    client: &Client,
    accepted: &mut Accepted,
) -> Result<(), Refusal> {
    let requested = requested_claims(client, code);
    let scope = code.scope.within(&client.scope);
    require_token_length(client, &scope, &requested, &accepted.claims.inline).map_err(
        |too_long| match too_long.0 {
            Place::IdToken => HandoffFault::IdTokenClaims,
            Place::AccessToken | Place::Userinfo => HandoffFault::AccessTokenClaims,
        },
    )?;
    accepted.requested_claims = requested;
    let claims = std::mem::take(&mut accepted.claims.inline);
    let until = tickets_end + CODE_LIFETIME;
    accepted.claims = attached_claims::attach(at, claims, grant, until).await?;
    Ok(())
}

/// Keeps the claims of a login for a device beside the login: which device it is shows only later.
pub(super) async fn keep_for_device<H: Host>(
    at: &At<'_, H>,
    login: GrantId,
    tickets_end: UnixTime,
    accepted: &mut Accepted,
) -> Result<(), Refusal> {
    let claims = std::mem::take(&mut accepted.claims.inline);
    accepted.claims = attached_claims::attach(at, claims, login, tickets_end).await?;
    Ok(())
}

/// The claims that the request named and its client may have.
fn requested_claims(client: &Client, code: &CodeRequest) -> RequestedClaims {
    let may_have = |claim: &str| may_request(client, claim);
    let ClaimsRequest { userinfo, id_token } = code.claims.clone().reduced(may_have, may_have);
    RequestedClaims {
        id_token: inserted(id_token.into_keys()),
        userinfo: inserted(userinfo.into_keys()),
    }
}
