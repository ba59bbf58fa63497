//! What a resource server is built of.

use std::{fmt, sync::Arc};

use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde_json::Value;

use crate::{
    cached::Cached,
    client_authentication::ClientAuthentication,
    clock::{Clock, SystemClock},
    crypto::ALGORITHMS,
    discovery::{Discovery, Metadata},
    dpop::{
        nonce::Nonces,
        replay::{ReplayMemory, ReplayStore},
    },
    error::{Code, Error, Refusal},
    http::Http,
    introspection::{Introspection, Settings},
    keys::KeySet,
    metadata::ProtectedResourceMetadata,
    outbound::{Outbound, allowed},
    server::{Inner, Keys, ResourceServer},
};

/// Keys are renewed after ten minutes.
const KEYS_MAX_AGE: u64 = 600;

/// Of nonces, in bytes. Whoever guesses the secret from the nonces makes nonces for years ahead.
const SHORTEST_SECRET: usize = 32;

/// A resource server that is not yet built.
#[must_use]
pub struct Builder {
    issuer: String,
    audience: Vec<String>,
    resource: Option<String>,
    scopes: Vec<String>,
    algorithms: Vec<Algorithm>,
    leeway: u64,
    metadata: Option<Value>,
    jwks_uri: Option<String>,
    jwks: Option<Value>,
    introspection: Option<(String, ClientAuthentication)>,
    introspection_endpoint: Option<String>,
    nonce_secret: Option<Vec<u8>>,
    replay: Option<Arc<dyn ReplayStore>>,
    http: Option<Arc<dyn Http>>,
    clock: Arc<dyn Clock>,
}

