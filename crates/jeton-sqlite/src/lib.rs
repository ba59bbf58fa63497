//! Jeton's stores in one SQLite file.
//!
//! # Records
//!
//! | table | key | columns | lifetime | why |
//! |---|---|---|---|---|
//! | `document` | `realm`: empty where one issuer has the file; `kind`; `name` | `record`: the document as JSON | until deleted | what was registered |
//! | … | `client`, the `client_id` | `{"client_id":"jc_…","client_secrets":[…],…}` | | registered clients |
//! | … | `cut_off`, `subject:` or `client:` and a SHA-256 in base64url | `{"of":"subject:LPJN…","before":1800000001}`: grants opened before it have ended | | logged out everywhere |
//! | `grant` | `id`: 22 characters of base64url | `record`: the grant as JSON, `{"id":"…","state":"live","client_id":"jc_…","generation":3,…}`; `expires_at`: its member of that name | an hour beyond `expires_at` | codes and refresh tokens are generations of it |
//! | `marker` | `name`: `kind:name` | `holder`: 22 characters of base64url; `expires_at` | an hour beyond `expires_at` | what may happen once |
//! | `counter` | `name`: `kind:name` | `count`: at least 1; `expires_at`: when it starts anew | an hour beyond `expires_at` | what may happen so many times |
//!
//! Times are seconds since the epoch. Nothing in the file is a secret, and no part of it can be left
//! out of a backup. To put a backup back is a rollback, which the server notices.
//!
//! **Why a grant is one JSON text and not a column per member:** it is the same record on every
//! store, one function moves it (`jeton::transition`), and a member that this release does not know
//! is kept when the record moves. Searched by `id`, swept by `expires_at`, nothing else.
//!
//! **Why one table of documents:** the core checks and parses them, and a new kind of them changes
//! nothing here. A list is a range of the primary key, and the table is that key's tree (`WITHOUT
//! ROWID`): a document is found with one search instead of two.
//!
//! **Why an hour:** expiry is judged by the time a caller passes, so what is swept must have expired
//! by the clock of every process that shares the file. A new record takes up to two expired ones
//! with it: no timer, no pause, and the file stops growing where there are as many new as old.
//!
//! # Transactions
//!
//! Every change is one immediate transaction, on the disk before it is answered (`synchronous =
//! FULL`): a refresh token that has been handed out is not forgotten by a power cut. The price is
//! one `fsync`, and changes that wait at the same time share it: see [`Database`].

mod database;
mod ledger;
mod registry;

pub use database::{Database, OpenError};
