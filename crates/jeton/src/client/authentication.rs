//! How a client proves who it is: its method and the hashes of its secrets (RFC 7591 §2).

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::keys::PrivateKeyJwt;
use crate::time::UnixTime;

/// The SHA-256 of a client secret. No password hash: a generated secret has 256 random bits and
/// no dictionary, and the token endpoint is the hot path. Short secrets are refused at start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of `secret`.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Reads the base64url form that [`fmt::Display`] writes.
    #[must_use]
    pub fn from_base64url(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl ConstantTimeEq for SecretHash {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// One of a client's secrets. A client has several while it changes from one to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its hash, which is compared.
    pub hash: SecretHash,
    /// From when on it no longer authenticates; `None`: never.
    pub expires_at: Option<UnixTime>,
}

/// How a client proves who it is at the token endpoint (RFC 7591 §2,
/// `token_endpoint_auth_method`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `none`: a public client.
    None,
    /// By one of these secrets, by `method` or, where none was registered, by either.
    Secret {
        /// The one method registered, if one was.
        method: Option<SecretMethod>,
        /// Never empty.
        secrets: Vec<ClientSecret>,
    },
    /// `private_key_jwt`: by assertions that it signs with a key of its own (RFC 7523 §2.2).
    PrivateKeyJwt(Box<PrivateKeyJwt>),
    /// `federated_jwt` (ours), `spiffe_jwt` (draft-ietf-oauth-spiffe-client-auth §3.1): by nothing of its
    /// own. Trust rules that name it say whose tokens stand for it.
    Federated,
    /// By nothing: whoever has the keys of the deployment makes its tokens. It is built in.
    BuiltIn,
    /// By any assertion at all, which is believed as it stands. No record says so: it is for registries
    /// that take what production would not, such as the mock's.
    UnverifiedAssertion,
}

/// How a client secret is sent (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMethod {
    /// The `Authorization` header, both halves form-encoded.
    ClientSecretBasic,
    /// The parameters `client_id` and `client_secret` in the body.
    ClientSecretPost,
}

impl SecretMethod {
    /// Every method.
    pub const ALL: [Self; 2] = [Self::ClientSecretBasic, Self::ClientSecretPost];

    /// The value of `token_endpoint_auth_method`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    pub(crate) fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

/// The methods by which a client authenticates with an assertion, as `token_endpoint_auth_method` names
/// them.
pub(crate) const ASSERTION_METHODS: [&str; 3] = ["private_key_jwt", "federated_jwt", "spiffe_jwt"];
