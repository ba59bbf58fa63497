//! How much is remembered of the registry, and for how long.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::time::{Seconds, UnixTime};

/// How many registered clients are remembered, how many unknown ids, how many cut-offs, and of issuers
/// the same. A full map starts anew, which is simpler than an order of use. A flood of made-up ids
/// empties only the map of unknown ids.
pub(super) const CAPACITY: usize = 10_000;

/// How long it is remembered that an issuer is not trusted.
pub(super) const UNKNOWN_AGE: Seconds = Seconds(5);

/// Whether what was read at `read_at` is no older than `age`. Nor is it younger than that: a clock that
/// was set back must not keep it for ever.
pub(super) fn is_fresh(read_at: UnixTime, now: UnixTime, age: Seconds) -> bool {
    now.since(read_at).max(read_at.since(now)) < age
}

pub(super) fn insert<K: Clone + Ord, V>(map: &mut BTreeMap<K, V>, key: &K, value: V) {
    if map.len() >= CAPACITY {
        map.clear();
    }
    map.insert(key.clone(), value);
}

/// A panic elsewhere leaves the maps whole: each change is one insertion or removal.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
