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
    #[error("the subject is missing")]
    NoSubject,
    #[error(
        "the subject is longer than 255 bytes of JSON, begins or ends with white space, or has a control character"
    )]
    Subject,
    #[error("the subject is the id of a client, or looks like one that the server draws")]
    SubjectOfClient,
    #[error(transparent)]
    Claims(InvalidClaims),
    #[error("the claims for the ID token are more than {LONGEST_TOKEN_CLAIMS} bytes of JSON")]
    IdTokenClaims,
    #[error("the claims for the access token are more than {LONGEST_TOKEN_CLAIMS} bytes of JSON")]
    AccessTokenClaims,
    #[error("the scope exceeds what was requested")]
    Scope,
    #[error("the scope is empty: leave it out for all that was asked for, or reject")]
    NoScope,
    #[error("auth_time is not in whole seconds since 1970, or in the future")]
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
            Self::Scope | Self::NoScope => ErrorCode::INVALID_SCOPE,
            Self::Request
            | Self::Expired
            | Self::Client
            | Self::NoSubject
            | Self::Subject
            | Self::SubjectOfClient
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
            | Self::NoSubject
            | Self::Subject
            | Self::SubjectOfClient
            | Self::Claims(_)
            | Self::IdTokenClaims
            | Self::AccessTokenClaims
            | Self::Scope
            | Self::NoScope
            | Self::AuthTime
            | Self::ErrorCode => (ErrorCode::SERVER_ERROR, "the login could not be completed"),
        }
    }
}
