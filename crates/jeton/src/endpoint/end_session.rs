//! `/end_session` (OpenID Connect RP-Initiated Logout 1.0).
//!
//! With an ID token of ours as hint, the grant that it names ends at once. Without one, any link could
//! log a person out, so the person is asked; and so they are with one that cannot be verified, or is of
//! another client or issuer. What could not be verified is not used (§4), not even to find the client: unless
//! `client_id` names it, the logout then ends at a page of ours.
//!
//! A hint shows who was logged in once, not who opens the link: it may be another person's, in a link
//! that somebody made. So nothing else ends by it here. Jeton has no session of its own; the login
//! application, which has one, is told whom the hint names, and asks where that is not who is logged
//! in. A cookie with a refresh token goes only if it is of the same grant, or once the person has said
//! so. On the way from another site browsers leave it out (`SameSite=Strict`): it then stays, and is
//! worth nothing, because its grant has ended.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{ORIGIN, SET_COOKIE},
};
use serde::{Deserialize, Serialize};

use super::{authorize::validate::LONGEST_VALUE, id_token_hint::IdTokenHint};
use crate::{
    audit::Audit,
    authentication::find_client,
    authorization_response::with_query,
    client::{Client, ClientId, Delivery, Home},
    cookie::Cookie,
    host::Host,
    ledger::{GrantId, Ledger},
    page::{Ending, Escaped, Link, Words, application, page, see_other},
    parameters::Parameters,
    refusal::{PersonFault, Refusal},
    request::At,
    route::path,
    seal::SealKind,
    shown_subject::ShownSubject,
    time::{Seconds, UnixTime},
    token::{Binding, ParsedToken, TokenKind},
};

/// How long the login application may take to end its session.
const LOGOUT_LIFETIME: Seconds = Seconds(600);

/// The longest `ui_locales` that is heard, in bytes: some twenty languages.
const LONGEST_LOCALES: usize = 256;

/// A logout, sealed while the login application ends its session.
#[derive(Serialize, Deserialize)]
pub(super) struct LogoutRequest {
    pub(super) expires_at: UnixTime,
    /// The client that asks for it; unknown where it named neither itself nor a login.
    pub(super) client_id: Option<ClientId>,
    /// Who is to be logged out: the person of the hint's grant or, where its record is gone, the hint's
    /// subject. `None` without a hint.
    pub(super) sub: Option<String>,
    /// Of which login: the hint's grant. `None` without a hint.
    pub(super) sid: Option<GrantId>,
    /// Where the browser goes afterwards, as the client registered it; `None` is a page of ours.
    pub(super) uri: Option<String>,
    /// `state`, which that is handed.
    state: Option<String>,
    /// The languages that the client asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ui_locales: Option<String>,
}

impl LogoutRequest {
    /// The logout that was sealed in `text`, if it is one of ours, however long ago.
    pub(super) fn open<H: Host>(at: &At<'_, H>, text: &str) -> Option<Self> {
        at.issuer.seals().open(SealKind::Logout, text)
    }

    /// Whether the login application took too long.
    pub(super) fn has_expired(&self, now: UnixTime) -> bool {
        now >= self.expires_at
    }
}

