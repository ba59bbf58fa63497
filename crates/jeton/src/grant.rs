//! What `/token` does for each `grant_type` (RFC 6749 §1.3): one file a grant. The records of what
//! people granted are [`Grant`](crate::ledger::Grant)s of the ledger.

use crate::needs::Needs;

pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod device_code;
mod generation;
pub(crate) mod jwt_bearer;
pub(crate) mod live;
pub(crate) mod open;
pub(crate) mod refresh_token;
mod renewed_claims;
pub(crate) mod response;
pub(crate) mod token_exchange;

/// A `grant_type`: what a client presents to get tokens (RFC 6749 §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// An authorization code (RFC 6749 §4.1).
    AuthorizationCode,
    /// Nothing but the client's own authentication (RFC 6749 §4.4).
    ClientCredentials,
    /// A refresh token (RFC 6749 §6).
    RefreshToken,
    /// A device code (RFC 8628 §3.4).
    DeviceCode,
    /// A JWT of a trusted issuer (RFC 7523 §2.1).
    JwtBearer,
    /// An access token, for another (RFC 8693 §2.1).
    TokenExchange,
}

impl GrantType {
    /// Every value.
    pub const ALL: [Self; 6] = [
        Self::AuthorizationCode,
        Self::ClientCredentials,
        Self::RefreshToken,
        Self::DeviceCode,
        Self::JwtBearer,
        Self::TokenExchange,
    ];

    /// The value on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// What a deployment needs to offer this grant type. Those of machines begin without a login.
    pub(crate) const fn needs(self) -> Needs {
        match self {
            Self::ClientCredentials | Self::JwtBearer | Self::TokenExchange => Needs::Nothing,
            Self::AuthorizationCode | Self::RefreshToken | Self::DeviceCode => Needs::Login,
        }
    }

    /// The grant type of that value.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// All values, for an error message.
    pub(crate) fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}
