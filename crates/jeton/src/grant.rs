//! Grants: one file each, named by its `grant_type`.

use serde::Serialize;

use crate::config::Config;

pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod device_code;
mod generation;
pub(crate) mod refresh_token;

/// The values of `grant_type` that client metadata may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum GrantType {
    /// RFC 6749 §4.1.
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// RFC 6749 §4.4.
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// RFC 6749 §6.
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// RFC 8628 §3.4.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}

impl GrantType {
    const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::ClientCredentials,
        Self::RefreshToken,
        Self::DeviceCode,
    ];

    /// What `/token` answers and the metadata lists: everything but `client_credentials` needs a
    /// ledger, and a login application to begin with.
    pub(crate) fn supported(
        config: &Config,
        has_ledger: bool,
    ) -> impl Iterator<Item = Self> + use<> {
        let logs_in = has_ledger && config.login_url().is_some();
        Self::ALL
            .into_iter()
            .filter(move |grant_type| *grant_type == Self::ClientCredentials || logs_in)
    }

    /// The value on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    pub(crate) fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}
