//! Faults of a person who connects a device. Each leads back to where that begins.

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{ErrorCode, Fault, LoginFault, WireError};

/// Why a person cannot connect a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeviceFault {
    #[error("the link is not one of ours")]
    Ticket,
    #[error(transparent)]
    Login(#[from] LoginFault),
    #[error("the person was logged out everywhere after this login, or cannot log in at all")]
    LoggedOut,
    #[error("the claims are too long for the tokens of the device's client")]
    ClaimsTooLong,
    #[error("too many codes were tried")]
    TooManyAttempts,
}

impl DeviceFault {
    pub(super) fn wire(self) -> WireError {
        match self {
            Self::TooManyAttempts => {
                WireError::new(ErrorCode::SLOW_DOWN, Fault::Request, self.advice())
                    .with_status(StatusCode::TOO_MANY_REQUESTS)
                    .with_header(RETRY_AFTER, HeaderValue::from_static("600"))
            }
            _ => WireError::new(ErrorCode::INVALID_REQUEST, Fault::Request, self.advice()),
        }
    }

    /// The text for the person.
    const fn advice(self) -> &'static str {
        match self {
            Self::Ticket => "This link is damaged.",
            Self::Login(LoginFault::Expired) => "You took too long, so your login has expired.",
            Self::Login(LoginFault::Browser) => {
                "You logged in with another browser, or this one refuses cookies."
            }
            Self::Login(LoginFault::Used) => {
                "With this login a device has been connected or refused already."
            }
            Self::LoggedOut => "You have been logged out since you logged in.",
            Self::ClaimsTooLong => {
                "There is more to say about you than this device can be told. Ask whoever runs this service."
            }
            Self::TooManyAttempts => "Too many codes were tried. Wait ten minutes and begin again.",
        }
    }
}
