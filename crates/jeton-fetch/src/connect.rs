//! Connecting to the host of a URL, at an address that was checked.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use futures_util::future::select_ok;
use jeton::{ForeignUrl, Unreachable};
use tokio::{net::TcpStream, sync::Semaphore, task::spawn_blocking, time::sleep};
use url::Host;

/// How long an address is tried before the next one is tried as well: the connection attempt delay of
/// RFC 8305 §5.
const HEAD_START: Duration = Duration::from_millis(250);

/// The most addresses that are tried.
const MOST_TRIED: usize = 6;

const UNRESOLVED: Unreachable = Unreachable::ConnectionFailed("the name does not resolve");

/// A connection to the first address of the URL's host that answers.
pub(crate) async fn connect(
    url: &ForeignUrl,
    lookups: &Arc<Semaphore>,
) -> Result<TcpStream, Unreachable> {
    let addresses = check_all(url, resolve(url, lookups).await)?;
    let attempts = (0..)
        .zip(addresses)
        .take(MOST_TRIED)
        .map(|(turn, address)| {
            Box::pin(async move {
                sleep(HEAD_START * turn).await;
                TcpStream::connect(address).await
            })
        });
    match select_ok(attempts).await {
        Ok((stream, _)) => Ok(stream),
        Err(_) => Err(Unreachable::ConnectionFailed("nobody listens")),
    }
}

async fn resolve(url: &ForeignUrl, lookups: &Arc<Semaphore>) -> io::Result<Vec<SocketAddr>> {
    let url = url.as_url();
    let port = url.port_or_known_default().unwrap_or_default();
    match url.host() {
        Some(Host::Domain(name)) => look_up(name.to_owned(), port, lookups).await,
        Some(Host::Ipv4(address)) => Ok(vec![(address, port).into()]),
        Some(Host::Ipv6(address)) => Ok(vec![(address, port).into()]),
        None => Ok(Vec::new()),
    }
}

/// The addresses of a name, by the operating system. Its lookups cannot be stopped: one that nobody
/// waits for any more goes on, and keeps its permit until it ends.
async fn look_up(name: String, port: u16, lookups: &Arc<Semaphore>) -> io::Result<Vec<SocketAddr>> {
    let permit = Arc::clone(lookups).acquire_owned().await;
    let permit = permit.map_err(io::Error::other)?;
    spawn_blocking(move || {
        let addresses = (name, port).to_socket_addrs();
        drop(permit);
        Ok(addresses?.collect())
    })
    .await?
}

/// The addresses of a host, if there is one and all may be connected to. One that may not be is no
/// accident: whoever controls the name aims at it.
fn check_all(
    url: &ForeignUrl,
    resolved: io::Result<Vec<SocketAddr>>,
) -> Result<Vec<SocketAddr>, Unreachable> {
    let addresses = resolved.map_err(|_| UNRESOLVED)?;
    if addresses.is_empty() {
        return Err(UNRESOLVED);
    }
    for address in &addresses {
        url.admits(address.ip())?;
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use jeton::{Loopback, Reach};

    use super::*;

    fn check(url: &str, resolved: &[&str], expected: Result<(), Unreachable>) {
        let url = Reach::new("", Loopback::Admitted).url(url).unwrap();
        let addresses = resolved.iter().map(|text| text.parse().unwrap()).collect();
        let got = check_all(&url, Ok(addresses)).map(|_| ());
        assert_eq!(got, expected, "{url} {resolved:?}");
    }

    #[test]
    fn every_address_of_a_name_is_checked() {
        const NAME: &str = "https://login.example.org";
        check(NAME, &["1.1.1.1:443"], Ok(()));
        check(NAME, &["1.1.1.1:443", "[2606:4700::1]:443"], Ok(()));
        check(NAME, &[], Err(UNRESOLVED));
        for (address, kind) in [
            ("127.0.0.1:443", "loopback"),
            ("[::1]:443", "loopback"),
            ("10.0.0.1:443", "private"),
            ("169.254.169.254:443", "link-local"),
            ("[fd00:ec2::254]:443", "unique local"),
            ("[::ffff:169.254.169.254]:443", "link-local"),
            ("[64:ff9b::a9fe:a9fe]:443", "link-local"),
            ("0.0.0.0:443", "this network"),
        ] {
            let refused = Err(Unreachable::NotPublic(kind));
            check(NAME, &[address], refused);
            check(NAME, &[address, "1.1.1.1:443"], refused);
            check(NAME, &["1.1.1.1:443", address], refused);
        }
        let url = "http://localhost";
        check(url, &["127.0.0.1:80", "[::1]:80"], Ok(()));
        check(
            url,
            &["127.0.0.1:80", "10.0.0.1:80"],
            Err(Unreachable::LocalName),
        );
    }

    #[test]
    fn a_name_that_cannot_be_resolved_is_nobodys() {
        let url = Reach::new("", Loopback::Refused)
            .url("https://login.example.org")
            .unwrap();
        let failed = Err(io::Error::other("no such name"));
        assert_eq!(check_all(&url, failed), Err(UNRESOLVED));
    }
}
