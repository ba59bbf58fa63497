//! What an issuer was asked and how it answered. No secret, code or token stands in it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jeton::UnixTime;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use crate::spec::Endpoint;

/// How many requests are kept; the oldest go first.
const KEPT: usize = 1000;

/// How much text of their parameters is kept in all, in bytes.
const KEPT_TEXT: usize = 1024 * 1024;

/// The longest text of a parameter that is kept, in bytes, and how many parameters of a request.
const LONGEST_VALUE: usize = 512;
const MOST_PARAMETERS: usize = 64;

/// Parameters whose values are credentials.
const REDACTED: [&str; 23] = [
    "client_secret",
    "code",
    "refresh_token",
    "access_token",
    "id_token",
    "token",
    "code_verifier",
    "device_code",
    "password",
    "assertion",
    "client_assertion",
    "subject_token",
    "id_token_hint",
    "ticket",
    "request",
    "user_code",
    "actor_token",
    "logout_token",
    "registration_access_token",
    // Holds a ticket.
    "return_to",
    // The debugger's: whatever somebody pasted, and answers of the front channel.
    "parameters",
    "fragment",
    "jwt",
];

/// What every JWT begins with: `{"` in base64url.
const JWT_PREFIX: &str = "eyJ";

/// What stands in the place of what is not shown.
const REDACTED_TEXT: &str = "[redacted]";

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counted from 1, per issuer.
    pub id: u64,
    /// By the issuer's clock.
    pub at: UnixTime,
    /// The issuer's name; empty for the default one.
    pub issuer: String,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// RFC 9110 §9.
    pub method: String,
    /// As requested, without the query.
    pub path: String,
    /// Of query and body; credentials read `[redacted]`.
    pub parameters: BTreeMap<String, String>,
    /// The client that the request names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// RFC 6749 §4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// The subject, where one became known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The HTTP status; absent where the connection was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error code of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it was refused, in the words of the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id of the request, which its answer has in `X-Request-Id` and a page as its reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What a strict mock would have refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Cow<'static, str>>,
    /// The faults that acted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// Which issuer was asked, where another one may have been meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Entry {
    /// How much text its parameters and names are, in bytes.
    fn text(&self) -> usize {
        let parameters = self.parameters.iter();
        let parameters: usize = parameters
            .map(|(name, value)| name.len() + value.len())
            .sum();
        parameters + self.path.len() + self.client_id.as_ref().map_or(0, String::len)
    }
}

/// Which entries of the journal are meant: all that is named must be equal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// The endpoint.
    pub endpoint: Option<Endpoint>,
    /// The client that the request names.
    pub client_id: Option<String>,
    /// RFC 6749 §4.
    pub grant_type: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// Only those with a greater id.
    pub after: Option<u64>,
}

impl Filter {
    /// Requests to this endpoint.
    #[must_use]
    pub fn endpoint(endpoint: Endpoint) -> Self {
        Self {
            endpoint: Some(endpoint),
            ..Self::default()
        }
    }

    /// Only of this client.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    fn matches(&self, entry: &Entry) -> bool {
        fn agrees(wanted: Option<&str>, found: Option<&str>) -> bool {
            wanted.is_none() || wanted == found
        }
        self.endpoint
            .is_none_or(|endpoint| endpoint == entry.endpoint)
            && agrees(self.client_id.as_deref(), entry.client_id.as_deref())
            && agrees(self.grant_type.as_deref(), entry.grant_type.as_deref())
            && agrees(self.subject.as_deref(), entry.subject.as_deref())
            && (self.status.is_none() || self.status == entry.status)
            && self.after.is_none_or(|after| entry.id > after)
    }
}

/// The newest requests of one issuer.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    kept: Mutex<Kept>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<(Entry, Taken)>,
    /// Of all entries' parameters, in bytes.
    text: usize,
    last: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    No,
    Yes,
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Each change below is whole before anything could panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry, whose id is set here.
    pub(crate) fn add(&self, mut entry: Entry) {
        let mut kept = self.lock();
        kept.last += 1;
        entry.id = kept.last;
        kept.text += entry.text();
        while kept.entries.len() >= KEPT || kept.text > KEPT_TEXT {
            let Some((oldest, _)) = kept.entries.pop_front() else {
                break;
            };
            kept.text = kept.text.saturating_sub(oldest.text());
        }
        kept.entries.push_back((entry, Taken::No));
        drop(kept);
        self.arrived.notify_waiters();
    }

    /// The id of the newest entry there has been; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.lock().last
    }

    /// The entry of this id: that of the entry, or that of its request.
    pub(crate) fn find(&self, id: &str) -> Option<Entry> {
        let kept = self.lock();
        let mut entries = kept.entries.iter().map(|(entry, _)| entry);
        let number = id.parse().ok();
        let found = entries
            .rfind(|entry| number == Some(entry.id) || entry.request_id.as_deref() == Some(id));
        found.cloned()
    }

    /// The matching entries, waiting for the first of them, unless the journal begins anew.
    pub(crate) async fn wait(&self, filter: &Filter, patience: Duration) -> Vec<Entry> {
        let deadline = Instant::now() + patience;
        loop {
            // Listening begins before looking, so that nothing falls between the two.
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let entries = self.entries(filter);
            let began_anew = filter.after.is_some_and(|after| after > self.last());
            if !entries.is_empty() || began_anew || timeout_at(deadline, arrived).await.is_err() {
                return entries;
            }
        }
    }

    pub(crate) fn entries(&self, filter: &Filter) -> Vec<Entry> {
        let kept = self.lock();
        let matching = kept.entries.iter().filter(|(it, _)| filter.matches(it));
        matching.map(|(entry, _)| entry.clone()).collect()
    }

    pub(crate) fn count(&self, filter: &Filter) -> usize {
        let kept = self.lock();
        kept.entries
            .iter()
            .filter(|(it, _)| filter.matches(it))
            .count()
    }

    /// The oldest matching entry that nobody has taken, waiting for one.
    pub(crate) async fn take(&self, filter: &Filter, patience: Duration) -> Option<Entry> {
        let deadline = Instant::now() + patience;
        loop {
            // Listening begins before looking, so that nothing falls between the two.
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(entry) = self.take_now(filter) {
                return Some(entry);
            }
            timeout_at(deadline, arrived).await.ok()?;
        }
    }

    fn take_now(&self, filter: &Filter) -> Option<Entry> {
        let mut kept = self.lock();
        let (entry, taken) = kept
            .entries
            .iter_mut()
            .find(|(it, taken)| *taken == Taken::No && filter.matches(it))?;
        *taken = Taken::Yes;
        Some(entry.clone())
    }

    /// Forgets everything, also which id is next.
    pub(crate) fn restart(&self) {
        *self.lock() = Kept::default();
        self.arrived.notify_waiters();
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.lock();
        kept.entries.clear();
        kept.text = 0;
    }
}

