//! The proxies that are believed when they say whose request they pass on.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The addresses of the proxies whose `X-Forwarded-For` is believed. Nobody's, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The text is not a list of addresses and networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("addresses or networks such as 10.0.0.0/8, separated by spaces")]
pub struct InvalidProxies;

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let network = |word: &str| {
            let address = || word.parse::<IpAddr>().map(IpNet::from);
            word.parse::<IpNet>().or_else(|_| address()).ok()
        };
        let networks = text.split_ascii_whitespace().map(network);
        let networks: Option<_> = networks.collect();
        networks.map(Self).ok_or(InvalidProxies)
    }
}

impl TrustedProxies {
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the client whose request `peer` sent with these headers: the peer itself, or where
    /// that is a trusted proxy, what it added at the end of `X-Forwarded-For`; and so on for as long as
    /// what was added is a trusted proxy too. What stands before that anybody may have written.
    ///
    /// `None` where the peer is most likely a proxy that nobody configured: it is of this machine or of a
    /// private network, and has the header. Its address would stand for all its clients.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        if !self.contain(peer) {
            let is_hidden = is_private(peer) && headers.contains_key(FORWARDED_FOR);
            return (!is_hidden).then_some(peer);
        }
        let mut address = peer;
        let mut added = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .rev()
            .flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','));
        while self.contain(address)
            && let Some(next) = added.next().and_then(parse_address)
        {
            address = next;
        }
        Some(address)
    }
}

/// Whether an address is of this machine or of a private network (RFC 1918, RFC 4193).
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// An address, with a port or without. An IPv4 address that is written as one of IPv6 is one of IPv4.
fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    let address = text.parse::<IpAddr>().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_a_trusted_proxy_added_is_believed() {
        let proxies: TrustedProxies = "10.0.0.0/8 2001:db8::1".parse().unwrap();
        let check = |peer: &str, lines: &[&'static str], expected: &str| {
            let lines = lines.iter().map(|line| HeaderValue::from_static(line));
            let headers = lines.map(|line| (http::HeaderName::from_static(FORWARDED_FOR), line));
            let headers = HeaderMap::from_iter(headers);
            let client = proxies.client(peer.parse().unwrap(), &headers);
            let client = client.map(|address| address.to_string());
            assert_eq!(client.unwrap_or_default(), expected, "{peer} {headers:?}");
        };
        check("192.0.2.1", &[], "192.0.2.1");
        check("192.0.2.1", &["198.51.100.1"], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1");
        check(
            "10.0.0.1",
            &["203.0.113.9", "198.51.100.1, 10.9.9.9"],
            "198.51.100.1",
        );
        check("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1");
        check("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7");
        check("2001:db8::1", &["::ffff:198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1");
        check("10.0.0.1", &["10.0.0.2"], "10.0.0.2");
        check("127.0.0.1", &[], "127.0.0.1");
        for unconfigured in ["127.0.0.1", "192.168.0.1", "::1", "fd00::1"] {
            check(unconfigured, &["198.51.100.1"], "");
        }
    }

    #[test]
    fn what_is_a_list_of_proxies() {
        assert_eq!("".parse(), Ok(TrustedProxies::default()));
        for wrong in ["proxy", "10.0.0.0/33", "10.0.0.1,10.0.0.2", "*"] {
            assert_eq!(
                wrong.parse::<TrustedProxies>(),
                Err(InvalidProxies),
                "{wrong}"
            );
        }
    }
}
