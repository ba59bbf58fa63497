//! What all pages of a deployment have around them.

use super::IssuerIdentifier;

/// The bar at the top of every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whose pages these are.
    pub name: String,
    /// The path that the name leads to; `None`: to nowhere.
    pub home: Option<String>,
    /// Which part of it this is, where it has several.
    pub part: Option<String>,
    /// Where else to go: text and path.
    pub links: Vec<(&'static str, String)>,
    /// Where whoever sees a page reads what became of a request: the path that the request's id follows.
    /// Only where visitors are developers; the pages then repeat what was sent, too, which elsewhere would
    /// let a link put words into a deployment's mouth.
    pub requests: Option<String>,
    /// What its pages look like, where that is not as they come.
    pub theme: Theme,
}

/// What a deployment's pages look like, in the place of what they come with. All of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// The path of an image in the place of the coin.
    pub logo: Option<String>,
    /// CSS that sets some of the variables of `page.css`, for light and dark; empty for none.
    pub style: String,
}

impl Frame {
    /// The frame of a deployment's pages: the host that people see in their address bar.
    #[must_use]
    pub fn of_deployment(issuer: &IssuerIdentifier) -> Self {
        let origin = issuer.origin();
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        Self {
            name: host.to_owned(),
            home: None,
            part: None,
            links: Vec::new(),
            requests: None,
            theme: Theme::default(),
        }
    }
}
