//! The login application: what it is configured with, and what becomes of a request to it.

use core::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use http::{Method, Response, StatusCode, header::ALLOW};
use jeton::{Audit, Config, Host, apart};

use crate::{
    account,
    at::At,
    callback, consent, login, logout,
    settings::LoginSettings,
    stop::{Stop, Stopped},
    unknown_clients,
    ways::{Pace, Upstreams},
};

/// The paths of the application, beneath the issuer's.
pub(crate) mod path {
    pub(crate) const LOGIN: &str = "/login";
    pub(crate) const CALLBACK: &str = "/login/callback/";
    pub(crate) const CONSENT: &str = "/login/consent";
    pub(crate) const BACK: &str = "/login/back";
    pub(crate) const LOGOUT: &str = "/login/logout";
    pub(crate) const LOGGED_OUT: &str = "/login/logged-out";
    pub(crate) const ACCOUNT: &str = "/login/account";
    pub(crate) const LOGO: &str = "/login/logo";
}

/// The login application of a deployment.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) settings: LoginSettings,
    pub(crate) upstreams: Upstreams,
    /// What is known of them where a refresh asks, which has less time than a login.
    pub(crate) upstreams_at_refresh: Upstreams,
    /// The path of the application on its origin.
    pub(crate) path: String,
    /// Whether the log of this process says which clients are not there that `JETON_LOGIN` speaks of.
    told_of_unknown_clients: AtomicBool,
}

/// An answer, and what the log says of it.
pub(crate) struct Answer {
    pub(crate) response: Response<Bytes>,
    pub(crate) audit: Audit,
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        Self {
            response,
            audit: Audit::default(),
        }
    }
}

impl Application {
    pub(crate) fn new(settings: LoginSettings, config: &Config) -> Self {
        Self {
            settings,
            path: format!("{}{}", config.issuer().path(), path::LOGIN),
            upstreams: Upstreams::new(Pace::Login),
            upstreams_at_refresh: Upstreams::new(Pace::Refresh),
            told_of_unknown_clients: AtomicBool::new(false),
        }
    }
}

/// The answer at `path`, which lies beneath the issuer's; `None`: nothing of the application is there.
pub(crate) async fn respond<H: Host>(at: &At<'_, H>, path: &str) -> Option<Answer> {
    let (endpoint, allowed, answer) = route(at, path).await?;
    let mut answer = match answer {
        Some(answer) => answer.unwrap_or_else(|stopped| stopped.answer(at)),
        None => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            if let Ok(allowed) = allowed.parse() {
                response.headers_mut().insert(ALLOW, allowed);
            }
            response.into()
        }
    };
    if endpoint == "login" && answer.audit.detail.is_none() {
        answer.audit.detail = unknown_clients_at_first(at).await.map(Into::into);
    }
    answer.audit.endpoint = Some(endpoint);
    answer.audit.request_id = at.arrival.request_id.clone();
    answer.audit.client_address = at.arrival.address;
    Some(answer)
}

/// What the log says at the first login of a process, wherever that runs: a mistyped client id is no error, and
/// should not stay unnoticed.
async fn unknown_clients_at_first<H: Host>(at: &At<'_, H>) -> Option<String> {
    if at.app.told_of_unknown_clients.swap(true, Ordering::Relaxed) {
        return None;
    }
    let warned = unknown_clients::warning(at.server, &at.app.settings, at.now()).await;
    warned.unwrap_or_else(|_| {
        at.app
            .told_of_unknown_clients
            .store(false, Ordering::Relaxed);
        None
    })
}

type Routed = (&'static str, &'static str, Option<Result<Answer, Stopped>>);

async fn route<H: Host>(at: &At<'_, H>, path: &str) -> Option<Routed> {
    let gets = matches!(*at.method, Method::GET | Method::HEAD);
    let posts = *at.method == Method::POST;
    Some(match path {
        path::LOGIN if gets => ("login", "", Some(apart(pin!(login::show(at))).await)),
        path::LOGIN if posts => ("login", "", Some(apart(pin!(login::begin(at))).await)),
        path::LOGIN => ("login", "GET, HEAD, POST", None),
        path::CONSENT if posts => (
            "login_consent",
            "",
            Some(apart(pin!(consent::decide(at))).await),
        ),
        path::CONSENT => ("login_consent", "POST", None),
        path::BACK if posts => ("login_back", "", Some(apart(pin!(login::back(at))).await)),
        path::BACK => ("login_back", "POST", None),
        path::LOGOUT if gets => (
            "login_logout",
            "",
            Some(apart(pin!(logout::show(at))).await),
        ),
        path::LOGOUT if posts => (
            "login_logout",
            "",
            Some(apart(pin!(logout::confirm(at))).await),
        ),
        path::LOGOUT => ("login_logout", "GET, HEAD, POST", None),
        path::LOGGED_OUT if gets => ("login_logged_out", "", Some(logout::came_back(at))),
        path::LOGGED_OUT => ("login_logged_out", "GET, HEAD", None),
        path::ACCOUNT if gets => (
            "login_account",
            "",
            Some(apart(pin!(account::show(at))).await),
        ),
        path::ACCOUNT if posts => (
            "login_account",
            "",
            Some(apart(pin!(account::end(at))).await),
        ),
        path::ACCOUNT => ("login_account", "GET, HEAD, POST", None),
        path::LOGO if gets => {
            let logo = at.app.settings.looks.logo()?;
            ("login_logo", "", Some(Ok(logo.into())))
        }
        _ => {
            let way = path.strip_prefix(path::CALLBACK)?;
            let way = at.app.settings.way(way)?;
            if gets {
                (
                    "login_callback",
                    "",
                    Some(apart(pin!(callback::respond(at, way))).await),
                )
            } else {
                ("login_callback", "GET, HEAD", None)
            }
        }
    })
}

/// A form or query that cannot be read.
pub(crate) fn unreadable() -> Stopped {
    Stop::Damaged.into()
}
