//! Where people find a client's application and what it says of itself: links on pages for them.

use url::Url;

/// A page of a client (`client_uri`, `policy_uri` or `tos_uri` of RFC 7591 §2) that people can be sent to: an
/// `https` URL without user information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(String);

impl Home {
    /// The page that `uri` names; `None` where it is none to link to. Of a member that only describes the
    /// client nothing else depends, so it is no reason to refuse the record.
    pub(super) fn of(uri: &str) -> Option<Self> {
        let url = Url::parse(uri).ok()?;
        let bare = url.username().is_empty() && url.password().is_none();
        (url.scheme() == "https" && bare).then(|| Self(url.into()))
    }

    /// The URL, in ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the page is at the host and port of `address` (RFC 7591 §5).
    pub(crate) fn is_at(&self, address: &str) -> bool {
        let origin = |text| Url::parse(text).map(|url| url.origin());
        matches!((origin(&self.0), origin(address)), (Ok(own), Ok(other)) if own == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_at_its_own_origin_alone() {
        let home = Home::of("https://app.example/about").unwrap();
        for (address, expected) in [
            ("https://app.example/cb", true),
            ("https://app.example:443/cb", true),
            ("https://app.example:8443/cb", false),
            ("http://app.example/cb", false),
            ("https://app.example.evil.example/cb", false),
            ("https://www.app.example/cb", false),
            ("com.example.app:/cb", false),
            ("", false),
        ] {
            assert_eq!(home.is_at(address), expected, "{address}");
        }
    }

    #[test]
    fn only_https_is_a_home() {
        let check = |uri: &str, expected: Option<&str>| {
            assert_eq!(Home::of(uri).as_ref().map(Home::as_str), expected, "{uri}");
        };
        check("https://app.example", Some("https://app.example/"));
        check(
            "https://app.example/a?b#c",
            Some("https://app.example/a?b#c"),
        );
        check(
            "https://app.example/\"<",
            Some("https://app.example/%22%3C"),
        );
        for none in [
            "",
            "app.example",
            "http://app.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://bank.example@app.example",
            "https://:secret@app.example",
        ] {
            check(none, None);
        }
    }
}
