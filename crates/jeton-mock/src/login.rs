//! The mock's login application: it asks who to be, and takes the answer's word for it. It speaks
//! to the server as any login application does, only without a wire between them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, COOKIE, SET_COOKIE},
};
use jeton::{
    Client, ClientRecord, Crypto, CryptoError, Id128, Issuer, UnixTime,
    page::{Escaped, page, see_other},
};
use jeton_native::NativeCrypto;
use serde::Deserialize;
use url::form_urlencoded;

use crate::MockServer;

/// Paths beneath the issuer's.
pub(crate) const LOGIN: &str = "/login";
pub(crate) const LOGOUT: &str = "/logout";

const CLIENT_ID: &str = "jeton-mock-login";

const SESSION: &str = "jeton-mock-session";

/// Who is offered by name.
const USERS: [&str; 3] = ["alice", "bob", "carol"];

pub(crate) struct LoginApplication {
    issuer: Issuer,
    secret: String,
    /// Session cookie to subject and time of login.
    sessions: Mutex<HashMap<String, (String, UnixTime)>>,
}

/// `/authorize/request`.
#[derive(Deserialize)]
struct RequestInfo {
    client_id: Option<String>,
    client_name: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    prompt: String,
    max_age: Option<u64>,
    login_hint: Option<String>,
}

#[derive(Deserialize)]
struct RedirectTo {
    redirect_to: String,
}

/// A form's answer.
struct Form(HashMap<String, String>);

impl Form {
    fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

impl LoginApplication {
    pub(crate) fn new(issuer: &Issuer) -> Result<Self, CryptoError> {
        Ok(Self {
            issuer: issuer.clone(),
            secret: random_id()?,
            sessions: Mutex::default(),
        })
    }

    /// The client this application authenticates as.
    pub(crate) fn client(&self) -> Result<Client, CryptoError> {
        ClientRecord {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(self.secret.clone()),
            grant_types: Some(Vec::new()),
            login: Some(true),
            ..ClientRecord::default()
        }
        .parse()
        .map_err(|error| CryptoError::new("login", error))
    }

    /// The answer, if the request is for this application.
    pub(crate) async fn answer(
        &self,
        server: &MockServer,
        request: &Request<Bytes>,
        now: UnixTime,
    ) -> Option<Response<Bytes>> {
        let path = request.uri().path().strip_prefix(self.issuer.path())?;
        match (path, request.method()) {
            (LOGIN, &Method::GET) => Some(self.ask(server, request, now).await),
            (LOGIN, &Method::POST) => Some(self.take(server, request, now).await),
            (LOGOUT, &Method::GET) => Some(self.log_out(request)),
            _ => None,
        }
    }

    async fn ask(
        &self,
        server: &MockServer,
        request: &Request<Bytes>,
        now: UnixTime,
    ) -> Response<Bytes> {
        let query = Form::parse(request.uri().query().unwrap_or_default().as_bytes());
        let sealed = query.get("request").unwrap_or_default();
        let info: RequestInfo = match self
            .call(server, "/authorize/request", &[("request", sealed)], now)
            .await
        {
            Ok(info) => info,
            Err(response) => return response,
        };
        let prompts = |value| info.prompt.split(' ').any(|prompt| prompt == value);
        if let Some(hint) = &info.login_hint
            && !prompts("login")
        {
            let session = self.session(request).filter(|(subject, _)| subject == hint);
            let auth_time = session.map_or(now, |(_, auth_time)| auth_time);
            return self
                .accept(server, sealed, hint, None, auth_time, now)
                .await;
        }
        let session = self.session(request).filter(|(_, auth_time)| {
            info.max_age
                .is_none_or(|max_age| now.since(*auth_time).0 <= max_age)
        });
        let ask = prompts("login") || prompts("consent") || prompts("select_account");
        match session {
            Some((subject, auth_time)) if !ask && info.max_age != Some(0) => {
                self.accept(server, sealed, &subject, None, auth_time, now)
                    .await
            }
            _ if prompts("none") => {
                let form = [("request", sealed), ("error", "login_required")];
                self.redirect(server, "/authorize/reject", &form, now).await
            }
            _ => self.form(sealed, &info),
        }
    }