impl Builder {
    pub(crate) fn new(issuer: String, audience: String) -> Self {
        Self {
            issuer,
            audience: vec![audience],
            resource: None,
            scopes: Vec::new(),
            algorithms: ALGORITHMS.to_vec(),
            leeway: 10,
            metadata: None,
            jwks_uri: None,
            jwks: None,
            introspection: None,
            introspection_endpoint: None,
            nonce_secret: None,
            replay: None,
            http: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Another audience that tokens may be for.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// The resource identifier: the URL of this API as clients see it. It is the audience, where that is
    /// a URL. Its origin is that of the URLs in proofs of DPoP, and it has the metadata of RFC 9728. Without
    /// such a URL tokens that are bound to a DPoP key cannot be verified.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// The scopes of this API, for its metadata (`scopes_supported`).
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// The algorithms that tokens may be signed by, instead of ES256, EdDSA, RS256 and PS256. Those with
    /// a shared secret are refused.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// How many seconds the clocks may differ, instead of 10: so long `exp` may be past, and `nbf` and
    /// `iat` ahead.
    pub fn leeway(mut self, seconds: u64) -> Self {
        self.leeway = seconds;
        self
    }

    /// The metadata of the issuer (RFC 8414), instead of fetching it.
    pub fn metadata(mut self, document: Value) -> Self {
        self.metadata = Some(document);
        self
    }

    /// Where the keys of the issuer are, instead of where its metadata says.
    pub fn jwks_uri(mut self, uri: impl Into<String>) -> Self {
        self.jwks_uri = Some(uri.into());
        self
    }

    /// The keys of the issuer, a JWK set (RFC 7517 §5). Then nothing is fetched for them.
    pub fn jwks(mut self, document: Value) -> Self {
        self.jwks = Some(document);
        self
    }

    /// Takes opaque tokens too: asks the issuer about them as this client (RFC 7662).
    pub fn introspection(
        mut self,
        client_id: impl Into<String>,
        authentication: ClientAuthentication,
    ) -> Self {
        self.introspection = Some((client_id.into(), authentication));
        self
    }

    /// Where the issuer is asked, instead of where its metadata says.
    pub fn introspection_endpoint(mut self, url: impl Into<String>) -> Self {
        self.introspection_endpoint = Some(url.into());
        self
    }

    /// Proofs of DPoP need a nonce of this server, made of this secret and the time: of the current two
    /// minutes or those before. All processes of an API have the same secret, of at least 32 random bytes.
    pub fn dpop_nonce_secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.nonce_secret = Some(secret.into());
        self
    }

    /// Where it is remembered which proofs of DPoP were used, instead of in the memory of this process.
    pub fn replay(mut self, store: impl ReplayStore + 'static) -> Self {
        self.replay = Some(Arc::new(store));
        self
    }

    /// What asks the issuer, instead of `reqwest`, or on a Worker `fetch`.
    pub fn http(mut self, http: impl Http + 'static) -> Self {
        self.http = Some(Arc::new(http));
        self
    }

    /// What says the time, instead of the clock of the machine.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds it. Asks nobody yet.
    ///
    /// # Errors
    /// [`InvalidIssuer`](Code::InvalidIssuer) or [`InvalidConfiguration`](Code::InvalidConfiguration).
    pub fn build(self) -> Result<ResourceServer, Error> {
        let wrong = |why: &'static str| Error::configuration(why);
        let whole = |url: &url::Url| url.query().is_none();
        if !allowed(&self.issuer).as_ref().is_some_and(whole) {
            let why =
                "the issuer is no https URL (http on this machine), or has a query or a fragment";
            return Err(Refusal::new(Code::InvalidIssuer, why).into());
        }
        if self.audience.iter().any(String::is_empty) {
            return Err(wrong("an audience is empty"));
        }
        if self.algorithms.is_empty() {
            return Err(wrong("there is no algorithm to verify by"));
        }
        let symmetric = |one: &Algorithm| one.family() == AlgorithmFamily::Hmac;
        if self.algorithms.iter().any(symmetric) {
            return Err(wrong(
                "an algorithm with a shared secret (HS256, HS384, HS512)",
            ));
        }
        for url in [&self.jwks_uri, &self.introspection_endpoint]
            .into_iter()
            .flatten()
        {
            allowed(url).ok_or_else(|| wrong("a URL of the issuer's is not https"))?;
        }
        let origin = match &self.resource {
            Some(resource) => {
                let url = allowed(resource);
                Some(url.ok_or_else(|| wrong("the resource is no https URL, or has a fragment"))?)
            }
            None => self.audience.first().and_then(|audience| allowed(audience)),
        };
        let resource = self.resource.as_ref().or(self.audience.first());
        let metadata = resource.filter(|_| origin.is_some()).and_then(|resource| {
            ProtectedResourceMetadata::new(resource, &self.issuer, &self.scopes)
        });
        let nonces = match &self.nonce_secret {
            Some(secret) if secret.len() < SHORTEST_SECRET => {
                return Err(wrong("dpop_nonce_secret has fewer than 32 bytes"));
            }
            Some(secret) => Nonces::new(secret),
            None => None,
        };
        let discovery = match self.metadata {
            Some(document) => {
                let metadata = serde_json::from_value::<Metadata>(document);
                let metadata = metadata.map_err(|_| wrong("the metadata given is none"))?;
                let metadata = metadata.check(&self.issuer).and_then(|metadata| {
                    if self.jwks.is_none() && self.jwks_uri.is_none() {
                        metadata.jwks_uri()?;
                    }
                    if self.introspection.is_some() && self.introspection_endpoint.is_none() {
                        metadata.introspection_endpoint()?;
                    }
                    Ok(metadata)
                });
                Discovery::Given(Arc::new(
                    metadata.map_err(|failure| Error::configuration(failure.why))?,
                ))
            }
            None => Discovery::new(self.issuer.clone()),
        };
        let algorithms: Arc<[Algorithm]> = self.algorithms.into();
        let keys = match self.jwks {
            Some(document) => {
                let keys = KeySet::new(document.to_string().as_bytes(), &algorithms);
                let keys =
                    keys.map_err(|why| Error::configuration(format!("the keys given: {why}")))?;
                if keys.is_empty() {
                    return Err(wrong("none of the keys given can be used"));
                }
                Keys::Given(Arc::new(keys))
            }
            None => Keys::Fetched {
                uri: self.jwks_uri,
                cached: Cached::new(KEYS_MAX_AGE),
            },
        };
        let asks = matches!(keys, Keys::Fetched { .. }) || self.introspection.is_some();
        let http = match self.http {
            Some(http) => Some(http),
            None if asks => Some(usual()?),
            None => None,
        };
        let outbound = Arc::new(Outbound::new(http, self.clock));
        let discovery = Arc::new(discovery);
        let introspection = self.introspection.map(|(client_id, authentication)| {
            let settings = Settings {
                client_id,
                authentication,
                endpoint: self.introspection_endpoint,
            };
            let (issuer, audience) = (self.issuer.clone(), self.audience.clone());
            let (outbound, discovery) = (Arc::clone(&outbound), Arc::clone(&discovery));
            Introspection::new(settings, issuer, audience, outbound, discovery)
        });
        Ok(ResourceServer(Arc::new(Inner {
            issuer: self.issuer,
            audience: self.audience,
            algorithms,
            leeway: self.leeway,
            origin,
            metadata,
            outbound,
            discovery,
            keys,
            introspection,
            nonces,
            replay: self
                .replay
                .unwrap_or_else(|| Arc::new(ReplayMemory::default())),
        })))
    }
}

/// The transport where none is given.
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
fn usual() -> Result<Arc<dyn Http>, Error> {
    let http = crate::http::Reqwest::new();
    let http = http.map_err(|error| Error::configuration(format!("reqwest: {error}")))?;
    Ok(Arc::new(http))
}

#[cfg(all(feature = "worker", target_arch = "wasm32"))]
#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn usual() -> Result<Arc<dyn Http>, Error> {
    Ok(Arc::new(crate::http::Fetch))
}

#[cfg(not(any(
    all(feature = "reqwest", not(target_arch = "wasm32")),
    all(feature = "worker", target_arch = "wasm32")
)))]
fn usual() -> Result<Arc<dyn Http>, Error> {
    Err(Error::configuration(
        "there is no transport: give one by `http`",
    ))
}

impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Builder");
        debug.field("issuer", &self.issuer);
        debug.field("audience", &self.audience);
        debug.finish_non_exhaustive()
    }
}
