//! Jeton's stores on Cloudflare, its cryptography by WebCrypto, and its requests to servers of
//! others.
//!
//! | where | key | value | lifetime | why |
//! |---|---|---|---|---|
//! | KV | `client:<client_id>` | `{"client_id":"jc_…","client_secrets":[…],…}` | until deleted; of one that registered itself, until a day after it expired, by alarm of the authority | a registered client |
//! | KV | `api:<SHA-256 of the identifier>` | `{"identifier":"https://…","scopes":{…},…}` | until deleted | a registered API |
//! | KV | `cut_off:subject:<SHA-256>`, `cut_off:client:<SHA-256>` | `{"of":"subject:LPJN…","before":1800000001}` | until deleted | logged out everywhere |
//! | KV | `trust:<SHA-256 of the issuer>` | `{"issuer":"https://…","rules":[…],…}` | until deleted | a trusted issuer |
//! | Durable Object `client:`, `api:`, `trust:`, `cut_off:<0…63>` | table `document`, `key` as in KV | `record`: as in KV, NULL once deleted; `published`; `kept_until`, mostly NULL | for ever | the authority over what KV shows; cut-offs are sharded by hash |
//! | Durable Object `grant:<grant id>` | table `record`, one row | the grant as JSON | 40 minutes beyond its code, and once that was redeemed, beyond its `expires_at`; by alarm | one grant, one object: its steps are in one place |
//! | … | table `attachment`, `sha256` | `text`: claims as JSON; `expires_at` | five minutes beyond it, by alarm | what is too large for the grant, and never changes |
//! | Durable Object `subject:<SHA-256>` | table `indexed`, `grant_id` | `expires_at` | five minutes beyond it, by alarm | which grants a subject has |
//! | Durable Object `personal:<SHA-256 of what it is and whose>` | table `personal`, one row | `record`: the document as JSON; `expires_at` | until it is removed, at most five minutes beyond `expires_at`, by alarm | one document of a person, one object: nobody waits for another's |
//! | Durable Object `marker:<0…63>` | table `marker`, `name` | `holder`, `expires_at` | five minutes beyond it, by alarm | one-time markers, sharded by hash; a grant's own are in its object |
//! | Durable Object `counter:<name>` | table `counter`, one row | `count`, `expires_at` | the same | one counter, one object: where strangers are many, none keeps others waiting |
//!
//! In a realm, keys in KV and names of objects begin with `<realm>/`, as in `<realm>/client:<client_id>`.
//!
//! KV has no compare-and-swap, and other places see a write up to a minute later, so nothing that must
//! happen once is in it. Requests read KV; writes go to the authority, which compares the expected
//! document with the standing one and publishes the new one to KV. It is asked, too, for lists and for what
//! stands.
//!
//! A document that `wrangler kv key put` wrote is served as it is, and stands until the authority is
//! asked to list or to change it. From then on the authority decides: a later write by hand, or a removal,
//! shows in KV only until the next change by the authority.

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
mod registry;
// As above.
#[allow(missing_docs)]
mod registry_object;
mod rpc;
mod settled;
pub mod task;
mod thrown;
mod within;

pub use crypto::{WebCrypto, WebCryptoKey};
pub use fetch::WorkerFetch;
pub use grant_object::GrantObject;
pub use kv::KV_BINDING;
pub use ledger::DurableLedger;
pub use registry::KvRegistry;
pub use registry_object::RegistryObject;
pub use settled::settled;
pub use thrown::describe;
