//! The registry: the store of registered documents, whose reads may be stale.
//!
//! ```text
//! cache.rs     what the server calls: parsed clients, cut-offs and trusted issuers, from memory for a while
//! client.rs    one file a kind of document: what it holds and how it is checked
//! cut_off.rs
//! trust.rs
//! Registry     what a store implements: text under a key, and writes that name what they replace
//! ```

use crate::{
    client::{Client, ClientId},
    document::{Document, Expected, Put},
    time::Seconds,
    unavailable::Unavailable,
};

mod api;
mod cache;
mod client;
mod cut_off;
mod keep;
mod key;
mod memory;
mod reading;
mod store;
mod trust;
mod written;

pub(crate) use cache::{Clients, TrustedIssuers};
pub(crate) use client::client_record;
pub use cut_off::{CutOff, put_cut_off};
use cut_off::{put_among_cut_offs, read_cut_offs};
pub use key::{Collection, InvalidRealm, Key, Kind, Realm};
pub use memory::MemoryRegistry;
pub(crate) use reading::ConfiguredApis;
pub use reading::Reading;
pub(crate) use store::Store;
use trust::read_trusted_issuer;

/// The most documents in a page of [`Registry::list`]. A Worker asks KV for each, and on Cloudflare's
/// free plan a request may ask fifty times.
pub const PAGE: usize = 40;

/// A store of documents under keys: clients, cut-offs and trusted issuers that were registered at run
/// time.
///
/// # Contract
/// - A document is text, kept as it was written: a member that this release does not know survives,
///   and text that cannot be parsed is answered as it stands. Parsing and checking are the caller's.
/// - [`get`](Self::get) may answer with an older document, or without one just written, for as long as
///   the store's documentation says. So nothing that must happen once may rest on an answer.
/// - [`standing`](Self::standing) and [`list`](Self::list) answer with what stands: each sees every write
///   that was answered before it began, whichever process wrote. Cut-offs, which nobody needs to list, may
///   be listed as late as `get` shows them.
/// - [`put`](Self::put) and [`delete`](Self::delete) compare [`Expected`] with the document that
///   stands, not with what `get` may have answered, and write in the same step: of two writers that
///   expect the same version, one is [`Put::Done`].
/// - A write that would change nothing is done whatever was expected, because a first try whose
///   answer was lost finds its own work (RFC 9110 §13.1.1 allows it).
/// - A document stays until it is deleted, or until its [`Key::kept_until`]: what goes by itself goes not
///   before, and soon after.
/// - Collections never mix, whatever names hold.
/// - No call waits for ever: a store out of reach is [`Unavailable`], not a hung request.
///
/// An attacker who can write here can get tokens as any client: guard the store as you guard the
/// secret. One who can only read it learns SHA-256 hashes of 256-bit random secrets, which tell
/// nothing.
///
/// No `Send` bounds: a Worker's futures hold JavaScript values. Where a host needs `Send`, the
/// compiler infers it from the concrete store.
#[allow(async_fn_in_trait)]
pub trait Registry {
    /// The document of that key, which may be an older one.
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable>;

    /// The document that stands under that key, never an older one. It may cost more than
    /// [`get`](Self::get), so only what writes, or must know of a write just made, asks for it.
    ///
    /// A store whose `get` is never late leaves this as it is.
    async fn standing(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        self.get(key).await
    }

    /// Whether documents can be written at all.
    fn takes_writes(&self) -> bool {
        true
    }

    /// Writes a document, in place of the one that stands.
    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable>;

    /// Removes the document of that key.
    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable>;

    /// A page of a collection, in the order of the names' bytes: the first page, or the one that begins
    /// at the cursor `after`, which the page before gave.
    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable>;

    /// For how long it may be remembered that there is no such client. Short, because people try a client
    /// before they store it, and long enough to spare a store that is far away a program that tries in a
    /// loop; nothing where the store is at hand.
    fn unknown_age(&self) -> Seconds {
        Seconds(5)
    }

    /// The client registered under `id`, checked and parsed.
    ///
    /// Stores leave this as it is. The mock has its own: it lends a request a client that may do
    /// more than the registered one, which no document describes.
    async fn client(
        &self,
        realm: &Realm,
        id: &ClientId,
        reading: &Reading<'_>,
    ) -> Result<Option<Client>, Unavailable> {
        reading.client(self, realm, id).await
    }
}

/// One page of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Page {
    /// Names and their documents, at most [`PAGE`]. A page may be empty although more pages follow.
    pub documents: Vec<(String, Document)>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// Where a page begins. Only the store that made it knows what it means.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// A registry that may be absent: `None` has no document and refuses writes.
impl<R: Registry> Registry for Option<R> {
    fn takes_writes(&self) -> bool {
        self.as_ref().is_some_and(R::takes_writes)
    }

    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        match self {
            Some(registry) => registry.get(key).await,
            None => Ok(None),
        }
    }

    fn unknown_age(&self) -> Seconds {
        match self {
            Some(registry) => registry.unknown_age(),
            None => Seconds(0),
        }
    }

    async fn standing(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        match self {
            Some(registry) => registry.standing(key).await,
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

    async fn client(
        &self,
        realm: &Realm,
        id: &ClientId,
        reading: &Reading<'_>,
    ) -> Result<Option<Client>, Unavailable> {
        match self {
            Some(registry) => registry.client(realm, id, reading).await,
            None => Ok(None),
        }
    }
}

fn not_configured() -> Unavailable {
    Unavailable::new("registry", "no registry is configured")
}
