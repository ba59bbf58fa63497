//! What a grant yields: access token, ID token, refresh token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::Serialize;
use sha2::{Digest, Sha256, Sha512};

use crate::{
    access_token::{AccessToken, Audience},
    audit::Audit,
    client::{Client, ClientId},
    crypto::Crypto,
    endpoint::token::TokenResponse,
    jwt::{self, TokenType},
    ledger::{Grant, GrantId},
    refusal::Refusal,
    scope::Scope,
    server::Server,
    time::UnixTime,
    token::{Binding, TokenKind},
};

/// OpenID Connect Core §2, as the code flow needs it: claims about the subject are at `/userinfo`.
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

/// What part of a grant a request asks for.
pub(crate) struct Portion {
    pub(crate) scope: Scope,
    pub(crate) audiences: Vec<String>,
}

/// The token response for a grant as it stands. No token outlives its grant.
pub(crate) async fn from_grant<R, L, C: Crypto>(
    server: &Server<R, L, C>,
    client: &Client,
    grant: &Grant,
    portion: Portion,
    now: UnixTime,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let subject = grant.subject.as_deref().unwrap_or_default();
    let lifetime = client
        .access_token_lifetime
        .unwrap_or(server.config().access_token_lifetime());
    let expires = (now + lifetime).min(grant.expires_at);
    let token = AccessToken {
        iss: server.config().issuer().as_str().into(),
        sub: subject.into(),
        aud: Audience::new(portion.audiences),
        client_id: client.id.clone(),
        iat: now,
        exp: expires,
        jti: jwt::token_id(server.crypto())?,
        scope: portion.scope,
        sid: Some(grant.id),
        auth_time: grant.auth_time,
    };
    let access_token = token.encode(server, client, now).await?;
    let id_token = if token.scope.contains("openid") {
        let algorithm = client
            .id_token_signed_response_alg
            .unwrap_or(server.config().default_algorithm());
        let key = server.signing_key(algorithm, now).await?;
        let claims = IdToken {
            iss: server.config().issuer().as_str(),
            sub: subject,
            aud: &client.id,
            exp: expires,
            iat: now,
            auth_time: grant.auth_time,
            // §12.2: the nonce is for the response to the request that brought it.
            nonce: grant.nonce.as_deref().filter(|_| grant.generation <= 1),
            at_hash: half_hash(algorithm, &access_token),
            sid: grant.id,
        };
        Some(jwt::sign(server.crypto(), &key, TokenType::IdToken, &claims).await?)
    } else {
        None
    };
    audit.jti = Some(token.jti);
    audit.subject = Some(subject.to_owned());
    audit.grant = Some(grant.id);
    audit.generation = Some(grant.generation);
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: expires.since(now),
        scope: token.scope,
        refresh_token: grant.refreshable.then(|| refresh_token(server, grant)),
        id_token,
    })
}

/// The refresh token of the generation at which the grant stands: the same each time.
fn refresh_token<R, L, C: Crypto>(server: &Server<R, L, C>, grant: &Grant) -> String {
    let binding = Binding {
        client_id: &grant.client_id,
        code_challenge: None,
    };
    server.tokens().issue(
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
