//! Identifiers of grants, attempts and markers.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An identifier of 128 bits, written in base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id128(pub [u8; 16]);

/// The identifier of a grant. Random, so that it is never guessed, but not a secret: it opens nothing
/// by itself.
pub type GrantId = Id128;

/// The identifier of one attempt of one request to change something, by which the store recognizes a
/// repeated call.
pub type Attempt = Id128;

/// The text is not 22 characters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 22 characters of base64url")]
pub struct InvalidId;

impl Id128 {
    /// The length of what it is written as, in characters.
    pub const TEXT_LENGTH: usize = 22;
}

impl fmt::Display for Id128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Id128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id128 {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidId)?;
        bytes.try_into().map(Self).map_err(|_| InvalidId)
    }
}

impl Serialize for Id128 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id128 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// The key of a one-time marker or a counter: a kind and a name. The name is a hash or an identifier
/// of ours, at most 200 characters of base64url, `:` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Marker {
    key: String,
    grant: Option<GrantId>,
}

impl Marker {
    pub(crate) fn new(kind: &'static str, name: impl fmt::Display) -> Self {
        Self {
            key: format!("{kind}:{name}"),
            grant: None,
        }
    }

    /// The one of its kind that the first 128 bits of `digest` name, of what is too long or not ours to be a
    /// name itself.
    pub(crate) fn of_digest(kind: &'static str, digest: &[u8]) -> Self {
        let first = digest.first_chunk().copied().unwrap_or_default();
        Self::new(kind, Id128(first))
    }

    /// The one of its kind that a grant has.
    pub(crate) fn of_grant(kind: &'static str, grant: GrantId) -> Self {
        Self {
            grant: Some(grant),
            ..Self::new(kind, grant)
        }
    }

    /// A marker for tests of stores.
    #[must_use]
    pub fn for_test(name: &str) -> Self {
        Self::new("test", name)
    }

    /// The key as stored: `kind:name`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// The grant whose marker it is, if it is one's. A store that spreads its records may keep the two in
    /// one place: whoever is busy with a grant then stands in nobody's way.
    #[must_use]
    pub fn grant(&self) -> Option<GrantId> {
        self.grant
    }
}
