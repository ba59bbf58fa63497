//! The registry of a Worker: reads from KV, writes through the authority.

use jeton::{
    Collection, Cursor, Document, Expected, Key, Kind, PAGE, Page, Put, Registry, Unavailable,
};
use worker::{ObjectNamespace, kv::KvStore};

use crate::{
    kv,
    object::{self, shard},
    registry_object::Change,
};

/// The registry on a KV namespace, with a namespace of [`RegistryObject`](crate::RegistryObject)s as
/// the authority for writes.
///
/// # Staleness
/// A write is in KV when it is answered, or a little later where KV refuses it or is still taking an
/// earlier write of the same name. In other places KV shows it up to a minute later; that holds for a
/// cached "not found" and for a removal too. A list is KV's own, and may lack new documents or have
/// removed ones for as long. The core's cache in the isolate adds its age to that.
#[derive(Debug)]
pub struct KvRegistry {
    kv: KvStore,
    authority: Option<ObjectNamespace>,
}

impl KvRegistry {
    /// The registry in `kv`. Without an authority it can be read and not written.
    #[must_use]
    pub fn new(kv: KvStore, authority: Option<ObjectNamespace>) -> Self {
        Self { kv, authority }
    }

    async fn change(
        &self,
        key: &Key,
        next: Option<&Document>,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        let Some(authority) = &self.authority else {
            let detail =
                "no Durable Object is bound as JETON_AUTHORITY, which all writes go through";
            return Err(Unavailable::new("authority", detail));
        };
        let object = object_name(key);
        let change = Change {
            key: kv_key(key),
            next: next.cloned(),
            expected: expected.clone(),
        };
        // Asked once more if the first try fails: its answer may have been lost, and a change that
        // was made may be made again.
        match object::ask(authority, &object, &change).await {
            Ok(put) => Ok(put),
            Err(_) => object::ask(authority, &object, &change).await,
        }
    }
}

impl Registry for KvRegistry {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        kv::read(&self.kv, &kv_key(key)).await
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        self.change(key, Some(document), expected).await
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        self.change(key, None, expected).await
    }

    /// The page of a collection. Its cursor is KV's own.
    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        let prefix = kv::prefix(collection);
        let after = after.map(|cursor| cursor.0.clone());
        let listed = kv::list(&self.kv, prefix.clone(), PAGE, after).await?;
        let mut page = Page::default();
        for listed_key in listed.keys {
            let Some(name) = listed_key.name.strip_prefix(&prefix) else {
                continue;
            };
            // A document that is not there was deleted since it was listed.
            if let Some(document) = kv::read(&self.kv, &listed_key.name).await? {
                page.documents.push((name.to_owned(), document));
            }
        }
        page.next = listed.cursor.filter(|_| !listed.list_complete).map(Cursor);
        Ok(page)
    }
}

fn kv_key(key: &Key) -> String {
    format!("{}{}", kv::prefix(&key.collection), key.name)
}

/// The name of the object that a key belongs to: one object a collection. Cut-offs are spread over
/// shards, because there are many and they have nothing to do with each other.
fn object_name(key: &Key) -> String {
    let collection = kv::prefix(&key.collection);
    match key.collection.kind {
        Kind::Client | Kind::Trust => collection,
        Kind::CutOff => format!("{collection}{}", shard(&key.name)),
    }
}
