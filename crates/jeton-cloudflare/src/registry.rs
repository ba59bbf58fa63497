//! The registry as a Worker sees it: reads from KV, writes to the authority.

use jeton::{
    Collection, Cursor, Document, Expected, Key, Kind, PAGE, Page, Put, Registry, Unavailable,
};
use worker::{ObjectNamespace, kv::KvStore};

use crate::{
    kv,
    object::{self, shard},
    registry_object::Change,
};

/// The registry on a KV namespace and, where there is to be written, on a namespace of
/// [`RegistryObject`](crate::RegistryObject)s.
///
/// # Staleness
/// What is written is in KV when the write is answered; a little later where KV refuses it, or still
/// takes an earlier one of the same name. Elsewhere KV shows it up to a minute later, a cached "not found" and a removal included. A list
/// is KV's own, and may lack what is new or have what is gone for as long. The core's cache in the
/// isolate adds its age to that.
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
        // Once more if the first try fails: its answer may have been lost, and a change that was
        // made may be made again.
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

    /// A cursor is KV's own.
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
            // Deleted since it was listed, if it is not there.
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

/// One object a collection, so that what it decides by is in one place; cut-offs, which are many and
/// have nothing to do with each other, in shards.
fn object_name(key: &Key) -> String {
    let collection = kv::prefix(&key.collection);
    match key.collection.kind {
        Kind::Client => collection,
        Kind::CutOff => format!("{collection}{}", shard(&key.name)),
    }
}
