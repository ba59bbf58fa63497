//! Faults that are shown to a person, because there is no client that could be told.

use super::{ErrorCode, Fault, WireError};
use crate::{
    client::Home,
    page::{Language, Words, words},
};

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
        let description = self.words(&Words::of(Language::English).refusal).advice;
        WireError::new(ErrorCode::INVALID_REQUEST, Fault::Request, description)
    }

    pub(super) const fn way_on(&self) -> WayOn<'_> {
        match self {
            Self::RedirectUri(Some(home))
            | Self::PostLogoutRedirectUri(Some(home))
            | Self::LogoutState(Some(home)) => WayOn::Application(home),
            _ => WayOn::Unknown,
        }
    }

    /// What is said of it: to the person, and to whoever made the application. It never repeats what was sent.
    pub(super) const fn words<'a>(&self, words: &'a words::Refusal) -> &'a words::PersonFault {
        match self {
            Self::Client => &words.client,
            Self::RedirectUri(_) => &words.redirect_uri,
            Self::PostLogoutRedirectUri(_) => &words.post_logout_redirect_uri,
            Self::LogoutState(_) => &words.logout_state,
            Self::Ticket => &words.ticket,
        }
    }

    /// The parameter that it is about.
    pub(super) const fn parameter(&self) -> &'static str {
        match self {
            Self::Client => "client_id",
            Self::RedirectUri(_) => "redirect_uri",
            Self::PostLogoutRedirectUri(_) => "post_logout_redirect_uri",
            Self::LogoutState(_) => "state",
            Self::Ticket => "ticket",
        }
    }
}
