//! Issuing tokens: access tokens, made in one place, and the ID and refresh token of a grant.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use jsonwebtoken::Algorithm;
use serde::Serialize;
use sha2::{Digest, Sha256, Sha512};

use crate::{
    access_token::{AccessToken, Audience},
    audit::Audit,
    client::{Client, ClientId},
    grant::response::TokenResponse,
    host::Host,
    jose::{self, TokenType},
    ledger::{Grant, GrantId},
    refusal::Refusal,
    request::At,
    target::Portion,
    time::UnixTime,
    token::{Binding, TokenKind},
};

/// The claims of an ID token (OpenID Connect Core §2). Claims about the person are at `/userinfo`.
#[derive(Serialize)]
struct IdToken<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a ClientId,
    exp: UnixTime,
    iat: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    at_hash: String,
    sid: GrantId,
}

/// The token response for a client that is its own subject (RFC 9068 §2.2).
pub(crate) async fn to_client<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    portion: Portion,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    access_token(at, client, None, portion, audit).await
}

/// The token response for a grant as it stands. No token outlives its grant.
pub(crate) async fn from_grant<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: &Grant,
    portion: Portion,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let mut tokens = access_token(at, client, Some(grant), portion, audit).await?;
    if tokens.scope.contains("openid") {
        tokens.id_token = Some(id_token(at, client, grant, &tokens).await?);
    }
    tokens.refresh_token = grant
        .is_refreshable_by(client)
        .then(|| refresh_token(at, grant));
    audit.subject.clone_from(&grant.subject);
    audit.grant = Some(grant.id);
    audit.generation = Some(grant.generation);
    Ok(tokens)
}

/// The token response with an access token for a grant, or for the client itself. The only place
/// that makes access tokens.
async fn access_token<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: Option<&Grant>,
    portion: Portion,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let config = at.issuer.config();
    let end = grant.map_or(UnixTime(u64::MAX), |grant| grant.expires_at);
    let subject = match grant {
        Some(grant) => grant.subject.as_deref().unwrap_or_default(),
        None => client.id.as_str(),
    };
    let token = AccessToken {
        iss: config.issuer().as_str().into(),
        sub: subject.into(),
        aud: Audience::new(portion.audiences),
        client_id: client.id.clone(),
        iat: at.now,
        exp: (at.now + at.issuer.access_token_lifetime(client)).min(end),
        nbf: None,
        jti: jose::token_id(at.issuer.crypto())?,
        scope: portion.scope,
        sid: grant.map(|grant| grant.id),
        auth_time: grant.and_then(|grant| grant.auth_time),
    };
    let access_token = token.encode(at, client).await?;
    audit.jti = Some(token.jti);
    audit.audience = Some(token.aud);
    audit.scope = Some(token.scope.clone());
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: token.exp.since(at.now),
        scope: token.scope,
        refresh_token: None,
        id_token: None,
        headers: HeaderMap::new(),
    })
}

async fn id_token<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: &Grant,
    tokens: &TokenResponse,
) -> Result<String, Refusal> {
    let config = at.issuer.config();
    let algorithm = client
        .id_token_signed_response_alg
        .unwrap_or(config.default_algorithm());
    let key = at.issuer.signing_key(algorithm, at.now).await?;
    let claims = IdToken {
        iss: config.issuer().as_str(),
        sub: grant.subject.as_deref().unwrap_or_default(),
        aud: &client.id,
        exp: at.now + tokens.expires_in,
        iat: at.now,
        auth_time: grant.auth_time,
        // §12.2: the nonce is for the response to the request that brought it.
        nonce: grant.nonce.as_deref().filter(|_| grant.generation <= 1),
        at_hash: half_hash(algorithm, &tokens.access_token),
        sid: grant.id,
    };
    Ok(jose::sign(at.issuer.crypto(), &key, TokenType::IdToken, &claims).await?)
}

/// The refresh token of the grant's generation: the same each time it is asked for.
fn refresh_token<H: Host>(at: &At<'_, H>, grant: &Grant) -> String {
    let binding = Binding {
        client_id: &grant.client_id,
        code_challenge: None,
    };
    at.issuer.tokens().issue(
        TokenKind::RefreshToken,
        grant.id,
        grant.generation,
        None,
        &binding,
    )
}

/// `at_hash` (OpenID Connect Core §3.1.3.6): the left half of the hash that goes with the
/// signature; for Ed25519 that is SHA-512.
fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let full = match algorithm {
        Algorithm::EdDSA => Sha512::digest(text).to_vec(),
        _ => Sha256::digest(text).to_vec(),
    };
    let (left, _) = full.split_at(full.len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}
