//! What the core asks of a host's cryptography: random bytes, and signatures made where they are
//! fast (aws-lc on native hosts, WebCrypto on a Worker).

use jsonwebtoken::{Algorithm, jwk::AlgorithmParameters};

use crate::jwk::PrivateKey;

/// A host's cryptography.
///
/// # Contract
/// - `fill` is a cryptographically secure generator. A predictable one lets an attacker guess
///   `jti`s and grant ids, though never forge a token: those rest on keys.
/// - `import` answers with the public half *computed from* the private one, never copied from
///   elsewhere: a wrong public half would publish a key that verifies nothing.
/// - `sign` answers with the JWS signature value (RFC 7518 §3): for ES256 the 64 bytes `r ‖ s`.
#[allow(async_fn_in_trait)]
pub trait Crypto {
    /// An imported private key, ready to sign many times.
    type Key;

    /// Fills `bytes` from a secure random generator.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoError>;

    /// Imports a private key and computes its public half as JWK parameters (RFC 7518 §6).
    async fn import(
        &self,
        key: &PrivateKey,
    ) -> Result<(Self::Key, AlgorithmParameters), CryptoError>;

    /// Signs `message` with `key`.
    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, CryptoError>;

    /// Whether `signature` is a JWS signature value of `message` under `public`. A malformed
    /// signature is `false`, not an error.
    async fn verify(
        &self,
        algorithm: Algorithm,
        public: &AlgorithmParameters,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError>;
}

/// The host's cryptography failed: a key it cannot use, or no entropy.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{operation}: {detail}")]
pub struct CryptoError {
    /// What was tried: `fill`, `import`, `sign`.
    pub operation: &'static str,
    /// What the implementation said. Never key material.
    pub detail: String,
}

impl CryptoError {
    /// `operation` failed with `error`.
    pub fn new(operation: &'static str, error: impl std::fmt::Display) -> Self {
        Self {
            operation,
            detail: error.to_string(),
        }
    }
}

/// The algorithms Jeton signs with, in the order the README lists them (RFC 7518 §3.1, RFC 8037).
pub const SIGNING_ALGORITHMS: [Algorithm; 3] =
    [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];
