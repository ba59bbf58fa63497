//! The mock's login application: it asks who to be, and takes the answer's word for it. It speaks
//! to the server as any login application does, only without a wire between them.

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_TYPE, SET_COOKIE},
};
use jeton::{Audit, GrantId, UnixTime, page::see_other};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    address::Address,
    at::At,
    form::Form,
    layout::{Layout, path_of},
    session::Session,
    spec::User,
};

mod form;
mod pages;

use form::LoginRequest;
use pages::{Pages, Typed};

/// The server's answer to an acceptance or a rejection.
#[derive(Deserialize)]
struct RedirectTo {
    redirect_to: String,
}

/// The server's answer to what it refuses (RFC 6749 §5.2), with where to send the browser all the same.
#[derive(Deserialize)]
struct ErrorResponse {
    error_description: String,
    redirect_to: Option<String>,
}

/// Why the server refused: a sentence, and the way on where it knows one.
struct Refused {
    problem: String,
    redirect_to: Option<String>,
}

impl From<String> for Refused {
    fn from(problem: String) -> Self {
        Self {
            problem,
            redirect_to: None,
        }
    }
}

/// A person's login, and whether it is one of before or happens with this request.
enum Login {
    /// The browser has a session.
    Before(Session),
    /// The browser's session begins with it.
    Now(Session),
}

impl Login {
    fn session(&self) -> &Session {
        match self {
            Self::Before(session) | Self::Now(session) => session,
        }
    }
}

/// What the server is told of a person who logged in, at `/authorize/accept`.
struct Acceptance<'a> {
    sealed: &'a str,
    session: &'a Session,
    scope: Option<&'a str>,
}

/// `GET`: the login page, or the way on for whoever is known by a session or a hint.
pub(crate) async fn show(at: &At<'_>, request: &Request<Bytes>) -> Response<Bytes> {
    let layout = layout(at);
    let query = Form::query(request);
    let sealed = query.get("request").unwrap_or_default();
    let asked = match login_request(at, sealed).await {
        Ok(asked) => asked,
        Err(refused) => {
            return go_on(at, &refused, || {
                pages::stray(&layout, request, &refused.problem)
            });
        }
    };
    let pages = Pages {
        layout,
        sealed,
        asked: &asked,
        apis: at.issuer.apis(),
    };
    let users = at.issuer.users();
    let automatic = at.issuer.auto_login();
    let Some(login) = login_without_asking(at, request, &asked, &users) else {
        if asked.prompts("none") {
            return reject(at, sealed, "login_required", "").await;
        }
        let who = asked.sub.as_deref().or(asked.login_hint.as_deref());
        let typed = who.map(Typed::subject).unwrap_or_default();
        return pages.who(&users, &typed, None);
    };
    let session = login.session();
    // Who is logged in automatically is never asked anything.
    if asked.prompts("consent") && automatic.is_none() {
        let user = user(&users, &session.subject);
        let claims = session.claims.as_ref().map(to_json);
        return pages.consent(&user, claims.as_deref(), None);
    }
    let acceptance = Acceptance {
        sealed,
        session,
        scope: None,
    };
    match accept(at, &acceptance, &users).await {
        Ok((response, grant)) => {
            let cookie = begin_session(at, request, login, grant);
            with_cookie(response, cookie)
        }
        Err(refused) => {
            let typed = Typed::subject(&session.subject);
            let again = || pages.who(&users, &typed, Some(&refused.problem));
            if asked.prompts("none") {
                return go_on(at, &refused, again);
            }
            again()
        }
    }
}

/// The login of a person who need not be asked: by the browser's session, by the request's hint, or
/// by the issuer's configuration.
fn login_without_asking(
    at: &At<'_>,
    request: &Request<Bytes>,
    asked: &LoginRequest,
    users: &[User],
) -> Option<Login> {
    let automatic = at.issuer.auto_login();
    if asked.anew() && automatic.is_none() {
        return None;
    }
    let session = session(at, request, asked);
    let Some(hint) = asked.login_hint.as_deref().or(automatic) else {
        return session.map(Login::Before);
    };
    let subject = by_hint(users, hint);
    let before = session.filter(|session| session.subject == subject);
    Some(before.map_or_else(
        || {
            Login::Now(Session {
                subject: subject.to_owned(),
                claims: None,
                auth_time: at.now,
            })
        },
        Login::Before,
    ))
}

/// The browser's session, if it will do for what is asked.
fn session(at: &At<'_>, request: &Request<Bytes>, asked: &LoginRequest) -> Option<Session> {
    let session = at.issuer.sessions().find(request)?;
    let will_do = asked.wants(&session.subject) && asked.allows(session.auth_time, at.now);
    (will_do && !asked.anew()).then_some(session)
}

