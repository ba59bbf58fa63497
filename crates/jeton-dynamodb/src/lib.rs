//! Jeton's stores on Amazon DynamoDB: one table, string key `pk`, time-to-live attribute
//! `expires_at` (seconds since the epoch). `template.yaml` makes it.
//!
//! # Records
//!
//! | record | `pk` | attributes | lifetime |
//! |---|---|---|---|
//! | client | `client#<client_id>` | `record` (S): the client's metadata as JSON | until deleted |
//!
//! ```text
//! aws dynamodb put-item --table-name jeton --item '{
//!   "pk":     {"S": "client#reports"},
//!   "record": {"S": "{\"client_id\":\"reports\",\"client_secrets\":[{\"sha256\":\"…\"}],\"grant_types\":[\"client_credentials\"],\"scope\":\"read\"}"}
//! }'
//! ```
//!
//! **Why one string and not a map of attributes:** the record is the same JSON on every store, so
//! that what `jeton client new` prints fits all of them, a member of a newer release survives a
//! host of an older one, and there is one parser to test. Nothing queries by a member.
//!
//! **Why the prefix:** grants and markers will share the table, and no `client_id`, which people
//! choose, may stand for one of them. A `client_id` may itself hold `#`; the first one ends the
//! prefix.
//!
//! **Staleness:** reads are eventually consistent, usually well under a second behind: half the
//! price, and a client is answered from memory for `JETON_REGISTRY_MAX_AGE` anyway. A client
//! record has no `expires_at`: its secrets carry their own expiry, decided by the clock at each use.

mod connection;
mod explain;
mod registry;

pub use connection::connect;
pub use registry::DynamoRegistry;
