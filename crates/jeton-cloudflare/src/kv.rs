//! Reading and writing Workers KV.

use jeton::{Collection, Document, Unavailable};
use worker::kv::{KvError, KvStore, ListResponse};

use crate::{thrown::describe, within::within_deadline};

/// The binding of the namespace that holds the registry: a Worker's and an object's.
pub const KV_BINDING: &str = "JETON_REGISTRY";

/// How many seconds a data center keeps a value that it has read, or that there is none, before it asks
/// KV's central store again: the least that KV takes, so that a changed client, and one that was tried
/// before it was stored, is seen soon. KV itself may take a minute.
const CACHE_TTL: u64 = 30;

/// The prefix of a collection's keys: `client:`, or in a realm `<realm>/client:`. A realm has no colon
/// and the words of kinds no slash, so no key of one collection begins like another's.
pub(crate) fn prefix(collection: &Collection) -> String {
    let Collection { realm, kind } = collection;
    match realm.as_str() {
        "" => format!("{}:", kind.as_str()),
        realm => format!("{realm}/{}:", kind.as_str()),
    }
}

/// The document under `key`.
pub(crate) async fn read(kv: &KvStore, key: &str) -> Result<Option<Document>, Unavailable> {
    let value = answer(|| kv.get(key).cache_ttl(CACHE_TTL).text()).await;
    let value = value.map_err(|error| without(key, error))?;
    Ok(value.map(Document::new))
}

/// Writes `document` under `key`, or deletes the key for `None`. Waits for as long as the platform
/// takes: a write that was given up could still land, after a later one.
pub(crate) async fn write(
    kv: &KvStore,
    key: &str,
    document: Option<&Document>,
) -> Result<(), Unavailable> {
    match document {
        Some(document) => {
            let put = kv.put(key, document.as_str()).map_err(unavailable)?;
            put.execute().await.map_err(unavailable)
        }
        None => kv.delete(key).await.map_err(unavailable),
    }
}

/// A page of the keys that begin with `prefix`.
pub(crate) async fn list(
    kv: &KvStore,
    prefix: String,
    limit: usize,
    cursor: Option<String>,
) -> Result<ListResponse, Unavailable> {
    answer(|| {
        let list = kv.list().prefix(prefix.clone()).limit(limit as u64);
        match cursor.clone() {
            Some(cursor) => list.cursor(cursor),
            None => list,
        }
        .execute()
    })
    .await
}

/// The answer to what `ask` reads. A read that fails or hangs, as happens now and then, is tried again
/// once.
async fn answer<T, F>(ask: impl Fn() -> F) -> Result<T, Unavailable>
where
    F: Future<Output = Result<T, KvError>>,
{
    if let Some(Ok(answer)) = within_deadline(ask()).await {
        return Ok(answer);
    }
    within_deadline(ask())
        .await
        .ok_or_else(|| Unavailable::new("kv", "no answer in time"))?
        .map_err(unavailable)
}

/// The error without the key, of which a stranger chose a part: it may be a credential in the wrong
/// place.
fn without(key: &str, error: Unavailable) -> Unavailable {
    Unavailable {
        detail: error.detail.replace(key, "the key"),
        ..error
    }
}

/// The error for the log, without the stack that is in the `worker` crate's text.
fn unavailable(error: KvError) -> Unavailable {
    match error {
        KvError::JavaScript(thrown) => Unavailable::new("kv", describe(&thrown)),
        other => Unavailable::new("kv", other),
    }
}
