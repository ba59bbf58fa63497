/// A store that could not be asked, or whose answer could not be read. Becomes a 503.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{store}: {detail}")]
pub struct Unavailable {
    /// Which store, for the log: `kv`, `dynamodb`, `sqlite`; `registry` where what it holds is at
    /// fault rather than the store.
    pub store: &'static str,
    /// What it said. For the log only; never sent to a client.
    pub detail: String,
}

impl Unavailable {
    /// `store` failed with `error`.
    pub fn new(store: &'static str, error: impl std::fmt::Display) -> Self {
        Self {
            store,
            detail: error.to_string(),
        }
    }
}
