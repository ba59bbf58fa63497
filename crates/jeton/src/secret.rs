//! `JETON_SECRET`, from which all keys are derived.

use std::{fmt, iter};

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::mode::Mode;

pub(crate) mod made;
mod pairwise_salt;
mod randomness;

use made::Miswritten;
pub use pairwise_salt::{InvalidPairwiseSalt, PairwiseSalt};
pub use randomness::Guessable;
pub(crate) use randomness::require_random;

/// The prefix of secrets that `jeton keys new` makes.
pub(crate) const SECRET_PREFIX: &str = "jsk_";

/// The characters of a made secret.
const MADE_LENGTH: usize = made::LENGTH;

/// The fewest characters of a secret that was made otherwise: 32 bytes in base64url.
const LEAST_LENGTH: usize = 43;

/// The prefix of every mock's secret, whatever its seed.
pub const PUBLIC_PREFIX: &str = "jeton-mock-";

/// The secret of every mock without a seed. Everyone knows it, so only a development deployment may
/// have it.
pub const PUBLIC_SECRET: &str = "jeton-mock-secret-that-everyone-knows-and-nobody-trusts";

/// The secrets of a deployment. What is issued uses keys of the first; what is accepted, keys of all.
#[derive(Clone)]
pub struct Secrets {
    newest: Secret,
    earlier: Vec<Secret>,
}

/// One secret, as HKDF input keying material.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

/// Why a text is no `JETON_SECRET`. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// There is none.
    #[error("one or several secrets separated by spaces; `jeton keys new` makes one")]
    Missing,
    /// One is a mock's, and the deployment is not for development.
    #[error("secrets, none of them the mock's, which everyone knows; `jeton keys new` makes one")]
    Public,
    /// One begins as those of `jeton keys new` do and is longer or shorter; its length.
    #[error(
        "after {SECRET_PREFIX} what `jeton keys new` printed, {MADE_LENGTH} characters in all: with {0} it was cut off, or something was added"
    )]
    Length(usize),
    /// One begins as those of `jeton keys new` do, and its checksum is wrong.
    #[error(
        "after {SECRET_PREFIX} what `jeton keys new` printed: its checksum is wrong, so that a character was mistyped"
    )]
    Checksum,
    /// One was made otherwise, and could be guessed.
    #[error(
        "what `jeton keys new` prints, or {LEAST_LENGTH} characters or more that are plainly random: {0}"
    )]
    Guessable(#[from] Guessable),
}

impl Secrets {
    /// Parses secrets separated by spaces: those of `jeton keys new`, and others that are long and
    /// plainly random. A development deployment may have a mock's.
    ///
    /// # Errors
    /// There is no secret, or one is mistyped, could be guessed, or is a mock's.
    pub fn parse(text: &str, mode: Mode) -> Result<Self, InvalidSecret> {
        let mut secrets = text
            .split_ascii_whitespace()
            .map(|secret| check(secret, mode).map(|()| Secret(Zeroizing::new(secret.to_owned()))));
        Ok(Self {
            newest: secrets.next().ok_or(InvalidSecret::Missing)??,
            earlier: secrets.collect::<Result<_, _>>()?,
        })
    }

    /// The text of a new secret: prefix, 256 random bits, checksum.
    #[must_use]
    pub fn text_of(random: &[u8; 32]) -> Zeroizing<String> {
        made::text_of(SECRET_PREFIX, random)
    }

    /// Whether one of them is a mock's, which everyone knows.
    #[must_use]
    pub fn are_public(&self) -> bool {
        self.iter().any(|secret| is_public(&secret.0))
    }

    /// The first, of which what is issued is derived.
    pub(crate) fn newest(&self) -> &Secret {
        &self.newest
    }

    /// All, the newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Secret> {
        iter::once(&self.newest).chain(&self.earlier)
    }
}

fn check(secret: &str, mode: Mode) -> Result<(), InvalidSecret> {
    if is_public(secret) {
        return match mode {
            Mode::Production => Err(InvalidSecret::Public),
            Mode::Development => Ok(()),
        };
    }
    if !secret.starts_with(SECRET_PREFIX) {
        return Ok(require_random(secret, LEAST_LENGTH)?);
    }
    made::check(secret).map_err(|miswritten| match miswritten {
        Miswritten::Length(length) => InvalidSecret::Length(length),
        Miswritten::Checksum => InvalidSecret::Checksum,
    })
}

fn is_public(secret: &str) -> bool {
    secret.starts_with(PUBLIC_PREFIX)
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
        write!(f, "[{} redacted]", self.iter().count())
    }
}

#[cfg(test)]
#[allow(clippy::string_slice)]
mod tests {
    use sha2::Digest;

    use super::*;

    const MADE: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

    fn check(text: &str, expected: Result<(), InvalidSecret>) {
        let parsed = Secrets::parse(text, Mode::Production);
        assert_eq!(parsed.map(|_| ()), expected, "{text}");
    }

    #[test]
    fn what_keys_new_prints() {
        let random = Sha256::digest("suite").into();
        assert_eq!(Secrets::text_of(&random).as_str(), MADE);
        check(MADE, Ok(()));
        check(&format!(" {MADE}\n{MADE} "), Ok(()));
    }

    #[test]
    fn a_typing_error_or_a_truncation_is_named() {
        check(&MADE[..52], Err(InvalidSecret::Length(52)));
        check(&MADE[..47], Err(InvalidSecret::Length(47)));
        check("jsk_", Err(InvalidSecret::Length(4)));
        check(&format!("{MADE}\""), Err(InvalidSecret::Length(54)));
        check(
            &format!("{MADE} {}", &MADE[..52]),
            Err(InvalidSecret::Length(52)),
        );
        for at in 4..MADE.len() {
            let wrong = if &MADE[at..=at] == "x" { "y" } else { "x" };
            let mistyped = format!("{}{wrong}{}", &MADE[..at], &MADE[at + 1..]);
            check(&mistyped, Err(InvalidSecret::Checksum));
            let swapped = format!("{}ä{}", &MADE[..at], &MADE[at + 1..]);
            check(&swapped, Err(InvalidSecret::Checksum));
        }
    }

    #[test]
    fn another_secret_is_long_and_random() {
        check("", Err(InvalidSecret::Missing));
        check(" ", Err(InvalidSecret::Missing));
        check("short", Err(Guessable::Short(43).into()));
        check(&"a".repeat(43), Err(Guessable::FewCharacters.into()));
        check("kT2vQ9xZb7LmN4cR8wYdH3jF6sGpA1eU0iOqXtVnBaZ", Ok(()));
    }

    #[test]
    fn a_mocks_secret_is_for_development() {
        let seeded = format!("{PUBLIC_PREFIX}{}", &MADE[4..47]);
        for public in [PUBLIC_SECRET, &seeded] {
            check(public, Err(InvalidSecret::Public));
            check(&format!("{MADE} {public}"), Err(InvalidSecret::Public));
            assert!(
                Secrets::parse(public, Mode::Development)
                    .unwrap()
                    .are_public()
            );
        }
        assert!(
            !Secrets::parse(MADE, Mode::Development)
                .unwrap()
                .are_public()
        );
    }

    #[test]
    fn no_error_holds_the_secret() {
        for secret in ["correct-horse-battery-staple", &MADE[..50]] {
            let error = Secrets::parse(secret, Mode::Production).unwrap_err();
            assert!(!error.to_string().contains(&secret[4..]), "{error}");
        }
    }
}
