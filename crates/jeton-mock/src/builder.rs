//! The mock in a Rust test: described, built and started.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
};

use bytes::Bytes;
use http::{Request, Response};
use jeton::{ApiRecord, ClientRecord, TrustRecord};
use jeton_http::{Dropped, Listener, NotListening, SelfSigned};
use jsonwebtoken::Algorithm;
use tokio::{runtime, sync::oneshot};
use url::Url;

use crate::{
    address::{Addresses, BaseUrl, HostTrust},
    handle::MockIssuer,
    provider::Provider,
    settings::Settings,
    spec::{
        ClaimRule, Fault, Grant, InvalidSpec, IssuerSpec, MockSpec, PrivateJwk, Strictness, User,
    },
    warning::warning,
};

mod bound;
mod start_error;

pub use bound::BoundMock;
pub use start_error::StartError;

/// Where the mock listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 9400;

/// A mock that is being described.
#[derive(Clone, Default)]
pub struct MockProviderBuilder {
    spec: MockSpec,
    settings: BTreeMap<String, String>,
}

/// A mock provider. It listens if it was started, until it is dropped.
pub struct MockProvider {
    provider: Arc<Provider>,
    running: Option<Running>,
}

struct Running {
    address: SocketAddr,
    /// Dropped with the provider, it ends the server.
    _stop: oneshot::Sender<()>,
}

impl MockProviderBuilder {
    /// What a configuration file says, in place of all that was said before.
    #[must_use]
    pub fn spec(mut self, spec: MockSpec) -> Self {
        self.spec = spec;
        self
    }

    /// `JETON_*` settings, as every host has them.
    #[must_use]
    pub fn settings(mut self, settings: impl IntoIterator<Item = (String, String)>) -> Self {
        self.settings.extend(settings);
        self
    }

