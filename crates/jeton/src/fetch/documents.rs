//! A cache of documents of others, such as JWK Sets and metadata.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

use super::{
    exchange::{Fetch, Outgoing},
    json::{get_json_text, parse},
    reach::ForeignUrl,
    unreachable::Unreachable,
};
use crate::time::{Seconds, UnixTime};

mod entry;

use entry::{Entry, Held, Limits, Lookup};

/// How long a request that fetches a document keeps others from fetching it too. After that, which is
/// three times a fetch's deadline, the request is taken for dropped: a Worker never tells.
const LEASE: Seconds = Seconds(10);

/// How many requests may fetch the same URL at once while there is no document, where nobody says otherwise:
/// strangers may have chosen the URL.
const MOST_AT_ONCE: usize = 4;

/// How long a document is not fetched again after a fetch that succeeded or failed, whatever is
/// missing in it. Without it, whoever makes up a `kid` would make us fetch.
const COOL_DOWN: Seconds = Seconds(60);

/// How long a URL without a document is not fetched again after it failed. Shorter than the
/// cool-down, because nothing works meanwhile.
const PAUSE: Seconds = Seconds(10);

/// How long a document that cannot be renewed is used beyond its age. A server that is out of reach
/// for longer may have withdrawn a key meanwhile.
const LONGEST_KEPT: Seconds = Seconds::from_days(1);

/// How many URLs are remembered.
const MOST_URLS: usize = 1000;

/// How many bytes all documents have together, as sent.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// A cache of parsed documents of one kind, by URL.
///
/// **Nobody waits on another request.** Whoever finds a document stale fetches it and waits for
/// that; all others use the old one meanwhile. Where there is none, a few fetch it at once (four,
/// unless [`Self::at_once`] says otherwise) and further ones are told that it is busy. A future shared by requests is not `Send`, and a request
/// that waits for another's promise hangs a Worker.
///
/// A document that was once good is kept when its successor cannot be fetched or is refused by the
/// parser: for a day, then it is forgotten.
pub struct Documents<T> {
    parse: fn(&ForeignUrl, Value) -> Result<T, Unreachable>,
    max_age: Seconds,
    deadline: Duration,
    most_at_once: usize,
    // Locked only between two `.await`s.
    entries: Mutex<Entries<T>>,
}

/// A document as the cache answers it.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The document.
    pub document: Arc<T>,
    /// Why this call could not renew it, if it tried and the document is an old one: for the log.
    pub not_renewed: Option<Unreachable>,
}

/// How recent a caller wants a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Not older than the cache's age.
    Fresh,
    /// Newer than the one it has, as far as the cool-down allows.
    Newer,
}

impl<T> Documents<T> {
    /// An empty cache. Documents are renewed when they are `max_age` old; `parse` makes them of
    /// JSON, and refuses what must not take the place of a good one, such as an empty set.
    #[must_use]
    pub fn new(max_age: Seconds, parse: fn(&ForeignUrl, Value) -> Result<T, Unreachable>) -> Self {
        Self {
            parse,
            max_age,
            deadline: Outgoing::DEADLINE,
            most_at_once: MOST_AT_ONCE,
            entries: Mutex::default(),
        }
    }

    /// The same cache, whose documents may take `deadline` each: shorter than
    /// [`Outgoing::DEADLINE`], where a request needs several one after the other.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same cache, where up to `most` requests fetch a URL at once while there is no document: for URLs
    /// that the operator has chosen, and people who wait for them.
    #[must_use]
    pub fn at_once(self, most: usize) -> Self {
        Self {
            most_at_once: most,
            ..self
        }
    }

    /// The document at `url`.
    ///
    /// # Errors
    /// There is no document that may be used.
    pub async fn get(
        &self,
        fetch: &impl Fetch,
        url: &ForeignUrl,
        now: UnixTime,
    ) -> Result<Found<T>, Unreachable> {
        self.find(fetch, url, now, Wanted::Fresh).await
    }

    /// The document at `url`, fetched again because something is missing in the one that [`Self::get`]
    /// gave, such as a `kid`. At most once a minute for each URL; the old one otherwise.
    ///
    /// # Errors
    /// There is no document that may be used.
    pub async fn renew(
        &self,
        fetch: &impl Fetch,
        url: &ForeignUrl,
        now: UnixTime,
    ) -> Result<Found<T>, Unreachable> {
        self.find(fetch, url, now, Wanted::Newer).await
    }

