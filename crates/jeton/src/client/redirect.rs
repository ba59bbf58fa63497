use std::{fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

use super::schemes::is_never_a_clients;

/// The length of the longest port, with its colon.
const LONGEST_PORT: usize = ":65535".len();

/// A registered redirect URI (RFC 6749 §3.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    /// The host, and what stands after the port, where the port is not compared.
    loopback: Option<(String, String)>,
}

/// What redirect URIs a client may have beyond those of every client, by its own record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedirectRules {
    /// `any_private_use_scheme` (ours).
    pub private_use: PrivateUse,
    /// `localhost_is_loopback` (ours).
    pub localhost: Localhost,
}

/// The schemes of its own that an app may have in a redirect URI (RFC 8252 §7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivateUse {
    /// Those with a dot, made of a domain name that the app's maker has: `com.example.app`.
    #[default]
    WithDot,
    /// Those without one too, such as `cursor`, which any other app may have as well.
    Any,
}

/// What the name `localhost` is in an `http` redirect URI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Localhost {
    /// A name: it may resolve to something else than this machine (RFC 8252 §8.3), so its port is
    /// compared.
    #[default]
    Name,
    /// A loopback address, whose port is free (RFC 8252 §7.3).
    Loopback,
}

/// The text is not a redirect URI that may be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be registered: it has to be an absolute URI without fragment, backslash, user and wildcard, of https, of http on this machine, both with scheme and host as browsers write them, or of an app's own scheme with a dot in it (RFC 8252 section 7.1), which any_private_use_scheme: true spares it"
)]
pub struct InvalidRedirectUri(pub String);

impl RedirectUri {
    /// The URI as registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The redirect URI in `text`, as a client with these rules may register it.
    ///
    /// # Errors
    /// It may not.
    pub fn parse(text: &str, rules: RedirectRules) -> Result<Self, InvalidRedirectUri> {
        let invalid = || InvalidRedirectUri(text.to_owned());
        let url = absolute(text).ok_or_else(invalid)?;
        let fits = match (url.scheme(), rules.private_use) {
            ("https", _) => {
                is_as_written(&url, text) && !url.host_str().is_some_and(|host| host.contains('*'))
            }
            ("http", _) => is_as_written(&url, text) && is_local(&url),
            (scheme, PrivateUse::WithDot) => scheme.contains('.'),
            (_, PrivateUse::Any) => true,
        };
        if !fits {
            return Err(invalid());
        }
        let around_port = split_port(text).filter(|(before, _)| is_loopback(before, rules));
        Ok(Self {
            text: text.to_owned(),
            loopback: around_port.map(|(before, after)| (before.to_owned(), after.to_owned())),
        })
    }

    /// A redirect URI that matches nothing but this very text, of any scheme but those that no client may
    /// have: for registries that take what production would not, such as the mock's.
    ///
    /// # Errors
    /// The text is not an absolute URI without fragment and backslash, has such a scheme, or is a web
    /// address with a user.
    pub fn exactly(text: &str) -> Result<Self, InvalidRedirectUri> {
        match absolute(text) {
            Some(_) => Ok(Self {
                text: text.to_owned(),
                loopback: None,
            }),
            None => Err(InvalidRedirectUri(text.to_owned())),
        }
    }

    /// Whether `requested` is this redirect URI, character by character (RFC 9700 §2.1). Only the
    /// port of a loopback address may differ: a native app chooses it when it starts (RFC 8252 §7.3).
    #[must_use]
    pub fn matches(&self, requested: &str) -> bool {
        if requested == self.text {
            return true;
        }
        let Some((before, after)) = &self.loopback else {
            return false;
        };
        // What is longer than with any port is not looked at: it may fill a whole body.
        requested.len() <= self.text.len() + LONGEST_PORT
            && split_port(requested) == Some((before, after))
    }

    /// Whether a browser takes what goes to it to the website of whoever has the name, and to no program on
    /// its own machine (RFC 8252 §7.2).
    pub(crate) fn is_website(text: &str) -> bool {
        Url::parse(text).is_ok_and(|url| url.scheme() == "https" && !is_local(&url))
    }

