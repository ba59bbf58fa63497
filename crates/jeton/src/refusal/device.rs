//! Faults of a person who connects a device. Each leads back to where that begins.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{ErrorCode, Fault, LoginFault, WireError};
use crate::page::{Language, Words, words};

/// Why a person cannot connect a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeviceFault {
    #[error("the link is not one of ours")]
    Ticket,
    #[error(transparent)]
    Login(#[from] LoginFault),
    #[error("the person was logged out everywhere after this login, or cannot log in at all")]
    LoggedOut,
    #[error("the person may not log in to the device's client: {0}")]
    NotAdmitted(Cow<'static, str>),
    #[error("the claims are too long for the tokens of the device's client")]
    ClaimsTooLong,
    #[error("too many codes were tried")]
    TooManyAttempts,
}

impl DeviceFault {
    pub(super) fn wire(&self) -> WireError {
        let description = self.advice(&Words::of(Language::English).refusal);
        match self {
            Self::TooManyAttempts => {
                WireError::new(ErrorCode::SLOW_DOWN, Fault::Request, description)
                    .with_status(StatusCode::TOO_MANY_REQUESTS)
                    .with_header(RETRY_AFTER, HeaderValue::from_static("600"))
            }
            _ => WireError::new(ErrorCode::INVALID_REQUEST, Fault::Request, description),
        }
    }

    /// The text for the person.
    pub(super) const fn advice(&self, words: &words::Refusal) -> &'static str {
        let words = &words.device;
        match self {
            Self::Ticket => words.ticket,
            Self::Login(LoginFault::Expired) => words.expired,
            Self::Login(LoginFault::Browser) => words.browser,
            Self::Login(LoginFault::Used) => words.used,
            Self::LoggedOut => words.logged_out,
            Self::NotAdmitted(_) => words.not_admitted,
            Self::ClaimsTooLong => words.claims_too_long,
            Self::TooManyAttempts => words.too_many_attempts,
        }
    }
}
