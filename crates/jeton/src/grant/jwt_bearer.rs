//! `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1): a token for the client that a JWT of a
//! trusted issuer stands for. The client need not authenticate: whoever has the JWT has what its issuer
//! gave. There is no refresh token (RFC 7521 §4.1): the next JWT is asked for the next token.

use super::response::TokenResponse;
use crate::{
    audit::Audit,
    authentication::{Caller, identify},
    foreign_token::{For, Form, Vouched, vouch},
    host::Host,
    issue,
    jose::UnverifiedJwt,
    parameters::Parameters,
    refusal::{GrantFault, NotAccepted, Refusal, RequestFault},
    request::At,
    target,
};

/// The client that the assertion of the request stands for. A client that the request names, or that has
/// authenticated, must be that one (RFC 7521 §4.1).
pub(crate) async fn caller<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Caller, Refusal> {
    let assertion = parameters.get("assertion");
    let assertion = assertion.ok_or(RequestFault::MissingParameter("assertion"))?;
    let sender = identify(at, parameters, audit).await?;
    let vouched = vouched(at, assertion, sender.whom(), audit).await;
    let vouched = vouched.map_err(|why| why.refused_as(GrantFault::Assertion))?;
    Ok(Caller::vouched(vouched))
}

async fn vouched<H: Host>(
    at: &At<'_, H>,
    assertion: &str,
    whom: For<'_>,
    audit: &mut Audit,
) -> Result<Vouched, NotAccepted> {
    let jwt = UnverifiedJwt::parse(assertion)?;
    Ok(vouch(at, jwt, Form::Jwt, whom, audit)
        .await?
        .into_assertion()?)
}

/// The token. Only when scope and audiences are decided is the assertion used up.
pub(crate) async fn redeem<H: Host>(
    at: &At<'_, H>,
    mut caller: Caller,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let config = at.issuer.config();
    let client = &caller.client;
    let portion = target::portion(client, parameters, config)?;
    let used_up = caller.use_up(at).await;
    used_up.map_err(|why| why.refused_as(GrantFault::Assertion))?;
    issue::to_client(at, &caller, portion, audit).await
}
