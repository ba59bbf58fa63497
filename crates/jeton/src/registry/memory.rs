use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{CutOff, Registry, Unavailable};
use crate::{
    client::{Client, ClientId},
    time::UnixTime,
};

/// Clients in memory: the mock's registry, and that of a host without a store.
#[derive(Debug, Default)]
pub struct MemoryRegistry {
    clients: Mutex<HashMap<ClientId, Client>>,
    cut_offs: Mutex<HashMap<CutOff, UnixTime>>,
}

impl MemoryRegistry {
    /// Registers `client`, in place of one with the same id.
    pub fn insert(&self, client: Client) {
        lock(&self.clients).insert(client.id.clone(), client);
    }

    /// The client of `id`.
    #[must_use]
    pub fn get(&self, id: &ClientId) -> Option<Client> {
        lock(&self.clients).get(id).cloned()
    }

    /// Forgets the client of `id`.
    pub fn remove(&self, id: &ClientId) {
        lock(&self.clients).remove(id);
    }

    /// Replaces the client of `id` by what `change` makes of it, as one step.
    pub fn update(&self, id: &ClientId, change: impl FnOnce(Option<&Client>) -> Client) {
        let mut clients = lock(&self.clients);
        let client = change(clients.get(id));
        clients.insert(id.clone(), client);
    }
}

impl Registry for MemoryRegistry {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        Ok(self.get(id))
    }

    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
        Ok(lock(&self.cut_offs).get(of).copied())
    }

    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
        lock(&self.cut_offs).insert(of.clone(), at);
        Ok(())
    }
}

/// Each change is one insertion: a panic elsewhere leaves the maps whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
