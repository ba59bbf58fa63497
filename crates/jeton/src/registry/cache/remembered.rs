//! What was read of the registry by key, and the keys under which nothing was found.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::bounds::{insert, is_fresh, lock};
use crate::{
    time::{Seconds, UnixTime},
    unavailable::Unavailable,
};

/// The values of one kind that were read, for as long as they may be answered from memory.
pub(super) struct Remembered<K, V> {
    max_age: Seconds,
    // Locked only between two `.await`s.
    answers: Mutex<Answers<K, V>>,
}

/// A read of the registry that was begun.
#[derive(Clone, Copy)]
struct Read {
    /// How many were begun before it. Times are seconds, too coarse to tell which of two came first.
    number: u64,
    at: UnixTime,
}

/// The answers of reads. Of two reads of one key the one that was begun later is believed, whichever
/// ends first.
struct Answers<K, V> {
    begun: u64,
    /// How many had been begun when something was written here: these are not remembered.
    forgotten: u64,
    // Two maps, so that a flood of made-up keys never pushes out what is registered. In boxes, so that maps of
    // all kinds are the same to a compiler: each other kind would be 8 kB of a Worker.
    registered: BTreeMap<K, Box<(Read, Arc<V>)>>,
    unknown: BTreeMap<K, Box<Read>>,
}

impl<K: Clone + Ord, V> Remembered<K, V> {
    pub(super) fn new(max_age: Seconds) -> Self {
        Self {
            max_age,
            answers: Mutex::new(Answers {
                begun: 0,
                forgotten: 0,
                registered: BTreeMap::new(),
                unknown: BTreeMap::new(),
            }),
        }
    }

    /// The value of that key, at most `max_age` old, and else as `read` finds it. That there is none may
    /// have been read as long as `unknown_age` ago.
    pub(super) async fn find(
        &self,
        key: &K,
        now: UnixTime,
        unknown_age: Seconds,
        read: impl Future<Output = Result<Option<V>, Unavailable>>,
    ) -> Result<Option<Arc<V>>, Unavailable> {
        let begun = {
            let mut answers = lock(&self.answers);
            match answers.latest(key) {
                Some((read, Some(value))) if is_fresh(read.at, now, self.max_age) => {
                    return Ok(Some(value));
                }
                Some((read, None)) if is_fresh(read.at, now, unknown_age) => return Ok(None),
                _ => answers.begin_read(now),
            }
        };
        let found = read.await?.map(Arc::new);
        if self.max_age == Seconds(0) {
            return Ok(found);
        }
        Ok(lock(&self.answers).remember(key, found, begun))
    }

    /// Forgets what is remembered under one key, and what reads that are under way will find: it was written.
    pub(super) fn forget_key(&self, key: &K) {
        let mut answers = lock(&self.answers);
        answers.forgotten = answers.begun;
        answers.registered.remove(key);
        answers.unknown.remove(key);
    }

    /// Forgets everything, and what reads that are under way will find: something was written that much of it
    /// may rest on.
    pub(super) fn forget(&self) {
        let mut answers = lock(&self.answers);
        answers.forgotten = answers.begun;
        answers.registered.clear();
        answers.unknown.clear();
    }

    /// How many values are remembered, and how many keys of none.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        let answers = lock(&self.answers);
        (answers.registered.len(), answers.unknown.len())
    }
}

impl<K: Clone + Ord, V> Answers<K, V> {
    /// A read that begins at `now`.
    fn begin_read(&mut self, now: UnixTime) -> Read {
        self.begun += 1;
        Read {
            number: self.begun,
            at: now,
        }
    }

    /// Remembers what `read` has found, unless a later one has found something already. Answers with what
    /// then stands.
    fn remember(&mut self, key: &K, found: Option<Arc<V>>, read: Read) -> Option<Arc<V>> {
        if let Some((later, answer)) = self.latest(key)
            && later.number > read.number
        {
            return answer;
        }
        if read.number <= self.forgotten {
            return found;
        }
        match &found {
            Some(value) => {
                insert(
                    &mut self.registered,
                    key,
                    Box::new((read, Arc::clone(value))),
                );
                self.unknown.remove(key);
            }
            None => {
                insert(&mut self.unknown, key, Box::new(read));
                self.registered.remove(key);
            }
        }
        found
    }

    /// What the latest read of a key has found. A key is in one map at most: whatever enters one leaves
    /// the other.
    fn latest(&self, key: &K) -> Option<(Read, Option<Arc<V>>)> {
        if let Some(registered) = self.registered.get(key) {
            let (read, value) = &**registered;
            return Some((*read, Some(Arc::clone(value))));
        }
        self.unknown.get(key).map(|read| (**read, None))
    }
}
