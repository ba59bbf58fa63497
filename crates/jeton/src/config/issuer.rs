use std::fmt;

use serde::Serialize;
use url::{Host, Url};

use crate::mode::Mode;

/// The issuer identifier (RFC 8414 §2), exactly as configured: relying parties compare it as a
/// string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct IssuerIdentifier {
    text: String,
    #[serde(skip)]
    path: String,
    #[serde(skip)]
    origin: String,
}

/// The text is not an issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the issuer, an https URL without query, fragment or final slash, such as https://id.example.com (http only for localhost, or with JETON_DEVELOPMENT)"
)]
pub struct InvalidIssuer;

impl IssuerIdentifier {
    /// Parses an issuer identifier.
    ///
    /// # Errors
    /// The text is not an issuer identifier, or not `https` where that is required.
    pub fn parse(text: &str, mode: Mode) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(text).map_err(|_| InvalidIssuer)?;
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(InvalidIssuer),
        };
        let secure = match url.scheme() {
            "https" => true,
            "http" => loopback || mode == Mode::Development,
            _ => false,
        };
        let bare = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !secure || !bare || text.ends_with('/') || text.contains(char::is_whitespace) {
            return Err(InvalidIssuer);
        }
        Ok(Self {
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

    /// The origin of its pages (RFC 6454).
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The path that all endpoints lie beneath: empty, or starting with a slash and ending without.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for IssuerIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
