//! `/end_session` (OpenID Connect RP-Initiated Logout 1.0).
//!
//! With an ID token of ours as hint, the grant that it names ends at once. Without one, any link could
//! log a person out, so the person is asked. Jeton has no session of its own to end then; the login
//! application has one.

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
    host::Host,
    jose::TokenType,
    ledger::{GrantId, Ledger},
    page::{Escaped, page, see_other},
    parameters::Parameters,
    refusal::{PersonFault, Refusal},
    request::At,
    route::path,
    seal::SealKind,
    time::{Seconds, UnixTime},
};

/// How long the login application may take to end its session.
const LOGOUT_LIFETIME: Seconds = Seconds(600);

/// The claims that are read of `id_token_hint`. It may have expired: people stay longer than tokens.
#[derive(Deserialize)]
struct IdTokenHint {
    iss: String,
    sub: String,
    aud: ClientId,
    sid: GrantId,
}

/// Where the browser goes after a logout, sealed while the login application ends its session.
#[derive(Serialize, Deserialize)]
struct Destination {
    expires_at: UnixTime,
    /// A registered URI with its `state`; `None` is a page of ours.
    uri: Option<String>,
}

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let ledger = at.issuer.ledger()?;
    let parameters = at.request.query_or_form()?;
    let hint = read_hint(at, &parameters).await?;
    let client = find_client(at, &parameters, hint.as_ref(), audit).await?;
    let uri = requested_uri(client.as_deref(), &parameters)?;
    let confirmed = at.request.method == Method::POST
        && parameters.get("confirmed") == Some("yes")
        && is_own_form(at);
    match &hint {
        Some(hint) => {
            audit.subject = Some(hint.sub.clone());
            audit.grant = Some(hint.sid);
            ledger.revoke(hint.sid).await?;
        }
        None if !confirmed => return Ok(confirm_form(at, &parameters)),
        None => {}
    }
    let destination = Destination {
        expires_at: at.now + LOGOUT_LIFETIME,
        uri,
    };
    let mut response = match at.issuer.config().logout_url() {
        Some(logout_url) => {
            let sealed =
                at.issuer
                    .seals()
                    .seal(SealKind::Logout, &destination, at.issuer.crypto())?;
            let issuer = at.issuer.config().issuer();
            let back = format!("{issuer}{}?ticket={sealed}", path::END_SESSION_RESUME);
            let mut location = logout_url.clone();
            location.query_pairs_mut().append_pair("return_to", &back);
            see_other(location.as_str())
        }
        None => signed_out(destination),
    };
    if let Some(cookie) = client.and_then(|client| cleared_cookie(at, &client)) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `/end_session/resume`: where the browser comes back after the login application has ended its
/// session.
pub(crate) fn resume<H: Host>(at: &At<'_, H>) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.query_or_form()?;
    let destination: Destination = parameters
        .get("ticket")
        .and_then(|ticket| at.issuer.seals().open(SealKind::Logout, ticket))
        .ok_or(PersonFault::Ticket)?;
    if at.now >= destination.expires_at {
        return Err(PersonFault::Ticket.into());
    }
    Ok(signed_out(destination))
}

/// Whether the form that was sent stands on a page of ours, as the browser says by `Origin`: a page
/// of another site must not confirm for the person.
fn is_own_form<H: Host>(at: &At<'_, H>) -> bool {
    at.request
        .headers
        .get(ORIGIN)
        .is_none_or(|origin| origin == at.issuer.config().issuer().origin())
}

/// The last response of a logout: to the client's URI, or a page that says that it is done.
fn signed_out(destination: Destination) -> Response<Bytes> {
    match destination.uri {
        Some(uri) => see_other(&uri),
        None => page(
            StatusCode::OK,
            "Signed out",
            "<p>You are signed out. You can close this page.</p>",
        ),
    }
}

async fn read_hint<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
) -> Result<Option<IdTokenHint>, Refusal> {
    let Some(text) = parameters.get("id_token_hint") else {
        return Ok(None);
    };
    let typ = TokenType::IdToken;
    let hint: Option<IdTokenHint> = at.issuer.own_claims(typ, text, at.now).await?;
    let hint = hint.filter(|hint| hint.iss == at.issuer.config().issuer().as_str());
    Ok(Some(hint.ok_or(PersonFault::IdTokenHint)?))
}

/// The client that asks for the logout: named by the hint, by `client_id`, or by both alike (§2).
async fn find_client<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    hint: Option<&IdTokenHint>,
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
    let client = at.issuer.clients().find(&id, at.now).await?;
    Ok(Some(client.ok_or(PersonFault::Client)?))
}

/// `post_logout_redirect_uri` with `state`. The client must have registered it, to the character
/// (§3).
fn requested_uri(
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

/// The page that asks the person whether to sign out.
fn confirm_form<H: Host>(at: &At<'_, H>, parameters: &Parameters<'_>) -> Response<Bytes> {
    let mut fields = String::new();
    for name in ["client_id", "post_logout_redirect_uri", "state"] {
        if let Some(value) = parameters.get(name) {
            fields += &format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                Escaped(value)
            );
        }
    }
    let action = at.issuer.action(path::END_SESSION);
    let body = format!(
        "<p>Do you want to sign out?</p><form method=\"post\" action=\"{}\">{fields}\
         <button name=\"confirmed\" value=\"yes\">Sign out</button></form>",
        Escaped(&action)
    );
    page(StatusCode::OK, "Sign out", &body)
}

/// The header that removes the cookie of the client's refresh token, if it has one.
fn cleared_cookie<H: Host>(at: &At<'_, H>, client: &Client) -> Option<HeaderValue> {
    match client.refresh.delivery {
        Delivery::Body { .. } => None,
        Delivery::Cookie { .. } => {
            Cookie::refresh_token(at.issuer.config().issuer(), &client.id).clear()
        }
    }
}
