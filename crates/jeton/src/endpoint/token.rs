//! `/token` (RFC 6749 §3.2): authenticates the client and hands over to the file of the `grant_type`.

use std::{pin::pin, sync::Arc};

use bytes::Bytes;
use http::{
    Response, StatusCode,
    header::{self, SET_COOKIE},
};

use crate::{
    apart::apart,
    audit::Audit,
    authentication::{Caller, authenticate_caller},
    client::{Client, Delivery},
    cookie::Cookie,
    grant::{
        GrantType, authorization_code, client_credentials, device_code, jwt_bearer, refresh_token,
        response::TokenResponse, token_exchange,
    },
    host::Host,
    parameters::Parameters,
    refusal::{Refusal, RequestFault},
    request::At,
    response::{answer_client, no_store_json, refuse},
    shown_subject::ShownSubject,
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
        .ok_or(RequestFault::UnsupportedGrantType)?;
    audit.grant_type = Some(grant_type.as_str());
    let caller = match grant_type {
        // The assertion says whose request it is, and a subject token may.
        GrantType::JwtBearer => {
            apart(Box::pin(jwt_bearer::caller(at, &parameters, audit)).as_mut()).await?
        }
        GrantType::TokenExchange => {
            apart(Box::pin(token_exchange::caller(at, &parameters, audit)).as_mut()).await?
        }
        _ => authenticate_caller(at, &parameters, audit).await?,
    };
    let client = Arc::clone(&caller.client);
    let outcome = deliver(at, caller, grant_type, &parameters, audit).await;
    Ok(answer_client(outcome, &client, at.request.headers, audit))
}

/// The response with the tokens for the grant of the request: the refresh token in the body or, once
/// the cookie for it may be set, in that.
async fn deliver<H: Host>(
    at: &At<'_, H>,
    caller: Caller,
    grant_type: GrantType,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let client = &Arc::clone(&caller.client);
    if !client.may_use(grant_type) {
        return Err(Refusal::GrantTypeNotRegistered(grant_type));
    }
    // Before the grant is redeemed: what cannot be issued or may not be delivered stays usable.
    ShownSubject::require_possible(at.issuer, client)?;
    let cookie = match grant_type {
        GrantType::ClientCredentials | GrantType::JwtBearer | GrantType::TokenExchange => None,
        _ => refresh_cookie(at, client)?,
    };
    let cookie = cookie.as_ref();
    match redeem_grant(at, caller, grant_type, cookie, parameters, audit).await {
        Ok(tokens) => Ok(token_response(client, cookie, tokens)),
        Err(refusal) => {
            let mut response = refuse(&refusal, audit);
            // The browser shall not send a refresh token again that can never be redeemed.
            if grant_type == GrantType::RefreshToken
                && matches!(&refusal, Refusal::Grant(fault) if fault.is_final())
                && let Some(cleared) = cookie.and_then(Cookie::clear)
            {
                response.headers_mut().append(SET_COOKIE, cleared);
            }
            Ok(response)
        }
    }
}

/// The cookie of the client's refresh token, if it is delivered in one. Nothing sets, reads or clears
/// it here without having come by this check of the `Origin`: a page of another origin must be able
/// neither to use the cookie nor to plant one, by whatever grant. An absent `Origin` is refused,
/// because it proves nothing.
fn refresh_cookie<H: Host>(at: &At<'_, H>, client: &Client) -> Result<Option<Cookie>, Refusal> {
    let Delivery::Cookie { allowed_origins } = &client.refresh.delivery else {
        return Ok(None);
    };
    match at.request.header(header::ORIGIN) {
        Some(origin) if allowed_origins.iter().any(|own| own == origin) => {
            let issuer = at.issuer.config().issuer();
            Ok(Some(Cookie::refresh_token(issuer, &client.id)))
        }
        _ => Err(Refusal::Origin),
    }
}

/// The tokens for the grant of the request, by the rules of its `grant_type`.
async fn redeem_grant<H: Host>(
    at: &At<'_, H>,
    caller: Caller,
    grant_type: GrantType,
    cookie: Option<&Cookie>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let client = &caller.client;
    match grant_type {
        GrantType::ClientCredentials => {
            apart(pin!(client_credentials::redeem(
                at, &caller, parameters, audit
            )))
            .await
        }
        GrantType::JwtBearer => {
            apart(Box::pin(jwt_bearer::redeem(at, caller, parameters, audit)).as_mut()).await
        }
        GrantType::AuthorizationCode => {
            apart(pin!(authorization_code::redeem(
                at, client, parameters, audit
            )))
            .await
        }
        GrantType::RefreshToken => {
            let token = presented_refresh_token(at, cookie, parameters)?;
            apart(pin!(refresh_token::redeem(
                at, client, token, parameters, audit
            )))
            .await
        }
        GrantType::DeviceCode => {
            apart(pin!(device_code::redeem(at, client, parameters, audit))).await
        }
        GrantType::TokenExchange => {
            apart(Box::pin(token_exchange::redeem(at, caller, parameters, audit)).as_mut()).await
        }
    }
}

/// The refresh token of the request, from the body or from the client's cookie.
fn presented_refresh_token<'a, H: Host>(
    at: &At<'a, H>,
    cookie: Option<&Cookie>,
    parameters: &'a Parameters<'_>,
) -> Result<&'a str, Refusal> {
    let in_body = parameters.get("refresh_token");
    let in_cookie = cookie
        .and_then(|cookie| at.request.cookie(&cookie.name))
        .filter(|token| !token.is_empty());
    match (in_body, in_cookie) {
        (Some(_), Some(_)) => Err(RequestFault::TwoRefreshTokens.into()),
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(RequestFault::MissingParameter("refresh_token").into()),
    }
}

/// The response with the tokens, the refresh token in the body or in the cookie.
fn token_response(
    client: &Client,
    cookie: Option<&Cookie>,
    mut tokens: TokenResponse,
) -> Response<Bytes> {
    let cookie = cookie.and_then(|cookie| {
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
