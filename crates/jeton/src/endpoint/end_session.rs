//! `/end_session` (OpenID Connect RP-Initiated Logout 1.0).
//!
//! With an ID token of ours the session it names ends at once. Without one anybody's link could
//! log a person out, so the person is asked; Jeton has no session of its own to end then, only the
//! login application's.

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{ORIGIN, SET_COOKIE},
};
use serde::{Deserialize, Serialize};

use crate::{
    audit::Audit,
    authorization_response::with_query,
    client::{Client, ClientId, Delivery},
    cookie::Cookie,
    crypto::Crypto,
    jwt::{self, TokenType},
    ledger::{GrantId, Ledger},
    page::{Escaped, page, see_other},
    parameters::Parameters,
    refusal::{PersonFault, Refusal},
    registry::Registry,
    request::Incoming,
    seal::SealKind,
    server::{Server, path},
    time::{Seconds, UnixTime},
};

/// How long the login application may take to end its session.
const LOGOUT_LIFETIME: Seconds = Seconds(600);

/// What is read of an ID token. It may have expired: people stay longer than tokens.
#[derive(Deserialize)]
struct Hint {
    iss: String,
    sub: String,
    aud: ClientId,
    sid: GrantId,
}

/// Where a logout ends, sealed while the login application ends its session.
#[derive(Serialize, Deserialize)]
struct Destination {
    expires_at: UnixTime,
    /// A registered URI with its `state`; none: a page here.
    uri: Option<String>,
}

pub(crate) async fn respond<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    request: &Incoming<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let ledger = server.ledger()?;
    let parameters = request.query_or_form()?;
    let hint = hint(server, &parameters, request.now).await?;
    let client = client(server, &parameters, hint.as_ref(), request.now, audit).await?;
    let uri = destination(client.as_deref(), &parameters)?;
    let confirmed = request.method == Method::POST
        && parameters.get("confirmed") == Some("yes")
        && is_own_form(server, request);
    match &hint {
        Some(hint) => {
            audit.subject = Some(hint.sub.clone());
            audit.grant = Some(hint.sid);
            ledger.revoke(hint.sid).await?;
        }
        None if !confirmed => return Ok(ask(server, &parameters)),
        None => {}
    }
    let destination = Destination {
        expires_at: request.now + LOGOUT_LIFETIME,
        uri,
    };
    let mut response = match server.config().logout_url() {
        Some(logout_url) => {
            let sealed = server
                .seals()
                .seal(SealKind::Logout, &destination, server.crypto())?;
            let issuer = server.config().issuer();
            let back = format!("{issuer}{}?ticket={sealed}", path::END_SESSION_RESUME);
            let mut location = logout_url.clone();
            location.query_pairs_mut().append_pair("return_to", &back);
            see_other(location.as_str())
        }
        None => arrive(destination),
    };
    if let Some(cookie) = client.and_then(|client| clear_cookie(server, &client)) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `/end_session/resume`: the login application has ended its session.
pub(crate) fn resume<R, L, C: Crypto>(
    server: &Server<R, L, C>,
    request: &Incoming<'_>,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = request.query_or_form()?;
    let destination: Destination = parameters
        .get("ticket")
        .and_then(|ticket| server.seals().open(SealKind::Logout, ticket))
        .ok_or(PersonFault::Ticket)?;
    if request.now >= destination.expires_at {
        return Err(PersonFault::Ticket.into());
    }
    Ok(arrive(destination))
}

/// A browser says where a form stands. One on another site must not confirm for the person.
fn is_own_form<R, L, C: Crypto>(server: &Server<R, L, C>, request: &Incoming<'_>) -> bool {
    request
        .headers
        .get(ORIGIN)
        .is_none_or(|origin| origin == server.config().issuer().origin())
}

fn arrive(destination: Destination) -> Response<Bytes> {
    match destination.uri {
        Some(uri) => see_other(&uri),
        None => page(
            StatusCode::OK,
            "Signed out",
            "<p>You are signed out. You can close this page.</p>",
        ),
    }
}

async fn hint<R, L, C: Crypto>(
    server: &Server<R, L, C>,
    parameters: &Parameters<'_>,
    now: UnixTime,
) -> Result<Option<Hint>, Refusal> {
    let Some(text) = parameters.get("id_token_hint") else {
        return Ok(None);
    };
    let hint: Option<Hint> = jwt::verify(server, TokenType::IdToken, text, now).await?;
    let hint = hint.filter(|hint| hint.iss == server.config().issuer().as_str());
    Ok(Some(hint.ok_or(PersonFault::IdTokenHint)?))
}

/// The client that asks: named by the hint, by `client_id`, or by both alike (§2).
async fn client<R: Registry, L, C: Crypto>(
    server: &Server<R, L, C>,
    parameters: &Parameters<'_>,
    hint: Option<&Hint>,
    now: UnixTime,
    audit: &mut Audit,
) -> Result<Option<std::sync::Arc<Client>>, Refusal> {
    let named = match parameters.get("client_id") {
        None => None,
        Some(id) => Some(id.parse::<ClientId>().map_err(|_| PersonFault::Client)?),
    };
    if let (Some(named), Some(hint)) = (&named, hint)
        && *named != hint.aud
    {
        return Err(PersonFault::IdTokenHint.into());
    }
    let Some(id) = named.or_else(|| hint.map(|hint| hint.aud.clone())) else {
        return Ok(None);
    };
    audit.client_id = Some(id.clone());
    let client = server.clients().find(&id, now).await?;
    Ok(Some(client.ok_or(PersonFault::Client)?))
}

/// §3: only where the client has registered it, to the character.
fn destination(
    client: Option<&Client>,
    parameters: &Parameters<'_>,
) -> Result<Option<String>, PersonFault> {
    let Some(requested) = parameters.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    if !client.is_some_and(|client| client.redirects_after_logout_to(requested)) {
        return Err(PersonFault::PostLogoutRedirectUri);
    }
    Ok(Some(match parameters.get("state") {
        None => requested.to_owned(),
        Some(state) => with_query(requested, &[("state", state)]),
    }))
}

fn ask<R, L, C: Crypto>(server: &Server<R, L, C>, parameters: &Parameters<'_>) -> Response<Bytes> {
    let mut fields = String::new();
    for name in ["client_id", "post_logout_redirect_uri", "state"] {
        if let Some(value) = parameters.get(name) {
            fields += &format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                Escaped(value)
            );
        }
    }
    let action = format!("{}{}", server.config().issuer().path(), path::END_SESSION);
    let body = format!(
        "<p>Do you want to sign out?</p><form method=\"post\" action=\"{}\">{fields}\
         <button name=\"confirmed\" value=\"yes\">Sign out</button></form>",
        Escaped(&action)
    );
    page(StatusCode::OK, "Sign out", &body)
}

fn clear_cookie<R, L, C: Crypto>(server: &Server<R, L, C>, client: &Client) -> Option<HeaderValue> {
    match client.refresh.delivery {
        Delivery::Body { .. } => None,
        Delivery::Cookie { .. } => {
            Cookie::refresh_token(server.config().issuer(), &client.id).clear()
        }
    }
}
