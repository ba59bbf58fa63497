use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};

use super::{
    arriving::Arriving,
    exchange::{Fetch, Fetched, Outgoing},
    unreachable::Unreachable,
};

/// A [`Fetch`] for tests: one answer for each URL, given as often as the URL is asked for. A URL
/// without an answer cannot be connected to.
#[derive(Debug, Default)]
pub struct MemoryFetch {
    answers: Mutex<BTreeMap<String, Result<Fetched, Unreachable>>>,
    sent: Mutex<Vec<Outgoing>>,
}

impl MemoryFetch {
    /// Sets the answer of `url` from now on.
    pub fn answer(&self, url: &str, answer: Result<Fetched, Unreachable>) {
        lock(&self.answers).insert(url.to_owned(), answer);
    }

    /// Sets the answer of `url` from now on to a JSON document.
    pub fn answer_json(&self, url: &str, document: &serde_json::Value) {
        let json = HeaderValue::from_static("application/json");
        let answer = Fetched {
            status: StatusCode::OK,
            headers: [(CONTENT_TYPE, json)].into_iter().collect(),
            body: Bytes::from(document.to_string()),
        };
        self.answer(url, Ok(answer));
    }

    /// Every request that was sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<Outgoing> {
        lock(&self.sent).clone()
    }
}

impl Fetch for MemoryFetch {
    async fn send(&self, request: &Outgoing) -> Result<Fetched, Unreachable> {
        lock(&self.sent).push(request.clone());
        let answer = lock(&self.answers).get(request.url.as_str()).cloned();
        let answer = answer.unwrap_or(Err(Unreachable::ConnectionFailed("not in the script")))?;
        let mut arriving = Arriving::begin(request, answer.status, answer.headers)?;
        arriving.push(&answer.body)?;
        Ok(arriving.end())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is one insertion.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
