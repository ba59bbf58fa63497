//! The cut-offs that were read, and those that were set in this process.

use std::{collections::BTreeMap, sync::Arc};

use super::bounds::{CAPACITY, insert};
use crate::{
    registry::cut_off::times::{CutOff, CutOffTimes},
    time::{Seconds, UnixTime},
};

/// How long a cut-off that was set here is kept whatever else happens: longer than any store shows it
/// late (KV a minute), so that nobody who has this process read many others can have it forgotten, read
/// again as it was before, and a login that has ended revived.
const KEPT: Seconds = Seconds(600);

/// The times of cut-offs by their names. They only grow: a read may be older than a write that
/// happened meanwhile.
#[derive(Default)]
pub(super) struct KnownCutOffs {
    /// When those of each name were read, and their times.
    read: BTreeMap<String, (UnixTime, Arc<CutOffTimes>)>,
    /// When those of each name were set here, and their times. Only login applications set cut-offs.
    set: BTreeMap<String, (UnixTime, Arc<CutOffTimes>)>,
}

impl KnownCutOffs {
    /// When the cut-off was read, and the time that is known of it.
    pub(super) fn find(&self, of: &CutOff) -> Option<(UnixTime, UnixTime)> {
        let (read_at, times) = self.read.get(of.as_str())?;
        let set = self.set.get(of.as_str());
        let set = set.map_or(UnixTime(0), |(_, times)| times.of(of));
        Some((*read_at, times.of(of).max(set)))
    }

    /// Remembers the times `read`, or keeps later ones. Answers with the one of `of` that then stands.
    pub(super) fn remember(&mut self, of: &CutOff, read: CutOffTimes, now: UnixTime) -> UnixTime {
        self.take_in(of, read, now).of(of)
    }

    /// Remembers that the cut-off was set here, which left these times.
    pub(super) fn set(&mut self, of: &CutOff, times: CutOffTimes, now: UnixTime) {
        let times = self.take_in(of, times, now);
        let name = of.as_str();
        if self.set.len() >= CAPACITY && !self.set.contains_key(name) {
            self.set.retain(|_, (set_at, _)| now.since(*set_at) < KEPT);
        }
        // Rather the oldest than all: the stores have long shown it.
        if self.set.len() >= CAPACITY
            && !self.set.contains_key(name)
            && let Some(oldest) = self.oldest_set()
        {
            self.set.remove(&oldest);
        }
        self.set.insert(name.to_owned(), (now, times));
    }

    fn oldest_set(&self) -> Option<String> {
        let oldest = self.set.iter().min_by_key(|(_, (set_at, _))| *set_at);
        oldest.map(|(name, _)| name.clone())
    }

    /// How many that were read are remembered, and how many that were set.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.read.len(), self.set.len())
    }

    /// Remembers `times` as read, where nothing later is known.
    fn take_in(&mut self, of: &CutOff, times: CutOffTimes, now: UnixTime) -> Arc<CutOffTimes> {
        let known = [self.read.get(of.as_str()), self.set.get(of.as_str())];
        let known = known.into_iter().flatten();
        let latest = known.fold(times, |latest, (_, times)| latest.latest(times));
        let latest = Arc::new(latest);
        insert(
            &mut self.read,
            &of.as_str().to_owned(),
            (now, Arc::clone(&latest)),
        );
        latest
    }
}
