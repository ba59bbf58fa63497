//! Keys of documents: realm, kind and name.

use std::{fmt, str::FromStr};

use crate::unavailable::Unavailable;

/// The part of a store that belongs to one issuer, where several share the store: up to 63 lower-case
/// letters, digits and hyphens, so that no store has to escape one. Empty for a deployment that is
/// alone in its store; its keys then look as if there were no realms.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realm(String);

/// The text is not a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a realm is up to 63 lower-case letters, digits and hyphens")]
pub struct InvalidRealm;

impl Realm {
    /// The realm as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Realm {
    type Err = InvalidRealm;

    fn from_str(text: &str) -> Result<Self, InvalidRealm> {
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if text.len() <= 63 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRealm)
        }
    }
}

/// The kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A registered client: RFC 7591 metadata, named by its `client_id`.
    Client,
    /// A cut-off, named by whose grants it ends.
    CutOff,
    /// The document of a trusted issuer, named by a hash of that issuer.
    Trust,
    /// The document of an API, named by a hash of its identifier.
    Api,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Client, Self::CutOff, Self::Trust, Self::Api];

    /// The word for this kind that stores write.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::CutOff => "cut_off",
            Self::Trust => "trust",
            Self::Api => "api",
        }
    }
}

/// The documents of one kind in one realm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Collection {
    /// The realm.
    pub realm: Realm,
    /// The kind.
    pub kind: Kind,
}

/// The key of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The collection that the document is in.
    pub collection: Collection,
    /// Its name there: 1 to 255 characters of printable ASCII.
    pub name: String,
}

impl Key {
    pub(super) fn new(realm: &Realm, kind: Kind, name: &str) -> Self {
        Self {
            collection: Collection {
                realm: realm.clone(),
                kind,
            },
            name: name.to_owned(),
        }
    }

    /// The error for a document of this key that cannot be read. It is the same as for a store out of
    /// reach: as an absent document it would tell a client that its secret is wrong.
    pub(crate) fn unreadable(&self, why: impl fmt::Display) -> Unavailable {
        Unavailable::new("registry", format_args!("{self}: {why}"))
    }
}

/// For the log: `client "jc_…"`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Collection { realm, kind } = &self.collection;
        if !realm.as_str().is_empty() {
            write!(f, "realm {:?}, ", realm.as_str())?;
        }
        write!(f, "{} {:?}", kind.as_str(), self.name)
    }
}
