//! A secret that we make for a client.

use std::fmt;

use zeroize::Zeroizing;

use super::{ClientRecord, SecretHash, SecretRecord};
use crate::{
    crypto::{Crypto, CryptoError},
    secret::made,
    time::UnixTime,
};

/// The prefix of client secrets that we make.
pub(crate) const CLIENT_SECRET_PREFIX: &str = "jcs_";

/// A new client secret, `jcs_ ‖ base64url(32 random bytes) ‖ checksum`, to be shown once: what is kept is
/// its hash. The checksum, the first six characters of base64url(SHA-256(all before it)), is for scanners,
/// which find secrets where they should not be. It is not asked of a secret that is presented: any that
/// is registered authenticates, and one that is mistyped names its client in the log, as any wrong one.
pub struct NewSecret(Zeroizing<String>);

impl NewSecret {
    /// A secret of random bits of the host.
    ///
    /// # Errors
    /// The host's random generator failed.
    pub fn make(crypto: &impl Crypto) -> Result<Self, CryptoError> {
        let mut random = Zeroizing::new([0; 32]);
        crypto.fill(random.as_mut())?;
        Ok(Self(made::text_of(CLIENT_SECRET_PREFIX, &random)))
    }

    /// The secret.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What of it stands in a client's record, made at `created_at` and without an end.
    #[must_use]
    pub fn record(&self, created_at: UnixTime) -> SecretRecord {
        SecretRecord {
            created_at: Some(created_at),
            ..SecretRecord::of(&SecretHash::of(&self.0))
        }
    }
}

impl ClientRecord {
    /// Gives the record a secret where its method needs one and it has none, and takes its secrets where it
    /// needs none.
    pub(crate) fn equip(
        &mut self,
        crypto: &impl Crypto,
        now: UnixTime,
    ) -> Result<Option<NewSecret>, CryptoError> {
        if !self.has_secret_method() {
            self.client_secrets.clear();
            return Ok(None);
        }
        if !self.client_secrets.is_empty() {
            return Ok(None);
        }
        let secret = NewSecret::make(crypto)?;
        self.client_secrets.push(secret.record(now));
        Ok(Some(secret))
    }
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn secret(random: [u8; 32]) -> NewSecret {
        NewSecret(made::text_of(CLIENT_SECRET_PREFIX, &random))
    }

    /// The vectors of SECURITY.md, which another program computed.
    #[test]
    fn a_secret_is_as_scanners_are_told() {
        const SECURITY: &str = include_str!("../../../../SECURITY.md");
        for (random, text) in [
            (
                [0; 32],
                "jcs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwQF4CD",
            ),
            (
                [0xff; 32],
                "jcs___________________________________________8OW2vn4",
            ),
            (
                Sha256::digest("suite").into(),
                "jcs_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsreVad6",
            ),
        ] {
            assert_eq!(secret(random).text(), text);
            assert!(SECURITY.contains(text), "{text}");
        }
    }

    #[test]
    fn what_is_kept_is_its_hash() {
        let secret = secret(Sha256::digest("suite").into());
        let record = secret.record(UnixTime(1_800_000_000));
        assert_eq!(record.sha256, "6hCwl6TPB2qH43QP5Mf0mkGneib9LE1tpJC4pYIIYqw");
        assert_eq!(format!("{secret:?}"), "[redacted]");
    }
}
