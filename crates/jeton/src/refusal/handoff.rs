//! Faults in what a login application says of a request.

use super::{ErrorCode, Fault, WireError};

/// Why a call of the login application is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandoffFault {
    #[error("the request is not one of ours or has expired")]
    Request,
    #[error(
        "the subject is missing, longer than 255 bytes, begins or ends with white space, has a control character, or is the id of a client"
    )]
    Subject,
    #[error("the claims are no JSON object of at most 2048 bytes without reserved members")]
    Claims,
    #[error("the scope exceeds what was requested")]
    Scope,
    #[error("auth_time is no time in the past")]
    AuthTime,
    #[error("the subject was authenticated too long ago for max_age or prompt=login")]
    Stale,
    #[error("the error is none that an authorization endpoint may answer")]
    ErrorCode,
}

impl HandoffFault {
    pub(super) fn wire(&self) -> WireError {
        let code = match self {
            Self::Stale => ErrorCode::LOGIN_REQUIRED,
            Self::Scope => ErrorCode::INVALID_SCOPE,
            Self::Request | Self::Subject | Self::Claims | Self::AuthTime | Self::ErrorCode => {
                ErrorCode::INVALID_REQUEST
            }
        };
        WireError::new(code, Fault::Client, self.to_string())
    }
}
