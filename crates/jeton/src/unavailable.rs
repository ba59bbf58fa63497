//! The failure of a store, and of reading what is in one.

/// A store could not be asked, or its answer could not be read. The response has status 503.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{store}: {detail}")]
pub struct Unavailable {
    /// The store, for the log: `kv`, `dynamodb`, `sqlite`, …; `registry` where a document in it is at
    /// fault.
    pub store: &'static str,
    /// What went wrong. For the log only; never sent to a client.
    pub detail: String,
}

impl Unavailable {
    /// The failure of `store` with `error`.
    pub fn new(store: &'static str, error: impl std::fmt::Display) -> Self {
        Self {
            store,
            detail: error.to_string(),
        }
    }
}
