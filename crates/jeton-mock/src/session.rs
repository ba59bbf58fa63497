//! The sessions of the mock's login page.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{HeaderValue, Request};
use jeton::UnixTime;
use serde_json::{Map, Value};

use crate::{cookie::cookies, random_id};

/// The name of the cookie that a browser is known by.
const NAME: &str = "jeton-mock-session";

/// How many sessions are kept. One more and all are gone, which is simpler than an order of use.
const MOST: usize = 1_000;

/// One person's login in one browser.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) subject: String,
    /// What was typed about them; absent: what the issuer knows of the subject.
    pub(crate) claims: Option<Map<String, Value>>,
    pub(crate) auth_time: UnixTime,
}

/// The sessions of one issuer, by their cookies.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<BTreeMap<String, Session>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, request: &Request<Bytes>) -> Option<Session> {
        let sessions = self.lock();
        own_cookies(request).find_map(|cookie| sessions.get(cookie).cloned())
    }

    /// Begins a session in place of the browser's former one, and makes its cookie, for `address`.
    pub(crate) fn begin(
        &self,
        request: &Request<Bytes>,
        session: Session,
        address: &str,
        path: &str,
    ) -> Option<HeaderValue> {
        let id = random_id().ok()?;
        let cookie = set_cookie(&id, "", address, path);
        let mut sessions = self.lock();
        for former in own_cookies(request) {
            sessions.remove(former);
        }
        if sessions.len() >= MOST {
            sessions.clear();
        }
        sessions.insert(id, session);
        cookie
    }

    /// Ends the browser's session, and makes the cookie that removes its cookie.
    pub(crate) fn end(
        &self,
        request: &Request<Bytes>,
        address: &str,
        path: &str,
    ) -> Option<HeaderValue> {
        let mut sessions = self.lock();
        for cookie in own_cookies(request) {
            sessions.remove(cookie);
        }
        set_cookie("", "; Max-Age=0", address, path)
    }
}

/// The values of the session cookies. An issuer's cookie reaches the issuers beneath its path as well,
/// so there may be several; each issuer knows only its own.
fn own_cookies(request: &Request<Bytes>) -> impl Iterator<Item = &str> {
    cookies(request)
        .filter(|(name, _)| *name == NAME)
        .map(|(_, value)| value)
}

fn set_cookie(value: &str, lifetime: &str, address: &str, path: &str) -> Option<HeaderValue> {
    let path = if path.is_empty() { "/" } else { path };
    let secure = if address.starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!("{NAME}={value}; Path={path}{lifetime}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).ok()
}
