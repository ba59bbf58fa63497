use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::client::ClientId;

/// Whose grants a cut-off ends: a key such as `subject:LPJNul-w…`, at most 51 characters of
/// base64url and one colon, whatever the subject is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CutOff(String);

impl CutOff {
    /// All grants of a subject.
    #[must_use]
    pub fn subject(subject: &str) -> Self {
        Self::new("subject", subject)
    }

    /// All grants of a client, and the tokens it got for itself.
    #[must_use]
    pub fn client(client: &ClientId) -> Self {
        Self::new("client", client.as_str())
    }

    fn new(kind: &str, whose: &str) -> Self {
        Self(format!(
            "{kind}:{}",
            URL_SAFE_NO_PAD.encode(Sha256::digest(whose))
        ))
    }

    /// The key as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
