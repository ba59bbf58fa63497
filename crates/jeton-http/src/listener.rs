//! Where connections come in.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

/// The name of this machine for itself. Which address that is, clients disagree on: Node.js and Java take
/// `::1`, others `127.0.0.1`.
const LOCALHOST: &str = "localhost";

/// How many ports are tried where any will do: one that the system gives for IPv4 may be taken for IPv6.
const TRIED: usize = 16;

/// A socket that listens, or one for each of this machine's own addresses, on the same port.
#[derive(Debug)]
pub struct Listener {
    one: TcpListener,
    other: Option<TcpListener>,
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {error}")]
pub struct NotListening {
    /// Host and port, or the address of the two that is not to be had.
    pub address: String,
    /// What the system said.
    pub error: io::Error,
}

impl Listener {
    /// Listens on `port` of `host`, a name or an address; on any free port if it is 0. On `localhost`, by
    /// IPv4 and by IPv6, unless the machine has only one of them. `::` is every address by both.
    ///
    /// # Errors
    /// There is no such host, or the port is taken: on `localhost`, of either address, since half of the
    /// clients would reach somebody else.
    pub async fn bind(host: &str, port: u16) -> Result<Self, NotListening> {
        // As URLs write it (RFC 3986 §3.2.2).
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if host.eq_ignore_ascii_case(LOCALHOST) {
            return Self::of_this_machine(port).await;
        }
        let bound = match host.parse::<IpAddr>() {
            Ok(address) => bind(address, port).await?,
            Err(_) => TcpListener::bind((host, port))
                .await
                .map_err(|error| NotListening {
                    address: format!("{host}:{port}"),
                    error,
                })?,
        };
        Ok(bound.into())
    }

    async fn of_this_machine(port: u16) -> Result<Self, NotListening> {
        let mut tried = 0;
        loop {
            tried += 1;
            let one = bind(Ipv4Addr::LOCALHOST.into(), port).await;
            let given = one.as_ref().ok().and_then(|it| it.local_addr().ok());
            let given = given.map_or(port, |address| address.port());
            let other = bind(Ipv6Addr::LOCALHOST.into(), given).await;
            return match (one, other) {
                (Ok(one), Ok(other)) => Ok(Self {
                    one,
                    other: Some(other),
                }),
                (Ok(one), Err(refused)) | (Err(refused), Ok(one)) if refused.is_of_no_family() => {
                    Ok(one.into())
                }
                (Ok(_), Err(_)) if port == 0 && tried < TRIED => continue,
                (Err(refused), _) | (_, Err(refused)) => Err(refused),
            };
        }
    }

    /// Where it listens; by IPv4 where it does so by both.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.one.local_addr()
    }

    /// Where else it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn other_address(&self) -> io::Result<Option<SocketAddr>> {
        self.other.as_ref().map(TcpListener::local_addr).transpose()
    }

    /// The next connection, of either socket in a fair order.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.other {
            None => self.one.accept().await,
            Some(other) => tokio::select! {
                accepted = self.one.accept() => accepted,
                accepted = other.accept() => accepted,
            },
        }
    }

    /// Gives connections a buffer of so many bytes for what they send: they have it of their listener.
    pub(crate) fn set_send_buffer(&self, bytes: usize) {
        for socket in [Some(&self.one), self.other.as_ref()].into_iter().flatten() {
            let _ = SockRef::from(socket).set_send_buffer_size(bytes);
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(one: TcpListener) -> Self {
        Self { one, other: None }
    }
}

impl NotListening {
    /// Whether the machine has no such address at all, rather than somebody else on it.
    fn is_of_no_family(&self) -> bool {
        !matches!(
            self.error.kind(),
            ErrorKind::AddrInUse | ErrorKind::PermissionDenied
        )
    }
}

async fn bind(address: IpAddr, port: u16) -> Result<TcpListener, NotListening> {
    let address = SocketAddr::from((address, port));
    TcpListener::bind(address)
        .await
        .map_err(|error| NotListening {
            address: address.to_string(),
            error,
        })
}
