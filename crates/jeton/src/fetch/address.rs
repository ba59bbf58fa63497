//! Whether an IP address is one of the public internet.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not public, each with its length and kind: the IANA registry of
/// special-purpose addresses (RFC 6890) as of 2026, multicast, and one address of a cloud.
/// `Ipv4Addr::is_global` would do, but is not stable.
///
/// A few addresses of that registry are reachable from everywhere (192.0.0.9, AS112). They serve no
/// documents, so they are refused with the network they are in.
const V4: [(Ipv4Addr, u32, &str); 18] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, PRIVATE),
    (Ipv4Addr::new(100, 64, 0, 0), 10, SHARED),
    (Ipv4Addr::new(127, 0, 0, 0), 8, LOOPBACK),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "of Azure's platform"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, LINK_LOCAL),
    (Ipv4Addr::new(172, 16, 0, 0), 12, PRIVATE),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignment"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, PRIVATE),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(203, 0, 113, 0), 24, DOCUMENTATION),
    (Ipv4Addr::new(224, 0, 0, 0), 4, MULTICAST),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// IPv6 networks that are not public. Whatever is outside of 2000::/3 is refused in any case; it is
/// listed for the name of its kind.
const V6: [(Ipv6Addr, u32, &str); 14] = [
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, LOOPBACK),
    (v6(0, 0), 96, "IPv4-compatible"),
    (v6(0x64, 0xff9b), 32, "translated"),
    (v6(0x100, 0), 64, "discarded"),
    (v6(0x2001, 0), 23, "protocol assignment"),
    (v6(0x2001, 0xdb8), 32, DOCUMENTATION),
    (v6(0x2002, 0), 16, "6to4"),
    (v6(0x3fff, 0), 20, DOCUMENTATION),
    (v6(0x5f00, 0), 16, "segment routing"),
    (v6(0xfc00, 0), 7, UNIQUE_LOCAL),
    (v6(0xfe80, 0), 10, LINK_LOCAL),
    (v6(0xfec0, 0), 10, "site-local"),
    (v6(0xff00, 0), 8, MULTICAST),
];

const PRIVATE: &str = "private";
const SHARED: &str = "shared";
const UNIQUE_LOCAL: &str = "unique local";
const LOOPBACK: &str = "loopback";
const LINK_LOCAL: &str = "link-local";
const DOCUMENTATION: &str = "documentation";
const MULTICAST: &str = "multicast";

/// The network of all addresses that are assigned to the public internet.
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (v6(0x2000, 0), 3);

/// 64:ff9b::/96: an IPv4 address as a network without IPv4 reaches it (RFC 6052 §2.1).
const NAT64: (Ipv6Addr, u32) = (v6(0x64, 0xff9b), 96);

/// Checks that `address` is one of the public internet.
///
/// An IPv4 address within an IPv6 one is checked itself, if it is mapped (RFC 4291 §2.5.5.2) or
/// written by NAT64. 6to4 and IPv4-compatible addresses, which nothing uses, are refused.
///
/// # Errors
/// The kind of address that it is instead.
pub(super) fn check_public(address: IpAddr) -> Result<(), &'static str> {
    match address {
        IpAddr::V4(address) => check_public_v4(address),
        IpAddr::V6(address) => {
            if let Some(mapped) = address.to_ipv4_mapped() {
                return check_public_v4(mapped);
            }
            if contains_v6(NAT64, address) {
                // Its last 32 bits.
                return check_public_v4(Ipv4Addr::from_bits(address.to_bits() as u32));
            }
            check_public_v6(address)
        }
    }
}

/// Checks that `address` is public, or of a private network: of those that IANA has set aside for
/// organizations and providers to use among themselves (RFC 1918, RFC 6598, RFC 4193).
///
/// # Errors
/// The kind of address that it is instead.
pub(super) fn check_private(address: IpAddr) -> Result<(), &'static str> {
    check_public(address).or_else(|kind| match kind {
        PRIVATE | SHARED | UNIQUE_LOCAL if !is_of_a_platform(address) => Ok(()),
        other => Err(other),
    })
}

/// Whether it is one at which a cloud serves its machines what is theirs alone, in a network that is otherwise
/// of its customer: Alibaba's, Amazon's and Google's. The others are link-local.
fn is_of_a_platform(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address == Ipv4Addr::new(100, 100, 100, 200),
        IpAddr::V6(address) => [v6(0xfd00, 0xec2), v6(0xfd20, 0xce), NAT64.0]
            .into_iter()
            .any(|network| contains_v6((network, 32), address)),
    }
}

