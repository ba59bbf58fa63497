//! `/token` (RFC 6749 §3.2): reads the request, authenticates the client, hands over to the grant.

use bytes::Bytes;
use http::{
    Response, StatusCode,
    header::{self, SET_COOKIE},
};

use crate::{
    audit::Audit,
    authentication::authenticate,
    client::{Client, Delivery},
    cookie::Cookie,
    cors,
    grant::{
        GrantType, authorization_code, client_credentials, device_code, refresh_token,
        response::TokenResponse,
    },
    host::Host,
    parameters::Parameters,
    refusal::{Refusal, RequestFault},
    request::At,
    response::{no_store_json, refuse},
};

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.form()?;
    let grant_type = parameters
        .get("grant_type")
        .ok_or(RequestFault::MissingParameter("grant_type"))?;
    let grant_type = GrantType::from_name(grant_type)
        .filter(|known| at.issuer.offers().has_grant_type(*known))
        .ok_or_else(|| RequestFault::UnsupportedGrantType(grant_type.to_owned()))?;
    audit.grant_type = Some(grant_type.as_str());
    let client = authenticate(at, &parameters, audit).await?;
    let origin = at.request.header(header::ORIGIN);
    let outcome = redeem(at, &client, grant_type, &parameters, audit).await;
    let mut response = match outcome {
        Ok(tokens) => deliver(at, &client, tokens),
        Err(refusal) => {
            let mut response = refuse(&refusal, audit);
            // A refresh token that is worth nothing any more must not be sent again.
            if grant_type == GrantType::RefreshToken
                && matches!(&refusal, Refusal::Grant(fault) if fault.is_final())
                && let Some(cookie) = refresh_cookie(at, &client).and_then(|c| c.clear())
            {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            response
        }
    };
    cors::allow(&mut response, &client, origin);
    Ok(response)
}

async fn redeem<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant_type: GrantType,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    if !client.may_use(grant_type) {
        return Err(Refusal::GrantTypeNotRegistered(grant_type));
    }
    match grant_type {
        GrantType::ClientCredentials => {
            client_credentials::redeem(at, client, parameters, audit).await
        }
        GrantType::AuthorizationCode => {
            require_origin(at, client)?;
            authorization_code::redeem(at, client, parameters, audit).await
        }
        GrantType::RefreshToken => {
            require_origin(at, client)?;
            let token = presented(at, client, parameters)?;
            refresh_token::redeem(at, client, token, parameters, audit).await
        }
        GrantType::DeviceCode => device_code::redeem(at, client, parameters, audit).await,
    }
}

/// Where a cookie holds the refresh token, a page of another origin must not be able to use it:
/// the `Origin` is required and exact, since an absent one proves nothing.
fn require_origin<H: Host>(at: &At<'_, H>, client: &Client) -> Result<(), Refusal> {
    let Delivery::Cookie { allowed_origins } = &client.refresh.delivery else {
        return Ok(());
    };
    match at.request.header(header::ORIGIN) {
        Some(origin) if allowed_origins.iter().any(|own| own == origin) => Ok(()),
        _ => Err(Refusal::Origin),
    }
}

/// The refresh token from where the client keeps it.
fn presented<'a, H: Host>(
    at: &At<'a, H>,
    client: &Client,
    parameters: &'a Parameters<'_>,
) -> Result<&'a str, Refusal> {
    let in_body = parameters.get("refresh_token");
    let in_cookie = refresh_cookie(at, client)
        .and_then(|cookie| at.request.cookie(&cookie.name))
        .filter(|token| !token.is_empty());
    match (in_body, in_cookie) {
        (Some(_), Some(_)) => Err(RequestFault::TwoRefreshTokens.into()),
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(RequestFault::MissingParameter("refresh_token").into()),
    }
}

fn refresh_cookie<H: Host>(at: &At<'_, H>, client: &Client) -> Option<Cookie> {
    matches!(client.refresh.delivery, Delivery::Cookie { .. })
        .then(|| Cookie::refresh_token(at.issuer.config().issuer(), &client.id))
}

/// The answer, its refresh token in the body or in a cookie.
fn deliver<H: Host>(at: &At<'_, H>, client: &Client, mut tokens: TokenResponse) -> Response<Bytes> {
    let cookie = refresh_cookie(at, client).and_then(|cookie| {
        let token = tokens.refresh_token.take()?;
        cookie.set(&token, client.refresh.idle_lifetime)
    });
    let mut response = no_store_json(StatusCode::OK, &tokens);
    response.headers_mut().extend(tokens.headers);
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
