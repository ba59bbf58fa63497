//! The keys that were written here a short time ago.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::key::Key;
use crate::time::{Seconds, UnixTime};

/// For how long a store may show what stood before: a minute on Cloudflare, and as much again for clocks
/// and for a store that has refused a write at first.
const SHOWN_LATE: Seconds = Seconds(120);

/// The most keys that are remembered, the latest. Clients that registered themselves write too.
const MOST_KEYS: usize = 10_000;

/// The keys that were written here, and when.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<BTreeMap<Key, UnixTime>>);

impl Written {
    /// Remembers that `key` was written.
    pub(super) fn note(&self, key: &Key, now: UnixTime) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS {
            keys.retain(|_, at| is_late(*at, now));
        }
        if keys.len() >= MOST_KEYS
            && let Some(oldest) = keys.iter().min_by_key(|(_, at)| **at)
        {
            let oldest = oldest.0.clone();
            keys.remove(&oldest);
        }
        keys.insert(key.clone(), now);
    }

    /// Whether a store may still show what stood before under `key`.
    pub(super) fn lately(&self, key: &Key, now: UnixTime) -> bool {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(key).is_some_and(|at| is_late(*at, now))
    }
}

/// A clock that was set back must not keep a key for ever.
fn is_late(at: UnixTime, now: UnixTime) -> bool {
    now.since(at).max(at.since(now)) < SHOWN_LATE
}
