use std::cell::Cell;

use jeton::{Client, ClientId, Registry, Unavailable};

/// Counts what is asked of the store behind it.
#[derive(Debug, Default)]
pub struct Counting<R> {
    store: R,
    registry_reads: Cell<u32>,
}

impl<R> Counting<R> {
    /// Counts for `store`.
    pub fn new(store: R) -> Self {
        Self {
            store,
            registry_reads: Cell::new(0),
        }
    }

    /// The store behind.
    pub fn store(&self) -> &R {
        &self.store
    }

    /// Registry reads since last asked.
    pub fn take_registry_reads(&self) -> u32 {
        self.registry_reads.take()
    }
}

impl<R: Registry> Registry for Counting<R> {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        self.registry_reads.set(self.registry_reads.get() + 1);
        self.store.client(id).await
    }
}
