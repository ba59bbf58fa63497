//! Attachments: texts that are kept beside a grant, so that its record stays small.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::id::GrantId;

/// A text that is kept beside a grant. It is named after what it says, so it never changes, and whoever
/// moves the grant need not touch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    id: AttachmentId,
    text: String,
}

/// The name of an [`Attachment`]: its grant, and the SHA-256 of its text. Written `<grant id>.<hash>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttachmentId {
    grant: GrantId,
    sha256: String,
}

impl Attachment {
    /// `text` beside the grant of that id, which need not be there yet. Stores bear at least 64 kB.
    #[must_use]
    pub fn new(grant: GrantId, text: String) -> Self {
        let id = AttachmentId {
            grant,
            sha256: hash_of(&text),
        };
        Self { id, text }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &AttachmentId {
        &self.id
    }

    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl AttachmentId {
    /// The grant that it is kept beside.
    #[must_use]
    pub fn grant(&self) -> GrantId {
        self.grant
    }

    /// The SHA-256 of the text in base64url.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.grant, self.sha256)
    }
}

fn hash_of(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}