/// Where the login application sends the browser after the logout that was sealed as `sealed`.
pub(super) fn resume_url<H: Host>(at: &At<'_, H>, sealed: &str) -> String {
    let address = at.issuer.url_of(path::END_SESSION_RESUME);
    format!("{address}?ticket={sealed}")
}

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    at.issuer.ledger()?;
    let parameters = at.request.query_or_form()?;
    let hint = match parameters.get("id_token_hint") {
        Some(text) => IdTokenHint::read(at, text).await?,
        None => None,
    };
    let client = client_of(at, &parameters, hint.as_ref(), audit).await?;
    let uri = requested_uri(client.as_deref(), &parameters)?;
    let state = parameters.get("state").map(str::to_owned);
    if state
        .as_ref()
        .is_some_and(|state| state.len() > LONGEST_VALUE)
    {
        let home = client.as_ref().and_then(|client| client.home.clone());
        return Err(PersonFault::LogoutState(home).into());
    }
    // A wish, and no more: one that is too long to travel is not heard.
    let ui_locales = parameters.get("ui_locales");
    let ui_locales = ui_locales
        .filter(|tags| tags.len() <= LONGEST_LOCALES)
        .map(str::to_owned);
    // A hint counts for the client it was made for (§2), and for the login it was made in.
    let hint = hint.filter(|hint| client.as_ref().is_some_and(|client| client.id == hint.aud));
    let ended = match (hint, &client) {
        (Some(hint), Some(client)) => end_grant_of(at, client, hint, audit).await?,
        _ => None,
    };
    let (hint, sub) = ended.unzip();
    if hint.is_none() && !is_confirmed(at, &parameters) {
        return Ok(confirm_form(
            at,
            client.as_deref(),
            [
                ("post_logout_redirect_uri", uri),
                ("state", state),
                ("ui_locales", ui_locales),
            ],
        ));
    }
    let cleared = match &client {
        Some(client) => clear_cookie(at, client, hint.as_ref(), audit).await?,
        None => None,
    };
    let home = client.as_ref().and_then(|client| client.home.clone());
    let logout = LogoutRequest {
        expires_at: at.now + LOGOUT_LIFETIME,
        client_id: client.map(|client| client.id.clone()),
        sub,
        sid: hint.map(|hint| hint.sid),
        uri,
        state,
        ui_locales,
    };
    let mut response = match at.issuer.config().logout_url() {
        Some(logout_url) => {
            let sealed = at
                .issuer
                .seals()
                .seal(SealKind::Logout, &logout, at.issuer.crypto())?;
            let back = resume_url(at, &sealed);
            let mut location = logout_url.clone();
            location
                .query_pairs_mut()
                .append_pair("return_to", &back)
                .append_pair("request", &sealed);
            see_other(location.as_str())
        }
        None => logged_out(at, &logout, home.as_ref()),
    };
    if let Some(cleared) = cleared {
        response.headers_mut().append(SET_COOKIE, cleared);
    }
    Ok(response)
}

/// `/end_session/resume`: where the browser comes back after the login application has ended its
/// session, however long that took: nothing is left to do but to go on.
pub(crate) async fn resume<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.query_or_form()?;
    let mut logout = parameters
        .get("ticket")
        .and_then(|ticket| LogoutRequest::open(at, ticket))
        .ok_or(PersonFault::Ticket)?;
    audit.grant = logout.sid;
    audit.client_id.clone_from(&logout.client_id);
    let client = match &logout.client_id {
        Some(id) => at.issuer.clients().find(id, at.now).await?,
        None => None,
    };
    // The client may have lost the URI meanwhile. The person is logged out all the same.
    let client = client.as_deref();
    logout.uri = logout
        .uri
        .filter(|uri| client.is_some_and(|client| client.redirects_after_logout_to(uri)));
    let home = client.and_then(|client| client.home.as_ref());
    Ok(logged_out(at, &logout, home))
}

/// Ends the grant that the hint names, and says whose it is. One that has ended already, or whose record is
/// gone, is as good. A hint that its record contradicts is none.
async fn end_grant_of<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    hint: IdTokenHint,
    audit: &mut Audit,
) -> Result<Option<(IdTokenHint, String)>, Refusal> {
    let ledger = at.issuer.ledger()?;
    let person = match ledger.read(hint.sid).await? {
        Some(grant) => {
            let person = grant.subject.unwrap_or_default();
            let shown = ShownSubject::of_person(at.issuer, client, &person)?;
            if grant.client_id != hint.aud || shown != hint.sub {
                return Ok(None);
            }
            ledger.revoke(hint.sid).await?;
            person
        }
        None => hint.sub.to_string(),
    };
    audit.subject = Some(person.clone());
    audit.grant = Some(hint.sid);
    Ok(Some((hint, person)))
}

/// Whether the person said on a page of ours to be logged out. A form of another site must not say so
/// for them: browsers name the page's `Origin` with every form that is posted, and none proves nothing.
fn is_confirmed<H: Host>(at: &At<'_, H>, parameters: &Parameters<'_>) -> bool {
    at.request.method == Method::POST
        && parameters.get("confirmed") == Some("yes")
        && at.request.header(ORIGIN) == Some(at.issuer.config().issuer().origin())
}

/// The last response of a logout: to the client's URI, or a page that says that it is done, with the way to
/// the client's home.
fn logged_out<H: Host>(
    at: &At<'_, H>,
    logout: &LogoutRequest,
    home: Option<&Home>,
) -> Response<Bytes> {
    match (&logout.uri, &logout.state) {
        (Some(uri), Some(state)) => see_other(&with_query(uri, &[("state", state)])),
        (Some(uri), None) => see_other(uri),
        (None, _) => {
            let language = at.language(logout.ui_locales.as_deref());
            let words = &Words::of(language).logout;
            let ending = Ending {
                frame: at.issuer.config().frame(),
                language,
                status: StatusCode::OK,
                title: words.done,
                text: words.done_text,
                way_on: home.map(|home| Link::to_application(home, language)),
                finding: None,
                reference: None,
            };
            ending.respond()
        }
    }
}