fn check_public_v4(address: Ipv4Addr) -> Result<(), &'static str> {
    let special = V4
        .iter()
        .find(|(network, length, _)| (network.to_bits() ^ address.to_bits()) >> (32 - length) == 0);
    special.map_or(Ok(()), |(_, _, kind)| Err(kind))
}

fn check_public_v6(address: Ipv6Addr) -> Result<(), &'static str> {
    let special = V6
        .iter()
        .find(|(network, length, _)| contains_v6((*network, *length), address));
    match special {
        Some((_, _, kind)) => Err(kind),
        None if contains_v6(GLOBAL_UNICAST, address) => Ok(()),
        None => Err("unassigned"),
    }
}

fn contains_v6((network, length): (Ipv6Addr, u32), address: Ipv6Addr) -> bool {
    (network.to_bits() ^ address.to_bits()) >> (128 - length) == 0
}

const fn v6(first: u16, second: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: Result<(), &str>) {
        assert_eq!(
            check_public(address.parse().unwrap()),
            expected,
            "{address}"
        );
    }

    #[test]
    fn addresses_of_a_private_network() {
        let admitted = [
            "10.1.2.3",
            "172.18.0.2",
            "192.168.1.1",
            "100.64.0.1",
            "fd12::1",
        ];
        for address in admitted.into_iter().chain(["1.1.1.1", "::ffff:10.1.2.3"]) {
            assert_eq!(check_private(address.parse().unwrap()), Ok(()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "::ffff:100.100.100.200",
            "64:ff9b::100.100.100.200",
            "64:ff9b::10.0.0.1",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "224.0.0.1",
        ] {
            check_private(address.parse().unwrap()).unwrap_err();
        }
    }

    #[test]
    fn public_addresses() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:db9::",
            "2003::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001:82a::200e",
            "3ffe:ffff::",
            "3fff:1000::",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            check(address, Ok(()));
        }
    }

    #[test]
    fn all_others() {
        for (kind, addresses) in [
            ("this network", &["0.0.0.0", "0.255.255.255"][..]),
            ("private", &["10.0.0.0", "10.255.255.255"]),
            ("private", &["172.16.0.0", "172.31.255.255"]),
            ("private", &["192.168.0.0", "192.168.255.255"]),
            // Alibaba's metadata is among them.
            (
                "shared",
                &["100.64.0.0", "100.127.255.255", "100.100.100.200"],
            ),
            ("loopback", &["127.0.0.1", "127.255.255.255", "::1"]),
            ("of Azure's platform", &["168.63.129.16"]),
            // The metadata of most clouds is among them.
            (
                "link-local",
                &["169.254.0.0", "169.254.169.254", "169.254.255.255"],
            ),
            ("link-local", &["fe80::1", "febf:ffff::"]),
            // Oracle's metadata is among them.
            (
                "protocol assignment",
                &["192.0.0.0", "192.0.0.192", "192.0.0.255"],
            ),
            (
                "protocol assignment",
                &["2001::1", "2001:2::1", "2001:1ff::1"],
            ),
            (
                "documentation",
                &["192.0.2.1", "198.51.100.255", "203.0.113.0"],
            ),
            ("documentation", &["2001:db8::1", "3fff::1", "3fff:fff::"]),
            ("AS112", &["192.31.196.1", "192.175.48.6"]),
            ("6to4", &["192.88.99.1", "2002:101:101::1", "2002:7f00:1::"]),
            ("benchmarking", &["198.18.0.0", "198.19.255.255"]),
            (
                "multicast",
                &["224.0.0.1", "239.255.255.255", "ff00::", "ff02::1"],
            ),
            ("reserved", &["240.0.0.0", "255.255.255.255"]),
            ("unspecified", &["::"]),
            ("IPv4-compatible", &["::2", "::127.0.0.1", "::1.1.1.1"]),
            (
                "translated",
                &["64:ff9b:1::1", "64:ff9b:0:1::1.1.1.1", "64:ff9b:ffff::1"],
            ),
            ("discarded", &["100::1"]),
            ("segment routing", &["5f00::1"]),
            // AWS's metadata is among them.
            ("unique local", &["fc00::1", "fd00:ec2::254", "fdff::1"]),
            ("site-local", &["fec0::1", "feff::1"]),
            ("unassigned", &["::1:0:0:0", "1::1", "4000::1", "9000::1"]),
            // By what they are.
            ("loopback", &["::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]),
            ("private", &["::ffff:10.0.0.1", "64:ff9b::192.168.0.1"]),
            (
                "link-local",
                &["::ffff:169.254.169.254", "64:ff9b::169.254.169.254"],
            ),
        ] {
            for address in addresses {
                check(address, Err(kind));
            }
        }
    }
}
