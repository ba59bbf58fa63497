//! Proofs that were used.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::http::BoxFuture;

/// Where it is remembered which proofs of DPoP were used (RFC 9449 §11.1).
///
/// The usual one, [`ReplayMemory`], knows those of its own process. Where requests are spread over
/// several, a proof counts once in each, unless they share such a store.
pub trait ReplayStore: Send + Sync {
    /// Remembers the proof `id` until `expires_at`, and answers whether it was new. Times are seconds
    /// since 1970.
    ///
    /// It has to be one step: of two who come with the same id at the same time, one is told that it
    /// was new.
    ///
    /// # Errors
    /// It cannot tell. Then the request is refused with 503.
    fn first_use(
        &self,
        id: [u8; 32],
        expires_at: u64,
        now: u64,
    ) -> BoxFuture<'_, Result<bool, ReplayUnavailable>>;
}

/// Why a [`ReplayStore`] cannot tell. The text is for the people who run this API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReplayUnavailable(pub String);

/// The proofs that were used in this process.
///
/// A proof is remembered as long as it holds, a minute or two. When there are as many as were agreed
/// on, it cannot tell of more: to forget one would let it be used again. They come only from clients
/// whose token and proof were found good.
pub struct ReplayMemory {
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ids: HashSet<[u8; 32]>,
    by_end: BTreeMap<u64, Vec<[u8; 32]>>,
}

impl ReplayMemory {
    /// For at most so many proofs at a time, each some 100 bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let state = Mutex::default();
        Self { most, state }
    }

    fn insert(&self, id: [u8; 32], expires_at: u64, now: u64) -> Result<bool, ReplayUnavailable> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(entry) = state.by_end.first_entry()
            && *entry.key() < now
        {
            for id in entry.remove() {
                state.ids.remove(&id);
            }
        }
        if state.ids.contains(&id) {
            return Ok(false);
        }
        if state.ids.len() >= self.most {
            let why = format!("{} DPoP proofs are remembered, and no more fit", self.most);
            return Err(ReplayUnavailable(why));
        }
        state.ids.insert(id);
        state.by_end.entry(expires_at).or_default().push(id);
        Ok(true)
    }
}

impl Default for ReplayMemory {
    /// For 250,000: four thousand requests a second.
    fn default() -> Self {
        Self::new(250_000)
    }
}

impl fmt::Debug for ReplayMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReplayMemory")
            .finish_non_exhaustive()
    }
}

impl ReplayStore for ReplayMemory {
    fn first_use(
        &self,
        id: [u8; 32],
        expires_at: u64,
        now: u64,
    ) -> BoxFuture<'_, Result<bool, ReplayUnavailable>> {
        Box::pin(std::future::ready(self.insert(id, expires_at, now)))
    }
}
