//! The clients and cut-offs that the server asks for: configured clients, and what is registered,
//! through a cache.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{CutOff, Realm, Registry, Unavailable, put_cut_off, read_cut_off};
use crate::{
    client::{Client, ClientId},
    time::{Seconds, UnixTime},
};

/// How many registered clients are remembered, how many unknown ids, and how many cut-offs. A full map
/// starts anew, which is simpler than an order of use. A flood of made-up ids empties only the map of
/// unknown ids.
const CAPACITY: usize = 10_000;

/// All clients of a deployment, and their cut-offs. In trees, because callers choose the keys: where
/// hashing is not seeded, as in wasm, they could choose keys that collide.
pub(crate) struct Clients<R> {
    configured: BTreeMap<ClientId, Arc<Client>>,
    registry: R,
    realm: Realm,
    max_age: Seconds,
    // Locked only between two `.await`s.
    registered: Mutex<BTreeMap<ClientId, (UnixTime, Arc<Client>)>>,
    unknown: Mutex<BTreeMap<ClientId, UnixTime>>,
    /// When each cut-off was read, and the time it sets.
    cut_offs: Mutex<BTreeMap<CutOff, (UnixTime, UnixTime)>>,
}

impl<R: Registry> Clients<R> {
    pub(crate) fn new(configured: &[Client], registry: R, max_age: Seconds) -> Self {
        let configured = configured
            .iter()
            .map(|client| (client.id.clone(), Arc::new(client.clone())))
            .collect();
        Self {
            configured,
            registry,
            // This deployment is alone in its store.
            realm: Realm::default(),
            max_age,
            registered: Mutex::default(),
            unknown: Mutex::default(),
            cut_offs: Mutex::default(),
        }
    }

    /// The client of that id, at most `max_age` older than the registry's answer.
    pub(crate) async fn find(
        &self,
        id: &ClientId,
        now: UnixTime,
    ) -> Result<Option<Arc<Client>>, Unavailable> {
        if let Some(client) = self.configured.get(id) {
            return Ok(Some(Arc::clone(client)));
        }
        let fresh = |read_at: &UnixTime| now.since(*read_at) < self.max_age;
        if let Some((read_at, client)) = lock(&self.registered).get(id)
            && fresh(read_at)
        {
            return Ok(Some(Arc::clone(client)));
        }
        if lock(&self.unknown).get(id).is_some_and(fresh) {
            return Ok(None);
        }
        let found = self.registry.client(&self.realm, id).await?.map(Arc::new);
        if self.max_age == Seconds(0) {
            return Ok(found);
        }
        match &found {
            Some(client) => {
                remember(&mut lock(&self.registered), id, (now, Arc::clone(client)));
                lock(&self.unknown).remove(id);
            }
            None => {
                remember(&mut lock(&self.unknown), id, now);
                lock(&self.registered).remove(id);
            }
        }
        Ok(found)
    }

    /// The time before which every grant of a subject or client has ended; 0 without a cut-off. At most
    /// `max_age` older than the registry's answer.
    pub(crate) async fn cut_off(
        &self,
        of: &CutOff,
        now: UnixTime,
    ) -> Result<UnixTime, Unavailable> {
        if let Some((read_at, cut_off)) = lock(&self.cut_offs).get(of)
            && now.since(*read_at) < self.max_age
        {
            return Ok(*cut_off);
        }
        let read = read_cut_off(&self.registry, &self.realm, of).await?;
        Ok(self.remember_cut_off(of, read.unwrap_or(UnixTime(0)), now))
    }

    /// Sets a cut-off, or keeps a later one that stands. In this process it holds at once.
    pub(crate) async fn put_cut_off(
        &self,
        of: &CutOff,
        at: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        let standing = put_cut_off(&self.registry, &self.realm, of, at).await?;
        self.remember_cut_off(of, standing, now);
        Ok(())
    }

    /// The later of the time that was read or written and the one that is remembered. A read may be
    /// older than a write that happened meanwhile.
    fn remember_cut_off(&self, of: &CutOff, read: UnixTime, now: UnixTime) -> UnixTime {
        // One lock for both: between two, another thread's later one would be overwritten.
        let mut cut_offs = lock(&self.cut_offs);
        let remembered = cut_offs.get(of).map(|(_, at)| *at);
        let latest = remembered.map_or(read, |at| at.max(read));
        remember(&mut cut_offs, of, (now, latest));
        latest
    }
}

fn remember<K: Clone + Ord, V>(map: &mut BTreeMap<K, V>, key: &K, value: V) {
    if map.len() >= CAPACITY {
        map.clear();
    }
    map.insert(key.clone(), value);
}

/// A panic elsewhere leaves the maps whole: each change is one insertion or removal.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
