//! Identifiers of grants, attempts and markers.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::client::ClientId;

/// An identifier of 128 bits, written in base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id128(pub [u8; 16]);

/// The identifier of a grant: 48 bits that follow from its client, and random ones, so that it is never
/// guessed. It is no secret: it opens nothing by itself. In the index of a subject, the grants of a client
/// stand side by side.
pub type GrantId = Id128;

/// How many bytes of a grant's identifier follow from its client: eight characters.
const OF_CLIENT: usize = 6;

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

    /// The identifier of a grant to `client`, made of these random bits.
    #[must_use]
    pub(crate) fn of_grant(client: &ClientId, Self(random): Self) -> GrantId {
        let hash = Sha256::digest(client.as_str());
        let mut bytes = random;
        for (byte, of_client) in bytes.iter_mut().zip(hash.into_iter().take(OF_CLIENT)) {
            *byte = of_client;
        }
        Self(bytes)
    }

    /// The last that a grant of the same client may have, as indexes order them. Grants that were opened before
    /// identifiers told clients apart have nothing in common.
    #[must_use]
    pub fn last_of_client(self) -> GrantId {
        let Self(mut bytes) = self;
        // `zz…w`: of the characters of base64url the last in ASCII.
        let last = [0xcf, 0x3c, 0xf3].into_iter().cycle();
        for (byte, last) in bytes.iter_mut().skip(OF_CLIENT).zip(last) {
            *byte = last;
        }
        Self(bytes)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_of_a_client_are_told_by_their_first_characters() {
        let [app, other] = ["app", "other"].map(|id| id.parse::<ClientId>().unwrap());
        let grant = |client, byte| Id128::of_grant(client, Id128([byte; 16]));
        // printf app | openssl sha256 -binary | head -c6 | basenc --base64url
        assert_eq!(grant(&app, 0).to_string(), "oXLO3K5HAAAAAAAAAAAAAA");
        let last = grant(&app, 0).last_of_client();
        assert_eq!(last.to_string(), "oXLO3K5Hzzzzzzzzzzzzzw");
        for byte in 0..=255 {
            let id = grant(&app, byte);
            assert!(id.to_string() <= last.to_string());
            assert_eq!(id.last_of_client(), last);
            assert_ne!(grant(&other, byte).last_of_client(), last);
        }
    }
}
