//! The index of a subject's grants.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The most grants in a page of [`Ledger::indexed`](super::Ledger::indexed). Whoever lists them reads each,
/// one after the other, and has the time of one request.
pub const INDEX_PAGE: usize = 20;

/// The name under which the grants of a subject are indexed: base64url of its SHA-256, because a subject
/// may be longer than stores take a name to be, and of any characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectKey(String);

impl SubjectKey {
    /// The name of that subject's index.
    #[must_use]
    pub fn of(subject: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(subject)))
    }

    /// The name as stored: 43 characters of base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
