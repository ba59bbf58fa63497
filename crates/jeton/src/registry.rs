//! The registry: documents that may be stale.
//!
//! ```text
//! cache.rs     what the server asks: clients and cut-offs, parsed, for a while from memory
//! client.rs    one file a kind of document: what it holds, how it is checked
//! cut_off.rs
//! Registry     stores keep text under a key, and refuse a write that raced
//! ```

use crate::{
    client::{Client, ClientId},
    unavailable::Unavailable,
};

mod cache;
mod client;
mod cut_off;
mod document;
mod key;
mod memory;

pub(crate) use cache::Clients;
use cut_off::read_cut_off;
pub use cut_off::{CutOff, put_cut_off};
pub use document::{Document, Expected, Version};
pub use key::{Collection, InvalidRealm, Key, Kind, Realm};
pub use memory::MemoryRegistry;

/// How many documents a page of [`Registry::list`] has at most. A Worker asks KV for each, and on
/// Cloudflare's free plan a request may ask fifty times.
pub const PAGE: usize = 40;

/// What was registered rather than configured: documents under keys, in a store.
///
/// # Contract
/// - A document is text, kept as it was written: a member this release does not know survives, and
///   what cannot be read is answered as it stands. Checking and parsing are above.
/// - [`get`](Self::get) and [`list`](Self::list) may answer with an older document, or without one
///   just written, for as long as the store's documentation says. So nothing that must happen once
///   may rest on an answer.
/// - [`put`](Self::put) and [`delete`](Self::delete) compare [`Expected`] with what stands, not with
///   what `get` may have said, and write in one step with it: of two that expect the same version,
///   one is [`Put::Done`].
/// - A write that would change nothing is done whatever was expected, because a first try whose
///   answer was lost finds its own work (RFC 9110 §13.1.1 allows it).
/// - Collections never mix, whatever names hold.
/// - Never waits without an end: a store out of reach is [`Unavailable`], not a hung request.
///
/// An attacker who can write here can issue tokens as any client: guard the store as the secret is
/// guarded. One who can only read it learns SHA-256 hashes of 256-bit random secrets, hence nothing.
///
/// No `Send` bounds: a Worker's futures hold JavaScript values. Where a host needs `Send`, the
/// compiler infers it from the concrete store.
#[allow(async_fn_in_trait)]
pub trait Registry {
    /// The document of that key.
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable>;

    /// Writes a document, in place of the one that stands.
    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable>;

    /// Removes the document of that key.
    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable>;

    /// A page of a collection, in the order of the names' bytes: the first, or the one that a page
    /// before named as its next.
    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable>;

    /// The client registered under `id`, checked and parsed.
    ///
    /// Stores leave this as it is. The mock has its own: it lends a request a client that may do
    /// more than the registered one, which no document describes.
    async fn client(&self, realm: &Realm, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        client::read_client(self, realm, id).await
    }
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Put {
    /// It stands.
    Done,
    /// Something else stands than was expected: this, or nothing.
    Conflict(Option<Document>),
}

/// A part of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Names and their documents, at most [`PAGE`]. There may be none although more follow.
    pub documents: Vec<(String, Document)>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// Where a page begins. What it holds is the store's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

/// A host may have a store or not.
impl<R: Registry> Registry for Option<R> {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        match self {
            Some(registry) => registry.get(key).await,
            None => Ok(None),
        }
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        match self {
            Some(registry) => registry.put(key, document, expected).await,
            None => Err(not_configured()),
        }
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        match self {
            Some(registry) => registry.delete(key, expected).await,
            None => Err(not_configured()),
        }
    }

    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        match self {
            Some(registry) => registry.list(collection, after).await,
            None => Ok(Page::default()),
        }
    }

    async fn client(&self, realm: &Realm, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        match self {
            Some(registry) => registry.client(realm, id).await,
            None => Ok(None),
        }
    }
}

fn not_configured() -> Unavailable {
    Unavailable::new("registry", "no registry is configured")
}
