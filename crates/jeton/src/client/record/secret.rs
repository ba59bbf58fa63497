//! The secrets of a record.

use serde::{Deserialize, Serialize};

use super::{ClientRecord, InvalidClient};
use crate::{
    client::authentication::{ClientAuthentication, ClientSecret, SecretHash, SecretMethod},
    time::UnixTime,
};

/// One secret in a [`ClientRecord`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRecord {
    /// base64url of the SHA-256 of the secret's UTF-8 bytes.
    pub sha256: String,
    /// When it was made, seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<UnixTime>,
    /// From when on it fails, seconds since the epoch; 0 or absent for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixTime>,
}

/// The most secrets of a client that is managed here. Two are enough to change from one to the next.
pub(crate) const MOST_SECRETS: usize = 10;

impl SecretRecord {
    /// The length of [`Self::id`], in characters.
    pub const ID_LENGTH: usize = 12;

    /// One of which nothing but its hash is known.
    pub(crate) fn of(hash: &SecretHash) -> Self {
        Self {
            sha256: hash.to_string(),
            created_at: None,
            expires_at: None,
        }
    }

    /// The name of the secret in the management interface: the first 12 characters of `sha256`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.sha256.get(..Self::ID_LENGTH).unwrap_or(&self.sha256)
    }

    /// From when on it fails; `None` for never.
    pub(crate) fn end(&self) -> Option<UnixTime> {
        expiry(self.expires_at)
    }

    /// Whether it has not expired at `now`.
    pub(crate) fn authenticates_at(&self, now: UnixTime) -> bool {
        self.end().is_none_or(|end| now < end)
    }
}

impl ClientRecord {
    /// From when on all secrets fail, whatever each has of its own (RFC 7591 §3.2.1 has one time for the
    /// client); `None` for never.
    pub(crate) fn secrets_end(&self) -> Option<UnixTime> {
        expiry(self.client_secret_expires_at)
    }

    /// The method and the secrets of the record.
    pub(super) fn authentication(&self) -> Result<ClientAuthentication, InvalidClient> {
        let mut secrets = Vec::with_capacity(self.client_secrets.len() + 1);
        if let Some(secret) = &self.client_secret {
            secrets.push(ClientSecret {
                hash: SecretHash::of(secret),
                expires_at: self.secrets_end(),
            });
        }
        for secret in &self.client_secrets {
            secrets.push(ClientSecret {
                hash: SecretHash::from_base64url(&secret.sha256)
                    .ok_or(InvalidClient::SecretHash)?,
                expires_at: secret.end().into_iter().chain(self.secrets_end()).min(),
            });
        }
        let named = self.token_endpoint_auth_method.as_deref();
        if let Some(name @ ("none" | "private_key_jwt" | "federated_jwt" | "spiffe_jwt")) = named {
            if !secrets.is_empty() {
                return Err(InvalidClient::Secret {
                    method: name.to_owned(),
                    must: "not have a",
                });
            }
            if name == "private_key_jwt" {
                let keys = Box::new(self.keys.parse()?);
                return Ok(ClientAuthentication::PrivateKeyJwt(keys));
            }
            self.keys.require_unused()?;
            return Ok(if name == "none" {
                ClientAuthentication::None
            } else {
                ClientAuthentication::Federated
            });
        }
        self.keys.require_unused()?;
        let method = match named {
            None => None,
            Some(name) => Some(
                SecretMethod::from_name(name)
                    .ok_or_else(|| InvalidClient::AuthMethod(name.to_owned()))?,
            ),
        };
        if secrets.is_empty() {
            return Err(InvalidClient::Secret {
                method: named.unwrap_or("client_secret_basic").to_owned(),
                must: "have a",
            });
        }
        Ok(ClientAuthentication::Secret { method, secrets })
    }
}

/// RFC 7591 §3.2.1 writes "never" as 0.
pub(crate) fn expiry(expires_at: Option<UnixTime>) -> Option<UnixTime> {
    expires_at.filter(|end| end.0 != 0)
}
