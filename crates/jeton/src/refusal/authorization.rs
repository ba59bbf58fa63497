//! Faults of an authorization request whose client and redirect URI are known good, so that the
//! client is told.

use super::{ErrorCode, Fault, LoginFault, WireError};
use crate::{claims::InvalidClaimsRequest, parameters::LONGEST_POSTED, seal::LONGEST_REQUEST};

/// Why an authorization request is refused (RFC 6749 §4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthorizationFault {
    /// A parameter that this server does not support, with the error that says so.
    #[error("the parameter is not supported")]
    NotSupported(ErrorCode),
    #[error("response_mode is query or, for an http or https redirect_uri, form_post")]
    ResponseMode,
    #[error("response_type is code")]
    ResponseType,
    #[error("response_type is missing")]
    NoResponseType,
    #[error("a parameter is too long")]
    TooLong,
    #[error("code_challenge is missing")]
    NoChallenge,
    #[error("code_challenge is missing: the client needs PKCE")]
    PkceRequired,
    #[error("nonce is missing: an OpenID request without PKCE needs one")]
    NonceRequired,
    #[error("code_challenge_method is S256")]
    ChallengeMethod,
    #[error("code_challenge is 43 characters of base64url")]
    Challenge,
    #[error("max_age is a number of seconds")]
    MaxAge,
    #[error("a value of prompt is unknown, or there are too many")]
    Prompt,
    #[error("prompt=none stands alone")]
    PromptNone,
    #[error(transparent)]
    Claims(#[from] InvalidClaimsRequest),
    #[error("id_token_hint is no ID token that this server made for the client")]
    IdTokenHint,
    #[error(
        "the request is too large: at most {LONGEST_REQUEST} bytes of it travel on to the login"
    )]
    TooLarge,
    #[error("a request that is posted without a cookie is at most {LONGEST_POSTED} bytes long")]
    PostedTooLarge,
    #[error(transparent)]
    Login(#[from] LoginFault),
    #[error("the person is not the one that was asked for")]
    OtherPerson,
    #[error("the person was logged out everywhere after this login")]
    CutOff,
    #[error("the person cannot log in: the subject is the id of a client")]
    Subject,
}

impl AuthorizationFault {
    pub(super) fn wire(&self) -> WireError {
        let code = match self {
            Self::NotSupported(code) => *code,
            Self::ResponseType => ErrorCode::UNSUPPORTED_RESPONSE_TYPE,
            Self::Login(_) | Self::OtherPerson | Self::CutOff => ErrorCode::LOGIN_REQUIRED,
            Self::Subject => ErrorCode::ACCESS_DENIED,
            Self::ResponseMode
            | Self::NoResponseType
            | Self::TooLong
            | Self::NoChallenge
            | Self::PkceRequired
            | Self::NonceRequired
            | Self::ChallengeMethod
            | Self::Challenge
            | Self::MaxAge
            | Self::Prompt
            | Self::Claims(_)
            | Self::PromptNone
            | Self::IdTokenHint
            | Self::TooLarge
            | Self::PostedTooLarge => ErrorCode::INVALID_REQUEST,
        };
        WireError::new(code, Fault::Client, self.to_string())
    }
}
