//! Endpoints: one file each.

pub(crate) mod authorize;
mod bearer;
pub(crate) mod device;
pub(crate) mod device_authorization;
pub(crate) mod end_session;
pub(crate) mod health;
mod id_token_hint;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod management;
pub(crate) mod metadata;
mod network;
pub(crate) mod openapi;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod revoke_grants;
pub(crate) mod token;
pub(crate) mod userinfo;
