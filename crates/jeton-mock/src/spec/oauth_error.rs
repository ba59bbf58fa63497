use http::StatusCode;
use jeton::ErrorCode;

use super::Endpoint;

/// An error code of the core's that may be a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OAuthError(ErrorCode);

const AUTHORIZE: &[Endpoint] = &[Endpoint::Authorize];
const TOKEN: &[Endpoint] = &[Endpoint::Token];
const BOTH: &[Endpoint] = &[Endpoint::Authorize, Endpoint::Token];
const USERINFO: &[Endpoint] = &[Endpoint::Userinfo];

/// Each code, and the endpoints at which its specification has it.
const ERRORS: [(ErrorCode, &[Endpoint]); 20] = [
    (ErrorCode::INVALID_REQUEST, BOTH),
    (ErrorCode::INVALID_CLIENT, TOKEN),
    (ErrorCode::INVALID_GRANT, TOKEN),
    (ErrorCode::UNAUTHORIZED_CLIENT, BOTH),
    (ErrorCode::UNSUPPORTED_GRANT_TYPE, TOKEN),
    (ErrorCode::UNSUPPORTED_RESPONSE_TYPE, AUTHORIZE),
    (ErrorCode::INVALID_SCOPE, BOTH),
    (ErrorCode::INVALID_TARGET, BOTH),
    (ErrorCode::ACCESS_DENIED, BOTH),
    (ErrorCode::SERVER_ERROR, BOTH),
    (ErrorCode::TEMPORARILY_UNAVAILABLE, BOTH),
    (ErrorCode::LOGIN_REQUIRED, AUTHORIZE),
    (ErrorCode::CONSENT_REQUIRED, AUTHORIZE),
    (ErrorCode::INTERACTION_REQUIRED, AUTHORIZE),
    (ErrorCode::ACCOUNT_SELECTION_REQUIRED, AUTHORIZE),
    (ErrorCode::AUTHORIZATION_PENDING, TOKEN),
    (ErrorCode::SLOW_DOWN, TOKEN),
    (ErrorCode::EXPIRED_TOKEN, TOKEN),
    (ErrorCode::INVALID_TOKEN, USERINFO),
    (ErrorCode::INSUFFICIENT_SCOPE, USERINFO),
];

impl OAuthError {
    /// The code of this word, if it may be a fault.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|own| own.as_str() == code)
    }

    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        ERRORS.iter().map(|(code, _)| Self(*code))
    }

    /// As it stands in `error` (RFC 6749 §5.2).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.as_str()
    }

    /// The endpoints at which its specification has it.
    pub(super) fn endpoints(self) -> &'static [Endpoint] {
        ERRORS
            .iter()
            .find(|(own, _)| *own == self.0)
            .map_or(&[], |(_, endpoints)| endpoints)
    }

    /// The status of a JSON error response (RFC 6749 §5.2).
    pub(crate) fn status(self) -> StatusCode {
        self.0.status()
    }
}