/// `POST`: what becomes of a form that was sent.
pub(crate) async fn submit(at: &At<'_>, request: &Request<Bytes>) -> Response<Bytes> {
    let layout = layout(at);
    let form = Form::body(request);
    let sealed = form.get("request").unwrap_or_default();
    let asked = match login_request(at, sealed).await {
        Ok(asked) => asked,
        Err(refused) => {
            return go_on(at, &refused, || {
                pages::stray(&layout, request, &refused.problem)
            });
        }
    };
    if let Some(error) = form.get("error") {
        return reject(at, sealed, error, "").await;
    }
    let pages = Pages {
        layout,
        sealed,
        asked: &asked,
        apis: at.issuer.apis(),
    };
    let users = at.issuer.users();
    let again = |problem: &str| pages.who(&users, &Typed::of(&form), Some(problem));
    let claims = match form.claims() {
        Ok(claims) => claims,
        Err(problem) => return again(&problem),
    };
    let subject = match form.subject() {
        Ok(subject) => subject,
        Err(problem) => return again(problem),
    };
    let allowed = form.get("consent").is_some();
    let scope: Vec<_> = form.all("scope").collect();
    let consent = |problem| {
        let user = user(&users, subject);
        pages.consent(&user, form.get("claims"), problem)
    };
    if asked.prompts("consent") && !allowed && scope.is_empty() {
        return consent(None);
    }
    if allowed && scope.is_empty() && asked.scopes().next().is_some() {
        return consent(Some("Leave one scope on, or deny."));
    }
    let scope = scope.join(" ");
    // Who was asked for consent only had logged in before.
    let before =
        session(at, request, &asked).filter(|session| allowed && session.subject == subject);
    let session = Session {
        subject: subject.to_owned(),
        auth_time: before.as_ref().map_or(at.now, |it| it.auth_time),
        claims,
    };
    let login = match before {
        Some(_) => Login::Before(session),
        None => Login::Now(session),
    };
    let acceptance = Acceptance {
        sealed,
        session: login.session(),
        scope: Some(scope.as_str()).filter(|scope| !scope.is_empty()),
    };
    match accept(at, &acceptance, &users).await {
        Ok((response, grant)) => {
            let cookie = begin_session(at, request, login, grant);
            with_cookie(response, cookie)
        }
        Err(refused) => again(&refused.problem),
    }
}

/// `GET`: ends the browser's session.
pub(crate) fn log_out(at: &At<'_>, request: &Request<Bytes>) -> Response<Bytes> {
    let layout = layout(at);
    let cookie = at
        .issuer
        .sessions()
        .end(request, &at.address.browser, layout.path());
    let query = Form::query(request);
    // Back to the server that asked, and to nobody else.
    let response = match query.get("return_to").and_then(|to| here(at.address, to)) {
        Some(back) => see_other(&back),
        None => pages::logged_out(&layout),
    };
    with_cookie(response, cookie)
}

/// The cookie of the session that begins with a login of now. The grant is the session's, whichever it is.
fn begin_session(
    at: &At<'_>,
    request: &Request<Bytes>,
    login: Login,
    grant: Option<GrantId>,
) -> Option<HeaderValue> {
    match login {
        Login::Before(_) => {
            at.issuer.sessions().note(request, grant);
            None
        }
        Login::Now(session) => {
            let path = layout(at).path();
            at.issuer
                .sessions()
                .begin(request, session, grant, &at.address.browser, path)
        }
    }
}

/// What the person is asked for, which the server has sealed.
async fn login_request(at: &At<'_>, sealed: &str) -> Result<LoginRequest, Refused> {
    let asked = call_server(at, "/authorize/request", &[("request", sealed)]).await;
    asked.map(|(asked, _)| asked)
}

async fn accept(
    at: &At<'_>,
    acceptance: &Acceptance<'_>,
    users: &[User],
) -> Result<(Response<Bytes>, Option<GrantId>), Refused> {
    let session = acceptance.session;
    let known;
    let claims = match &session.claims {
        Some(claims) => claims,
        None => {
            known = user(users, &session.subject).grant_claims();
            &known
        }
    };
    let claims = to_json(claims);
    // A clock that was turned back leaves sessions of the future behind.
    let auth_time = UnixTime(session.auth_time.0.min(at.now.0)).0.to_string();
    let mut form = vec![
        ("request", acceptance.sealed),
        ("subject", session.subject.as_str()),
        ("claims", &claims),
        ("auth_time", &auth_time),
    ];
    if let Some(scope) = acceptance.scope {
        form.push(("scope", scope));
    }
    redirect(at, "/authorize/accept", &form).await
}

/// Accepts a login that nobody is asked for. The error is why the server refuses.
pub(crate) async fn accept_unasked(
    at: &At<'_>,
    sealed: &str,
    session: &Session,
) -> Result<Response<Bytes>, String> {
    let acceptance = Acceptance {
        sealed,
        session,
        scope: None,
    };
    let accepted = accept(at, &acceptance, &at.issuer.users()).await;
    accepted
        .map(|(response, _)| response)
        .map_err(|refused| refused.problem)
}