    async fn find(
        &self,
        fetch: &impl Fetch,
        url: &ForeignUrl,
        now: UnixTime,
        wanted: Wanted,
    ) -> Result<Found<T>, Unreachable> {
        let flight = match self.look_up(url, now, wanted) {
            (_, Lookup::Use(document)) => {
                return Ok(Found {
                    document,
                    not_renewed: None,
                });
            }
            (_, Lookup::Refuse(reason)) => return Err(reason),
            (number, Lookup::Fetch) => Flight {
                entries: &self.entries,
                url: url.as_str(),
                number,
            },
        };
        let fetched = self.fetch(fetch, url, now).await;
        flight.land(fetched, now)
    }

    async fn fetch(
        &self,
        fetch: &impl Fetch,
        url: &ForeignUrl,
        now: UnixTime,
    ) -> Result<Held<T>, Unreachable> {
        let text = get_json_text(fetch, url, self.deadline).await?;
        let document = (self.parse)(url, parse(&text)?)?;
        Ok(Held {
            document: Arc::new(document),
            fetched_at: now,
            bytes: text.len(),
        })
    }

    /// What the cache knows of `url`, and the number of this request, under which a fetch is counted.
    fn look_up(&self, url: &ForeignUrl, now: UnixTime, wanted: Wanted) -> (u64, Lookup<T>) {
        let mut entries = lock(&self.entries);
        entries.requests = entries.requests.wrapping_add(1);
        let number = entries.requests;
        let entry = entries.entry(url.as_str(), now);
        let limits = Limits {
            max_age: self.max_age,
            most_at_once: self.most_at_once,
        };
        (number, entry.look_up(wanted, limits, now, number))
    }
}

impl<T> fmt::Debug for Documents<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents").finish_non_exhaustive()
    }
}

/// All entries of a cache.
struct Entries<T> {
    /// A tree, because strangers may choose the URLs.
    // In boxes: see `Answers` of the registry.
    by_url: BTreeMap<String, Box<Entry<T>>>,
    /// How many requests there have been, which is the number of the last.
    requests: u64,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self {
            by_url: BTreeMap::new(),
            requests: 0,
        }
    }
}

impl<T> Entries<T> {
    fn entry(&mut self, url: &str, now: UnixTime) -> &mut Entry<T> {
        if !self.by_url.contains_key(url) {
            self.shrink(MOST_URLS - 1);
        }
        let entry = self.by_url.entry(url.to_owned()).or_default();
        entry.used_at = now;
        entry
    }

    /// Forgets entries until the cache keeps to its bounds: first those without a document, so that
    /// made-up URLs push out no more than one good one, then those that are unused for longest. Where
    /// there are too many bytes only entries with a document go: one without takes no bytes, and keeps
    /// its URL from being fetched again at once.
    fn shrink(&mut self, most_urls: usize) {
        while self.by_url.len() > most_urls {
            self.forget_least(|_| true);
        }
        while self.bytes() > MOST_BYTES {
            self.forget_least(|entry| entry.bytes() > 0);
        }
    }

    /// Forgets the least useful entry among those that `may_go`.
    fn forget_least(&mut self, may_go: impl Fn(&Entry<T>) -> bool) {
        let candidates = self.by_url.iter().filter(|(_, entry)| may_go(entry));
        let least = candidates.min_by_key(|(_, entry)| entry.worth());
        if let Some(url) = least.map(|(url, _)| url.clone()) {
            self.by_url.remove(&url);
        }
    }

    fn bytes(&self) -> usize {
        self.by_url.values().map(|entry| entry.bytes()).sum()
    }
}

/// A fetch under way. If its request is dropped, so is the flight, and another may begin.
struct Flight<'a, T> {
    entries: &'a Mutex<Entries<T>>,
    url: &'a str,
    number: u64,
}

impl<T> Flight<'_, T> {
    /// Puts the fetched document into the cache; answers with the document that is then there.
    fn land(
        self,
        fetched: Result<Held<T>, Unreachable>,
        now: UnixTime,
    ) -> Result<Found<T>, Unreachable> {
        let mut entries = lock(self.entries);
        // It may have been forgotten meanwhile.
        let entry = entries.entry(self.url, now);
        let landed = entry.land(self.number, fetched, now);
        entries.shrink(MOST_URLS);
        landed
    }
}

impl<T> Drop for Flight<'_, T> {
    fn drop(&mut self) {
        if let Some(entry) = lock(self.entries).by_url.get_mut(self.url) {
            entry.abandon(self.number);
        }
    }
}

/// A panic elsewhere leaves the entries whole: each change is complete before anything could panic.
fn lock<T>(entries: &Mutex<T>) -> MutexGuard<'_, T> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
