use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The JSON text of an object, as it is stored. It names its own key inside: a client's
/// `client_id`, a cut-off's `of`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document(String);

/// Which content a document has: base64url of the SHA-256 of its text. Derived, not counted, so that
/// what was written by hand has one too; a content that comes back is the same version again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(String);

/// What a writer expects to replace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Nothing.
    Absent,
    /// This version.
    Version(Version),
    /// Whatever stands.
    Anything,
}

impl Document {
    /// A document of that text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which content this is.
    #[must_use]
    pub fn version(&self) -> Version {
        Version(URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0)))
    }
}

impl Version {
    /// 43 characters of base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Expected {
    /// Whether `next` may take the place of `standing`, for stores that hold both in one step;
    /// `None` is no document. What stands already may be written again: see
    /// [`Registry`](super::Registry).
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
