//! The ledger in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Ledger,
    grant::Grant,
    id::{Attempt, GrantId, Marker},
    step::{Advance, Decision, Step},
    transition,
};
use crate::{time::UnixTime, unavailable::Unavailable};

/// How many records may come between two sweeps of what has expired.
const SWEEP_EVERY: usize = 1024;

/// A ledger in memory, for the mock and for tests. Clones share its records.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
struct Records {
    grants: HashMap<GrantId, Grant>,
    markers: HashMap<Marker, (Attempt, UnixTime)>,
    counters: HashMap<Marker, (u32, UnixTime)>,
    since_sweep: usize,
}

impl MemoryLedger {
    fn lock(&self) -> MutexGuard<'_, Records> {
        // Each change below is whole before anything could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn sweep(&mut self, now: UnixTime) {
        self.since_sweep += 1;
        if self.since_sweep >= SWEEP_EVERY {
            self.since_sweep = 0;
            self.grants.retain(|_, grant| now < grant.expires_at);
            self.markers.retain(|_, (_, expires)| now < *expires);
            self.counters.retain(|_, (_, expires)| now < *expires);
        }
    }
}

impl Ledger for MemoryLedger {
    async fn open(&self, grant: &Grant, now: UnixTime) -> Result<bool, Unavailable> {
        let mut records = self.lock();
        records.sweep(now);
        if records.grants.contains_key(&grant.id) {
            return Ok(false);
        }
        records.grants.insert(grant.id, grant.clone());
        Ok(true)
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        let mut records = self.lock();
        Ok(match records.grants.get_mut(&step.id) {
            None => Advance::Conflict(None),
            Some(grant) => transition::take(grant, step),
        })
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let mut records = self.lock();
        Ok(records
            .grants
            .get_mut(&id)
            .is_some_and(|grant| transition::decide(grant, decision, now)))
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        Ok(self.lock().grants.get(&id).cloned())
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        if let Some(grant) = self.lock().grants.get_mut(&id) {
            transition::revoke(grant);
        }
        Ok(())
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let mut records = self.lock();
        records.sweep(now);
        match records.markers.get(marker) {
            Some((holder, until)) if now < *until => Ok(*holder == value),
            _ => {
                records.markers.insert(marker.clone(), (value, expires));
                Ok(true)
            }
        }
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        let records = self.lock();
        Ok(records
            .markers
            .get(marker)
            .filter(|(_, until)| now < *until)
            .map(|(holder, _)| *holder))
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        let mut records = self.lock();
        records.sweep(now);
        let counter = records
            .counters
            .entry(marker.clone())
            .or_insert((0, expires));
        if now >= counter.1 {
            *counter = (0, expires);
        }
        counter.0 = counter.0.saturating_add(1);
        Ok(counter.0)
    }
}
