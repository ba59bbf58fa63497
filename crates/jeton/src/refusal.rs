//! Refusals: why a request is refused, in detail for the log, and the error that the RFCs define for
//! it on the wire. Each kind of fault maps itself to its wire error, in its own file.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::ALLOW, header::RETRY_AFTER};
use serde::Serialize;

use crate::{
    authorization_response::ResponseTarget,
    crypto::CryptoError,
    grant::GrantType,
    page::{Escaped, Gap, Language, Words, words},
    parameters::InvalidParameters,
    unavailable::Unavailable,
};

mod assertion;
mod authorization;
mod bearer;
mod client;
mod device;
mod error_code;
mod exchange;
mod grant;
mod handoff;
mod login;
mod management;
mod person;
mod registration;
mod request;

pub use assertion::AssertionFault;
pub(crate) use assertion::NotAccepted;
pub(crate) use authorization::AuthorizationFault;
pub(crate) use bearer::BearerFault;
pub use client::ClientFault;
pub(crate) use device::DeviceFault;
pub use error_code::ErrorCode;
pub(crate) use exchange::ExchangeFault;
pub(crate) use grant::GrantFault;
pub(crate) use handoff::HandoffFault;
pub(crate) use login::LoginFault;
pub(crate) use management::ManagementFault;
pub(crate) use person::{PersonFault, WayOn};
pub(crate) use registration::RegistrationFault;
pub(crate) use request::RequestFault;

