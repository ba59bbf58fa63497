//! Origins (RFC 6454 §6) that may be registered: those that pages and apps send as `Origin`.

use url::Url;

use super::schemes::is_never_a_clients;

/// Whose pages have an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A website's: http or https.
    Website,
    /// An app's or a browser extension's, of a scheme of its own, such as `capacitor://localhost`.
    App,
}

impl Origin {
    /// What `text` is, if it is an origin to the character; `null`, what has a path, and wildcards are
    /// none.
    #[inline(never)]
    pub(super) fn of(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        match url.scheme() {
            // Whole names only: to the URL standard an asterisk is a character of a host.
            "http" | "https" if text.contains('*') => None,
            "http" | "https" => {
                (url.origin().ascii_serialization() == text).then_some(Self::Website)
            }
            scheme if is_never_a_clients(scheme) => None,
            scheme => {
                // Opaque to the URL standard, so that hosts are neither lowercased nor checked.
                let authority = text.strip_prefix(scheme)?.strip_prefix("://")?;
                let (host, port) = match authority.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (authority, None),
                };
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                let is_host = !host.is_empty() && host.bytes().all(fits);
                let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
                (is_host && is_port).then_some(Self::App)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_sent_as_an_origin() {
        for (text, expected) in [
            ("https://app.example", Some(Origin::Website)),
            ("https://app.example:8443", Some(Origin::Website)),
            ("http://localhost:5173", Some(Origin::Website)),
            ("http://localhost", Some(Origin::Website)),
            ("capacitor://localhost", Some(Origin::App)),
            ("ionic://localhost", Some(Origin::App)),
            ("tauri://localhost", Some(Origin::App)),
            ("app://localhost:3000", Some(Origin::App)),
            (
                "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai",
                Some(Origin::App),
            ),
            (
                "moz-extension://5a6e3a5e-9e0a-4a3f-8a47-0d5b3f1c2e4d",
                Some(Origin::App),
            ),
            (
                "safari-web-extension://E3449EA7-EC25-4696-8E6C-72F0A4B1C2D3",
                Some(Origin::App),
            ),
            ("null", None),
            ("*", None),
            ("", None),
            ("app.example", None),
            ("https://app.example/", None),
            ("https://app.example/path", None),
            ("https://APP.example", None),
            ("https://app.example:443", None),
            ("https://*.app.example", None),
            ("https://user@app.example", None),
            ("https://app.example, https://b.example", None),
            ("capacitor://localhost/", None),
            ("capacitor://localhost/path", None),
            ("capacitor://localhost?x", None),
            ("capacitor://localhost#x", None),
            ("capacitor://user@localhost", None),
            ("capacitor://localhost:x", None),
            ("capacitor://localhost:", None),
            ("capacitor://", None),
            ("capacitor:localhost", None),
            ("Capacitor://localhost", None),
            ("chrome-extension://*", None),
            ("*://localhost", None),
            ("file://", None),
            ("file://localhost", None),
            ("ws://app.example", None),
            ("wss://app.example", None),
            ("ftp://app.example", None),
            ("blob:https://app.example", None),
            ("javascript://app.example", None),
        ] {
            assert_eq!(Origin::of(text), expected, "{text}");
        }
    }
}
