//! Which servers of others may be reached.

use core::{fmt, net::IpAddr};

use url::{Host, Url};

use super::{address, unreachable::Unreachable};

/// The longest URL, in bytes. Browsers and servers take about as much.
const LONGEST: usize = 2048;

/// Domains that public DNS does not have, or that every network answers for itself: RFC 6761 §6.3,
/// RFC 6762 §3, RFC 8375, and `internal`, which ICANN has set aside (2024) and under which clouds
/// serve their metadata.
const LOCAL: [&str; 4] = ["localhost", "local", "home.arpa", "internal"];

/// The servers that a deployment may reach: those in the public internet by https, but not itself; and one
/// in a private network, where the operator has named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Outside {
        own_origin: String,
        loopback: Loopback,
        private_host: Option<String>,
    },
    InProcess,
}

/// Whether loopback addresses may be reached, also by http: `JETON_DEVELOPMENT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// They may not.
    Refused,
    /// They may, and no other address that is not public.
    Admitted,
}

impl Reach {
    /// The reach of a deployment whose issuer is at `own_origin` (RFC 6454 §6.2).
    #[must_use]
    pub fn new(own_origin: impl Into<String>, loopback: Loopback) -> Self {
        Self(Kind::Outside {
            own_origin: own_origin.into(),
            loopback,
            private_host: None,
        })
    }

    /// This reach, and the host of `url` besides where that is in a private network (RFC 1918, RFC 4193,
    /// RFC 6598): for a server that whoever runs the deployment has named there, and never for one that a
    /// stranger names. Any name will do, or an address; by http in development only. What a network serves
    /// its machines, at link-local addresses, stays out of reach.
    #[must_use]
    pub fn with_private_host(&self, url: &str) -> Self {
        let mut reach = self.clone();
        if let Kind::Outside { private_host, .. } = &mut reach.0 {
            let url = Url::parse(url).ok();
            *private_host = url.and_then(|url| url.host_str().map(str::to_owned));
        }
        reach
    }

    /// The reach for a [`super::Fetch`] that answers by itself, as the mock's does: any host, by http
    /// or https. Such a URL admits no address, so a `Fetch` that connects cannot use it.
    #[must_use]
    pub fn in_process() -> Self {
        Self(Kind::InProcess)
    }

    /// The URL in `text`, once it has passed every check that needs no network.
    ///
    /// The URL is read as browsers do (WHATWG): `https://0x7f.1` and `https://2130706433` are
    /// 127.0.0.1 here too. A host written as an address is refused also where it is public: no
    /// issuer needs it, and a Worker cannot reach it.
    ///
    /// # Errors
    /// The URL may not be reached: why.
    pub fn url(&self, text: &str) -> Result<ForeignUrl, Unreachable> {
        let printable = text.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
        if text.len() > LONGEST || !printable {
            return Err(Unreachable::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| Unreachable::NotAUrl)?;
        let host = url.host().ok_or(Unreachable::NotAUrl)?;
        let place = match &self.0 {
            Kind::InProcess => Place::InProcess,
            Kind::Outside { private_host, .. } if url.host_str() == private_host.as_deref() => {
                Place::Private
            }
            Kind::Outside { loopback, .. } => place_of(&host, *loopback)?,
        };
        match (url.scheme(), place) {
            ("https", _) | ("http", Place::Loopback | Place::InProcess) => {}
            ("http", Place::Private) if self.is_in_development() => {}
            _ => return Err(Unreachable::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Unreachable::UserInformation);
        }
        if url.fragment().is_some() {
            return Err(Unreachable::Fragment);
        }
        if let Kind::Outside { own_origin, .. } = &self.0
            && url.origin().ascii_serialization() == *own_origin
        {
            return Err(Unreachable::OwnOrigin);
        }
        Ok(ForeignUrl { url, place })
    }

    fn is_in_development(&self) -> bool {
        let Kind::Outside { loopback, .. } = &self.0 else {
            return false;
        };
        *loopback == Loopback::Admitted
    }
}

/// A URL of somebody else's server that has passed every check that needs no network. Only
/// [`Reach::url`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignUrl {
    url: Url,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Public,
    Loopback,
    Private,
    InProcess,
}

impl ForeignUrl {
    /// The URL as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Its parts.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.url
    }

    /// Checks that `address`, to which the host has been resolved, may be connected to.
    ///
    /// # Errors
    /// It may not: the kind of address that it is.
    pub fn admits(&self, address: IpAddr) -> Result<(), Unreachable> {
        match self.place {
            Place::Public => address::check_public(address).map_err(Unreachable::NotPublic),
            Place::Private => address::check_private(address).map_err(Unreachable::NotPublic),
            Place::Loopback if address.is_loopback() => Ok(()),
            Place::Loopback => Err(Unreachable::LocalName),
            Place::InProcess => Err(Unreachable::Nobody),
        }
    }
}

impl fmt::Display for ForeignUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn place_of(host: &Host<&str>, loopback: Loopback) -> Result<Place, Unreachable> {
    match host {
        Host::Domain(name) => place_of_name(name, loopback),
        Host::Ipv4(literal) => place_of_literal((*literal).into(), loopback),
        Host::Ipv6(literal) => place_of_literal((*literal).into(), loopback),
    }
}

fn place_of_literal(literal: IpAddr, loopback: Loopback) -> Result<Place, Unreachable> {
    match (address::check_public(literal), loopback) {
        (_, Loopback::Admitted) if literal.is_loopback() => Ok(Place::Loopback),
        (Err(kind), _) => Err(Unreachable::NotPublic(kind)),
        (Ok(()), _) => Err(Unreachable::AddressLiteral),
    }
}

fn place_of_name(name: &str, loopback: Loopback) -> Result<Place, Unreachable> {
    let within = |domain: &str| {
        name.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if within("localhost") && loopback == Loopback::Admitted {
        return Ok(Place::Loopback);
    }
    // A name with a final dot is the same host under another spelling, which rules about names miss.
    if !name.contains('.') || name.ends_with('.') || LOCAL.into_iter().any(within) {
        return Err(Unreachable::LocalName);
    }
    Ok(Place::Public)
}

#[cfg(test)]
mod tests;
