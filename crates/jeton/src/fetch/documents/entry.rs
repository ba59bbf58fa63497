//! One URL of the cache of documents.

use std::sync::Arc;

use super::{COOL_DOWN, Found, LEASE, LONGEST_KEPT, PAUSE, Wanted};
use crate::{
    fetch::unreachable::Unreachable,
    time::{Seconds, UnixTime},
};

/// What the cache knows of one URL.
pub(super) struct Entry<T> {
    held: Option<Held<T>>,
    failed: Option<(UnixTime, Unreachable)>,
    /// The fetches under way: the number of each, and when it began.
    flights: Vec<(u64, UnixTime)>,
    pub(super) used_at: UnixTime,
}

/// A document that was fetched.
pub(super) struct Held<T> {
    pub(super) document: Arc<T>,
    pub(super) fetched_at: UnixTime,
    pub(super) bytes: usize,
}

/// What holds of all URLs of a cache.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// How old a document may be until it is renewed.
    pub(super) max_age: Seconds,
    /// How many requests may fetch a URL at once while there is no document.
    pub(super) most_at_once: usize,
}

/// What a request finds when it looks up a URL.
pub(super) enum Lookup<T> {
    /// A document that it may use.
    Use(Arc<T>),
    /// Nothing that it may use: it is to fetch the document.
    Fetch,
    /// Nothing that it may use, and a reason not to fetch now.
    Refuse(Unreachable),
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self {
            held: None,
            failed: None,
            flights: Vec::new(),
            used_at: UnixTime(0),
        }
    }
}

impl<T> Entry<T> {
    /// Looks up the document. If the answer is [`Lookup::Fetch`], a fetch of that `number` is under way
    /// from now on.
    pub(super) fn look_up(
        &mut self,
        wanted: Wanted,
        Limits {
            max_age,
            most_at_once,
        }: Limits,
        now: UnixTime,
        number: u64,
    ) -> Lookup<T> {
        self.forget_future(max_age, now);
        let age = |held: &Held<T>| now.since(held.fetched_at);
        self.flights.retain(|(_, begun)| now.since(*begun) < LEASE);
        self.held = self
            .held
            .take()
            .filter(|held| age(held) < max_age + LONGEST_KEPT);
        match &self.held {
            Some(held) => {
                let renewed_at = match wanted {
                    Wanted::Fresh => max_age,
                    Wanted::Newer => COOL_DOWN,
                };
                let failed = self.failed.is_some_and(|(at, _)| now.since(at) < COOL_DOWN);
                if age(held) < renewed_at || failed || !self.flights.is_empty() {
                    return Lookup::Use(Arc::clone(&held.document));
                }
            }
            None => {
                if let Some((at, reason)) = self.failed
                    && now.since(at) < PAUSE
                {
                    return Lookup::Refuse(reason);
                }
                if self.flights.len() >= most_at_once {
                    return Lookup::Refuse(Unreachable::Busy);
                }
            }
        }
        self.flights.push((number, now));
        Lookup::Fetch
    }

    /// Corrects times that lie in the future, because the clock has been set back since they were noted;
    /// a few seconds ahead may be those of another request. The document becomes stale at once, which
    /// would otherwise be fresh until that time. Failures and fetches under way are forgotten.
    fn forget_future(&mut self, max_age: Seconds, now: UnixTime) {
        let latest = now + LEASE;
        self.flights.retain(|(_, begun)| *begun <= latest);
        self.failed = self.failed.filter(|(at, _)| *at <= latest);
        if let Some(held) = self.held.as_mut().filter(|held| held.fetched_at > latest) {
            held.fetched_at = now - max_age;
        }
    }

    /// Takes in the result of the fetch of that number; answers with the document that is then there.
    pub(super) fn land(
        &mut self,
        number: u64,
        fetched: Result<Held<T>, Unreachable>,
        now: UnixTime,
    ) -> Result<Found<T>, Unreachable> {
        self.flights.retain(|(own, _)| *own != number);
        match fetched {
            Ok(new) => {
                self.failed = None;
                // A fetch that began later may have ended sooner.
                let held = match self.held.take() {
                    Some(held) if held.fetched_at > new.fetched_at => held,
                    _ => new,
                };
                let document = Arc::clone(&held.document);
                self.held = Some(held);
                Ok(Found {
                    document,
                    not_renewed: None,
                })
            }
            Err(reason) => {
                self.failed = Some((now, reason));
                match &self.held {
                    Some(held) => Ok(Found {
                        document: Arc::clone(&held.document),
                        not_renewed: Some(reason),
                    }),
                    None => Err(reason),
                }
            }
        }
    }

    /// Forgets the fetch of that number, which was dropped. If there is an old document, its lease is
    /// left to run out: else a client that hangs up again and again would have us fetch each time.
    pub(super) fn abandon(&mut self, number: u64) {
        if self.held.is_none() {
            self.flights.retain(|(own, _)| *own != number);
        }
    }

    /// How useful the entry is to the cache, which forgets the least useful first.
    pub(super) fn worth(&self) -> (bool, UnixTime) {
        (self.held.is_some(), self.used_at)
    }

    pub(super) fn bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.bytes)
    }
}
