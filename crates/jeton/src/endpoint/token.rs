//! `/token` (RFC 6749 §3.2): reads the request, authenticates the client, hands over to the grant.

use bytes::Bytes;
use http::{
    Response, StatusCode,
    header::{self, SET_COOKIE},
};
use serde::Serialize;

use crate::{
    audit::Audit,
    authentication::authenticate,
    client::{Client, Delivery},
    cookie::Cookie,
    cors,
    crypto::Crypto,
    grant::{GrantType, authorization_code, client_credentials, device_code, refresh_token},
    ledger::Ledger,
    parameters::Parameters,
    refusal::{Refusal, RequestFault},
    registry::Registry,
    request::Incoming,
    response::{no_store_json, refuse},
    scope::Scope,
    server::Server,
    time::Seconds,
};

/// RFC 6749 §5.1. `scope` is always sent: a client that asked for none learns what it has.
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    pub(crate) token_type: &'static str,
    pub(crate) expires_in: Seconds,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub(crate) scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
}

pub(crate) async fn respond<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    request: &Incoming<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = request.form()?;
    let grant_type = parameters
        .get("grant_type")
        .ok_or(RequestFault::MissingParameter("grant_type"))?;
    let grant_type = GrantType::from_name(grant_type)
        .filter(|known| server.supports(*known))
        .ok_or_else(|| RequestFault::UnsupportedGrantType(grant_type.to_owned()))?;
    audit.grant_type = Some(grant_type.as_str());
    let client = authenticate(
        server.clients(),
        request.headers,
        &parameters,
        request.now,
        audit,
    )
    .await?;
    let origin = request.header(header::ORIGIN);
    let outcome = redeem(server, request, &client, grant_type, &parameters, audit).await;
    let mut response = match outcome {
        Ok(tokens) => deliver(server, &client, tokens),
        Err(refusal) => {
            let mut response = refuse(&refusal, audit);
            // A refresh token that is worth nothing any more must not be sent again.
            if grant_type == GrantType::RefreshToken
                && matches!(&refusal, Refusal::Grant(fault) if fault.is_final())
                && let Some(cookie) = refresh_cookie(server, &client).and_then(|c| c.clear())
            {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            response
        }
    };
    cors::allow(&mut response, &client, origin);
    Ok(response)
}

async fn redeem<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    request: &Incoming<'_>,
    client: &Client,
    grant_type: GrantType,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    if !client.may_use(grant_type) {
        return Err(Refusal::GrantTypeNotRegistered(grant_type));
    }
    let now = request.now;
    match grant_type {
        GrantType::ClientCredentials => {
            client_credentials::redeem(server, client, parameters, now, audit).await
        }
        GrantType::AuthorizationCode => {
            require_origin(client, request)?;
            authorization_code::redeem(server, client, parameters, now, audit).await
        }
        GrantType::RefreshToken => {
            require_origin(client, request)?;
            let token = presented(server, client, request, parameters)?;
            refresh_token::redeem(server, client, token, parameters, now, audit).await
        }
        GrantType::DeviceCode => device_code::redeem(server, client, parameters, now, audit).await,
    }
}

/// Where a cookie holds the refresh token, a page of another origin must not be able to use it:
/// the `Origin` is required and exact, since an absent one proves nothing.
fn require_origin(client: &Client, request: &Incoming<'_>) -> Result<(), Refusal> {
    let Delivery::Cookie { allowed_origins } = &client.refresh.delivery else {
        return Ok(());
    };
    match request.header(header::ORIGIN) {
        Some(origin) if allowed_origins.iter().any(|own| own == origin) => Ok(()),
        _ => Err(Refusal::Origin),
    }
}

/// The refresh token from where the client keeps it.
fn presented<'a, R, L, C: Crypto>(
    server: &Server<R, L, C>,
    client: &Client,
    request: &Incoming<'a>,
    parameters: &'a Parameters<'_>,
) -> Result<&'a str, Refusal> {
    let in_body = parameters.get("refresh_token");
    let in_cookie = refresh_cookie(server, client)
        .and_then(|cookie| request.cookie(&cookie.name))
        .filter(|token| !token.is_empty());
    match (in_body, in_cookie) {
        (Some(_), Some(_)) => Err(RequestFault::TwoRefreshTokens.into()),
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(RequestFault::MissingParameter("refresh_token").into()),
    }
}

fn refresh_cookie<R, L, C: Crypto>(server: &Server<R, L, C>, client: &Client) -> Option<Cookie> {
    matches!(client.refresh.delivery, Delivery::Cookie { .. })
        .then(|| Cookie::refresh_token(server.config().issuer(), &client.id))
}

/// The answer, its refresh token in the body or in a cookie.
fn deliver<R, L, C: Crypto>(
    server: &Server<R, L, C>,
    client: &Client,
    mut tokens: TokenResponse,
) -> Response<Bytes> {
    let cookie = refresh_cookie(server, client).and_then(|cookie| {
        let token = tokens.refresh_token.take()?;
        cookie.set(&token, client.refresh.idle_lifetime)
    });
    let mut response = no_store_json(StatusCode::OK, &tokens);
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