/// Ends a login with an error; an empty description is none.
pub(crate) async fn reject(
    at: &At<'_>,
    sealed: &str,
    error: &str,
    description: &str,
) -> Response<Bytes> {
    let form = [
        ("request", sealed),
        ("error", error),
        ("error_description", description),
    ];
    match redirect(at, "/authorize/reject", &form).await {
        Ok((response, _)) => response,
        Err(refused) => go_on(at, &refused, || {
            pages::refused(&layout(at), &refused.problem)
        }),
    }
}

/// The redirect to where the server says, at the origin browsers know it by, and the grant it is about.
async fn redirect(
    at: &At<'_>,
    path: &str,
    form: &[(&str, &str)],
) -> Result<(Response<Bytes>, Option<GrantId>), Refused> {
    let (RedirectTo { redirect_to }, grant) = call_server(at, path, form).await?;
    Ok((send_to(at, &redirect_to), grant))
}

fn send_to(at: &At<'_>, redirect_to: &str) -> Response<Bytes> {
    let to = here(at.address, redirect_to);
    see_other(to.as_deref().unwrap_or(redirect_to))
}

/// The redirect to where the server sends the person whom it refused, else a page.
fn go_on(
    at: &At<'_>,
    refused: &Refused,
    page: impl FnOnce() -> Response<Bytes>,
) -> Response<Bytes> {
    match &refused.redirect_to {
        Some(to) => send_to(at, to),
        None => page(),
    }
}

/// `value` in a form, with what would be read otherwise encoded and nothing else: the claims of a user
/// may be half as long as a body, and encoded as a browser does it they could be too long for one.
fn in_form(value: &str) -> String {
    value
        .replace('%', "%25")
        .replace('&', "%26")
        .replace('+', "%2B")
}

/// The server's answer to this application's client, and the grant it is about. The error is what it says
/// of a refusal.
async fn call_server<T: DeserializeOwned>(
    at: &At<'_>,
    path: &str,
    form: &[(&str, &str)],
) -> Result<(T, Option<GrantId>), Refused> {
    let credentials = at.issuer.login_client().credentials();
    let pairs = form.iter().copied().chain(credentials);
    let body: Vec<_> = pairs
        .map(|(name, value)| format!("{name}={}", in_form(value)))
        .collect();
    let request = Request::post(format!("{}{path}", path_of(&at.address.base)))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(body.join("&")))
        .map_err(|error| error.to_string())?;
    let response = at.serve(request).await;
    let body = response.body();
    if response.status() == StatusCode::OK {
        let audit = response.extensions().get::<Audit>();
        let grant = audit.and_then(|audit| audit.grant);
        let said = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        return Ok((said, grant));
    }
    Err(match serde_json::from_slice::<ErrorResponse>(body) {
        Ok(refusal) => Refused {
            problem: sentence(&refusal.error_description),
            redirect_to: refusal.redirect_to,
        },
        Err(_) => format!("The server answered {}.", response.status()).into(),
    })
}

fn layout<'a>(at: &At<'a>) -> Layout<'a> {
    Layout::new(at.issuer.name(), &at.address.browser)
}

/// The same address where browsers reach the issuer, if it is one of the issuer's.
fn here(address: &Address, url: &str) -> Option<String> {
    let rest = url.strip_prefix(address.of_server())?;
    rest.starts_with('/')
        .then(|| format!("{}{rest}", address.browser))
}

/// The user of this subject; a new one where there is none.
fn user(users: &[User], subject: &str) -> User {
    let known = users.iter().find(|user| user.sub == subject);
    known.cloned().unwrap_or_else(|| User::new(subject))
}

/// The subject that a `login_hint` means (OpenID Connect Core §3.1.2.1): a hint is what people log in
/// with, be it their subject or their email address. Where no user has it, it is a subject.
fn by_hint<'a>(users: &'a [User], hint: &'a str) -> &'a str {
    find_user(users, hint).map_or(hint, |user| &user.sub)
}

/// The user whom people mean by that text: their subject, or else their email address or their name.
pub(crate) fn find_user<'a>(users: &'a [User], text: &str) -> Option<&'a User> {
    let meant = Value::from(text);
    let mut users_by = [
        users.iter().find(|user| user.sub == text),
        users
            .iter()
            .find(|user| user.grant_claims().get("email") == Some(&meant)),
        users.iter().find(|user| user.name.as_deref() == Some(text)),
    ]
    .into_iter();
    users_by.find_map(|user| user)
}

fn with_cookie(mut response: Response<Bytes>, cookie: Option<HeaderValue>) -> Response<Bytes> {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn to_json(claims: &Map<String, Value>) -> String {
    Value::Object(claims.clone()).to_string()
}

/// A description of the server's as a sentence: it begins in lower case and ends without a stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().collect());
    format!("{first}{}.", characters.as_str())
}
