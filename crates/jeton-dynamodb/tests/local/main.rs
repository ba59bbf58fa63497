//! The stores on Amazon's DynamoDB Local.
//!
//! Run with `cargo xtask test`, or alone, after `npm ci` in `tests/`:
//! `node tests/hosts/aws-dynamodb.mjs cargo test -p jeton-dynamodb -- --include-ignored`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ledger;
mod operations;
mod registry;
mod support;
