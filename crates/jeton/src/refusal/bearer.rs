//! Faults of a bearer token.

use http::{HeaderValue, header::WWW_AUTHENTICATE};

use super::{ErrorCode, Fault, WireError};

/// Why a bearer token is refused (RFC 6750 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BearerFault {
    #[error("no access token in the request")]
    Missing,
    #[error("the access token is given in more than one way")]
    Several,
    #[error("the access token is invalid, expired or revoked")]
    Invalid,
    #[error("the access token is for others than this server")]
    Audience,
    #[error("the access token has registered as many clients as it may")]
    UsedUp,
    #[error("the access token has not the scope openid")]
    Scope,
    #[error("nobody has logged in for the access token: it is a client's own")]
    Person,
}

impl BearerFault {
    pub(super) fn wire(&self) -> WireError {
        let (code, challenge) = match self {
            Self::Several => (ErrorCode::INVALID_REQUEST, None),
            // Where no token was sent, the challenge says only what would be accepted.
            Self::Missing => (ErrorCode::INVALID_TOKEN, Some("Bearer realm=\"jeton\"")),
            Self::Invalid | Self::Audience | Self::UsedUp => (
                ErrorCode::INVALID_TOKEN,
                Some("Bearer realm=\"jeton\", error=\"invalid_token\""),
            ),
            // A token of a login with that scope is what is wanted.
            Self::Scope | Self::Person => (
                ErrorCode::INSUFFICIENT_SCOPE,
                Some("Bearer realm=\"jeton\", error=\"insufficient_scope\", scope=\"openid\""),
            ),
        };
        let wire = WireError::new(code, Fault::Request, self.to_string());
        match challenge {
            None => wire,
            Some(challenge) => {
                wire.with_header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
            }
        }
    }
}
