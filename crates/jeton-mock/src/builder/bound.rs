//! A mock that has its address.

use std::{fmt, net::SocketAddr, sync::Arc};

use jeton_http::{Listener, Listening, SelfSigned, TrustedProxies};
use jeton_native::Log;

use crate::{provider::Provider, run::run};

/// A mock that has its address and does not answer yet.
pub struct BoundMock {
    pub(super) provider: Arc<Provider>,
    pub(super) listener: Listener,
    pub(super) address: SocketAddr,
    pub(super) tls: Option<SelfSigned>,
}

impl fmt::Debug for BoundMock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundMock")
            .field("issuer_url", &self.issuer_url())
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl BoundMock {
    /// The default issuer's identifier.
    #[must_use]
    pub fn issuer_url(&self) -> String {
        self.provider.addresses().issuer.to_string()
    }

    /// Where it listens; by IPv4 where it does so by both.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where else it listens.
    #[must_use]
    pub fn other_address(&self) -> Option<SocketAddr> {
        self.listener.other_address().ok().flatten()
    }

    /// The certificate to trust, in PEM, where there is TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.provider.ca_pem()
    }

    /// What it is, where it could be taken for a deployment: its issuer is https and not this machine, or
    /// other machines reach it.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.provider.warning()
    }

    /// Answers until `shutdown` is ready, and logs each request to standard output.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let log = Log::to_stdout();
        self.run(shutdown, Some(log.clone())).await;
        log.close();
    }

    /// The same without the log, which no test harness captures; there is the journal.
    pub(super) async fn serve_unlogged(self, shutdown: impl Future<Output = ()>) {
        self.run(shutdown, None).await;
    }

    async fn run(self, shutdown: impl Future<Output = ()>, log: Option<Log>) {
        let listening = Listening {
            listener: self.listener,
            tls: self.tls,
            proxies: TrustedProxies::default(),
        };
        run(self.provider, listening, shutdown, log).await;
    }
}
