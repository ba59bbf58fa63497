//! `JETON_PAIRWISE_SALT`, by which pairwise subjects are made.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{InvalidSecret, Secrets, check, is_public};
use crate::mode::Mode;

/// The secret of which pairwise subjects are made (OpenID Connect Core §8.1). It never changes, because they
/// never may: so it is none of the secrets that keys are derived from.
#[derive(Clone)]
pub struct PairwiseSalt(Zeroizing<String>);

/// Why a text is no `JETON_PAIRWISE_SALT`. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPairwiseSalt {
    /// There are several.
    #[error("one secret alone: with another, every pairwise subject is another")]
    Several,
    /// It is one of `JETON_SECRET`.
    #[error("another secret than those of JETON_SECRET, because these change and it never may")]
    OfKeys,
    /// It is mistyped, could be guessed, or is a mock's.
    #[error(transparent)]
    Secret(#[from] InvalidSecret),
}

impl PairwiseSalt {
    /// The salt in `text`: what `jeton keys new` prints, or another text that is long and plainly random.
    ///
    /// # Errors
    /// It is not one such text, or one of `secrets`, of which a development deployment may have a mock's.
    pub fn parse(text: &str, secrets: &Secrets, mode: Mode) -> Result<Self, InvalidPairwiseSalt> {
        let mut texts = text.split_ascii_whitespace();
        let (Some(salt), None) = (texts.next(), texts.next()) else {
            return Err(InvalidPairwiseSalt::Several);
        };
        check(salt, mode)?;
        if !is_public(salt) && secrets.iter().any(|secret| secret.0.as_str() == salt) {
            return Err(InvalidPairwiseSalt::OfKeys);
        }
        Ok(Self(Zeroizing::new(salt.to_owned())))
    }

    /// The subject of a person in a sector: base64url(HMAC-SHA-256(salt, sector ‖ 0 ‖ person)). A sector is
    /// a host and has no 0 in it, so no two pairs run together to the same bytes.
    pub(crate) fn subject_of(&self, person: &str, sector: &str) -> String {
        let mut mac = match Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) {
            Ok(mac) => mac,
            // HMAC takes keys of every length.
            Err(_) => Hmac::new(&Default::default()),
        };
        for part in [sector.as_bytes(), &[0], person.as_bytes()] {
            mac.update(part);
        }
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for PairwiseSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Guessable, PUBLIC_SECRET};

    const MADE: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";
    const OTHER: &str = "kT2vQ9xZb7LmN4cR8wYdH3jF6sGpA1eU0iOqXtVnBaZ";

    fn parse(text: &str, mode: Mode) -> Result<PairwiseSalt, InvalidPairwiseSalt> {
        let secrets = Secrets::parse(&format!("{} {OTHER}", &*Secrets::text_of(&[7; 32])), mode);
        PairwiseSalt::parse(text, &secrets.unwrap(), mode)
    }

    #[test]
    fn subjects_stay_what_they_are() {
        let salt = parse(MADE, Mode::Production).unwrap();
        let subject = salt.subject_of("alice", "app.example");
        // Computed by Python's hmac. Where this changes, every pairwise subject of every deployment does.
        assert_eq!(subject, "c1skhmv0haIfgHJG_XtKZdaj0WbjjiwSWpaNeC1dTVY");
        assert_ne!(salt.subject_of("alice", "b.example"), subject);
        assert_ne!(salt.subject_of("bob", "app.example"), subject);
        assert_ne!(salt.subject_of("ealice", "app.exampl"), subject);
    }

    #[test]
    fn one_secret_that_is_no_other() {
        for (text, expected) in [
            (MADE, None),
            (" kT2vQ9xZb7LmN4cR8wYdH3jF6sGpA1eU0iOqXtVnBaY\n", None),
            ("", Some(InvalidPairwiseSalt::Several)),
            ("jsk_a jsk_b", Some(InvalidPairwiseSalt::Several)),
            (OTHER, Some(InvalidPairwiseSalt::OfKeys)),
            ("jsk_a", Some(InvalidSecret::Length(5).into())),
            (
                "salt",
                Some(InvalidSecret::from(Guessable::Short(43)).into()),
            ),
            (PUBLIC_SECRET, Some(InvalidSecret::Public.into())),
        ] {
            let parsed = parse(text, Mode::Production);
            assert_eq!(parsed.err(), expected, "{text}");
        }
        let public = Secrets::parse(PUBLIC_SECRET, Mode::Development).unwrap();
        assert!(PairwiseSalt::parse(PUBLIC_SECRET, &public, Mode::Development).is_ok());
    }

    #[test]
    fn nothing_shows_it() {
        let salt = parse(MADE, Mode::Production).unwrap();
        assert_eq!(format!("{salt:?}"), "[redacted]");
    }
}