/// Parameters as the journal shows them.
pub(crate) fn redact(mut parameters: BTreeMap<String, String>) -> BTreeMap<String, String> {
    // JSON that was sent as a form, as `curl -d` does: its secrets are in what stands for the names, and it
    // ends wherever there is an `&` or a `=` in one.
    if parameters
        .keys()
        .any(|name| name.trim_start().starts_with('{'))
    {
        return [(REDACTED_TEXT.to_owned(), REDACTED_TEXT.to_owned())].into();
    }
    let is_long = |name: &String| name.len() > LONGEST_VALUE;
    if parameters.len() > MOST_PARAMETERS || parameters.keys().any(is_long) {
        parameters = parameters
            .into_iter()
            .take(MOST_PARAMETERS)
            .map(|(name, value)| (shorten(&name), value))
            .collect();
    }
    if parameters.keys().any(|name| is_credential(name)) {
        parameters.retain(|name, _| !is_credential(name));
        parameters.insert(REDACTED_TEXT.to_owned(), REDACTED_TEXT.to_owned());
    }
    for (name, value) in &mut parameters {
        if is_secret(name) || is_credential(value) {
            REDACTED_TEXT.clone_into(value);
        } else if value.len() > LONGEST_VALUE {
            *value = shorten(value);
        }
    }
    parameters
}

pub(crate) fn shorten(text: &str) -> String {
    if text.len() <= LONGEST_VALUE {
        return text.to_owned();
    }
    let mut end = LONGEST_VALUE;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// Whether a parameter's name says that its value is a secret, however it is written: `clientSecret`, too.
fn is_secret(name: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = char> {
        let letters = name.chars().filter(|it| !matches!(it, '_' | '-'));
        letters.map(|it| it.to_ascii_lowercase())
    }
    REDACTED.iter().any(|own| letters(own).eq(letters(name)))
}

/// A credential under a name of one's own is known by its form.
fn is_credential(text: &str) -> bool {
    let mut prefixes = jeton::credential_prefixes().chain([JWT_PREFIX]);
    prefixes.any(|prefix| text.contains(prefix))
}

/// What a stranger wrote where a name belongs: short, and no credential that came in the wrong place.
pub(crate) fn shown(text: &str) -> String {
    if is_credential(text) {
        REDACTED_TEXT.to_owned()
    } else {
        shorten(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_redacted_whatever_they_are_called() {
        let of_the_server = jeton::credential_prefixes().map(|prefix| format!("x {prefix}y"));
        for value in of_the_server.chain(["eyJhbGciOiJub25lIn0.e30.".to_owned()]) {
            let shown = redact([("mine".to_owned(), value.clone())].into());
            assert_eq!(shown.get("mine").unwrap(), "[redacted]", "{value}");
        }
        let shown = redact([("mine".to_owned(), "jeton".to_owned())].into());
        assert_eq!(shown.get("mine").unwrap(), "jeton");
    }

    #[test]
    fn secrets_are_known_by_their_names_however_they_are_written() {
        for name in ["client_secret", "clientSecret", "Password", "client-secret"] {
            let secret = redact([(name.to_owned(), "hunter2".to_owned())].into());
            assert_eq!(secret.get(name).unwrap(), "[redacted]", "{name}");
        }
        for name in ["username", "code_challenge", "secrets"] {
            let plain = redact([(name.to_owned(), "mine".to_owned())].into());
            assert_eq!(plain.get(name).unwrap(), "mine", "{name}");
        }
        assert_eq!(shown("eyJhbGciOiJub25lIn0.e30."), "[redacted]");
        assert_eq!(shown("app"), "app");
    }

    #[test]
    fn what_stands_for_a_name_is_no_secret() {
        let redacted = BTreeMap::from([("[redacted]".to_owned(), "[redacted]".to_owned())]);
        for name in [
            r#"{"client_secret":"hunter2"}"#,
            r#" {"password":"hunter2"}"#,
            "eyJhbGciOiJub25lIn0.e30.",
        ] {
            let shown = redact([(name.to_owned(), String::new())].into());
            assert_eq!(shown, redacted, "{name}");
        }
        let of_json = [("b", "hunter2\"}"), (r#"{"password":"a"#, "")];
        let of_json = of_json.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(redact(of_json.into()), redacted);
    }
}