    /// Only known clients, and exactly production's answers.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.spec.strictness = Strictness::Strict;
        self
    }

    /// What keys are derived from, with the issuer's name.
    #[must_use]
    pub fn seed(mut self, seed: impl Into<String>) -> Self {
        self.spec.seed = Some(seed.into());
        self
    }

    /// The port to listen on; any free one unless said.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.spec.port = Some(port);
        self
    }

    /// TLS, besides plain HTTP, on the same port; [`MockProvider::ca_pem`] is what to trust.
    #[must_use]
    pub fn https(mut self) -> Self {
        self.spec.https = true;
        self
    }

    /// The vendor that every issuer answers like whose own name does not say another, by the name of a
    /// profile.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.spec.issuer.profile = Some(name.into());
        self
    }

    /// The `sub` of the user who is logged in without being asked.
    #[must_use]
    pub fn auto_login(mut self, sub: impl Into<String>) -> Self {
        self.spec.issuer.auto_login = Some(sub.into());
        self
    }

    /// The grants that every issuer has besides the server's, instead of all where it is lenient and none
    /// where it is strict.
    #[must_use]
    pub fn grants(mut self, grants: impl Into<Vec<Grant>>) -> Self {
        self.spec.issuer.grants = Some(grants.into());
        self
    }

    /// What every issuer signs with, the first by default.
    #[must_use]
    pub fn signing_algs(mut self, algorithms: impl Into<Vec<Algorithm>>) -> Self {
        self.spec.issuer.signing_algs = Some(algorithms.into());
        self
    }

    /// A private key of every issuer's own, in place of keys of the seed.
    #[must_use]
    pub fn signing_key(mut self, key: PrivateJwk) -> Self {
        self.spec.issuer.keys.get_or_insert_default().push(key);
        self
    }

    /// A user of every issuer, in place of alice, bob and carol.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.spec.issuer.users.get_or_insert_default().push(user);
        self
    }

    /// A client every issuer knows, in place of demo.
    #[must_use]
    pub fn client(mut self, client: impl Into<ClientRecord>) -> Self {
        let clients = self.spec.issuer.clients.get_or_insert_default();
        clients.push(client.into());
        self
    }

    /// An API that tokens of every issuer are for.
    #[must_use]
    pub fn api(mut self, api: ApiRecord) -> Self {
        self.spec.issuer.apis.get_or_insert_default().push(api);
        self
    }

    /// An issuer whose tokens stand for clients at every issuer.
    #[must_use]
    pub fn trust(mut self, document: TrustRecord) -> Self {
        self.spec
            .issuer
            .trust
            .get_or_insert_default()
            .push(document);
        self
    }

    /// What tokens of every issuer say besides.
    #[must_use]
    pub fn claim_rule(mut self, rule: ClaimRule) -> Self {
        self.spec.issuer.claims.get_or_insert_default().push(rule);
        self
    }

    /// What goes wrong at every issuer.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.spec.issuer.faults.get_or_insert_default().push(fault);
        self
    }

    /// An issuer that starts otherwise.
    #[must_use]
    pub fn issuer(mut self, name: impl Into<String>, spec: IssuerSpec) -> Self {
        self.spec.issuers.insert(name.into(), spec);
        self
    }

    /// A mock without a socket: [`MockProvider::handle`] is all there is to it.
    ///
    /// # Errors
    /// The description is not sound.
    pub fn build(self) -> Result<MockProvider, StartError> {
        let port = self.spec.port.unwrap_or(DEFAULT_PORT);
        let (provider, _) = self.provider(port, None)?;
        Ok(MockProvider {
            provider,
            running: None,
        })
    }

    /// A mock that listens on a free port of this machine, by IPv4 and IPv6, unless the description says otherwise, and
    /// stops when it is dropped.
    ///
    /// It answers on a thread of its own, so that a test of one thread may block on the answer.
    ///
    /// # Errors
    /// The description is not sound, or the address is taken.
    pub async fn start(self) -> Result<MockProvider, StartError> {
        let (tell, told) = oneshot::channel();
        self.start_thread(move |started| {
            // Where nobody listens any more, the mock is dropped and so stops.
            let _ = tell.send(started);
        })?;
        told.await.unwrap_or_else(|_| Err(thread_ended()))
    }

    /// As [`Self::start`], for tests without a runtime. What is `async` of a
    /// [`MockIssuer`] needs tokio's all the same.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_blocking(self) -> Result<MockProvider, StartError> {
        // Not tokio's channel, which panics where a runtime is entered.
        let (tell, told) = mpsc::channel();
        self.start_thread(move |started| {
            let _ = tell.send(started);
        })?;
        told.recv().unwrap_or_else(|_| Err(thread_ended()))
    }

    fn start_thread(
        self,
        tell: impl FnOnce(Result<MockProvider, StartError>) + Send + 'static,
    ) -> Result<(), StartError> {
        let run = move || match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(self.run(tell)),
            Err(error) => tell(Err(StartError::Thread(error))),
        };
        let thread = thread::Builder::new().name("jeton-mock".to_owned());
        // Nobody joins it: a test that ends does not wait for connections that linger.
        thread.spawn(run).map_err(StartError::Thread)?;
        Ok(())
    }

    async fn run(self, tell: impl FnOnce(Result<MockProvider, StartError>)) {
        let bound = match self.bind().await {
            Ok(bound) => bound,
            Err(error) => return tell(Err(error)),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        tell(Ok(MockProvider {
            provider: Arc::clone(&bound.provider),
            running: Some(Running {
                address: bound.address,
                _stop: stop,
            }),
        }));
        let stopped = async {
            // An error is the sender being dropped, which is how it ends.
            let _ = stopped.await;
        };
        bound.serve_unlogged(stopped).await;
    }

    /// Takes the address without answering yet.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn bind(self) -> Result<BoundMock, StartError> {
        let host = self.spec.host.as_deref().unwrap_or("localhost");
        let listener = Listener::bind(host, self.spec.port.unwrap_or(0)).await?;
        let address = listener.address().map_err(|error| NotListening {
            address: host.to_owned(),
            error,
        })?;
        let (provider, tls) = self.provider(address.port(), Some(address))?;
        Ok(BoundMock {
            provider,
            listener,
            address,
            tls,
        })
    }

    fn provider(
        self,
        port: u16,
        listens: Option<SocketAddr>,
    ) -> Result<(Arc<Provider>, Option<SelfSigned>), StartError> {
        let scheme = if self.spec.https { "https" } else { "http" };
        let default = format!("{scheme}://localhost:{port}");
        // Settings first: what is wrong with one is said as every host says it.
        let settings = Settings::new(self.settings, &default)?;
        let addresses = addresses(&self.spec, &settings, &default)?;
        let tls = if self.spec.https {
            Some(SelfSigned::new(hosts(&addresses))?)
        } else {
            None
        };
        let ca_pem = tls.as_ref().map(|tls| tls.ca_pem().to_owned());
        let warning = warning(&addresses.issuer, listens);
        let provider = Provider::new(self.spec, addresses, settings, ca_pem, warning)?;
        Ok((provider, tls))
    }
}

