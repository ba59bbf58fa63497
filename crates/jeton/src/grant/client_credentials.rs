//! `client_credentials` (RFC 6749 §4.4): a token for the client itself. Nothing is stored.

use crate::{
    audit::Audit,
    client::{Client, ClientAuthentication},
    crypto::Crypto,
    endpoint::token::TokenResponse,
    jwt::{self, AccessTokenClaims, Audience, TokenType},
    parameters::Parameters,
    refusal::Refusal,
    registry::Registry,
    server::Server,
    target,
    time::UnixTime,
};

pub(crate) async fn redeem<R: Registry, C: Crypto>(
    server: &Server<R, C>,
    client: &Client,
    parameters: &Parameters<'_>,
    now: UnixTime,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    // §4.4: confidential clients only.
    if client.authentication == ClientAuthentication::None {
        return Err(Refusal::PublicClient);
    }
    let scope = target::scope(client, parameters)?;
    let audiences = target::audiences(client, parameters, server.config().issuer())?;
    let lifetime = client
        .access_token_lifetime
        .unwrap_or(server.config().access_token_lifetime());
    let algorithm = client
        .access_token_signed_response_alg
        .unwrap_or(server.config().default_algorithm());
    let key = server.signing_key(algorithm, now).await?;
    let jti = jwt::token_id(server.crypto())?;
    let claims = AccessTokenClaims {
        iss: server.config().issuer().as_str(),
        // RFC 9068 §2.2: without a resource owner, the client is the subject.
        sub: client.id.as_str(),
        aud: Audience::new(&audiences),
        client_id: &client.id,
        iat: now,
        exp: now + lifetime,
        jti: &jti,
        scope: &scope,
    };
    let access_token = jwt::sign(server.crypto(), &key, TokenType::AccessToken, &claims).await?;
    audit.jti = Some(jti);
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: lifetime,
        scope,
    })
}
