//! The cryptography that a host provides: random bytes, and signatures made where they are fast (aws-lc
//! on native hosts, WebCrypto on a Worker).

use jsonwebtoken::Algorithm;

use crate::jwk::{PrivateKey, PublicKey};

/// A host's cryptography.
///
/// # Contract
/// - `fill` is a cryptographically secure generator. A predictable one lets an attacker guess
///   `jti`s and grant ids, though never forge a token: those rest on keys.
/// - `import` answers with the public half *computed from* the private one, never copied from
///   elsewhere: a wrong public half would publish a key that verifies nothing.
/// - `sign` answers with the JWS signature value (RFC 7518 §3): for ES256 the 64 bytes `r ‖ s`.
/// - `verify` is given keys and signatures by strangers. Whatever they are, it answers with `true`
///   or `false` and never with an error: a point off its curve, a signature in DER, truncated or
///   empty, `r` or `s` zero or beyond the order, an algorithm that the key is not for.
///
/// `jeton_contracts::crypto` is this contract as tests.
#[allow(async_fn_in_trait)]
pub trait Crypto {
    /// An imported private key, ready to sign many times.
    type Key;

    /// Fills `bytes` from a secure random generator.
    ///
    /// # Errors
    /// The generator failed.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoError>;

    /// The key of the host's cryptography for a private key, and its public half.
    ///
    /// # Errors
    /// The key cannot be used, or the host's cryptography failed.
    async fn import(&self, key: &PrivateKey) -> Result<(Self::Key, PublicKey), CryptoError>;

    /// The JWS signature value of `message` by `key`.
    ///
    /// # Errors
    /// The host's cryptography failed.
    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, CryptoError>;

    /// Whether `signature` is a JWS signature value of `message` by `algorithm` under `key`, for each
    /// of [`VERIFICATION_ALGORITHMS`].
    ///
    /// # Errors
    /// The host's cryptography failed, which says nothing about key or signature.
    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError>;
}

/// The host's cryptography failed: a key it cannot use, or no entropy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {detail}")]
pub struct CryptoError {
    /// What was tried: `fill`, `import`, `sign`, `verify`, `seal`.
    pub operation: &'static str,
    /// What the implementation said. Never key material.
    pub detail: String,
}

impl CryptoError {
    /// The failure of `operation` with `error`.
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

/// The algorithm of that name, if Jeton signs with it.
pub(crate) fn signing_algorithm(name: &str) -> Option<Algorithm> {
    let algorithm = name.parse::<Algorithm>().ok();
    algorithm.filter(|algorithm| SIGNING_ALGORITHMS.contains(algorithm))
}

/// The algorithms Jeton verifies, in its own tokens and in those of others (RFC 7518 §3.1, RFC
/// 8037). None is symmetric, so that nobody's public key passes for a secret.
pub const VERIFICATION_ALGORITHMS: [Algorithm; 5] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::RS256,
    Algorithm::PS256,
];
