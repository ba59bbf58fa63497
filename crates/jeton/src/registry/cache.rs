//! All clients: the configured ones, then the registered ones through a cache.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Registry, Unavailable};
use crate::{
    client::{Client, ClientId},
    time::{Seconds, UnixTime},
};

/// How many registered clients, and how many ids that name none, are remembered. Past it the map
/// starts anew: simpler than an order of use, and a flood of made-up ids only ever empties the map
/// of made-up ids.
const CAPACITY: usize = 10_000;

/// Where the server finds a client.
pub(crate) struct Clients<R> {
    configured: HashMap<ClientId, Arc<Client>>,
    registry: R,
    max_age: Seconds,
    // Locked only between two `.await`s.
    registered: Mutex<HashMap<ClientId, (UnixTime, Arc<Client>)>>,
    unknown: Mutex<HashMap<ClientId, UnixTime>>,
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
            max_age,
            registered: Mutex::default(),
            unknown: Mutex::default(),
        }
    }

    /// The client of that id. At most `max_age` older than what the registry answers.
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
        let found = self.registry.client(id).await?.map(Arc::new);
        match &found {
            Some(client) => {
                remember(&self.registered, id, (now, Arc::clone(client)));
                lock(&self.unknown).remove(id);
            }
            None => {
                remember(&self.unknown, id, now);
                lock(&self.registered).remove(id);
            }
        }
        Ok(found)
    }
}

fn remember<V>(map: &Mutex<HashMap<ClientId, V>>, id: &ClientId, value: V) {
    let mut map = lock(map);
    if map.len() >= CAPACITY {
        map.clear();
    }
    map.insert(id.clone(), value);
}

/// A panic elsewhere leaves the maps whole: each change is one insertion or removal.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