    fn form(&self, sealed: &str, info: &RequestInfo) -> Response<Bytes> {
        let name = info.client_name.as_deref().or(info.client_id.as_deref());
        let who = name.map_or(String::new(), |name| {
            format!("<p>for <strong>{}</strong></p>", Escaped(name))
        });
        let scope = info.scope.as_deref().map_or(String::new(), |scope| {
            format!("<p class=\"hint\">Scope: {}</p>", Escaped(scope))
        });
        let action = format!("{}{LOGIN}", self.issuer.path());
        let hidden = format!(
            "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"request\" value=\"{}\">",
            Escaped(&action),
            Escaped(sealed)
        );
        let users: String = USERS
            .iter()
            .map(|user| format!("<button name=\"subject\" value=\"{user}\">{user}</button>"))
            .collect();
        let body = format!(
            "{who}{scope}{hidden}<p>Continue as</p>{users}</form>\
             {hidden}<label for=\"subject\">or as anyone</label>\
             <input id=\"subject\" name=\"subject\" autocomplete=\"username\" required>\
             <label for=\"claims\">with these claims (JSON; empty for an example)</label>\
             <textarea id=\"claims\" name=\"claims\" rows=\"3\"></textarea>\
             <button>Log in</button></form>\
             {hidden}<button name=\"error\" value=\"access_denied\">Deny</button></form>"
        );
        page(StatusCode::OK, "Log in", &body)
    }

    async fn take(
        &self,
        server: &MockServer,
        request: &Request<Bytes>,
        now: UnixTime,
    ) -> Response<Bytes> {
        let form = Form::parse(request.body());
        let sealed = form.get("request").unwrap_or_default();
        if let Some(error) = form.get("error") {
            let form = [("request", sealed), ("error", error)];
            return self.redirect(server, "/authorize/reject", &form, now).await;
        }
        let subject = form.get("subject").unwrap_or_default();
        let mut response = self
            .accept(server, sealed, subject, form.get("claims"), now, now)
            .await;
        if response.status() == StatusCode::SEE_OTHER
            && let Ok(session) = random_id()
        {
            let cookie = format!("{SESSION}={session}; Path=/; HttpOnly; SameSite=Lax");
            self.lock().insert(session, (subject.to_owned(), now));
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
        }
        response
    }

    async fn accept(
        &self,
        server: &MockServer,
        sealed: &str,
        subject: &str,
        claims: Option<&str>,
        auth_time: UnixTime,
        now: UnixTime,
    ) -> Response<Bytes> {
        let default = default_claims(subject);
        let form = [
            ("request", sealed),
            ("subject", subject),
            ("claims", claims.unwrap_or(&default)),
            ("auth_time", &auth_time.0.to_string()),
        ];
        self.redirect(server, "/authorize/accept", &form, now).await
    }

    async fn redirect(
        &self,
        server: &MockServer,
        path: &str,
        form: &[(&str, &str)],
        now: UnixTime,
    ) -> Response<Bytes> {
        match self.call::<RedirectTo>(server, path, form, now).await {
            Ok(RedirectTo { redirect_to }) => see_other(&redirect_to),
            Err(response) => response,
        }
    }

    /// Calls the server as this application's client. What it refuses becomes a page.
    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        server: &MockServer,
        path: &str,
        form: &[(&str, &str)],
        now: UnixTime,
    ) -> Result<T, Response<Bytes>> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .extend_pairs([("client_id", CLIENT_ID), ("client_secret", &self.secret)])
            .finish();
        let request = Request::post(format!("{}{path}", self.issuer.path()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body));
        let failed = |text: &str| {
            let text = format!("<p>{}</p>", Escaped(text));
            page(StatusCode::BAD_REQUEST, "This did not work", &text)
        };
        let request = request.map_err(|error| failed(&error.to_string()))?;
        let response = server.handle(request, now).await;
        let text = String::from_utf8_lossy(response.body());
        serde_json::from_str(&text).map_err(|_| failed(&text))
    }

    fn session(&self, request: &Request<Bytes>) -> Option<(String, UnixTime)> {
        let session = session_cookie(request)?;
        self.lock().get(&session).cloned()
    }

    fn log_out(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if let Some(session) = session_cookie(request) {
            self.lock().remove(&session);
        }
        let query = Form::parse(request.uri().query().unwrap_or_default().as_bytes());
        let back = query.get("return_to").unwrap_or_default();
        // Back to the server that asked, and to nobody else.
        if !back.starts_with(&format!("{}/", self.issuer)) {
            return page(StatusCode::OK, "Logged out", "");
        }
        see_other(back)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (String, UnixTime)>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn session_cookie(request: &Request<Bytes>) -> Option<String> {
    request
        .headers()
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == SESSION)
        .map(|(_, value)| value.to_owned())
}

/// Something for every standard scope.
fn default_claims(subject: &str) -> String {
    serde_json::json!({
        "name": subject,
        "given_name": subject,
        "family_name": "Example",
        "preferred_username": subject,
        "locale": "en",
        "updated_at": 1_700_000_000,
        "email": format!("{subject}@example.com"),
        "email_verified": true,
        "phone_number": "+1 555 0100",
        "phone_number_verified": true,
        "address": { "formatted": "1 Example Street", "country": "Example" },
    })
    .to_string()
}

fn random_id() -> Result<String, CryptoError> {
    let mut bytes = [0; 16];
    NativeCrypto::new().fill(&mut bytes)?;
    Ok(Id128(bytes).to_string())
}
