//! The server, called without a host on stores in memory that count their operations: what requests cost,
//! of which `ARCHITECTURE.md` has the table, and what an address, a clock or a failing store brings out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod assertion_operations;
mod bench;
mod claims;
mod device;
mod grant_operations;
mod logout;
mod managed_grants;
mod operations;
mod own_tokens;
mod registration;
mod renewed_claims;
