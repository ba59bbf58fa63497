//! `client_credentials` (RFC 6749 §4.4): a token for the client itself. Nothing is stored.

use crate::{
    access_token::{AccessToken, Audience},
    audit::Audit,
    client::Client,
    crypto::Crypto,
    endpoint::token::TokenResponse,
    jwt,
    parameters::Parameters,
    refusal::Refusal,
    server::Server,
    target,
    time::UnixTime,
};

pub(crate) async fn redeem<R, L, C: Crypto>(
    server: &Server<R, L, C>,
    client: &Client,
    parameters: &Parameters<'_>,
    now: UnixTime,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    // §4.4: confidential clients only.
    if !client.is_confidential() {
        return Err(Refusal::PublicClient);
    }
    let scope = target::scope(client, parameters)?;
    let audiences = target::audiences(client, parameters, server.config().issuer())?;
    let lifetime = client
        .access_token_lifetime
        .unwrap_or(server.config().access_token_lifetime());
    let token = AccessToken {
        iss: server.config().issuer().as_str().into(),
        // RFC 9068 §2.2: without a resource owner, the client is the subject.
        sub: client.id.as_str().into(),
        aud: Audience::new(audiences),
        client_id: client.id.clone(),
        iat: now,
        exp: now + lifetime,
        jti: jwt::token_id(server.crypto())?,
        scope,
        sid: None,
        auth_time: None,
    };
    let access_token = token.encode(server, client, now).await?;
    audit.jti = Some(token.jti);
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: lifetime,
        scope: token.scope,
        refresh_token: None,
        id_token: None,
    })
}
