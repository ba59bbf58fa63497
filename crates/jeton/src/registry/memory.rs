use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{Registry, Unavailable};
use crate::client::{Client, ClientId};

/// Clients in memory: the mock's registry, and that of a host without a store.
#[derive(Debug, Default)]
pub struct MemoryRegistry(Mutex<HashMap<ClientId, Client>>);

impl MemoryRegistry {
    /// Registers `client`, in place of one with the same id.
    pub fn insert(&self, client: Client) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(client.id.clone(), client);
    }

    /// Replaces the client of `id` by what `change` makes of it, as one step.
    pub fn update(&self, id: &ClientId, change: impl FnOnce(Option<&Client>) -> Client) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client = change(clients.get(id));
        clients.insert(id.clone(), client);
    }
}

impl Registry for MemoryRegistry {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(clients.get(id).cloned())
    }
}
