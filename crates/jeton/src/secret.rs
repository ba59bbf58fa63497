//! `JETON_SECRET`, from which all keys are derived.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::mode::Mode;

/// The fewest characters a `JETON_SECRET` may have: 32 bytes in base64url.
const MIN_LENGTH: usize = 43;

/// The prefix of every mock's secret, whatever its seed.
pub const PUBLIC_PREFIX: &str = "jeton-mock-";

/// The secret of every mock without a seed. Everyone knows it, so only a development deployment may
/// have it.
pub const PUBLIC_SECRET: &str = "jeton-mock-secret-that-everyone-knows-and-nobody-trusts";

/// The secrets of a deployment. What is issued uses keys of the first; what is accepted, keys of all.
#[derive(Clone)]
pub struct Secrets(Vec<Secret>);

/// One secret, as HKDF input keying material.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

/// The text is not a `JETON_SECRET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "one or several secrets separated by spaces, none of them the mock's, each at least 43 characters (32 random bytes in base64url); `jeton keys new` makes one"
)]
pub struct InvalidSecret;

impl Secrets {
    /// Parses secrets separated by spaces.
    ///
    /// # Errors
    /// There is no secret, or one is too short or a mock's.
    pub fn parse(text: &str, mode: Mode) -> Result<Self, InvalidSecret> {
        let secrets: Vec<_> = text
            .split_ascii_whitespace()
            .map(|secret| Secret(Zeroizing::new(secret.to_owned())))
            .collect();
        let long_enough = secrets.iter().all(|secret| secret.0.len() >= MIN_LENGTH);
        let public = secrets
            .iter()
            .any(|secret| secret.0.starts_with(PUBLIC_PREFIX));
        if secrets.is_empty() || !long_enough || (public && mode == Mode::Production) {
            return Err(InvalidSecret);
        }
        Ok(Self(secrets))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter()
    }
}

impl Secret {
    /// `N` bytes derived by HKDF-SHA256 (RFC 5869) without salt. HKDF's `info` is the list of parts,
    /// each with its length in front, so that no two lists run together to the same bytes.
    pub(crate) fn derive<const N: usize>(&self, info: &[&[u8]]) -> Zeroizing<[u8; N]> {
        let mut message = Vec::with_capacity(128);
        for part in info {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        let mut output = Zeroizing::new([0; N]);
        let expanded =
            Hkdf::<Sha256>::new(None, self.0.as_bytes()).expand(&message, output.as_mut());
        debug_assert!(
            expanded.is_ok(),
            "N is far below HKDF's limit of 8160 bytes"
        );
        output
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} redacted]", self.0.len())
    }
}