    /// Whether a browser can post a form to it: to an app's own scheme it hands over the address alone.
    pub(crate) fn takes_forms(text: &str) -> bool {
        let scheme = text.split(':').next().unwrap_or_default();
        is_web(&scheme.to_ascii_lowercase())
    }
}

impl FromStr for RedirectUri {
    type Err = InvalidRedirectUri;

    /// As a client without rules of its own may register it.
    fn from_str(text: &str) -> Result<Self, InvalidRedirectUri> {
        Self::parse(text, RedirectRules::default())
    }
}

/// The URL in `text`, if it is an absolute one without fragment, in printable ASCII, and of a scheme that
/// clients may have. A backslash is in no URI (RFC 3986 §2), and to browsers a slash: before it, and before
/// an `@`, stands what looks like the host and is none.
fn absolute(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let printable = text.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
    let sound = printable && !text.contains(['#', '\\']) && !is_never_a_clients(url.scheme());
    let names_user = is_web(url.scheme()) && authority(text).contains('@');
    (sound && !names_user).then_some(url)
}

fn is_web(scheme: &str) -> bool {
    ["https", "http"].contains(&scheme)
}

/// What stands in `text`, as browsers read a web address: after the scheme and however many slashes, up to
/// the path.
fn authority(text: &str) -> &str {
    let (_, rest) = text.split_once(':').unwrap_or_default();
    let rest = rest.trim_start_matches('/');
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Whether scheme, host and port of a web address stand in `text` as browsers understand them. They make
/// `http://127.0.0.1/` of `http:2130706433`, and it is the text that is shown, compared and relied on.
fn is_as_written(url: &Url, text: &str) -> bool {
    let default = match url.scheme() {
        "https" => ":443",
        _ => ":80",
    };
    let origin = url.origin().ascii_serialization();
    let path = text.strip_prefix(&origin);
    let path = path.map(|path| path.strip_prefix(default).unwrap_or(path));
    path.is_some_and(|path| path.is_empty() || path.starts_with(['/', '?']))
}

/// Whether the host is a name or an address of the machine that asks (RFC 6761 §6.3).
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the port of this `http` host is not compared.
fn is_loopback(host: &str, rules: RedirectRules) -> bool {
    if host == "localhost" {
        return rules.localhost == Localhost::Loopback;
    }
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
        .parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback())
}