/// The client that asks for the logout: named by `client_id`, or by a hint that is verified (§2).
async fn client_of<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    hint: Option<&IdTokenHint>,
    audit: &mut Audit,
) -> Result<Option<Arc<Client>>, Refusal> {
    let named = match parameters.get("client_id") {
        None => hint.map(|hint| hint.aud.clone()),
        Some(id) => Some(id.parse::<ClientId>().map_err(|_| PersonFault::Client)?),
    };
    let Some(id) = named else {
        return Ok(None);
    };
    let client = find_client(at, id.as_str(), audit).await?;
    Ok(Some(client.ok_or(PersonFault::Client)?))
}

/// `post_logout_redirect_uri`. The client must have registered it, to the character (§3). Where it came with
/// a hint that could not be verified and names no client, the person is asked all the same, and is led nowhere.
fn requested_uri(
    client: Option<&Client>,
    parameters: &Parameters<'_>,
) -> Result<Option<String>, PersonFault> {
    let Some(requested) = parameters.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    if client.is_none() && parameters.get("id_token_hint").is_some() {
        return Ok(None);
    }
    if !client.is_some_and(|client| client.redirects_after_logout_to(requested)) {
        let home = client.and_then(|client| client.home.clone());
        return Err(PersonFault::PostLogoutRedirectUri(home));
    }
    Ok(Some(requested.to_owned()))
}

/// The page that asks the person whether to log out.
fn confirm_form<H: Host>(
    at: &At<'_, H>,
    client: Option<&Client>,
    carried: [(&str, Option<String>); 3],
) -> Response<Bytes> {
    let [_, _, (_, ui_locales)] = &carried;
    let language = at.language(ui_locales.as_deref());
    let words = &Words::of(language).logout;
    let id = client.map(|client| client.id.to_string());
    let mut fields = String::new();
    for (name, value) in [("client_id", id)].into_iter().chain(carried) {
        if let Some(value) = value {
            fields += &format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                Escaped(&value)
            );
        }
    }
    let asked_by = client.map_or_else(String::new, |client| {
        let name = client.name.as_deref().unwrap_or(client.id.as_str());
        let says = words
            .sent_by
            .with(format_args!("<strong>{}</strong>", Escaped(name)));
        let unchecked = client.registration.as_ref().map_or_else(String::new, |_| {
            format!("<p class=\"hint\">{}</p>", words.unchecked)
        });
        application(name, &says) + &unchecked
    });
    let action = at.issuer.action(path::END_SESSION);
    let body = format!(
        "{asked_by}<h1>{title}</h1><p>{}</p>\
         <form method=\"post\" action=\"{}\">{fields}\
         <button name=\"confirmed\" value=\"yes\">{title}</button></form>",
        words.question,
        Escaped(&action),
        title = words.title,
    );
    let frame = at.issuer.config().frame();
    page(frame, language, StatusCode::OK, words.title, &body)
}

/// The header that removes the cookie of the client's refresh token, whose grant has ended then. By a
/// hint only a cookie of the hint's own grant is removed.
async fn clear_cookie<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    hint: Option<&IdTokenHint>,
    audit: &mut Audit,
) -> Result<Option<HeaderValue>, Refusal> {
    let Delivery::Cookie { .. } = client.refresh.delivery else {
        return Ok(None);
    };
    let cookie = Cookie::refresh_token(at.issuer.config().issuer(), &client.id);
    let held = at
        .request
        .cookie(&cookie.name)
        .and_then(|token| grant_of(at, client, token));
    match (hint, held) {
        (Some(hint), held) if held != Some(hint.sid) => return Ok(None),
        (None, Some(held)) => {
            audit.grant = Some(held);
            at.issuer.ledger()?.revoke(held).await?;
        }
        _ => {}
    }
    Ok(cookie.clear())
}

/// The grant of a refresh token, of whatever generation, that was issued here to this client.
fn grant_of<H: Host>(at: &At<'_, H>, client: &Client, token: &str) -> Option<GrantId> {
    let token = ParsedToken::parse(TokenKind::RefreshToken, token)?;
    let binding = Binding {
        client_id: &client.id,
        code_challenge: None,
    };
    let is_ours = at.issuer.tokens().verify(&token, &binding);
    is_ours.then_some(token.grant)
}
