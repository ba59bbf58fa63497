//! The network that a request comes from, for limits on what strangers do.
//!
//! A network is one IPv4 address, or the IPv6 addresses that share their first 56 bits: what one
//! subscriber gets at least, and cannot move out of. A shorter prefix would put strangers together; with
//! a longer one a subscriber would be hundreds. Requests of which the host does not know the address, as
//! behind a proxy that nobody configured, are one network.

use core::net::{IpAddr, Ipv6Addr};

use super::authorize::sealed::hash_of;
use crate::{host::Host, request::At};

/// The length of the prefix that makes an IPv6 network.
const IPV6_PREFIX: u32 = 56;

/// The network that a request comes from, as a part of a counter's name.
pub(super) fn network_of<H: Host>(at: &At<'_, H>) -> String {
    match at.request.address {
        Some(address) => hash_of(&network(address).to_string()),
        None => "unknown".to_owned(),
    }
}

/// The first address of the network that `address` is in.
fn network(address: IpAddr) -> IpAddr {
    // An IPv4 address within IPv6 is that address.
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & (u128::MAX << (u128::BITS - IPV6_PREFIX));
            Ipv6Addr::from_bits(prefix).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn an_address_is_in_its_network() {
        let check = |address: &str, expected: &str| {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected);
        };
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2ff:ffff:ffff:ffff:ffff", "2001:db8:1:200::");
        check("2001:db8:1:300::1", "2001:db8:1:300::");
    }
}