/// The host of an `http` URI, and what stands after its port.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse::<u16>().ok()?;
            Some((host, path))
        }
        _ => Some((authority, path)),
    }
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
            ("https://*.app.example/cb", false),
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
            ("cursor://cb", false),
            ("https://app.example/ü", false),
            ("https://app.example/a b", false),
        ] {
            assert_eq!(text.parse::<RedirectUri>().is_ok(), registrable, "{text}");
        }
    }

    const ANY_SCHEME: RedirectRules = RedirectRules {
        private_use: PrivateUse::Any,
        localhost: Localhost::Name,
    };

    #[test]
    fn any_scheme_that_means_nothing_to_browsers_may_be_opted_into() {
        for (text, registrable) in [
            ("cursor://anysphere.cursor-retrieval/oauth/callback", true),
            ("vscode://publisher.extension/did-authenticate?x=1", true),
            ("com.example.app:/cb", true),
            ("myapp:cb", true),
            ("https://app.example/cb", true),
            ("http://localhost:3000/cb", true),
            ("http://app.example/cb", false),
            ("HTTP://app.example/cb", false),
            ("cursor://cb#x", false),
            ("cursor://a b", false),
            ("cursor://\tcb", false),
            ("//cursor/cb", false),
            ("JavaScript://app.example/%0aalert(1)", false),
            ("java\nscript:alert(1)", false),
            ("Data:text/html,x", false),
            ("blob:https://app.example/x", false),
            ("view-source:https://app.example/cb", false),
            ("about:blank", false),
            ("wss://app.example/cb", false),
            ("urn:ietf:wg:oauth:2.0:oob", false),
        ] {
            let parsed = RedirectUri::parse(text, ANY_SCHEME);
            assert_eq!(parsed.is_ok(), registrable, "{text}");
        }
        for text in [
            "intent:x",
            "intent://app.example/cb",
            "microsoft-edge:https://app.example",
        ] {
            assert!(RedirectUri::parse(text, ANY_SCHEME).is_err(), "{text}");
            assert!(RedirectUri::exactly(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_web_address_means_what_it_says() {
        for (text, registrable, exactly) in [
            ("https://app.example", true, true),
            ("https://app.example?x", true, true),
            ("https://app.example:8443/cb", true, true),
            ("https://app.example:443/cb", true, true),
            ("http://127.0.0.1:80/cb", true, true),
            ("http://[::1]:9/cb", true, true),
            ("https://app.example/@cb?a=@", true, true),
            ("https://app.example/a//b/../c", true, true),
            ("https:app.example/cb", false, true),
            ("https:/app.example/cb", false, true),
            ("https:///app.example/cb", false, true),
            ("HTTPS://app.example/cb", false, true),
            ("https://App.example/cb", false, true),
            ("https://app%2eexample/cb", false, true),
            ("https://app.example:0443/cb", false, true),
            ("https://app.example:/cb", false, true),
            ("https://app.example:80443/cb", false, false),
            ("http://2130706433/cb", false, true),
            ("http://0x7f.1/cb", false, true),
            ("http://127.1/cb", false, true),
            ("http://[0:0:0:0:0:0:0:1]/cb", false, true),
            ("https://app.example\\@evil.example/cb", false, false),
            ("https://app.example\\.evil.example/cb", false, false),
            ("https:\\\\evil.example/cb", false, false),
            ("https://app.example/a\\b", false, false),
            ("https://app.example@evil.example/cb", false, false),
            ("https://user:word@app.example/cb", false, false),
            ("https://@app.example/cb", false, false),
            ("https:@app.example/cb", false, false),
            ("https:///a@app.example/cb", false, false),
            ("http://localhost:80@evil.example/cb", false, false),
            ("http://evil.example@127.0.0.1/cb", false, false),
        ] {
            assert_eq!(text.parse::<RedirectUri>().is_ok(), registrable, "{text}");
            assert_eq!(RedirectUri::exactly(text).is_ok(), exactly, "{text}");
        }
        for text in ["cursor:\\cb", "cursor://app\\cb", "com.example.app:/a\\b"] {
            assert!(RedirectUri::parse(text, ANY_SCHEME).is_err(), "{text}");
            assert!(RedirectUri::exactly(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_port_of_localhost_is_free_where_the_client_opts_into_it() {
        let rules = RedirectRules {
            localhost: Localhost::Loopback,
            ..RedirectRules::default()
        };
        for (registered, requested, matches) in [
            ("http://localhost/cb", "http://localhost:51234/cb", true),
            ("http://localhost:9/cb", "http://localhost/cb", true),
            ("http://localhost/cb?x", "http://localhost:1/cb?x", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb", true),
            ("http://localhost/cb", "http://localhost:51234/cb2", false),
            ("http://localhost/cb", "http://localhost:99999/cb", false),
            ("http://localhost/cb", "http://localhost:/cb", false),
            ("http://localhost/cb", "https://localhost:51234/cb", false),
            ("http://localhost/cb", "http://127.0.0.1:51234/cb", false),
            ("http://localhost/cb", "http://LOCALHOST:51234/cb", false),
            ("http://localhost/cb", "http://localhost.evil:1/cb", false),
            ("http://localhost/cb", "http://localhost:1@evil/cb", false),
            ("http://localhost/cb", "http://evil@localhost:1/cb", false),
            ("http://localhost/cb", "http://localhost:80:1/cb", false),
            ("http://a.localhost/cb", "http://a.localhost:1/cb", false),
            ("https://localhost/cb", "https://localhost:1/cb", false),
        ] {
            let uri = RedirectUri::parse(registered, rules).unwrap();
            assert_eq!(uri.matches(requested), matches, "{registered} {requested}");
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
