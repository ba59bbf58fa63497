//! Jeton's stores on Cloudflare, its cryptography by WebCrypto, and its requests to servers of
//! others.
//!
//! | where | key | value | lifetime | why |
//! |---|---|---|---|---|
//! | KV | `client:<client_id>` | client metadata as JSON | until deleted | a registered client |
//! | KV | `cut_off:subject:<SHA-256>`, `cut_off:client:<SHA-256>` | seconds since the epoch | until deleted | logged out everywhere |
//! | Durable Object `grant:<grant id>` | table `record`, one row | the grant as JSON | until its `expires_at`, by alarm | one grant, one object: its steps are in one place |
//! | Durable Object `marker:<0…63>` | table `marker`, `name` | `holder`, `expires_at` | until then, by alarm | one-time markers, sharded by hash |
//! | the same | table `counter`, `name` | `count`, `expires_at` | until then, by alarm | counters |
//!
//! KV has no compare-and-swap, and elsewhere a write is seen up to a minute later: nothing that must
//! happen once is there.

#![cfg(target_arch = "wasm32")]

mod call;
mod crypto;
mod fetch;
// `durable_object` makes functions without documentation.
#[allow(missing_docs)]
mod grant_object;
mod kv;
mod ledger;
mod object;
mod settled;
mod thrown;
mod within;

pub use crypto::{WebCrypto, WebCryptoKey};
pub use fetch::WorkerFetch;
pub use grant_object::GrantObject;
pub use kv::KvRegistry;
pub use ledger::DurableLedger;
pub use settled::settled;
pub use thrown::describe;
