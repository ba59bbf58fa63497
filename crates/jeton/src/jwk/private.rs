//! Private signing keys.

use std::fmt;

use jsonwebtoken::Algorithm;
use zeroize::Zeroizing;

/// A private signing key, not yet imported into a host's cryptography.
#[derive(Clone)]
pub struct PrivateKey {
    pub(super) algorithm: Algorithm,
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    pub(super) kid: Option<String>,
}

impl PrivateKey {
    /// A key that only the host has: its [`Crypto::import`](crate::Crypto::import) finds it by `reference`,
    /// which is there in the place of PKCS #8. For keys that take long to make, and that no request may need.
    #[must_use]
    pub fn by_reference(algorithm: Algorithm, reference: Vec<u8>) -> Self {
        Self {
            algorithm,
            pkcs8: Zeroizing::new(reference),
            kid: None,
        }
    }

    /// The algorithm it signs by: ES256, EdDSA (Ed25519) or RS256.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name its JWK has (RFC 7517 §4.5); `None` where its thumbprint (RFC 7638) is to be its name.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key as PKCS #8 DER (RFC 5208), or the reference to it. For ES256 without the public point, which the
    /// importing host computes.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?}, [redacted])", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_redacts() {
        let key = PrivateKey::ed25519(&[7; 32]);
        assert_eq!(format!("{key:?}"), "PrivateKey(EdDSA, [redacted])");
    }
}
