//! Registered clients and cut-offs in Workers KV.
//!
//! A write is seen at once where it was made and elsewhere after up to a minute, a cached "not
//! found" included. The core's cache in the isolate adds its own age to that.

use jeton::{Client, ClientId, CutOff, Registry, Unavailable, UnixTime};
use worker::kv::{KvError, KvStore};

use crate::{thrown::describe, within::within_deadline};

/// Seconds a place keeps a value it has read before it asks the central store again: KV's default
/// and an age at which a changed client is still seen soon. KV accepts no less than 30.
const CACHE_TTL: u64 = 60;

/// The registry on a KV namespace.
#[derive(Debug)]
pub struct KvRegistry(KvStore);

impl KvRegistry {
    /// The registry in `namespace`.
    #[must_use]
    pub fn new(namespace: KvStore) -> Self {
        Self(namespace)
    }

    async fn get(&self, key: &str) -> Result<Option<String>, Unavailable> {
        let value = self.0.get(key).cache_ttl(CACHE_TTL).text();
        within_deadline(value)
            .await
            .ok_or_else(|| Unavailable::new("kv", "no answer in time"))?
            .map_err(unavailable)
    }
}

impl Registry for KvRegistry {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        self.get(&format!("client:{id}"))
            .await?
            .map(|record| Client::from_record(&record))
            .transpose()
            .map_err(|error| Unavailable::new("kv", error))
    }

    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
        self.get(&cut_off_key(of))
            .await?
            .map(|at| at.trim().parse().map(UnixTime))
            .transpose()
            .map_err(|error| Unavailable::new("kv", format_args!("{}: {error}", of.as_str())))
    }

    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
        let put = self
            .0
            .put(&cut_off_key(of), at.0.to_string())
            .map_err(unavailable)?;
        within_deadline(put.execute())
            .await
            .ok_or_else(|| Unavailable::new("kv", "no answer in time"))?
            .map_err(unavailable)
    }
}

fn cut_off_key(of: &CutOff) -> String {
    format!("cut_off:{}", of.as_str())
}

/// Without the stack that the `worker` crate's text carries.
fn unavailable(error: KvError) -> Unavailable {
    match error {
        KvError::JavaScript(thrown) => Unavailable::new("kv", describe(&thrown)),
        other => Unavailable::new("kv", other),
    }
}
