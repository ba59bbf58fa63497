//! The addresses of issuers, and which issuer and endpoint a path means.

use std::fmt;

use http::{HeaderMap, Request, Uri, header::HOST};
use jeton_http::Scheme;
use url::Url;

use crate::{layout::path_of, spec::Endpoint};

/// The longest name of an issuer.
const LONGEST_NAME: usize = 128;

/// The addresses of one issuer, but for its identifier each without a final slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The issuer identifier: the base, or what a profile makes of it.
    pub(crate) issuer: String,
    /// What all its endpoints lie beneath.
    pub(crate) base: String,
    /// The same at the origin browsers use.
    pub(crate) browser: String,
    /// The same at the origin backends use.
    pub(crate) backend: String,
}

impl Address {
    /// What addresses begin with that the server makes.
    pub(crate) fn of_server(&self) -> &str {
        self.issuer.strip_suffix('/').unwrap_or(&self.issuer)
    }

    /// The path of an address of the server's by which the server knows it, of one beneath the base.
    pub(crate) fn path_of_server(&self, path: &str) -> Option<String> {
        let (base, own) = (path_of(&self.base), path_of(self.of_server()));
        if base == own {
            return None;
        }
        Some(format!("{own}{}", path.strip_prefix(base)?))
    }

    /// Whether browsers reach an https issuer by http.
    pub(crate) fn is_plain_for_browsers(&self) -> bool {
        self.issuer.starts_with("https:") && self.browser.starts_with("http:")
    }
}

/// Where the mock is reached.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) issuer: BaseUrl,
    pub(crate) browser: Option<BaseUrl>,
    pub(crate) backend: Option<BaseUrl>,
    pub(crate) host: HostTrust,
}

/// Whether a request may say where the mock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostTrust {
    Ignored,
    Trusted,
}

/// An http or https address: origin, and a path without final slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    origin: String,
    path: String,
    /// The slash it was written with at its end, which is part of an issuer identifier.
    slash: &'static str,
}

/// Why a text is not an address of the mock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an http or https address without query and fragment, such as http://localhost:9400")]
pub struct InvalidAddress;

impl BaseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let url = Url::parse(text).map_err(|_| InvalidAddress)?;
        let bare = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare || !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidAddress);
        }
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            path: url.path().trim_end_matches('/').to_owned(),
            slash: if text.ends_with('/') { "/" } else { "" },
        })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.origin, self.path, self.slash)
    }
}

impl Addresses {
    /// The path all issuers lie beneath.
    pub(crate) fn path(&self) -> &str {
        &self.issuer.path
    }

    /// The issuer called `name`, as the request reached it.
    pub(crate) fn of<B>(&self, name: &str, request: &Request<B>, scheme: Scheme) -> Address {
        if self.host == HostTrust::Trusted
            && let Some(origin) = origin(request.headers(), scheme)
        {
            let pinned = self.pinned(name).issuer;
            let path = pinned.strip_prefix(&self.issuer.origin).unwrap_or_default();
            let issuer = format!("{origin}{path}");
            let base = issuer.strip_suffix('/').unwrap_or(&issuer).to_owned();
            return Address {
                browser: base.clone(),
                backend: base.clone(),
                base,
                issuer,
            };
        }
        self.pinned(name)
    }

    /// The issuer called `name`, as configured.
    pub(crate) fn pinned(&self, name: &str) -> Address {
        let (before, after) = match name {
            "" => ("", self.issuer.slash),
            _ => ("/", ""),
        };
        let path = format!("{}{before}{name}", self.issuer.path);
        let at = |base: Option<&BaseUrl>| base.unwrap_or(&self.issuer).at(&path);
        Address {
            issuer: format!("{}{after}", self.issuer.at(&path)),
            base: self.issuer.at(&path),
            browser: at(self.browser.as_ref()),
            backend: at(self.backend.as_ref()),
        }
    }

    /// Every origin it is known by.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        [
            Some(&self.issuer),
            self.browser.as_ref(),
            self.backend.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|base| base.origin.as_str())
    }

    /// The name of the issuer and the endpoint in a path, by the server's paths and the mock's.
    pub(crate) fn split<'a>(&self, path: &'a str) -> Option<Found<'a>> {
        if let Some((issuer, document)) = jeton::in_front_of_issuer(path) {
            let name = issuer_name(issuer.strip_prefix(self.path())?)?;
            let (_, endpoint) = Endpoint::split(document)?;
            return Some(Found {
                name,
                endpoint,
                path: document,
            });
        }
        let path = path.strip_prefix(self.path())?;
        let (before, endpoint) = Endpoint::split(path)?;
        Some(Found {
            name: issuer_name(before)?,
            endpoint,
            path: path.strip_prefix(before)?,
        })
    }
}

/// What a path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// The issuer's name.
    pub(crate) name: &'a str,
    pub(crate) endpoint: Endpoint,
    /// The endpoint's path beneath the issuer's, as the server or the mock has it.
    pub(crate) path: &'a str,
}

/// Puts back what a proxy has taken off a path.
pub(crate) fn unstrip(uri: &mut Uri, stripped: &str) {
    let path = jeton::unstripped(stripped, uri.path()).into_owned();
    with_path(uri, &path);
}

/// Puts another path in the place of the one there is.
pub(crate) fn with_path(uri: &mut Uri, path: &str) {
    let query = uri.query().map(|it| format!("?{it}")).unwrap_or_default();
    if let Ok(other) = format!("{path}{query}").parse() {
        *uri = other;
    }
}

