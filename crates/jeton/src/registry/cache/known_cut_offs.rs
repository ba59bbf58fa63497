//! The cut-offs that were read, and those that were set in this process.

use std::collections::BTreeMap;

use super::bounds::{CAPACITY, insert};
use crate::time::{Seconds, UnixTime};

/// How long a cut-off that was set here is kept whatever else happens: longer than any store shows it
/// late (KV a minute), so that nobody who has this process read many others can have it forgotten, read
/// again as it was before, and a login that has ended revived.
const KEPT: Seconds = Seconds(600);

/// The times of cut-offs, each by its name. They only grow: a read may be older than a write that
/// happened meanwhile.
pub(super) struct KnownCutOffs<N> {
    /// When each was read, and its time.
    read: BTreeMap<N, (UnixTime, UnixTime)>,
    /// When each was set here, and its time. Only login applications set cut-offs.
    set: BTreeMap<N, (UnixTime, UnixTime)>,
}

impl<N> Default for KnownCutOffs<N> {
    fn default() -> Self {
        Self {
            read: BTreeMap::new(),
            set: BTreeMap::new(),
        }
    }
}

impl<N: Clone + Ord> KnownCutOffs<N> {
    /// When the cut-off was read, and the time that is known of it.
    pub(super) fn find(&self, of: &N) -> Option<(UnixTime, UnixTime)> {
        let (read_at, at) = *self.read.get(of)?;
        Some((read_at, self.later(of, at)))
    }

    /// Remembers the time `read`, or keeps a later one. Answers with the one that then stands.
    pub(super) fn remember(&mut self, of: &N, read: UnixTime, now: UnixTime) -> UnixTime {
        let latest = self.later(of, read);
        insert(&mut self.read, of, (now, latest));
        latest
    }

    /// Remembers that the cut-off was set here, to the time `at`.
    pub(super) fn set(&mut self, of: &N, at: UnixTime, now: UnixTime) {
        let at = self.remember(of, at, now);
        if self.set.len() >= CAPACITY && !self.set.contains_key(of) {
            self.set.retain(|_, (set_at, _)| now.since(*set_at) < KEPT);
        }
        // Rather the oldest than all: the stores have long shown it.
        if self.set.len() >= CAPACITY
            && !self.set.contains_key(of)
            && let Some(oldest) = self.oldest_set()
        {
            self.set.remove(&oldest);
        }
        self.set.insert(of.clone(), (now, at));
    }

    fn oldest_set(&self) -> Option<N> {
        let oldest = self.set.iter().min_by_key(|(_, (set_at, _))| *set_at);
        oldest.map(|(of, _)| of.clone())
    }

    /// How many that were read are remembered, and how many that were set.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.read.len(), self.set.len())
    }

    /// The latest of `at` and what is known.
    fn later(&self, of: &N, at: UnixTime) -> UnixTime {
        let known = [self.read.get(of), self.set.get(of)];
        let known = known.into_iter().flatten().map(|(_, at)| *at);
        known.fold(at, UnixTime::max)
    }
}
