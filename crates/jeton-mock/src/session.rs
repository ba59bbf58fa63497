//! The sessions of the mock's login page.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{HeaderValue, Request};
use jeton::{GrantId, UnixTime};
use serde_json::{Map, Value};

use crate::{cookie::cookies, random_id};

/// The name of the cookie that a browser is known by.
const NAME: &str = "jeton-mock-session";

/// How many sessions are kept. One more and all are gone, which is simpler than an order of use.
const MOST: usize = 1_000;

/// How many grants of a session are known; the oldest go first.
const MOST_GRANTS: usize = 64;

/// One person's login in one browser.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) subject: String,
    /// What was typed about them; absent: what the issuer knows of the subject.
    pub(crate) claims: Option<Map<String, Value>>,
    pub(crate) auth_time: UnixTime,
}

/// A session, and the newest grants that came of it.
#[derive(Debug)]
struct Kept {
    session: Session,
    grants: VecDeque<GrantId>,
}

/// The sessions of one issuer, by their cookies.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<BTreeMap<String, Kept>>);

impl Kept {
    fn note(&mut self, grant: Option<GrantId>) {
        if self.grants.len() >= MOST_GRANTS {
            self.grants.pop_front();
        }
        self.grants.extend(grant);
    }
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, request: &Request<Bytes>) -> Option<Session> {
        let sessions = self.lock();
        let own = own_cookies(request).find_map(|cookie| sessions.get(cookie));
        own.map(|kept| kept.session.clone())
    }

    /// Knows that a grant came of the browser's session.
    pub(crate) fn note(&self, request: &Request<Bytes>, grant: Option<GrantId>) {
        let mut sessions = self.lock();
        if let Some(cookie) = own_cookies(request).find(|it| sessions.contains_key(*it))
            && let Some(kept) = sessions.get_mut(cookie)
        {
            kept.note(grant);
        }
    }

    /// Begins a session in place of the browser's former one, with the grant that comes of it, and makes its
    /// cookie, for `address`.
    pub(crate) fn begin(
        &self,
        request: &Request<Bytes>,
        session: Session,
        grant: Option<GrantId>,
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
        let grants = grant.into_iter().collect();
        sessions.insert(id, Kept { session, grants });
        cookie
    }

    /// Ends the session that a grant came of; the grants that did.
    pub(crate) fn end_of(&self, grant: GrantId) -> VecDeque<GrantId> {
        let mut sessions = self.lock();
        let mut cookies = sessions.iter();
        let cookie = cookies.find(|(_, kept)| kept.grants.contains(&grant));
        let cookie = cookie.map(|(cookie, _)| cookie.clone());
        let ended = cookie.and_then(|cookie| sessions.remove(&cookie));
        ended.map(|kept| kept.grants).unwrap_or_default()
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