/// Puts another query in the place of the one there is.
pub(crate) fn with_query(uri: &mut Uri, query: &str) {
    if let Ok(other) = format!("{}?{query}", uri.path()).parse() {
        *uri = other;
    }
}

/// Puts the path that the server knows `endpoint` by, where the request has `alias`.
pub(crate) fn without_alias(uri: &mut Uri, alias: &str, endpoint: Endpoint) {
    let Some(issuer) = uri.path().strip_suffix(alias) else {
        return;
    };
    with_path(uri, &format!("{issuer}{}", endpoint.path()));
}

/// The issuer's name in what stands before the endpoint: nothing, or a slash and the name.
pub(crate) fn issuer_name(path: &str) -> Option<&str> {
    if path.is_empty() {
        return Some(path);
    }
    path.strip_prefix('/').filter(|name| is_issuer_name(name))
}

/// Whether an issuer may be called `name`; nobody chooses the default one's, which is empty.
pub(crate) fn is_issuer_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.split('/').all(|segment| {
            !segment.is_empty()
                && !segment.starts_with('.')
                && segment != "_mock"
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
        })
}

/// The origin that `Host`, or a proxy's `X-Forwarded-*`, says.
fn origin(headers: &HeaderMap, scheme: Scheme) -> Option<String> {
    let first = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        value.split(',').next().map(str::trim)
    };
    let host = match first("x-forwarded-host") {
        Some(host) => host,
        None => headers.get(HOST)?.to_str().ok()?,
    };
    // A URL parser takes more than a host may have (RFC 9110 §7.2).
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if !host.bytes().all(plain) {
        return None;
    }
    let scheme = match first("x-forwarded-proto") {
        Some(scheme @ ("http" | "https")) => scheme,
        _ if scheme == Scheme::Https => "https",
        _ => "http",
    };
    let mut url = Url::parse(&format!("{scheme}://{host}")).ok()?;
    if let Some(port) = first("x-forwarded-port") {
        url.set_port(Some(port.parse().ok()?)).ok()?;
    }
    let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    bare.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(issuer: &str) -> Addresses {
        Addresses {
            issuer: BaseUrl::parse(issuer).unwrap(),
            browser: None,
            backend: None,
            host: HostTrust::Ignored,
        }
    }

    #[test]
    fn splits_paths() {
        for (base, path, expected) in [
            ("http://h", "/token", Some(("", "token"))),
            ("http://h", "/acme/token", Some(("acme", "token"))),
            ("http://h", "/a/b/token", Some(("a/b", "token"))),
            ("http://h/base", "/base/acme/token", Some(("acme", "token"))),
            ("http://h/base", "/acme/token", None),
            (
                "http://h",
                "/authorize/request",
                Some(("", "authorize_request")),
            ),
            (
                "http://h",
                "/acme/debugger/callback",
                Some(("acme", "debugger")),
            ),
            ("http://h", "/acme/jwks", Some(("acme", "jwks"))),
            (
                "http://h",
                "/acme/manage/clients/token",
                Some(("acme", "manage")),
            ),
            (
                "http://h",
                "/manage/clients/health/secrets/x",
                Some(("", "manage")),
            ),
            ("http://h", "/register/jc_x", Some(("", "register"))),
            ("http://h", "/register/token", Some(("register", "token"))),
            (
                "http://h",
                "/.well-known/oauth-authorization-server",
                Some(("", "authorization_server_metadata")),
            ),
            (
                "http://h",
                "/.well-known/oauth-authorization-server/acme",
                Some(("acme", "authorization_server_metadata")),
            ),
            (
                "http://h",
                "/acme/.well-known/openid-configuration",
                Some(("acme", "openid_configuration")),
            ),
            (
                "http://h",
                "/.well-known/openid-configuration/a/b",
                Some(("a/b", "openid_configuration")),
            ),
            (
                "http://h/base",
                "/.well-known/openid-configuration/base/acme",
                Some(("acme", "openid_configuration")),
            ),
            (
                "http://h/base",
                "/.well-known/openid-configuration/base",
                Some(("", "openid_configuration")),
            ),
            (
                "http://h/base",
                "/.well-known/openid-configuration/acme",
                None,
            ),
            ("http://h", "/acme/", None),
            ("http://h", "/acme/foo", None),
            ("http://h", "//token", None),
            ("http://h", "/../token", None),
            ("http://h", "/a%2fb/token", None),
            ("http://h", "/_mock/token", None),
            ("http://h", "/acmetoken", None),
        ] {
            let split = addresses(base).split(path);
            let names = split.map(|found| (found.name, found.endpoint.as_str()));
            assert_eq!(names, expected, "{base} {path}");
        }
    }

    #[test]
    fn takes_the_host_only_when_trusted() {
        let request = Request::get("/token")
            .header("host", "mock:8080")
            .header("x-forwarded-proto", "https")
            .body(())
            .unwrap();
        let mut addresses = addresses("http://localhost:9400");
        let issuer = |addresses: &Addresses| addresses.of("a", &request, Scheme::Http).issuer;
        assert_eq!(issuer(&addresses), "http://localhost:9400/a");
        addresses.host = HostTrust::Trusted;
        assert_eq!(issuer(&addresses), "https://mock:8080/a");
    }
}
