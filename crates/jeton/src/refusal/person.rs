//! Faults that are shown to a person, because there is no client that could be told.

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{ErrorCode, Fault, WireError};

/// Why a person at a browser cannot go on.
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
    #[error("the person was logged out everywhere after this login, or cannot log in at all")]
    LoggedOut,
    #[error("too many codes were tried")]
    TooManyAttempts,
}

impl PersonFault {
    pub(super) fn wire(&self) -> WireError {
        match self {
            Self::TooManyAttempts => {
                WireError::new(ErrorCode::SLOW_DOWN, Fault::Request, self.advice())
                    .with_status(StatusCode::TOO_MANY_REQUESTS)
                    .with_header(RETRY_AFTER, HeaderValue::from_static("600"))
            }
            _ => WireError::new(ErrorCode::INVALID_REQUEST, Fault::Request, self.advice()),
        }
    }

    /// The text for the person: what to do. It never repeats what was sent.
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
            Self::LoggedOut => "You have been signed out since. Go back and begin again.",
            Self::Used => "This link has been used already. Go back and begin again.",
            Self::TooManyAttempts => "Too many codes were tried. Wait ten minutes and begin again.",
        }
    }
}
