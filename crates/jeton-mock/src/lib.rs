//! The mock identity provider: production's server over memory, with layers in front.
//!
//! Nothing in the core knows that it is mocked. Permissiveness is a registry that agrees with what
//! a request presents, faults and claims are layers around the server, time is the parameter that
//! it always is.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use jeton_mock::{ClientSpec, Endpoint, Fault, MockProvider, User};
//!
//! let mock = MockProvider::builder()
//!     .user(User::new("alice").claim("email", "alice@example.com"))
//!     .client(ClientSpec::new("web").secret("s").redirect_uri("http://localhost:3000/callback"))
//!     .start()
//!     .await?;
//! let issuer = mock.issuer("this-test")?;
//! issuer.add_fault(Fault::named("slow-2s")?.endpoint(Endpoint::Token).times(1))?;
//! println!("{}", issuer.token_endpoint());
//! # Ok(())
//! # }
//! ```

mod address;
mod answer;
mod asked;
mod at;
mod builder;
mod claims;
mod clock;
mod control;
mod cookie;
mod cors;
mod crypto;
mod debugger;
mod departures;
mod endpoint;
mod fault;
mod fetch;
mod file;
mod forge;
mod form;
mod front;
mod grants;
mod handle;
mod hint;
mod home;
mod issued;
mod issuer;
mod journal;
mod json;
mod keys;
mod layout;
mod lenient;
mod login;
mod login_client;
mod mint;
mod navikt;
mod platform;
mod profile;
mod provider;
mod public_keys;
mod registry;
mod remembered;
mod run;
mod session;
mod settings;
mod spec;
mod visit;
mod warning;

pub use address::InvalidAddress;
pub use builder::{BoundMock, DEFAULT_PORT, MockProvider, MockProviderBuilder, StartError};
pub use clock::ClockState;
pub use file::{ConfigFileError, load};
pub use handle::MockIssuer;
pub use jeton::{
    ApiRecord, ClientRecord, ConditionRecord, NamedApiRecord, RuleRecord, TrustRecord,
};
pub use jeton_http::Dropped;
pub use journal::{Entry, Filter};
pub use jsonwebtoken::Algorithm;
pub use keys::{KeyAction, KeyError, KeyInfo};
pub use mint::{MintError, MintRequest, Minted};
pub use navikt::{ImportError, Imported, from_environment};
pub use platform::{
    Audiences, Aws, Azure, FederatedCredential, Gcp, GithubActions, Gitlab, IdToken, Kubernetes,
    KubernetesObject, PlatformSpec, Spiffe,
};
pub use settings::refuse_deployment;
pub use spec::{
    ClaimMatch, ClaimPlace, ClaimRule, ClientSpec, ClockSpec, Credential, CustomResponse, Delay,
    DocumentSpec, Effect, Ending, Endpoint, ErrorMatch, ErrorSpec, FAULT_NAMES, Fault, Grant,
    InvalidEffect, InvalidPattern, InvalidSpec, IssuerSpec, Matcher, MockSpec, OAuthError,
    ParameterSpec, Pattern, PrivateJwk, ProfileSpec, ResponseFormat, ScopePart, Strictness,
    TokenFault, TokenKind, UnknownEndpoint, User,
};

use jeton::{Crypto, CryptoError, Id128};
use jeton_native::NativeCrypto;

/// 128 random bits as text.
pub(crate) fn random_id() -> Result<String, CryptoError> {
    let mut bytes = [0; 16];
    NativeCrypto::new().fill(&mut bytes)?;
    Ok(Id128(bytes).to_string())
}

/// The examples of both README files compile.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct OfTheMock;

    #[doc = include_str!("../../../README.md")]
    struct OfTheProject;
}