/// After how many seconds a client may try again when a store is out of reach.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why a request is refused. The texts go into the log, so none holds what was sent: a credential in
/// the wrong place would be in it.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no such endpoint")]
    NotFound,
    #[error("the endpoint answers {allow} only")]
    MethodNotAllowed { allow: &'static str },
    #[error(transparent)]
    Request(#[from] RequestFault),
    #[error(transparent)]
    Client(#[from] ClientFault),
    #[error("the client is not registered for {}", .0.as_str())]
    GrantTypeNotRegistered(GrantType),
    #[error("a public client cannot use {}", .0.as_str())]
    PublicClient(GrantType),
    #[error("the client is no login application")]
    NotALoginApplication,
    #[error("the Origin is missing or not allowed for the client")]
    Origin,
    #[error("the scope exceeds what the client is registered for, or what a rule lets it have")]
    ScopeNotRegistered,
    #[error("the resource or audience is not registered for the client")]
    AudienceNotRegistered,
    #[error(transparent)]
    Grant(#[from] GrantFault),
    #[error(transparent)]
    Exchange(#[from] ExchangeFault),
    #[error(transparent)]
    Handoff(#[from] HandoffFault),
    #[error(transparent)]
    Authorization(#[from] AuthorizationFault),
    /// A refusal that goes back to the client, because it and its redirect URI are known good.
    #[error("{why}")]
    SentBack {
        why: Box<Refusal>,
        to: Box<ResponseTarget>,
    },
    /// A refusal of what the login application says of a request, with the address that takes the person on
    /// all the same.
    #[error("{why}")]
    HandedBack {
        why: Box<Refusal>,
        redirect_to: String,
    },
    #[error(transparent)]
    Person(#[from] PersonFault),
    #[error(transparent)]
    Device(#[from] DeviceFault),
    #[error(transparent)]
    Bearer(#[from] BearerFault),
    #[error(transparent)]
    Management(#[from] ManagementFault),
    #[error(transparent)]
    Registration(#[from] RegistrationFault),
    #[error("the endpoint needs {0}, which is not configured")]
    NotConfigured(&'static str),
    #[error("this deployment has no ledger, so it cannot revoke this kind of token")]
    UnsupportedTokenType,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// The party at fault for an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The request: anybody's mistake, or nobody's.
    Request,
    /// The client, or how it is registered.
    Client,
    /// This deployment.
    Server,
    /// A store that is out of reach.
    Store,
}

/// An error as it is sent (RFC 6749 §5.2).
pub(crate) struct WireError {
    pub(crate) status: StatusCode,
    pub(crate) code: ErrorCode,
    pub(crate) description: Cow<'static, str>,
    /// For the audit.
    pub(crate) fault: Fault,
    /// Headers that belong to the error.
    pub(crate) headers: HeaderMap,
}

impl WireError {
    /// The error with the status that its code has.
    fn new(code: ErrorCode, fault: Fault, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: code.status(),
            code,
            description: description.into(),
            fault,
            headers: HeaderMap::new(),
        }
    }

    fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl From<InvalidParameters> for Refusal {
    fn from(invalid: InvalidParameters) -> Self {
        Self::Request(invalid.into())
    }
}

impl Refusal {
    /// The error that is sent for this refusal.
    pub(crate) fn wire(&self) -> WireError {
        match self {
            Self::NotFound => WireError::new(
                ErrorCode::NOT_FOUND,
                Fault::Request,
                "there is no such endpoint",
            ),
            Self::MethodNotAllowed { allow } => WireError::new(
                ErrorCode::INVALID_REQUEST,
                Fault::Request,
                format!("the endpoint answers {allow}"),
            )
            .with_status(StatusCode::METHOD_NOT_ALLOWED)
            .with_header(ALLOW, HeaderValue::from_static(allow)),
            Self::Request(fault) => fault.wire(),
            Self::Client(fault) => fault.wire(),
            Self::GrantTypeNotRegistered(_) | Self::PublicClient(_) => WireError::new(
                ErrorCode::UNAUTHORIZED_CLIENT,
                Fault::Client,
                self.to_string(),
            ),
            Self::NotALoginApplication => WireError::new(
                ErrorCode::UNAUTHORIZED_CLIENT,
                Fault::Client,
                self.to_string(),
            )
            .with_status(StatusCode::FORBIDDEN),
            Self::Origin => {
                WireError::new(ErrorCode::INVALID_REQUEST, Fault::Request, self.to_string())
                    .with_status(StatusCode::FORBIDDEN)
            }
            Self::ScopeNotRegistered => WireError::new(
                ErrorCode::INVALID_SCOPE,
                Fault::Client,
                "the scope exceeds what the client is registered for, or what a rule lets it have",
            ),
            Self::AudienceNotRegistered => WireError::new(
                ErrorCode::INVALID_TARGET,
                Fault::Client,
                "the resource or audience is not registered for the client",
            ),
            Self::Grant(fault) => fault.wire(),
            Self::Exchange(fault) => fault.wire(),
            Self::Handoff(fault) => fault.wire(),
            Self::Authorization(fault) => fault.wire(),
            Self::SentBack { why, .. } | Self::HandedBack { why, .. } => why.wire(),
            Self::Person(fault) => fault.wire(),
            Self::Device(fault) => fault.wire(),
            Self::Bearer(fault) => fault.wire(),
            Self::Management(fault) => fault.wire(),
            Self::Registration(fault) => fault.wire(),
            Self::NotConfigured(_) => {
                WireError::new(ErrorCode::SERVER_ERROR, Fault::Server, self.to_string())
                    .with_status(StatusCode::NOT_IMPLEMENTED)
            }
            Self::UnsupportedTokenType => WireError::new(
                ErrorCode::UNSUPPORTED_TOKEN_TYPE,
                Fault::Server,
                self.to_string(),
            ),
            Self::Unavailable(_) => WireError::new(
                ErrorCode::TEMPORARILY_UNAVAILABLE,
                Fault::Store,
                "the service is temporarily unavailable",
            )
            .with_header(RETRY_AFTER, RETRY_AFTER_SECONDS),
            Self::Crypto(_) => WireError::new(
                ErrorCode::SERVER_ERROR,
                Fault::Server,
                "the server met an unexpected condition",
            ),
        }
    }

    /// The error by which the client learns that its login ended here, where nothing says it better.
    pub(crate) fn for_client(&self) -> (ErrorCode, &'static str) {
        match self {
            Self::Handoff(fault) => fault.for_client(),
            Self::Unavailable(_) => (
                ErrorCode::TEMPORARILY_UNAVAILABLE,
                "the service is temporarily unavailable",
            ),
            _ => (ErrorCode::SERVER_ERROR, "the login could not be completed"),
        }
    }

    /// What a page says to a person of it: what happened and what to do, and nothing that was sent. HTML.
    pub(crate) fn advice(&self, language: Language) -> Cow<'static, str> {
        let words = &Words::of(language).refusal;
        let described = |text: Gap| -> Cow<'static, str> {
            let description = self.wire().description;
            let description = Escaped(&description);
            match language {
                Language::English => text.with(description),
                _ => text.with(format_args!("<span lang=\"en\">{description}</span>")),
            }
            .into()
        };
        match self {
            Self::Person(fault) => fault.words(words).advice.into(),
            Self::Device(fault) => fault.advice(words).into(),
            Self::Unavailable(_) => words.unavailable.into(),
            Self::Crypto(_) => words.crypto.into(),
            Self::NotConfigured(_) => described(words.not_configured),
            _ => described(words.not_understood),
        }
    }

    /// What the page is called that tells a person of it.
    pub(crate) const fn title(&self, words: &words::Refusal) -> &'static str {
        match self {
            Self::Person(fault) => fault.words(words).title,
            Self::Device(_) => words.device.title,
            Self::Unavailable(_) => words.unavailable_title,
            _ => words.title,
        }
    }

    /// The parameter that it is about, and the rule that this breaks, for whoever made the application.
    pub(crate) const fn broken_rule(
        &self,
        words: &words::Refusal,
    ) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Person(fault) => (Some(fault.parameter()), Some(fault.words(words).rule)),
            Self::Request(fault) => fault.broken_rule(&words.rules),
            _ => (None, None),
        }
    }

    /// Where the page leads that tells a person of it, if the request was a GET.
    pub(crate) const fn way_on(&self) -> WayOn<'_> {
        match self {
            Self::Person(fault) => fault.way_on(),
            Self::Device(_) => WayOn::Device,
            Self::Unavailable(_) | Self::Crypto(_) => WayOn::Again,
            _ => WayOn::Unknown,
        }
    }
}
