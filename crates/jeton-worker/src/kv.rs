//! Registered clients in Workers KV.
//!
//! | key | example | lifetime | why |
//! |---|---|---|---|
//! | `client:<client_id>` | `{"client_id":"reports","client_secret_hash":"…","scope":"read"}` | until deleted | a client registered at run time; the value is the record that `jeton client new` prints |
//!
//! A write is seen at once where it was made and elsewhere after up to a minute, a cached "not
//! found" included. The core's cache in the isolate adds its own age to that.

use jeton::{Client, ClientId, Registry, Unavailable};
use worker::kv::{KvError, KvStore};

use crate::thrown;

/// Seconds a place keeps a value it has read before it asks the central store again: KV's default
/// and an age at which a changed client is still seen soon. KV accepts no less than 30.
const CACHE_TTL: u64 = 60;

/// The KV namespace, if one is bound.
pub(crate) struct KvRegistry(pub(crate) Option<KvStore>);

impl Registry for KvRegistry {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let Some(kv) = &self.0 else {
            return Ok(None);
        };
        let record = kv
            .get(&key(id))
            .cache_ttl(CACHE_TTL)
            .text()
            .await
            .map_err(|error| Unavailable::new("kv", describe(error)))?;
        record
            .map(|record| Client::from_record(&record))
            .transpose()
            .map_err(|error| Unavailable::new("kv", error))
    }
}

/// Without the stack that the `worker` crate's text carries.
fn describe(error: KvError) -> String {
    match error {
        KvError::JavaScript(thrown) => thrown::describe(&thrown),
        other => other.to_string(),
    }
}

fn key(id: &ClientId) -> String {
    format!("client:{}", id.as_str())
}
