//! Faults that are shown to a person, because there is no client that could be told.

use super::{ErrorCode, Fault, WireError};
use crate::client::Home;

/// Why a person at a browser cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PersonFault {
    #[error("the client is unknown or disabled")]
    Client,
    /// With the client's home, if it has one.
    #[error("the redirect_uri is missing or not registered for the client")]
    RedirectUri(Option<Home>),
    /// With the client's home, if it has one.
    #[error("the post_logout_redirect_uri is not registered for the client")]
    PostLogoutRedirectUri(Option<Home>),
    /// With the client's home, if it has one.
    #[error("the state of the logout is too long")]
    LogoutState(Option<Home>),
    #[error("the link is not one of ours")]
    Ticket,
}

/// Where a page leads that ends a person's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WayOn<'a> {
    /// To where a device is connected, to begin again.
    Device,
    /// To the application that the person came from.
    Application(&'a Home),
    /// To the same address once more.
    Again,
    /// To nowhere that is known here: the text says what to do.
    Unknown,
}

impl PersonFault {
    pub(super) fn wire(&self) -> WireError {
        WireError::new(ErrorCode::INVALID_REQUEST, Fault::Request, self.advice())
    }

    pub(super) const fn way_on(&self) -> WayOn<'_> {
        match self {
            Self::RedirectUri(Some(home))
            | Self::PostLogoutRedirectUri(Some(home))
            | Self::LogoutState(Some(home)) => WayOn::Application(home),
            _ => WayOn::Unknown,
        }
    }

    /// What the page is called.
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Client => "This application is not known here",
            Self::RedirectUri(_) => "The way back is not registered",
            Self::PostLogoutRedirectUri(_) | Self::LogoutState(_) => "You have not been logged out",
            Self::Ticket => "This link does not work",
        }
    }

    /// The parameter that it is about, and the rule that this breaks.
    pub(super) const fn broken_rule(&self) -> (&'static str, &'static str) {
        match self {
            Self::Client => (
                "client_id",
                "It names a client that is registered and not disabled (RFC 6749 §2.2).",
            ),
            Self::RedirectUri(_) => (
                "redirect_uri",
                "It is one of those that the client has registered, to the character; only a client with a single one may leave it out (RFC 6749 §3.1.2.3, RFC 9700 §2.1).",
            ),
            Self::PostLogoutRedirectUri(_) => (
                "post_logout_redirect_uri",
                "It is one of those that the client has registered, to the character (OpenID Connect RP-Initiated Logout 1.0 §3).",
            ),
            Self::LogoutState(_) => (
                "state",
                "It is at most 2048 bytes long: it travels in addresses.",
            ),
            Self::Ticket => (
                "ticket",
                "It is as this service has made it, from the first character to the last.",
            ),
        }
    }

    /// The text for the person: what happened and what to do. It never repeats what was sent.
    const fn advice(&self) -> &'static str {
        match self {
            Self::Client => {
                "The application that sent you here is not known to this service. Go back to it, and tell whoever runs it."
            }
            Self::RedirectUri(_) => {
                "The application that sent you here wants you to come back to an address that is not registered for it, so you cannot log in this way. Go back to it, and tell whoever runs it."
            }
            Self::PostLogoutRedirectUri(_) => {
                "The application that sent you here wants you to be sent on to an address that is not registered for it. Go back to it, and tell whoever runs it."
            }
            Self::LogoutState(_) => {
                "The application that sent you here made its request too long. Go back to it, and tell whoever runs it."
            }
            Self::Ticket => {
                "This link is not complete or not one of this service. Go back to the application that you want to use, and begin there."
            }
        }
    }
}
