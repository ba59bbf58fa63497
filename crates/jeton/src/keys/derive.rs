//! Derivation of the private key of an epoch from a secret, the same on every host.

use jsonwebtoken::Algorithm;

use super::epoch::Epoch;
use crate::{jwk::PrivateKey, secret::Secret};

/// The order n of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3), big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The values that a derived key depends on besides the secret.
pub(super) struct Derivation<'a> {
    pub(super) issuer: &'a str,
    /// `JETON_KEY_SERIAL`.
    pub(super) serial: u32,
    pub(super) epoch: Epoch,
}

impl Derivation<'_> {
    /// The private key for `algorithm`; `None` for RS256, whose primes cannot be derived cheaply.
    pub(super) fn key(&self, secret: &Secret, algorithm: Algorithm) -> Option<PrivateKey> {
        match algorithm {
            // Rejection sampling: a candidate is below the order in all but one of 2^32 cases, so
            // the counter practically never leaves 0, yet the scalar is exactly uniform.
            Algorithm::ES256 => (0..=u32::MAX)
                .map(|counter| self.bytes(secret, b"ES256", counter))
                .find(|candidate| **candidate < P256_ORDER && **candidate != [0; 32])
                .map(|scalar| PrivateKey::p256(&scalar)),
            Algorithm::EdDSA => Some(PrivateKey::ed25519(&self.bytes(secret, b"EdDSA", 0))),
            _ => None,
        }
    }

    fn bytes(
        &self,
        secret: &Secret,
        algorithm: &[u8],
        counter: u32,
    ) -> zeroize::Zeroizing<[u8; 32]> {
        secret.derive(&[
            b"jeton/v1",
            b"signing",
            algorithm,
            self.issuer.as_bytes(),
            &self.serial.to_be_bytes(),
            &self.epoch.0.to_be_bytes(),
            &counter.to_be_bytes(),
        ])
    }
}
