//! What the record of a client that registered itself keeps of its registration.

use serde::{Deserialize, Serialize};

use super::invalid::InvalidClient;
use crate::{
    client::{
        authentication::SecretHash,
        ceiling::{Ceiling, CeilingRecord},
    },
    record::given,
    time::UnixTime,
};

/// The member `registration` (ours) of a [`ClientRecord`](super::ClientRecord): the client registered itself
/// (RFC 7591), and may manage its registration (RFC 7592).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRecord {
    /// The registration access tokens, the newest last: the one before stays good for a while unless the
    /// newest is used, because the answer that brought it may have been lost.
    pub tokens: Vec<RegistrationTokenRecord>,
    /// The most that the client may have.
    pub ceiling: CeilingRecord,
}

/// A registration access token in a [`RegistrationRecord`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationTokenRecord {
    /// base64url of the SHA-256 of the token.
    pub sha256: String,
    /// From when on it fails, seconds since the epoch; absent as long as no other has taken its place.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixTime>,
}

/// The registration of a client that registered itself, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// `tokens`.
    pub tokens: Vec<RegistrationToken>,
    /// `ceiling`.
    pub ceiling: Ceiling,
}

/// A registration access token, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationToken {
    /// `sha256`.
    pub hash: SecretHash,
    /// `expires_at`; `None`: it is the newest.
    pub expires_at: Option<UnixTime>,
}

impl RegistrationRecord {
    pub(crate) fn parse(&self) -> Result<Registration, InvalidClient> {
        let tokens = self.tokens.iter().map(|token| {
            let hash = SecretHash::from_base64url(&token.sha256);
            let hash = hash.ok_or(InvalidClient::RegistrationToken)?;
            let expires_at = token.expires_at;
            Ok::<_, InvalidClient>(RegistrationToken { hash, expires_at })
        });
        Ok(Registration {
            tokens: tokens.collect::<Result<_, _>>()?,
            ceiling: ceiling("registration", &self.ceiling)?,
        })
    }
}

/// The ceiling that a member holds.
pub(super) fn ceiling(
    member: &'static str,
    record: &CeilingRecord,
) -> Result<Ceiling, InvalidClient> {
    let ceiling = record.parse();
    ceiling.map_err(|why| InvalidClient::Ceiling { member, why })
}
