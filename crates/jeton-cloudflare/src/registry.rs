//! The registry of a Worker: requests are answered from KV; what stands, and writes, are the authority's.

use jeton::{
    Collection, Cursor, Document, Expected, Key, Kind, PAGE, Page, Put, Registry, Unavailable,
};
use serde::de::DeserializeOwned;
use worker::{ObjectNamespace, kv::KvStore};

use crate::{
    kv,
    object::{self, shard},
    registry_object::{Call, Change, Listing},
};

/// The registry on a KV namespace, with a namespace of [`RegistryObject`](crate::RegistryObject)s as
/// the authority.
///
/// # Staleness
/// A write is in KV when it is answered, or a little later where KV refuses it or is still taking an
/// earlier write of the same name. In other places KV shows it up to a minute later; that holds for a
/// cached "not found" and for a removal too. The core's cache in the isolate adds its age to that.
///
/// What stands, and lists, the authority answers, which is never late; but cut-offs are in many objects, and
/// KV lists them. Without an authority KV answers everything, as late as it is.
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
        let change = Change {
            key: kv_key(key),
            next: next.cloned(),
            kept_until: next.and_then(|next| key.kept_until(next)),
            expected: expected.clone(),
        };
        ask(authority, &object_name(key), &Call::Change(change)).await
    }

    /// A page as KV shows it. Its cursor is KV's own.
    async fn list_shown(
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

impl Registry for KvRegistry {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        kv::read(&self.kv, &kv_key(key)).await
    }

    async fn standing(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        match &self.authority {
            Some(authority) => {
                let call = Call::Standing { key: kv_key(key) };
                ask(authority, &object_name(key), &call).await
            }
            None => self.get(key).await,
        }
    }

    fn takes_writes(&self) -> bool {
        self.authority.is_some()
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

    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        match &self.authority {
            Some(authority) if !is_sharded(collection.kind) => {
                let prefix = kv::prefix(collection);
                let call = Call::List(Listing {
                    prefix: prefix.clone(),
                    after: after.cloned(),
                });
                ask(authority, &prefix, &call).await
            }
            _ => self.list_shown(collection, after).await,
        }
    }
}

/// The answer of an object of the authority. It is asked once more if the first try fails: the answer may
/// have been lost, and a change that was made may be made again.
async fn ask<A: DeserializeOwned>(
    authority: &ObjectNamespace,
    object: &str,
    call: &Call,
) -> Result<A, Unavailable> {
    match object::ask(authority, object, call).await {
        Ok(answer) => Ok(answer),
        Err(_) => object::ask(authority, object, call).await,
    }
}

fn kv_key(key: &Key) -> String {
    format!("{}{}", kv::prefix(&key.collection), key.name)
}

/// The name of the object that a key belongs to: one object a collection, or a shard of it.
fn object_name(key: &Key) -> String {
    let collection = kv::prefix(&key.collection);
    if is_sharded(key.collection.kind) {
        format!("{collection}{}", shard(&key.name))
    } else {
        collection
    }
}

/// Whether documents of that kind are spread over objects: cut-offs are, because there are many, and they
/// have nothing to do with each other.
fn is_sharded(kind: Kind) -> bool {
    match kind {
        Kind::Client | Kind::Trust | Kind::Api => false,
        Kind::CutOff => true,
    }
}
