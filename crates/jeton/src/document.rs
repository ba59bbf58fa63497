//! Documents, their versions, and the outcome of writing one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A document: the JSON text of an object, as it is stored; of a deployment, in the
/// [`Registry`](crate::Registry), or of a person, in the [`Ledger`](crate::Ledger). One of the members of a
/// registered one repeats its name: `client_id` of a client, `of` of a cut-off; or what its name is a hash
/// of: `issuer` of a trusted one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document(String);

/// The version of a document: base64url of the SHA-256 of its text. Derived, not counted, so that a
/// document written by hand has one too. A text that comes back has its old version again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(String);

/// The document that a writer expects to replace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// None: the key has no document yet.
    Absent,
    /// The document of this version.
    Version(Version),
    /// Any document, or none.
    Anything,
}

/// The outcome of a write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Put {
    /// The write was made.
    Done,
    /// The write was refused, because another document stands than was expected: this one, or none.
    Conflict(Option<Document>),
}

impl Document {
    /// The document with that text, which is not checked.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> Version {
        Version(URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0)))
    }
}

impl Version {
    /// The version as text: 43 characters of base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Expected {
    /// Whether `next` may replace `standing`, where `None` is no document: for stores that read and
    /// write in one step. A document that stands already may be written again: see
    /// [`Registry`](crate::Registry).
    #[must_use]
    pub fn allows(&self, standing: Option<&Document>, next: Option<&Document>) -> bool {
        let expected = match self {
            Self::Absent => standing.is_none(),
            Self::Version(version) => standing.is_some_and(|own| own.version() == *version),
            Self::Anything => true,
        };
        expected || standing == next
    }
}
