//! Faults in the form of a request.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{ErrorCode, Fault, WireError};
use crate::page::words;
use crate::parameters::{BODY_LIMIT, InvalidParameters, MOST_AUDIENCES};

/// Why a request cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestFault {
    #[error("the body is larger than {limit} bytes", limit = BODY_LIMIT)]
    BodyTooLarge,
    #[error("the content type is not application/x-www-form-urlencoded")]
    ContentType,
    #[error(transparent)]
    Parameters(#[from] InvalidParameters),
    #[error("the parameter {0} is missing")]
    MissingParameter(&'static str),
    #[error("client credentials are given both in the Authorization header and in the body")]
    TwoAuthentications,
    #[error("the client_id in the body is not the one that authenticates")]
    TwoClients,
    #[error("a refresh token is given both in the cookie and in the body")]
    TwoRefreshTokens,
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    #[error("the scope is malformed")]
    MalformedScope,
    #[error("more than {MOST_AUDIENCES} resources and audiences are named")]
    TooManyAudiences,
    #[error("a resource is not an absolute URI without fragment")]
    MalformedResource,
    #[error("too many devices of this client began in this network")]
    TooManyDevices,
}

impl RequestFault {
    /// The parameter that it is about, where it is about one, and the rule that this breaks.
    pub(super) const fn broken_rule(
        &self,
        words: &words::RequestRules,
    ) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Parameters(InvalidParameters::Duplicate) => (None, Some(words.duplicate)),
            Self::Parameters(InvalidParameters::NotUtf8) => (None, Some(words.utf8)),
            Self::ContentType => (None, Some(words.form)),
            Self::MissingParameter(name) => (Some(name), Some(words.required)),
            Self::MalformedScope => (Some("scope"), Some(words.scope)),
            Self::MalformedResource => (Some("resource"), Some(words.resource)),
            _ => (None, None),
        }
    }

    pub(super) fn wire(&self) -> WireError {
        let (code, description): (_, Cow<'static, str>) = match self {
            // These say nothing but what the caller sent or should have sent.
            Self::ContentType
            | Self::MissingParameter(_)
            | Self::TwoAuthentications
            | Self::TwoClients
            | Self::TwoRefreshTokens
            | Self::BodyTooLarge => (ErrorCode::INVALID_REQUEST, self.to_string().into()),
            Self::Parameters(InvalidParameters::NotUtf8) => (
                ErrorCode::INVALID_REQUEST,
                "the parameters are not UTF-8".into(),
            ),
            Self::Parameters(too_many @ InvalidParameters::TooMany) => {
                (ErrorCode::INVALID_REQUEST, too_many.to_string().into())
            }
            Self::Parameters(InvalidParameters::Duplicate) => (
                ErrorCode::INVALID_REQUEST,
                "a parameter is given more than once".into(),
            ),
            Self::UnsupportedGrantType => (
                ErrorCode::UNSUPPORTED_GRANT_TYPE,
                "the grant type is not supported".into(),
            ),
            Self::MalformedScope => (ErrorCode::INVALID_SCOPE, "the scope is malformed".into()),
            Self::TooManyAudiences => (ErrorCode::INVALID_TARGET, self.to_string().into()),
            Self::MalformedResource => (
                ErrorCode::INVALID_TARGET,
                "a resource is an absolute URI without fragment".into(),
            ),
            // Not `slow_down`, which is an answer to a poll (RFC 8628 §3.5) and sets its interval.
            Self::TooManyDevices => (
                ErrorCode::TEMPORARILY_UNAVAILABLE,
                "too many devices began here: try again in a minute".into(),
            ),
        };
        let wire = WireError::new(code, Fault::Request, description);
        match self {
            Self::BodyTooLarge => wire.with_status(StatusCode::PAYLOAD_TOO_LARGE),
            Self::TooManyDevices => wire
                .with_status(StatusCode::TOO_MANY_REQUESTS)
                .with_header(RETRY_AFTER, HeaderValue::from_static("60")),
            _ => wire,
        }
    }
}
