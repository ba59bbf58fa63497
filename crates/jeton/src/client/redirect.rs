use std::{fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

/// The length of the longest port, with its colon.
const LONGEST_PORT: usize = ":65535".len();

/// A registered redirect URI (RFC 6749 §3.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    /// What stands before and after the port, where the port is not compared.
    loopback: Option<(String, String)>,
}

/// The text is not a redirect URI that may be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an absolute URI without fragment; http is for loopback only, and another scheme is an app's own, with a dot in it (RFC 8252 section 7.1)"
)]
pub struct InvalidRedirectUri(pub String);

impl RedirectUri {
    /// The URI as registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A redirect URI that matches nothing but this very text, of any scheme but those that browsers
    /// run rather than visit: for registries that take what production would not, such as the mock's.
    ///
    /// # Errors
    /// The text is not an absolute URI without fragment, or has such a scheme.
    pub fn exactly(text: &str) -> Result<Self, InvalidRedirectUri> {
        let invalid = || InvalidRedirectUri(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let runs = matches!(
            url.scheme(),
            "javascript" | "data" | "vbscript" | "blob" | "file"
        );
        let printable = text.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
        if runs || !printable || text.contains('#') {
            return Err(invalid());
        }
        Ok(Self {
            text: text.to_owned(),
            loopback: None,
        })
    }

    /// Whether `requested` is this redirect URI, character by character (RFC 9700 §2.1). Only the
    /// port of a loopback address may differ: a native app chooses it when it starts (RFC 8252 §7.3).
    #[must_use]
    pub fn matches(&self, requested: &str) -> bool {
        if requested == self.text {
            return true;
        }
        let Some((host, path)) = &self.loopback else {
            return false;
        };
        // What is longer than with any port is not looked at: it may fill a whole body.
        requested.len() <= self.text.len() + LONGEST_PORT
            && split_port(requested) == Some((host, path))
    }
}

impl FromStr for RedirectUri {
    type Err = InvalidRedirectUri;

    fn from_str(text: &str) -> Result<Self, InvalidRedirectUri> {
        let invalid = || InvalidRedirectUri(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let scheme_fits = match url.scheme() {
            "https" => true,
            "http" => local,
            scheme => scheme.contains('.'),
        };
        let printable = text.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
        if !scheme_fits || !printable || url.fragment().is_some() || text.contains('#') {
            return Err(invalid());
        }
        Ok(Self {
            text: text.to_owned(),
            loopback: split_port(text).map(|(host, path)| (host.to_owned(), path.to_owned())),
        })
    }
}

/// The parts of an `http` URI before and after its port, if its host is a loopback address. The name
/// `localhost` is none: it may resolve to something else (RFC 8252 §8.3).
fn split_port(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse::<u16>().ok()?;
            host
        }
        _ => authority,
    };
    let address: IpAddr = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
        .parse()
        .ok()?;
    address.is_loopback().then_some((host, path))
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_registered() {
        for (text, registrable) in [
            ("https://app.example/cb", true),
            ("https://app.example/cb?x=1", true),
            ("http://localhost:3000/cb", true),
            ("http://127.0.0.1/cb", true),
            ("http://[::1]/cb", true),
            ("com.example.app:/cb", true),
            ("http://app.example/cb", false),
            ("https://app.example/cb#x", false),
            ("https://app.example/cb#", false),
            ("/cb", false),
            ("app.example", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("myapp://cb", false),
            ("https://app.example/ü", false),
            ("https://app.example/a b", false),
        ] {
            assert_eq!(text.parse::<RedirectUri>().is_ok(), registrable, "{text}");
        }
    }

    #[test]
    fn matches_to_the_character_but_for_loopback_ports() {
        for (registered, requested, matches) in [
            ("https://app.example/cb", "https://app.example/cb", true),
            ("https://app.example/cb", "https://app.example/cb/", false),
            ("https://app.example/cb", "https://app.example/cb?x", false),
            (
                "https://app.example/cb",
                "https://app.example:443/cb",
                false,
            ),
            ("https://app.example/cb", "https://APP.example/cb", false),
            (
                "https://app.example/cb",
                "https://app.example.evil/cb",
                false,
            ),
            (
                "https://app.example/cb",
                "https://app.example@evil/cb",
                false,
            ),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb", true),
            ("http://127.0.0.1:9/cb", "http://127.0.0.1:51234/cb", true),
            ("http://[::1]/cb", "http://[::1]:51234/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb2", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:x@evil/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:51234/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.2/cb", false),
            ("http://localhost/cb", "http://localhost:51234/cb", false),
        ] {
            let uri: RedirectUri = registered.parse().unwrap();
            assert_eq!(uri.matches(requested), matches, "{registered} {requested}");
        }
    }
}
