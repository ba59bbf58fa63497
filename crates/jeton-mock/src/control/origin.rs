//! Whose page a control request comes from. Browsers put the origin of a page on every request of
//! it that could change something (Fetch, "`Origin` header").

use http::{
    HeaderMap,
    header::{HOST, ORIGIN},
};
use url::{Host, Url};

/// The origin of a page that is not the mock's, if the request comes from one. `known` are
/// addresses of the mock.
pub(crate) fn foreign<'a>(
    headers: &'a HeaderMap,
    known: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let mut origins = headers.get_all(ORIGIN).iter().peekable();
    origins.peek()?;
    let known: Vec<_> = known.filter_map(|known| Url::parse(known).ok()).collect();
    origins
        .map(|origin| origin.to_str().unwrap_or("another origin"))
        .find(|origin| !is_own(origin, headers, &known))
}

fn is_own(origin: &str, headers: &HeaderMap, known: &[Url]) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    let is_same = |other: &Url| {
        other.host() == origin.host()
            && other.port_or_known_default() == origin.port_or_known_default()
    };
    if known.iter().any(is_same) {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // Without a port it is the scheme's.
    host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok())
        .is_some_and(|host| is_same(&host) && leads_here_only(&host))
}

/// Whether no name server could point the host at this machine, to make another's page look like ours
/// (DNS rebinding): no address is looked up, and `localhost` stays here (RFC 6761 §6.3). Every other name
/// is answered by whoever has the network, those of one label, `.local`, `.test` and `.internal` too; the
/// mock knows the one of its service in a container network because it is told, as `backend_url`.
fn leads_here_only(url: &Url) -> bool {
    match url.host() {
        None => false,
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_pages() {
        let known = [
            "http://localhost:9400",
            "https://login.example/base",
            "http://jeton:9400",
        ];
        for (origin, host, own) in [
            (None, "127.0.0.1:9400", true),
            (Some("http://localhost:9400"), "127.0.0.1:9400", true),
            (Some("https://localhost:9400"), "127.0.0.1:9400", true),
            (Some("https://login.example"), "127.0.0.1:9400", true),
            (Some("https://login.example:443"), "127.0.0.1:9400", true),
            (Some("http://jeton:9400"), "127.0.0.1:9400", true),
            (Some("http://127.0.0.1:9400"), "127.0.0.1:9400", true),
            (Some("http://[::1]:9400"), "[::1]:9400", true),
            (Some("http://mock"), "mock:80", false),
            (Some("http://mock"), "mock", false),
            (Some("http://mock.internal"), "mock.internal", false),
            (Some("http://mock.local"), "mock.local", false),
            (Some("http://mock.test"), "mock.test", false),
            (
                Some("http://localhost.internal"),
                "localhost.internal",
                false,
            ),
            (Some("http://localhost:3000"), "localhost:3000", true),
            (Some("http://a.localhost:1"), "a.localhost:1", true),
            (Some("http://localhost:3000"), "127.0.0.1:9400", false),
            (Some("http://login.example"), "127.0.0.1:9400", false),
            (Some("http://evil.example"), "127.0.0.1:9400", false),
            (Some("http://evil.example:9400"), "evil.example:9400", false),
            (Some("http://localhost.evil.example:9400"), "x", false),
            (Some("null"), "127.0.0.1:9400", false),
            (Some(""), "127.0.0.1:9400", false),
            (Some("file://"), "127.0.0.1:9400", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(
                foreign(&headers, known.into_iter()).is_none(),
                own,
                "{origin:?} {host}"
            );
        }
    }

    #[test]
    fn one_foreign_origin_of_several_is_enough() {
        let mut headers = HeaderMap::new();
        let own = "http://localhost:9400";
        for origin in [own, "http://evil.example"] {
            headers.append(ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(
            foreign(&headers, [own].into_iter()),
            Some("http://evil.example")
        );
    }
}
