use std::sync::Arc;

use super::{COOL_DOWN, Found, LEASE, LONGEST_KEPT, MOST_AT_ONCE, PAUSE, Wanted};
use crate::{
    fetch::unreachable::Unreachable,
    time::{Seconds, UnixTime},
};

/// What is known of one URL.
pub(super) struct Entry<T> {
    held: Option<Held<T>>,
    failed: Option<(UnixTime, Unreachable)>,
    /// The fetches under way: number and beginning of each.
    flights: Vec<(u64, UnixTime)>,
    pub(super) used_at: UnixTime,
}

/// A document that was fetched.
pub(super) struct Held<T> {
    pub(super) document: Arc<T>,
    pub(super) fetched_at: UnixTime,
    pub(super) bytes: usize,
}

/// What whoever asks is to do.
pub(super) enum Next<T> {
    Use(Arc<T>),
    Fetch,
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
    /// Whoever is to fetch is counted under `number` from now on.
    pub(super) fn next(
        &mut self,
        wanted: Wanted,
        max_age: Seconds,
        now: UnixTime,
        number: u64,
    ) -> Next<T> {
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
                    return Next::Use(Arc::clone(&held.document));
                }
            }
            None => {
                if let Some((at, reason)) = self.failed
                    && now.since(at) < PAUSE
                {
                    return Next::Refuse(reason);
                }
                if self.flights.len() >= MOST_AT_ONCE {
                    return Next::Refuse(Unreachable::Busy);
                }
            }
        }
        self.flights.push((number, now));
        Next::Fetch
    }

    /// The fetch of that number has ended.
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
                // One that began later may have come sooner.
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
                let held = self.held.as_ref().ok_or(reason)?;
                Ok(Found {
                    document: Arc::clone(&held.document),
                    not_renewed: Some(reason),
                })
            }
        }
    }

    /// The fetch of that number was dropped. Where there is an old document, its lease runs out by
    /// time: else a client that keeps hanging up would have us ask again each time.
    pub(super) fn abandon(&mut self, number: u64) {
        if self.held.is_none() {
            self.flights.retain(|(own, _)| *own != number);
        }
    }

    /// What is of more use is greater.
    pub(super) fn worth(&self) -> (bool, UnixTime) {
        (self.held.is_some(), self.used_at)
    }

    pub(super) fn bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.bytes)
    }
}
