#![cfg_attr(feature = "reqwest-middleware", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "reqwest-middleware"),
    doc = "Gets OAuth 2.0 tokens and keeps them, from any conforming authorization server."
)]

mod authentication;
mod authorize;
mod client;
mod core;
mod device;
mod discovery;
mod dpop;
mod error;
mod exchange;
mod flight;
mod jws;
mod manager;
mod metadata;
#[cfg(all(feature = "reqwest-middleware", not(target_arch = "wasm32")))]
pub mod middleware;
mod platform;
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
pub mod reqwest;
mod runtime;
mod session;
mod store;
#[cfg(test)]
mod testing;
mod token;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub mod worker;

pub use authentication::Authentication;
pub use authorize::{Authorization, Authorizer};
pub use client::{Client, ClientBuilder};
pub use device::Device;
pub use error::{Code, Error, Fault, Unavailable};
pub use jws::SigningKey;
pub use metadata::Metadata;
pub use platform::PlatformToken;
pub use runtime::{BoxFuture, Clock, Http, HttpError, MAX_ANSWER, OsRandom, Random};
pub use session::{IdClaims, LoggedOut, SealedLogin, Session};
#[cfg(not(target_arch = "wasm32"))]
pub use store::FileStore;
pub use store::{MemoryStore, Store, Stored, Version};
pub use token::{AccessToken, TokenRequest, TokenType};
