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
                "The application that sent you here wants you to be sent on to an address that is not registered for it. You have not been signed out. Go back to it, and tell whoever runs it."
            }
            Self::LogoutState(_) => {
                "The application that sent you here made its request too long. You have not been signed out. Go back to it, and tell whoever runs it."
            }
            Self::Ticket => {
                "This link is not complete or not one of this service. Go back to the application that you want to use, and begin there."
            }
        }
    }
}
