//! The registry: what may be stale.

use crate::{
    client::{Client, ClientId},
    time::UnixTime,
};

mod cache;
mod cut_off;
mod memory;

pub(crate) use crate::unavailable::Unavailable;
pub(crate) use cache::Clients;
pub use cut_off::CutOff;
pub use memory::MemoryRegistry;

/// Clients that were registered rather than configured, and cut-offs.
///
/// # Contract
/// - May answer with an older record, or with `None` for a record just written, for as long as the
///   store's documentation says. So nothing that must happen once may rest on an answer.
/// - Never answers with a record of another id, and never with one that was not written whole.
/// - Never waits without an end: a store out of reach is [`Unavailable`], not a hung request.
///
/// An attacker who can write here can issue tokens as any client: guard the store as the secret is
/// guarded. One who can only read it learns SHA-256 hashes of 256-bit random secrets, hence nothing.
///
/// No `Send` bounds: a Worker's futures hold JavaScript values. Where a host needs `Send`, the
/// compiler infers it from the concrete store.
#[allow(async_fn_in_trait)]
pub trait Registry {
    /// The client registered under `id`.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable>;

    /// The time before which every grant of a subject or client has ended.
    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable>;

    /// Sets that time. Two calls at once leave one of the two times: both are now.
    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable>;
}

impl<R: Registry> Registry for std::sync::Arc<R> {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        (**self).client(id).await
    }

    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
        (**self).cut_off(of).await
    }

    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
        (**self).put_cut_off(of, at).await
    }
}

impl<R: Registry> Registry for std::rc::Rc<R> {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        (**self).client(id).await
    }

    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
        (**self).cut_off(of).await
    }

    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
        (**self).put_cut_off(of, at).await
    }
}

/// A host may have a store or not.
impl<R: Registry> Registry for Option<R> {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        match self {
            Some(registry) => registry.client(id).await,
            None => Ok(None),
        }
    }

    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
        match self {
            Some(registry) => registry.cut_off(of).await,
            None => Ok(None),
        }
    }

    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
        match self {
            Some(registry) => registry.put_cut_off(of, at).await,
            None => Err(Unavailable::new("registry", "no registry is configured")),
        }
    }
}
