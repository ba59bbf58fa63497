//! Refusals: rich inside, for the log; exactly the RFC's error outside.

use std::borrow::Cow;

use http::StatusCode;

use crate::{
    client::SecretMethod, crypto::CryptoError, grant::GrantType, parameters::InvalidParameters,
    registry::Unavailable,
};

/// Why a request was not answered as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no such endpoint")]
    NotFound,
    #[error("the endpoint answers {allow} only")]
    MethodNotAllowed { allow: &'static str },
    #[error("the body is larger than {limit} bytes", limit = crate::BODY_LIMIT)]
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
    #[error(transparent)]
    Client(#[from] ClientFault),
    #[error("the client is not registered for {}", .0.as_str())]
    GrantTypeNotRegistered(GrantType),
    #[error("a public client cannot use client_credentials")]
    PublicClient,
    #[error("the grant type {0:?} is not supported")]
    UnsupportedGrantType(String),
    #[error("the scope is malformed")]
    MalformedScope,
    #[error("the scope {0:?} is not registered for the client")]
    ScopeNotRegistered(String),
    #[error("the resource {0:?} is not an absolute URI without fragment")]
    MalformedResource(String),
    #[error("the audience {0:?} is not registered for the client")]
    AudienceNotRegistered(String),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Why a client is not who it says. On the wire all are the same `invalid_client`, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClientFault {
    #[error("no client authentication in the request")]
    Missing,
    #[error("the Authorization scheme is not Basic")]
    Scheme,
    #[error("the Basic credentials are malformed")]
    MalformedBasic,
    #[error("the client is unknown")]
    Unknown,
    #[error("the secret is wrong or expired")]
    WrongSecret,
    #[error("the client is registered for {0:?}")]
    WrongMethod(SecretMethod),
    #[error("the client is public but sent a secret")]
    SecretOfPublicClient,
}

/// What goes over the wire (RFC 6749 §5.2).
pub(crate) struct WireError {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) description: Cow<'static, str>,
    /// Who is at fault, for the audit.
    pub(crate) fault: &'static str,
}

impl Refusal {
    /// The one place where a reason becomes an answer.
    pub(crate) fn wire(&self) -> WireError {
        let (status, error, fault, description): (_, _, _, Cow<'static, str>) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "request",
                "there is no such endpoint".into(),
            ),
            Self::MethodNotAllowed { allow } => (
                StatusCode::METHOD_NOT_ALLOWED,
                "invalid_request",
                "request",
                format!("the endpoint answers {allow}").into(),
            ),
            Self::BodyTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "invalid_request",
                "request",
                self.to_string().into(),
            ),
            // These say nothing but what the caller sent or should have sent.
            Self::ContentType
            | Self::MissingParameter(_)
            | Self::TwoAuthentications
            | Self::TwoClients => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "request",
                self.to_string().into(),
            ),
            Self::Parameters(InvalidParameters::NotUtf8) => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "request",
                "the parameters are not UTF-8".into(),
            ),
            Self::Parameters(InvalidParameters::Duplicate(_)) => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "request",
                "a parameter is given more than once".into(),
            ),
            Self::Client(_) => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "client",
                "client authentication failed".into(),
            ),
            Self::GrantTypeNotRegistered(_) | Self::PublicClient => (
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "client",
                self.to_string().into(),
            ),
            Self::UnsupportedGrantType(_) => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "request",
                "the grant type is not supported".into(),
            ),
            Self::MalformedScope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "request",
                "the scope is malformed".into(),
            ),
            Self::ScopeNotRegistered(_) => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "client",
                "the scope exceeds what is registered for the client".into(),
            ),
            Self::MalformedResource(_) => (
                StatusCode::BAD_REQUEST,
                "invalid_target",
                "request",
                "a resource is an absolute URI without fragment".into(),
            ),
            Self::AudienceNotRegistered(_) => (
                StatusCode::BAD_REQUEST,
                "invalid_target",
                "client",
                "the resource or audience is not registered for the client".into(),
            ),
            Self::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "store",
                "the service is temporarily unavailable".into(),
            ),
            Self::Crypto(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "server",
                "the server met an unexpected condition".into(),
            ),
        };
        WireError {
            status,
            error,
            description,
            fault,
        }
    }
}
