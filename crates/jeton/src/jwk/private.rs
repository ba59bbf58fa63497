//! Private signing keys.

use std::fmt;

use jsonwebtoken::Algorithm;
use zeroize::Zeroizing;

/// A private signing key, not yet imported into a host's cryptography.
#[derive(Clone)]
pub struct PrivateKey {
    pub(super) algorithm: Algorithm,
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
}

impl PrivateKey {
    /// The algorithm it signs by: ES256, EdDSA (Ed25519) or RS256.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key as PKCS #8 DER (RFC 5208). For ES256 without the public point, which the importing
    /// host computes.
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
