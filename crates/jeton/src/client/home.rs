//! Where people find a client's application: a link on the pages that end their way.

use url::Url;

/// A `client_uri` (RFC 7591 §2) that people can be sent to: an `https` URL without user information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(String);

impl Home {
    /// The home that `client_uri` names; `None` where it is none to link to. Of a member that only
    /// describes the client nothing else depends, so it is no reason to refuse the record.
    pub(super) fn of(client_uri: &str) -> Option<Self> {
        let url = Url::parse(client_uri).ok()?;
        let bare = url.username().is_empty() && url.password().is_none();
        (url.scheme() == "https" && bare).then(|| Self(url.into()))
    }

    /// The URL, in ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
