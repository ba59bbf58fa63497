//! Registered clients in Workers KV.
//!
//! | key | example | lifetime | why |
//! |---|---|---|---|
//! | `client:<client_id>` | `{"client_id":"reports","client_secrets":[{"sha256":"…"}],"grant_types":["client_credentials"],"scope":"read"}` | until deleted | a client registered at run time; the value is the record that `jeton client new` prints |
//!
//! A write is seen at once where it was made and elsewhere after up to a minute, a cached "not
//! found" included. The core's cache in the isolate adds its own age to that.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use jeton::{Client, ClientId, Registry, Unavailable};
use worker::{
    Delay,
    kv::{KvError, KvStore},
};

use crate::thrown;

/// Seconds a place keeps a value it has read before it asks the central store again: KV's default
/// and an age at which a changed client is still seen soon. KV accepts no less than 30.
const CACHE_TTL: u64 = 60;

/// How long a read may take. KV answers in milliseconds, from far away in a few hundred.
const DEADLINE: Duration = Duration::from_secs(5);

/// The KV namespace, if one is bound.
pub(crate) struct KvRegistry(pub(crate) Option<KvStore>);

impl Registry for KvRegistry {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let Some(kv) = &self.0 else {
            return Ok(None);
        };
        let record = kv.get(&key(id)).cache_ttl(CACHE_TTL).text();
        let record = within(DEADLINE, record)
            .await
            .ok_or_else(|| Unavailable::new("kv", "no answer in time"))?
            .map_err(|error| Unavailable::new("kv", describe(error)))?;
        record
            .map(|record| Client::from_record(&record))
            .transpose()
            .map_err(|error| Unavailable::new("kv", error))
    }
}

/// What `future` gives, or `None` if that takes longer than `limit`.
async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut delay = pin!(Delay::from(limit));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => delay.as_mut().poll(context).map(|()| None),
    })
    .await
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
