use std::fmt;

use serde::Serialize;
use url::{Host, Url};

use crate::mode::Mode;

/// The issuer identifier (RFC 8414 §2), exactly as configured: relying parties compare it as a
/// string. It may end in a slash, which its endpoints and documents lie beneath as if it were not there
/// (RFC 8414 §3.1, OpenID Connect Discovery 1.0 §4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct IssuerIdentifier {
    text: String,
    #[serde(skip)]
    path: String,
    #[serde(skip)]
    origin: String,
    #[serde(skip)]
    transport: Transport,
}

/// What browsers are told of the way to the issuer's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// That they shall use https for whatever is at this host (RFC 6797).
    Strict,
    /// Nothing: an issuer for development shares its host with whatever else is developed, and what a
    /// browser was told once holds for all ports and outlasts the issuer.
    Any,
}

/// Why a text is no issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// It has not the form of one, or is not `https` where that is required.
    #[error(
        "the issuer, an https URL without query or fragment, such as https://id.acme.dev (http only for localhost, or with JETON_DEVELOPMENT)"
    )]
    Form,
    /// It is an address that nobody can have, most likely left over from an example.
    #[error(
        "an address of your own in the place of an example's (example.com, example.net, example.org and .invalid are nobody's)"
    )]
    Placeholder,
}

impl IssuerIdentifier {
    /// Parses an issuer identifier.
    ///
    /// # Errors
    /// The text is not an issuer identifier, not `https` where that is required, or in production one
    /// that nobody can have.
    pub fn parse(text: &str, mode: Mode) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(text).map_err(|_| InvalidIssuer::Form)?;
        if url.host().is_none() {
            return Err(InvalidIssuer::Form);
        }
        let secure = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url) || mode == Mode::Development,
            _ => false,
        };
        let bare = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !secure || !bare || text.ends_with("//") || text.contains(char::is_whitespace) {
            return Err(InvalidIssuer::Form);
        }
        if mode == Mode::Production && url.domain().is_some_and(is_placeholder) {
            return Err(InvalidIssuer::Placeholder);
        }
        let is_public = url.scheme() == "https" && !is_loopback(&url) && mode == Mode::Production;
        Ok(Self {
            transport: if is_public {
                Transport::Strict
            } else {
                Transport::Any
            },
            text: text.to_owned(),
            origin: url.origin().ascii_serialization(),
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The identifier as configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What its endpoints lie beneath: the identifier without a final slash.
    #[must_use]
    pub fn base(&self) -> &str {
        self.text.strip_suffix('/').unwrap_or(&self.text)
    }

    /// Whether its endpoints are reached by https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// Whether its host is a name or an address of the machine that asks (RFC 6761 §6.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.origin).is_ok_and(|origin| is_loopback(&origin))
    }

    /// The origin of its pages (RFC 6454).
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) const fn transport(&self) -> Transport {
        self.transport
    }

    /// The path that all endpoints lie beneath: empty, or starting with a slash and ending without.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Whether `name` is reserved for examples (RFC 2606 §3) or never resolves (RFC 6761 §6.4). Of `.test`
/// and `.example` a test network may have its own.
fn is_placeholder(name: &str) -> bool {
    let mut labels = name.trim_end_matches('.').rsplit('.');
    match labels.next() {
        Some("com" | "net" | "org") => labels.next() == Some("example"),
        top_level => top_level == Some("invalid"),
    }
}

impl fmt::Display for IssuerIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
