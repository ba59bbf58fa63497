//! A login run from the debugger, as a client would: the authorization request, and what its
//! answer needs.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Request, header::HOST};
use jeton::CryptoError;
use jeton_http::Scheme;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::form_urlencoded::{self, Serializer};

use crate::{at::At, cookie::cookies, form::Form, layout::path_of, random_id, spec::Endpoint};

const COOKIE_NAME: &str = "jeton-mock-debugger-";

/// How long a login may take, in seconds.
const LIFETIME: u64 = 30 * 60;

/// A login that was begun here, kept in a cookie while the browser is away, so that a restart in
/// between does no harm.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) code_verifier: String,
    pub(super) redirect_uri: String,
    pub(super) nonce: String,
}

/// The address that the browser goes to, and the cookie it takes along.
pub(super) struct Departure {
    pub(super) location: String,
    pub(super) cookie: Option<HeaderValue>,
}

impl Flow {
    pub(super) fn begin(
        at: &At<'_>,
        request: &Request<Bytes>,
        form: &Form,
    ) -> Result<Departure, CryptoError> {
        let state = random_id()?;
        let flow = Self {
            client_id: form.get("client_id").unwrap_or_default().to_owned(),
            client_secret: form.get("client_secret").map(str::to_owned),
            // RFC 7636 §4.1: 43 characters or more.
            code_verifier: format!("{}{}", random_id()?, random_id()?),
            redirect_uri: redirect_uri(at, request),
            nonce: random_id()?,
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&flow.code_verifier));
        let mut query = Serializer::new(String::new());
        query.extend_pairs([
            ("response_type", "code"),
            ("client_id", &flow.client_id),
            ("redirect_uri", &flow.redirect_uri),
            ("state", &state),
            ("nonce", &flow.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        for name in ["scope", "login_hint", "prompt"] {
            if let Some(value) = form.get(name) {
                query.append_pair(name, value);
            }
        }
        let more = form.get("parameters").unwrap_or_default();
        query.extend_pairs(form_urlencoded::parse(more.trim().as_bytes()));
        let (browser, path) = (&at.address.browser, Endpoint::Authorize.path());
        Ok(Departure {
            location: format!("{browser}{path}?{}", query.finish()),
            cookie: flow.cookie(at, &state),
        })
    }

    /// The flow that `state` belongs to, if it began in this browser.
    pub(super) fn find(request: &Request<Bytes>, state: &str) -> Option<Self> {
        let name = format!("{COOKIE_NAME}{state}");
        let (_, value) = cookies(request).find(|(own, _)| *own == name)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()
    }

    fn cookie(&self, at: &At<'_>, state: &str) -> Option<HeaderValue> {
        let json = serde_json::to_vec(self).ok()?;
        set_cookie(at, state, &URL_SAFE_NO_PAD.encode(json), LIFETIME)
    }

    /// Removes the flow's cookie.
    pub(super) fn end(at: &At<'_>, state: &str) -> Option<HeaderValue> {
        set_cookie(at, state, "", 0)
    }
}

fn set_cookie(at: &At<'_>, state: &str, value: &str, lifetime: u64) -> Option<HeaderValue> {
    let path = path_of(&at.address.browser);
    let debugger = Endpoint::Debugger.path();
    let secure = if at.address.browser.starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!(
        "{COOKIE_NAME}{state}={value}; Path={path}{debugger}; Max-Age={lifetime}; HttpOnly; \
         SameSite=Lax{secure}"
    );
    HeaderValue::try_from(cookie).ok()
}

/// The address that the browser comes back to: on the host that the page was opened on, because the
/// cookie is there. `127.0.0.1` and `localhost` are two.
fn redirect_uri(at: &At<'_>, request: &Request<Bytes>) -> String {
    let browser = &at.address.browser;
    let path = format!("{}{}/callback", path_of(browser), Endpoint::Debugger.path());
    let host = request.headers().get(HOST).and_then(|it| it.to_str().ok());
    let origin = match host {
        Some(host) if !is_at(browser, host) => {
            format!("{}://{host}", Scheme::of(request).as_str())
        }
        _ => browser
            .strip_suffix(path_of(browser))
            .unwrap_or(browser)
            .to_owned(),
    };
    format!("{origin}{path}")
}

/// Whether an address is on that host and port.
fn is_at(address: &str, host: &str) -> bool {
    address
        .split_once("://")
        .and_then(|(_, rest)| rest.strip_prefix(host))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
