//! The contracts of `jeton`'s traits as tests. Every store passes the same ones, races included (in
//! memory, on SQLite, on DynamoDB, in a Worker), as do the cryptography and the `Fetch` of every host.
//!
//! A test panics where an implementation breaks its contract.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)]

mod counting;
mod crypto;
mod fetch;
mod fixture;
mod ledger;
mod registry;
mod wycheproof;

pub use counting::{Counting, Operations};
pub use crypto::crypto;
pub use fetch::fetch;
pub use fixture::{grant, step};
pub use ledger::{keeping, ledger};
pub use registry::{registry, registry_keeping};
pub use wycheproof::wycheproof;
#[cfg(not(target_arch = "wasm32"))]
pub use wycheproof::wycheproof_vectors;

#[cfg(test)]
mod tests {
    use jeton::Ledger as _;

    use super::*;

    #[tokio::test]
    async fn memory_ledger() {
        ledger(&jeton::MemoryLedger::default(), "memory").await;
    }

    /// Records go by a few at each change.
    #[tokio::test]
    async fn memory_ledger_keeps() {
        let memory = jeton::MemoryLedger::default();
        let sweep = async |at| {
            for n in 0..20 {
                let marker = jeton::Marker::for_test(&format!("sweep {n}"));
                let claim = memory.claim(&marker, jeton::Id128([1; 16]), at, at).await;
                claim.unwrap();
            }
        };
        keeping(&memory, "memory", sweep).await;
    }

    #[tokio::test]
    async fn memory_registry() {
        registry(&jeton::MemoryRegistry::default()).await;
    }
}
