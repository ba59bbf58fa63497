//! `/revoke` (RFC 7009).

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, ORIGIN},
};
use sha2::{Digest, Sha256};

use crate::{
    access_token::AccessToken,
    audit::Audit,
    authentication::authenticate,
    cors,
    crypto::Crypto,
    ledger::{Id128, Ledger, Marker},
    refusal::{Refusal, RequestFault},
    registry::Registry,
    request::Incoming,
    server::Server,
    token::{Binding, ParsedToken, TokenKind},
};

pub(crate) async fn respond<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    request: &Incoming<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = request.form()?;
    let now = request.now;
    let clients = server.clients();
    let caller = authenticate(clients, request.headers, &parameters, now, audit).await?;
    let text = parameters
        .get("token")
        .ok_or(RequestFault::MissingParameter("token"))?;
    if let Some(token) = ParsedToken::parse(TokenKind::RefreshToken, text) {
        let binding = Binding {
            client_id: &caller.id,
            code_challenge: None,
        };
        // Any generation: who holds an old one and wants it gone, wants all of it gone.
        if server.tokens().verify(&token, &binding) {
            audit.grant = Some(token.grant);
            server.ledger()?.revoke(token.grant).await?;
        }
    } else if let Some(token) = AccessToken::decode(server, text, now).await?
        && token.client_id == caller.id
    {
        audit.jti = Some(token.jti.clone());
        match token.sid {
            // §2.1 lets the grant end with its access token, and so all of it is one read away.
            Some(grant) => {
                audit.grant = Some(grant);
                server.ledger()?.revoke(grant).await?;
            }
            None => {
                let ledger = server.ledger().map_err(|_| Refusal::UnsupportedTokenType)?;
                let attempt = server.random_id()?;
                ledger
                    .claim(&marker(&token.jti), attempt, token.exp, now)
                    .await?;
            }
        }
    }
    // §2.2: an unknown token is as good as revoked, and another client's is none of the caller's.
    let mut response = done();
    cors::allow(&mut response, &caller, request.header(ORIGIN));
    Ok(response)
}

pub(crate) fn done() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::OK;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a revoked access token without a grant leaves until it would have expired.
pub(crate) fn marker(jti: &str) -> Marker {
    let digest = Sha256::digest(jti);
    let (short, _) = digest.split_at(16);
    Marker::new(
        "revoked",
        short.try_into().map(Id128).unwrap_or(Id128([0; 16])),
    )
}
