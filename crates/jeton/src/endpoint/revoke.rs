//! `/revoke` (RFC 7009): where a client revokes its refresh or access token.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::{
    access_token::{AccessToken, revoked_marker},
    audit::Audit,
    authentication::authenticate,
    client::Client,
    host::Host,
    ledger::Ledger,
    parameters::Parameters,
    refusal::{Refusal, RequestFault},
    request::At,
    response::{answer_client, empty_response},
    token::{Binding, ParsedToken, TokenKind},
};

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.form()?;
    let caller = authenticate(at, &parameters, audit).await?;
    let outcome = revoke(at, &caller, &parameters, audit).await;
    Ok(answer_client(outcome, &caller, at.request.headers, audit))
}

/// Revokes the token that the client names, if it is its own.
async fn revoke<H: Host>(
    at: &At<'_, H>,
    caller: &Client,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let text = parameters
        .get("token")
        .ok_or(RequestFault::MissingParameter("token"))?;
    if let Some(token) = ParsedToken::parse(TokenKind::RefreshToken, text) {
        let binding = Binding {
            client_id: &caller.id,
            code_challenge: None,
        };
        // Any generation: whoever revokes a superseded token wants the grant to end as well.
        if at.issuer.tokens().verify(&token, &binding) {
            audit.grant = Some(token.grant);
            at.issuer.ledger()?.revoke(token.grant).await?;
        }
    } else if let Some(token) = AccessToken::decode(at, text).await?
        && token.client_id == caller.id
    {
        audit.jti = Some(token.jti.clone());
        match token.sid {
            // §2.1 lets the grant end with its access token; introspection then reads the grant alone. Not
            // with one that was exchanged: what a person gave is not its client's to end.
            Some(grant) if !token.is_revoked_alone() => {
                audit.grant = Some(grant);
                at.issuer.ledger()?.revoke(grant).await?;
            }
            _ => {
                let ledger = at
                    .issuer
                    .ledger()
                    .map_err(|_| Refusal::UnsupportedTokenType)?;
                let attempt = at.issuer.random_id()?;
                ledger
                    .claim(&revoked_marker(&token.jti), attempt, token.exp, at.now)
                    .await?;
            }
        }
    }
    // §2.2: also for a token that is unknown or another client's.
    Ok(empty_response(StatusCode::OK))
}
