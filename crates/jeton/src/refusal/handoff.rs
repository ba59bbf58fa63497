//! Faults in what a login application says of a request.

use super::{ErrorCode, Fault, WireError};
use crate::claims::{InvalidClaims, LONGEST_TOKEN_CLAIMS};

/// Why a call of the login application is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandoffFault {
    #[error("the request is not one of ours")]
    Request,
    #[error("the request has expired")]
    Expired,
    #[error("the client is no longer registered, or not with the redirect_uri of the request")]
    Client,
    #[error(
        "the subject is missing, longer than 255 bytes, begins or ends with white space, has a control character, or is the id of a client"
    )]
    Subject,
    #[error(transparent)]
    Claims(InvalidClaims),
    #[error("the claims for the ID token are more than {LONGEST_TOKEN_CLAIMS} bytes of JSON")]
    IdTokenClaims,
    #[error("the claims for the access token are more than {LONGEST_TOKEN_CLAIMS} bytes of JSON")]
    AccessTokenClaims,
    #[error("the scope exceeds what was requested")]
    Scope,
    #[error("auth_time is no time in the past")]
    AuthTime,
    #[error("the subject was authenticated too long ago for max_age or prompt=login")]
    Stale,
    #[error("the client asks for another person")]
    OtherPerson,
    #[error("acr is none of the values that the client needs")]
    UnmetAcr,
    #[error("the error is none that an authorization endpoint may answer")]
    ErrorCode,
}

impl HandoffFault {
    pub(super) fn wire(&self) -> WireError {
        let code = match self {
            Self::Stale | Self::OtherPerson => ErrorCode::LOGIN_REQUIRED,
            Self::UnmetAcr => ErrorCode::UNMET_AUTHENTICATION_REQUIREMENTS,
            Self::Scope => ErrorCode::INVALID_SCOPE,
            Self::Request
            | Self::Expired
            | Self::Client
            | Self::Subject
            | Self::Claims(_)
            | Self::IdTokenClaims
            | Self::AccessTokenClaims
            | Self::AuthTime
            | Self::ErrorCode => ErrorCode::INVALID_REQUEST,
        };
        WireError::new(code, Fault::Client, self.to_string())
    }

    /// The error by which the client learns of it, where the login application leaves it at that. Its own
    /// mistakes are a `server_error`: the client has made none.
    pub(super) const fn for_client(&self) -> (ErrorCode, &'static str) {
        match self {
            Self::Expired => (ErrorCode::LOGIN_REQUIRED, "the login took too long"),
            Self::Stale => (ErrorCode::LOGIN_REQUIRED, "the login is too old"),
            Self::OtherPerson => (
                ErrorCode::LOGIN_REQUIRED,
                "the person is not the one that was asked for",
            ),
            Self::UnmetAcr => (
                ErrorCode::UNMET_AUTHENTICATION_REQUIREMENTS,
                "acr is none of the values that are essential",
            ),
            Self::Request
            | Self::Client
            | Self::Subject
            | Self::Claims(_)
            | Self::IdTokenClaims
            | Self::AccessTokenClaims
            | Self::Scope
            | Self::AuthTime
            | Self::ErrorCode => (ErrorCode::SERVER_ERROR, "the login could not be completed"),
        }
    }
}
