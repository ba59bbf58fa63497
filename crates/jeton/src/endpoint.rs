//! Endpoints: one file each.

pub(crate) mod health;
pub(crate) mod metadata;
pub(crate) mod token;
