//! What the crate promises, against an issuer without a network.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod binding;
mod certificates;
mod challenges;
mod hostile;
mod introspection;
mod issuer_keys;
mod layers;
mod metadata;
mod support;
mod tokens;
mod which_key;