fn thread_ended() -> StartError {
    StartError::Thread(io::Error::other("it ended before it listened"))
}

/// Of the settings only the names: values may be secrets.
impl fmt::Debug for MockProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockProviderBuilder")
            .field("spec", &self.spec)
            .field("settings", &self.settings.keys())
            .finish()
    }
}

impl fmt::Debug for MockProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockProvider")
            .field("issuer_url", &self.default_issuer().url())
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

fn addresses(spec: &MockSpec, settings: &Settings, default: &str) -> Result<Addresses, StartError> {
    let parse = |member, text: &str| {
        BaseUrl::parse(text).map_err(|error| StartError::Address { member, error })
    };
    let optional = |member, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => parse(member, text).map(Some),
    };
    let given = settings.issuer().or(spec.issuer_url.as_deref());
    Ok(Addresses {
        issuer: parse("issuer_url", given.unwrap_or(default))?,
        browser: optional("browser_url", &spec.browser_url)?,
        backend: optional("backend_url", &spec.backend_url)?,
        host: if spec.trust_host {
            HostTrust::Trusted
        } else {
            HostTrust::Ignored
        },
    })
}

/// The names a certificate is for.
fn hosts(addresses: &Addresses) -> Vec<String> {
    addresses
        .origins()
        .filter_map(|origin| Url::parse(origin).ok()?.host_str().map(str::to_owned))
        .collect()
}

impl MockProvider {
    /// A mock to be described.
    #[must_use]
    pub fn builder() -> MockProviderBuilder {
        MockProviderBuilder::default()
    }

    /// A mock with nothing to configure, on a free port.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// As [`Self::start`], for tests without a runtime.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start_blocking() -> Result<Self, StartError> {
        Self::builder().start_blocking()
    }

    /// Answers one request, whatever address it was sent to.
    ///
    /// # Errors
    /// A fault dropped the connection.
    pub async fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
        self.provider.handle(request).await
    }

    /// Where it listens, if it was started; by IPv4 where it does so by both.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.running.as_ref().map(|running| running.address)
    }

    /// The certificate to trust, in PEM, where there is TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.provider.ca_pem()
    }

    /// The issuer at `/`.
    #[must_use]
    pub fn default_issuer(&self) -> MockIssuer {
        MockIssuer {
            provider: Arc::clone(&self.provider),
            name: String::new(),
        }
    }

    /// The issuer at `/name`, made if it is not there.
    ///
    /// # Errors
    /// No issuer can have that name.
    pub fn issuer(&self, name: &str) -> Result<MockIssuer, InvalidSpec> {
        self.provider.find_or_make(name)?;
        Ok(MockIssuer {
            provider: Arc::clone(&self.provider),
            name: name.to_owned(),
        })
    }

    /// The issuer at `/name` as described, in place of the one that is there.
    ///
    /// # Errors
    /// The description is not sound.
    pub fn put_issuer(&self, name: &str, spec: IssuerSpec) -> Result<MockIssuer, InvalidSpec> {
        self.provider.put(name, spec)?;
        self.issuer(name)
    }

    /// Everything as it was started.
    ///
    /// # Errors
    /// The system has no entropy.
    pub fn reset(&self) -> Result<(), InvalidSpec> {
        self.provider.reset_all()
    }
}
