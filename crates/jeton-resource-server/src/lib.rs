//! Checks OAuth 2.0 access tokens in an API.
//!
//! A [`ResourceServer`] takes the tokens of one issuer: JWTs of RFC 9068, verified by the keys of the
//! issuer, and with introspection opaque ones. What a request presents are its [`Credentials`], what
//! an operation needs is a [`Need`], what the token says are [`Claims`], and an [`Error`] has
//! the answer for whoever is refused.
//!
//! ```
//! use jeton_resource_server::{Credentials, Error, Need, ResourceServer};
//! # use jeton_resource_server::{BoxFuture, Http, HttpError};
//! # struct NoNetwork;
//! # impl Http for NoNetwork {
//! #     fn send(
//! #         &self,
//! #         _: http::Request<bytes::Bytes>,
//! #     ) -> BoxFuture<'_, Result<http::Response<bytes::Bytes>, HttpError>> {
//! #         Box::pin(std::future::ready(Err(HttpError::Timeout)))
//! #     }
//! # }
//!
//! # async fn example(headers: &http::HeaderMap) -> Result<(), Error> {
//! let server = ResourceServer::builder("https://tokens.example.com", "https://api.example.com");
//! # let server = server.http(NoNetwork);
//! let server = server.build()?;
//!
//! let credentials = Credentials::from_headers(headers).request("GET", "/orders");
//! let needs = Need::new().scope(["orders:read"]);
//! let claims = server.authorize(&credentials, &needs).await?;
//! println!("{:?}", claims.sub);
//! # Ok(())
//! # }
//! # let refused = futures_util::FutureExt::now_or_never(example(&http::HeaderMap::new()));
//! # assert_eq!(refused.unwrap().unwrap_err().code().as_str(), "missing_token");
//! ```
//!
//! Features: `reqwest` (on: the usual transport), `tower`, `axum`, `worker`. The README says what each
//! is, and what is checked.

#[cfg(feature = "axum")]
mod axum;
mod builder;
mod cached;
mod challenge;
mod claims;
mod client_authentication;
mod clock;
mod credentials;
mod crypto;
mod discovery;
mod dpop;
mod encoding;
mod error;
mod http;
mod introspection;
mod json;
mod jwt;
mod keys;
mod metadata;
mod need;
mod outbound;
mod server;
#[cfg(feature = "tower")]
mod tower;
#[cfg(all(feature = "worker", target_arch = "wasm32"))]
mod worker;

#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub use self::http::Fetch;
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
pub use self::http::Reqwest;
#[cfg(feature = "tower")]
pub use self::tower::{ClientCertificate, Protect, ProtectLayer};
pub use self::{
    builder::Builder,
    claims::{Claims, Confirmation, Scope},
    client_authentication::ClientAuthentication,
    clock::{Clock, SystemClock},
    credentials::Credentials,
    dpop::replay::{ReplayMemory, ReplayStore, ReplayUnavailable},
    error::{Code, Error, Fault},
    http::{BoxFuture, Http, HttpError, MAX_ANSWER, TIMEOUT},
    metadata::ProtectedResourceMetadata,
    need::Need,
    server::ResourceServer,
};
pub use jsonwebtoken::Algorithm;

/// What the README shows compiles.
#[cfg(all(doctest, feature = "axum", feature = "reqwest"))]
#[doc = include_str!("../README.md")]
struct Readme;
