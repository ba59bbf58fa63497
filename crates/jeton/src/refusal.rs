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
    Grant(#[from] GrantFault),
    #[error("the scope {0:?} was not granted")]
    ScopeNotGranted(String),
    #[error("the resource or audience {0:?} was not granted")]
    AudienceNotGranted(String),
    #[error("nobody has decided yet")]
    AuthorizationPending,
    #[error("polled again within the interval")]
    SlowDown,
    #[error("the person denied the device")]
    DeviceDenied,
    #[error("the device code has expired")]
    DeviceExpired,
    #[error("the endpoint needs {0}, which is not configured")]
    NotConfigured(&'static str),
    #[error("the Origin is missing or not allowed for the client")]
    Origin,
    #[error("a refresh token is given both in the cookie and in the body")]
    TwoRefreshTokens,
    #[error("the client is no login application")]
    NotALoginApplication,
    #[error(transparent)]
    Handoff(#[from] HandoffFault),
    #[error(transparent)]
    Person(#[from] PersonFault),
    #[error(transparent)]
    Bearer(#[from] BearerFault),
    #[error("this deployment has no ledger, so it cannot revoke this kind of token")]
    UnsupportedTokenType,
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

/// Why a code or refresh token is worth nothing. On the wire all are `invalid_grant`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantFault {
    #[error("the token has not the form of one")]
    Malformed,
    #[error("the code_verifier has not the form of one")]
    Verifier,
    #[error("the MAC does not hold: forged, of another client, or with another code_verifier")]
    Forged,
    #[error("the redirect_uri is not that of the authorization request")]
    RedirectUri,
    #[error("there is no such grant")]
    Unknown,
    #[error("the grant was revoked or has expired")]
    Ended,
    #[error("the grant was opened before a cut-off")]
    CutOff,
    #[error("the code was redeemed a moment ago")]
    RedeemedJustNow,
    #[error("the code was redeemed before: the grant is revoked")]
    CodeReplayed,
    #[error("the refresh token of generation {presented} was superseded: the grant is revoked")]
    Reused {
        /// Its generation.
        presented: u32,
    },
}

/// Why the login application's answer is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandoffFault {
    #[error("the request is not one of ours or has expired")]
    Request,
    #[error("the subject is missing, longer than 255 characters, or looks like a client_id")]
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

/// What is told to a person, because there is no client it could be told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PersonFault {
    #[error("the client is unknown")]
    Client,
    #[error("the redirect_uri is missing or not registered for the client")]
    RedirectUri,
    #[error("the post_logout_redirect_uri is not registered for the client")]
    PostLogoutRedirectUri,
    #[error("the id_token_hint is not one of ours, or is another client's")]
    IdTokenHint,
    #[error("the link is not one of ours or has expired")]
    Ticket,
    #[error("the link belongs to another browser, or cookies are off")]
    Browser,
    #[error("the link has been used")]
    Used,
    #[error("too many codes were tried")]
    TooManyAttempts,
}

/// Why a bearer token is refused (RFC 6750 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BearerFault {
    #[error("no access token in the request")]
    Missing,
    #[error("the access token is given in more than one way")]
    Several,
    #[error("the access token is invalid, expired or revoked")]
    Invalid,
    #[error("the access token has not the scope openid")]
    Scope,
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
            Self::Grant(fault) => (
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                fault.at_fault(),
                "the grant is invalid, expired or revoked, or was issued to another client".into(),
            ),
            Self::ScopeNotGranted(_) => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "client",
                "the scope exceeds what was granted".into(),
            ),
            Self::AudienceNotGranted(_) => (
                StatusCode::BAD_REQUEST,
                "invalid_target",
                "client",
                "the resource or audience exceeds what was granted".into(),
            ),
            Self::AuthorizationPending => (
                StatusCode::BAD_REQUEST,
                "authorization_pending",
                "request",
                "the authorization request is still pending".into(),
            ),
            Self::SlowDown => (
                StatusCode::BAD_REQUEST,
                "slow_down",
                "client",
                "poll less often: add 5 seconds to the interval".into(),
            ),
            Self::DeviceDenied => (
                StatusCode::BAD_REQUEST,
                "access_denied",
                "request",
                "the authorization request was denied".into(),
            ),
            Self::DeviceExpired => (
                StatusCode::BAD_REQUEST,
                "expired_token",
                "request",
                "the device code has expired".into(),
            ),
            Self::NotConfigured(_) => (
                StatusCode::NOT_IMPLEMENTED,
                "server_error",
                "server",
                self.to_string().into(),
            ),
            Self::Origin => (
                StatusCode::FORBIDDEN,
                "invalid_request",
                "request",
                self.to_string().into(),
            ),
            Self::TwoRefreshTokens => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "request",
                self.to_string().into(),
            ),
            Self::NotALoginApplication => (
                StatusCode::FORBIDDEN,
                "unauthorized_client",
                "client",
                self.to_string().into(),
            ),
            Self::Handoff(HandoffFault::Stale) => (
                StatusCode::BAD_REQUEST,
                "login_required",
                "client",
                self.to_string().into(),
            ),
            Self::Handoff(HandoffFault::Scope) => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "client",
                self.to_string().into(),
            ),
            Self::Handoff(_) => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "client",
                self.to_string().into(),
            ),
            Self::Person(PersonFault::TooManyAttempts) => (
                StatusCode::TOO_MANY_REQUESTS,
                "slow_down",
                "request",
                "Too many codes were tried. Wait ten minutes and begin again.".into(),
            ),
            Self::Person(fault) => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "request",
                fault.advice().into(),
            ),
            Self::Bearer(BearerFault::Several) => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "request",
                self.to_string().into(),
            ),
            Self::Bearer(BearerFault::Missing | BearerFault::Invalid) => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "request",
                self.to_string().into(),
            ),
            Self::Bearer(BearerFault::Scope) => (
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "request",
                self.to_string().into(),
            ),
            Self::UnsupportedTokenType => (
                StatusCode::BAD_REQUEST,
                "unsupported_token_type",
                "server",
                self.to_string().into(),
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

impl GrantFault {
    /// A replay is somebody's attack or bug; the rest happens to everyone.
    const fn at_fault(&self) -> &'static str {
        match self {
            Self::CodeReplayed | Self::Reused { .. } => "client",
            Self::Malformed
            | Self::Verifier
            | Self::Forged
            | Self::RedirectUri
            | Self::Unknown
            | Self::Ended
            | Self::CutOff
            | Self::RedeemedJustNow => "request",
        }
    }
}

impl PersonFault {
    /// For the person: what to do, never what was sent.
    const fn advice(&self) -> &'static str {
        match self {
            Self::Client => "The application that sent you here is not known to this service.",
            Self::RedirectUri | Self::PostLogoutRedirectUri => {
                "The application that sent you here wants you to be sent on to an address that is not registered for it."
            }
            Self::IdTokenHint => {
                "The application that sent you here could not show that you were signed in to it."
            }
            Self::Ticket => "This link has expired or is damaged. Go back and begin again.",
            Self::Browser => {
                "This link belongs to another browser, or your browser refuses cookies. Begin again in this one."
            }
            Self::Used => "This link has been used already. Go back and begin again.",
            Self::TooManyAttempts => "Too many codes were tried. Wait ten minutes and begin again.",
        }
    }
}
