//! The client, and how one is made.

use std::{fmt, sync::Arc};

use crate::{
    authentication::Authentication,
    core::Core,
    discovery::Discovery,
    dpop::Dpop,
    error::Error,
    jws::SigningKey,
    manager::Manager,
    metadata::{Metadata, parse_issuer},
    runtime::{Clock, Http, OsRandom, Random, Runtime},
    token::{AccessToken, TokenRequest},
};

/// A client of one authorization server, and the tokens that it has of it.
///
/// Clones are the same client. There should be one in a process: what it remembers is its use.
#[derive(Clone)]
pub struct Client {
    pub(crate) core: Arc<Core>,
    manager: Arc<Manager>,
}

impl Client {
    /// A client that the server of `issuer` knows as `client_id`.
    pub fn builder(issuer: impl Into<String>, client_id: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            issuer: issuer.into(),
            client_id: client_id.into(),
            authentication: Authentication::none(),
            dpop: None,
            metadata: None,
            http: None,
            clock: None,
            random: Arc::new(OsRandom),
        }
    }

    /// An access token of the client's own (`client_credentials`, RFC 6749 §4.4).
    ///
    /// The one that stands, if there is one: it is refreshed ahead of its end, by one caller, while
    /// all others get the one that stands. Where none stands, all wait for one request.
    ///
    /// # Errors
    /// There is none to be had. While a token stands, the faults of the network and of the server are
    /// no errors.
    pub async fn token(&self, request: &TokenRequest) -> Result<AccessToken, Error> {
        self.manager.token(&self.core, request).await
    }

    #[cfg(test)]
    pub(crate) fn manager(&self) -> &Manager {
        &self.manager
    }

    /// Hears that an API refused a token. Says whether another is to be had.
    pub(crate) fn refuse(&self, request: &TokenRequest, token: &AccessToken) -> bool {
        self.manager.refuse(request, token, self.core.runtime.now())
    }

    /// Forgets a token that an API refused, if it still is the one that stands.
    pub fn discard(&self, request: &TokenRequest, token: &AccessToken) {
        self.manager.discard(request, token);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("issuer", &self.core.issuer)
            .field("client_id", &self.core.client_id)
            .field("authentication", &self.core.authentication)
            .finish_non_exhaustive()
    }
}

/// A [`Client`] in the making.
#[must_use]
pub struct ClientBuilder {
    issuer: String,
    client_id: String,
    authentication: Authentication,
    dpop: Option<SigningKey>,
    metadata: Option<Metadata>,
    http: Option<Arc<dyn Http>>,
    clock: Option<Arc<dyn Clock>>,
    random: Arc<dyn Random>,
}

impl ClientBuilder {
    /// How it proves who it is; not said is not at all.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// The key that its tokens are bound to (DPoP, RFC 9449).
    pub fn dpop(mut self, key: SigningKey) -> Self {
        self.dpop = Some(key);
        self
    }

    /// The server's metadata, which then is not fetched.
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// What it reaches the server by.
    pub fn http(self, http: impl Http + 'static) -> Self {
        self.http_shared(Arc::new(http))
    }

    pub(crate) fn http_shared(mut self, http: Arc<dyn Http>) -> Self {
        self.http = Some(http);
        self
    }

    /// What it reads the time from, and waits by.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        self.clock_shared(Arc::new(clock))
    }

    pub(crate) fn clock_shared(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Where it has random bytes from; not said is the operating system.
    pub fn random(self, random: impl Random + 'static) -> Self {
        self.random_shared(Arc::new(random))
    }

    pub(crate) fn random_shared(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// The client. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// The issuer is none, the metadata given is not the issuer's, or there is no transport: on native
    /// platforms the feature `reqwest` brings it, in Workers the feature `worker`.
    pub fn build(self) -> Result<Client, Error> {
        let url = parse_issuer(&self.issuer)?;
        if self.client_id.is_empty() {
            return Err(Error::configuration("the client_id is empty"));
        }
        let runtime = Runtime {
            http: match self.http {
                Some(http) => http,
                None => usual_http()?,
            },
            clock: match self.clock {
                Some(clock) => clock,
                None => usual_clock()?,
            },
            random: self.random,
        };
        let discovery = Discovery::new(runtime.clone(), self.issuer.clone(), &url, self.metadata)?;
        let core = Core {
            runtime,
            issuer: self.issuer,
            client_id: self.client_id,
            authentication: self.authentication,
            dpop: self.dpop.map(Dpop::new),
            discovery,
            pause: std::sync::Mutex::default(),
        };
        Ok(Client {
            core: Arc::new(core),
            manager: Arc::default(),
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("authentication", &self.authentication)
            .finish_non_exhaustive()
    }
}

#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
fn usual_http() -> Result<Arc<dyn Http>, Error> {
    Ok(Arc::new(crate::reqwest::ReqwestHttp::new()?))
}

#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
fn usual_clock() -> Result<Arc<dyn Clock>, Error> {
    Ok(Arc::new(crate::reqwest::TokioClock))
}

#[cfg(all(feature = "worker", target_arch = "wasm32"))]
fn usual_http() -> Result<Arc<dyn Http>, Error> {
    Ok(Arc::new(crate::worker::WorkerHttp))
}

#[cfg(all(feature = "worker", target_arch = "wasm32"))]
fn usual_clock() -> Result<Arc<dyn Clock>, Error> {
    Ok(Arc::new(crate::worker::WorkerClock))
}

#[cfg(not(any(
    all(feature = "reqwest", not(target_arch = "wasm32")),
    all(feature = "worker", target_arch = "wasm32")
)))]
fn usual_http() -> Result<Arc<dyn Http>, Error> {
    Err(Error::configuration("a client needs an `http` to be given"))
}

#[cfg(not(any(
    all(feature = "reqwest", not(target_arch = "wasm32")),
    all(feature = "worker", target_arch = "wasm32")
)))]
fn usual_clock() -> Result<Arc<dyn Clock>, Error> {
    Err(Error::configuration("a client needs a `clock` to be given"))
}
