//! Jeton's stores on Amazon DynamoDB: one table, string keys `pk` and `sk`, time-to-live attribute
//! `delete_at` (seconds since the epoch). `template.yaml` makes it.
//!
//! # Records
//!
//! | record | `pk` | `sk` | attributes | lifetime | why |
//! |---|---|---|---|---|---|
//! | client | `client` | `<client_id>` | `record` (S): the client's metadata as JSON | until deleted; of one that registered itself, `delete_at`: a day after it expired | registered clients |
//! | API | `api` | the SHA-256 of the identifier in base64url | `record` (S): `{"identifier":"https://…","scopes":{…},…}` | until deleted | registered APIs |
//! | cut-off | `cut_off` | `subject:<hash>`, `client:<hash>` | `record` (S): `{"of":"subject:LPJN…","before":1800000001}`, grants opened before it have ended | until deleted | logged out everywhere |
//! | trust document | `trust` | the SHA-256 of the issuer in base64url | `record` (S): `{"issuer":"https://…","rules":[…],…}` | until deleted | trusted issuers |
//! | grant | `grant#<id>` | `-` | the members of `jeton::Grant`, see below | `delete_at`: 40 minutes beyond its code, and once that was redeemed, beyond `expires_at` | codes and refresh tokens are generations of it |
//! | attachment | `grant#<id>` | the SHA-256 of the text in base64url | `text` (S): claims as JSON, `{"groups":[…]}`; `expires_at` (N) | `delete_at`: five minutes beyond `expires_at` | what is too large for the grant, and never changes |
//! | index | `subject#<SHA-256 of the subject>` | `<grant id>` | `expires_at` (N) | `delete_at`: five minutes beyond `expires_at` | which grants a subject has |
//! | document of a person | `personal#<SHA-256 of what it is and whose>` | `-` | `record` (S): its JSON; `version` (S): the SHA-256 of that in base64url; `expires_at` (N) | until it is removed, at most `delete_at`: five minutes beyond `expires_at` | what people agreed to, or others said of them |
//! | marker | `marker#<kind>:<name>` | `-` | `holder` (S): 22 characters of base64url; `expires_at` (N) | `delete_at`: five minutes beyond `expires_at` | what may happen once |
//! | counter | `counter#<kind>:<name>` | `-` | `count` (N): at least 1; `expires_at` (N): when it starts anew | the same | what may happen so many times |
//!
//! Registered documents of a realm have it in their `pk`: `client#<realm>`, and so for the others. Times
//! are seconds since the epoch. Nothing in the table is a secret.
//!
//! ```text
//! aws dynamodb put-item --table-name jeton --item '{
//!   "pk":     {"S": "client"},
//!   "sk":     {"S": "reports"},
//!   "record": {"S": "{\"client_id\":\"reports\",\"client_secrets\":[{\"sha256\":\"…\"}],\"grant_types\":[\"client_credentials\"],\"scope\":\"read\"}"}
//! }'
//! ```
//!
//! **Why a kind of documents is one partition:** so that a list of them is a `Query`, in order, and
//! not a scan of the whole table. A partition answers 3,000 reads a second and DynamoDB splits one
//! that needs more between its sort keys; besides, documents are answered from memory. Grants,
//! documents of a person, markers and counters are never listed and have a partition each.
//!
//! **Why a document is one string and not a map of attributes:** the record is the same JSON on every
//! store, so that what is written by hand fits all of them, a member of a newer release
//! survives a host of an older one, and there is one parser to test. Nothing queries by a member.
//!
//! **How a write is conditional:** on `record` being still the text that was read and found to have
//! the version expected, or on there being no item. No attribute has the version: what was written
//! by hand would have none. Nobody writes a document of a person by hand, so `version` stands beside it, and
//! a write is one request whatever it expects.
//!
//! **Why prefixes:** no realm, id or name may stand for another record. A marker's name may itself
//! hold `#`; the first one ends the prefix.
//!
//! **Why `delete_at` beside `expires_at`:** expiry is judged by the time a caller passes, against
//! `expires_at`. DynamoDB collects by its own clock and may be quick about it: what it collects must
//! have expired by the clock of every host.
//!
//! **Staleness:** for a request, documents are read with eventual consistency, usually well under a
//! second behind: half the price, and they are answered from memory for `JETON_REGISTRY_MAX_AGE`
//! anyway. Everything else is read consistently: lists, what a write replaces, and the ledger. A client
//! has no `expires_at`: its secrets carry their own expiry, decided by the clock at each use.
//!
//! # A grant
//!
//! ```text
//! pk              S    grant#Nt0oJsyJ2Yx3lR1W1xJ4Lg      sk          S  -
//! id              S    Nt0oJsyJ2Yx3lR1W1xJ4Lg
//! state           S    pending | live | denied | revoked client_id   S  jc_QDBH-nrm7DMl8alHefMEkA
//! subject         S    alice                             auth_time   N  1800000000
//! scope           L    [openid, read]                    audiences   L  [https://api.example]
//! claims          S    {"inline":{"email":"a@example"}}  nonce       S  n-0S6_WzA2Mj
//! generation      N    3                                 advanced_at N  1800000600
//! requested_claims M   {id_token: [email]}
//! redeemed_at     N    1800000005                        last_attempt S C2kXw0cU0m2m7Yp1r3nUqA
//! idle_lifetime   N    2592000                           idle_expires_at N 1802592600
//! created_at      N    1800000000                        expires_at  N  1815552000
//! refreshable     BOOL true                              delete_at   N  1815554400
//! ```
//!
//! Here each member is an attribute, those included that this release does not know, because
//! `advance` must be one request: an `UpdateItem` whose condition is that of
//! `jeton::transition::take` line by line, and which answers with the whole item, new or in the way.
//! The contract of `jeton::Ledger` holds the two to each other. What a client sends is only ever a
//! value of an expression, never a part of its text.

mod connection;
mod explain;
mod grant;
mod ledger;
mod personal;
mod registry;
mod request;
mod table;

pub use connection::connect;
pub use ledger::DynamoLedger;
pub use registry::DynamoRegistry;
