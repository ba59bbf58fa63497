//! Signing keys: derived per epoch from `JETON_SECRET`, or supplied as `JETON_SIGNING_JWKS`.

use std::fmt;

use jsonwebtoken::Algorithm;
use zeroize::Zeroizing;

use crate::time::{Seconds, UnixTime};

mod der;
mod derive;
mod ring;
mod supplied;
#[cfg(test)]
mod tests;

pub use ring::thumbprint;
pub(crate) use ring::{Keyring, Published, SigningKey, private_keys};
pub use supplied::InvalidJwks;
pub(crate) use supplied::SuppliedKeys;

/// How long one derived signing key signs.
pub const EPOCH: Seconds = Seconds::from_days(30);

/// The longest lifetime of a signed token. JWKS publishes the previous epoch's key, so a token
/// signed in an epoch's last second must have expired before the next epoch ends; a day is left
/// for clocks and caches.
pub const LONGEST_TOKEN_LIFETIME: Seconds = Seconds::from_days(29);

/// The number of an epoch, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(u64);

impl Epoch {
    pub(crate) fn at(now: UnixTime) -> Self {
        Self(now.0 / EPOCH.0)
    }

    /// Previous, current, next: what JWKS publishes, so that caches learn a key an epoch before
    /// it signs and keep it an epoch after.
    fn published(self) -> [Self; 3] {
        [
            Self(self.0.saturating_sub(1)),
            self,
            Self(self.0.saturating_add(1)),
        ]
    }
}

/// A private signing key, not yet imported into a host's cryptography.
#[derive(Clone)]
pub struct PrivateKey {
    algorithm: Algorithm,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl PrivateKey {
    /// ES256, EdDSA (Ed25519) or RS256.
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
