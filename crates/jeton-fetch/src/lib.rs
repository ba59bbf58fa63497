//! Requests to servers of others, from native hosts: one connection each, on hyper and rustls.
//!
//! A name is resolved once. If one of its addresses is not public, the request is refused; else one of
//! these very addresses is connected to. So there is no second look at DNS that could see another
//! answer, and no client library in between with a resolver, a pool, a proxy from the environment or
//! redirects of its own.
//!
//! Certificates are verified with Mozilla's roots, which are compiled in: only the public internet is
//! reached, a container need not bring any, and Lambda does not parse the system's at each start.

mod connect;
mod exchange;

use std::sync::{Arc, OnceLock};

use jeton::{Fetch, Fetched, Outgoing, Unreachable};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName},
};
use url::Host;

/// The most names that are looked up at once. Each lookup takes one of tokio's 512 threads for blocking
/// work, for as long as the name's servers like. Without a bound, names of strangers could take all of
/// them, and others that need one, such as a store in a file, would wait.
const MOST_LOOKUPS: usize = 32;

/// [`Fetch`] on sockets. Its TLS configuration is made at the first request, not at the start.
pub struct HttpsFetch {
    tls: OnceLock<TlsConnector>,
    lookups: Arc<Semaphore>,
}

impl Default for HttpsFetch {
    fn default() -> Self {
        Self {
            tls: OnceLock::new(),
            lookups: Arc::new(Semaphore::new(MOST_LOOKUPS)),
        }
    }
}

impl Fetch for HttpsFetch {
    async fn send(&self, request: &Outgoing) -> Result<Fetched, Unreachable> {
        timeout(request.deadline, self.exchange(request))
            .await
            .unwrap_or(Err(Unreachable::TooSlow))
    }
}

impl HttpsFetch {
    async fn exchange(&self, request: &Outgoing) -> Result<Fetched, Unreachable> {
        let stream = connect::connect(&request.url, &self.lookups).await?;
        if request.url.as_url().scheme() == "http" {
            return exchange::exchange(request, stream).await;
        }
        let stream = self.shake_hands(request, stream).await?;
        exchange::exchange(request, stream).await
    }

    /// The TLS connection on `stream`, once the certificate has been verified.
    async fn shake_hands(
        &self,
        request: &Outgoing,
        stream: TcpStream,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + use<>, Unreachable> {
        let name = match request.url.as_url().host() {
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).ok(),
            Some(Host::Ipv4(address)) => Some(ServerName::IpAddress(address.into())),
            Some(Host::Ipv6(address)) => Some(ServerName::IpAddress(address.into())),
            None => None,
        };
        let name = name.ok_or(Unreachable::NotAUrl)?;
        let connected = self.tls()?.connect(name, stream).await;
        connected.map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
            Unreachable::ConnectionFailed(match inner {
                Some(rustls::Error::InvalidCertificate(_)) => "the certificate is not valid",
                _ => "no TLS",
            })
        })
    }

    fn tls(&self) -> Result<&TlsConnector, Unreachable> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let tls = connector(roots).map_err(|_| Unreachable::ConnectionFailed("no TLS"))?;
        Ok(self.tls.get_or_init(|| tls))
    }
}

fn connector(roots: RootCertStore) -> Result<TlsConnector, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
