//! Jeton's stores in one SQLite file.
//!
//! # Records
//!
//! | table | key | columns | lifetime | why |
//! |---|---|---|---|---|
//! | `document` | `realm`: empty where one issuer has the file; `kind`; `name` | `record`: the document as JSON; `kept_until`, mostly NULL | until deleted; of a client that registered itself, until a day after it expired | what was registered |
//! | … | `client`, the `client_id` | `{"client_id":"jc_…","client_secrets":[…],…}` | | registered clients |
//! | … | `api`, the SHA-256 of the identifier in base64url | `{"identifier":"https://…","scopes":{…},…}` | | registered APIs |
//! | … | `cut_off`, `subject:` or `client:` and a SHA-256 in base64url | `{"of":"subject:LPJN…","before":1800000001}`: grants opened before it have ended | | logged out everywhere |
//! | … | `trust`, the SHA-256 of the issuer in base64url | `{"issuer":"https://…","rules":[…],…}` | | trusted issuers |
//! | `grant` | `id`: 22 characters of base64url | `record`: the grant as JSON, `{"id":"…","state":"live","client_id":"jc_…","generation":3,…}`; `kept_until` | until then: 40 minutes beyond its code, and once that was redeemed, beyond its `expires_at` | codes and refresh tokens are generations of it |
//! | `attachment` | `id`: the grant's id, `.`, and the SHA-256 of the text in base64url | `text`: claims as JSON, `{"groups":[…]}`; `expires_at` | five minutes beyond `expires_at` | what is too large for the grant, and never changes |
//! | `indexed` | `subject`: its SHA-256 in base64url; `grant`: the grant's id | `expires_at` | five minutes beyond `expires_at` | which grants a subject has |
//! | `personal` | `key`: the SHA-256 of what it is and whose in base64url | `record`: the document as JSON; `expires_at` | until it is removed, at most five minutes beyond `expires_at` | documents of a person |
//! | `marker` | `name`: `kind:name` | `holder`: 22 characters of base64url; `expires_at` | five minutes beyond `expires_at` | what may happen once |
//! | `counter` | `name`: `kind:name` | `count`: at least 1; `expires_at`: when it starts anew | five minutes beyond `expires_at` | what may happen so many times |
//!
//! Times are seconds since the epoch. Nothing in the file is a secret, and no part of it can be left
//! out of a backup. To put a backup back is a rollback, which the server notices.
//!
//! **Why a grant is one JSON text and not a column per member:** it is the same record on every
//! store, one function moves it (`jeton::transition`), and a member that this release does not know
//! is kept when the record moves. Searched by `id`, swept by `kept_until`, nothing else.
//!
//! **Why one table of documents:** the core checks and parses them, and a new kind of them changes
//! nothing here. A list is a range of the primary key, and the table is that key's tree (`WITHOUT
//! ROWID`): a document is found with one search instead of two.
//!
//! **Why beyond its end:** expiry is judged by the time a caller passes, so what is swept must have
//! expired by the clock of every process that shares the file; and a grant must be there as long as a
//! ticket could open it again. `jeton::Grant::kept_until` and `jeton::SLACK` say how long, for every
//! store.
//!
//! **Who sweeps:** a host, every minute ([`Database::keep_swept`]), some hundred rows a transaction. Not
//! whoever adds a row: a file that was flooded would keep it all until as many more come. SQLite fills
//! the freed pages again; the file does not shrink.
//!
//! # Transactions
//!
//! Every change is one immediate transaction, on the disk before it is answered (`synchronous =
//! FULL`): a refresh token that has been handed out is not forgotten by a power cut. The price is
//! one `fsync`, and changes that wait at the same time share it: see [`Database`].

mod database;
mod ledger;
mod personal;
mod registry;
mod sweep;

pub use database::{Database, OpenError};
