//! Documents of a person: what somebody has agreed to, or what another issuer said of them.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{document::Document, time::UnixTime};

/// The longest document of a person, in bytes. Every store takes one of that length, whatever is in it.
pub const LONGEST_PERSONAL: usize = 64 * 1024;

/// The text is longer than [`LONGEST_PERSONAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a document of a person has at most {LONGEST_PERSONAL} bytes")]
pub struct PersonalTooLong;

/// The key of a document of a person: base64url of the SHA-256 of what it is and whose, because a person's
/// name may be longer than stores take a name to be, and of any characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonalKey(String);

/// A document of a person as stores keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalRecord {
    /// The document.
    pub document: Document,
    /// When its time comes: from then on it counts as absent.
    pub until: UnixTime,
}

/// What a write makes of what is stored under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// This is stored in its place.
    Store(PersonalRecord),
    /// It is removed.
    Remove,
    /// It is what the write wants already.
    Keep,
    /// It stays, and the write is refused, because this document stands, or none.
    Refuse(Option<Document>),
}

impl Document {
    /// The document of a person with that text, whose form is not checked.
    ///
    /// # Errors
    /// The text is longer than [`LONGEST_PERSONAL`].
    pub fn of_person(text: impl Into<String>) -> Result<Self, PersonalTooLong> {
        let text = text.into();
        if text.len() > LONGEST_PERSONAL {
            return Err(PersonalTooLong);
        }
        Ok(Self::new(text))
    }
}

impl PersonalKey {
    /// The key of the document of that kind that belongs to `whose`: of
    /// `SHA-256(part(kind) part(whose))`, a part being its length as u64 big-endian and its bytes, so that
    /// no two pairs run together to the same bytes.
    #[must_use]
    pub fn new(kind: &str, whose: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [kind, whose] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(URL_SAFE_NO_PAD.encode(hash.finalize()))
    }

    /// The key as stored: 43 characters of base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PersonalRecord {
    /// Whether its time has not come at `now`.
    #[must_use]
    pub fn stands(&self, now: UnixTime) -> bool {
        now < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_are_the_same() {
        let key = PersonalKey::new("consent", "alice");
        // printf '\0\0\0\0\0\0\0\7consent\0\0\0\0\0\0\0\5alice' | openssl sha256 -binary | basenc --base64url
        assert_eq!(key.as_str(), "WAEcTv9WDlhOPGQtT8aftuC55A9q4SrZ4o-nOuGyna4");
        for (kind, whose) in [
            ("consen", "talice"),
            ("consentalice", ""),
            ("", "consentalice"),
            ("alice", "consent"),
            ("consent", "Alice"),
        ] {
            assert_ne!(PersonalKey::new(kind, whose), key, "{kind} {whose}");
        }
    }

    #[test]
    fn a_document_that_is_too_long_is_not_made() {
        let of_length = |length: usize| Document::of_person("x".repeat(length));
        assert!(of_length(LONGEST_PERSONAL).is_ok());
        assert_eq!(of_length(LONGEST_PERSONAL + 1), Err(PersonalTooLong));
        // Counted in bytes: each of these has two.
        let halves = "ä".repeat(LONGEST_PERSONAL / 2 + 1);
        assert_eq!(Document::of_person(halves), Err(PersonalTooLong));
    }
}
