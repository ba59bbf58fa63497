//! One issuer: its state, and every operation on it. The control API and the Rust handle are two
//! ways to call these.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response};
use jeton::{
    Arrival, Capabilities, Config, ConfigError, CryptoError, GrantId, Host, IssuerIdentifier,
    Ledger, MemoryLedger, Mode, Reach, Seconds, SecretUse, Secrets, Server, UnixTime,
};
use jsonwebtoken::Algorithm;
use serde::Serialize;
use tokio::sync::watch;
use url::Url;

use crate::{
    address::Address,
    claims::{Former, Rules},
    clock::Clock,
    crypto::MockCrypto,
    debugger::Runs,
    fault::Faults,
    fetch::MockFetch,
    file,
    grants::AwaitedResponses,
    issued::Memory,
    journal::{Filter, Journal},
    keys::{Keys, Seed, algorithms_of, given},
    layout::Layout,
    lenient::PerRequest,
    login_client::LoginClient,
    platform::{PlatformSpec, Sequence},
    profile::Profile,
    registry::MockRegistry,
    remembered::Remembered,
    session::Sessions,
    settings::Settings,
    spec::{ClaimRule, Endpoint, InvalidSpec, IssuerSpec, Strictness, User},
};

/// A mock: everything in memory.
pub(crate) struct Mock;

impl Host for Mock {
    type Registry = PerRequest;
    type Ledger = MemoryLedger;
    type Crypto = MockCrypto;
    type Fetch = MockFetch;
    type People = ();
}

pub(crate) type MockServer = Server<Mock>;

mod claims;
mod grants;
mod keys;
mod registered;
mod switches;
mod watched;

/// How many addresses an issuer is served at, where `Host` is trusted. What serves one is made
/// again when asked for.
const ADDRESSES: usize = 64;

/// The algorithms where none are named. The default of OpenID Connect (Core §15.1) comes first: libraries take
/// it, and no other, where nobody told them.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// The users where none are named.
const USERS: [&str; 3] = ["alice", "bob", "carol"];

pub(crate) struct Issuer {
    name: String,
    /// What its UUIDs are made of.
    identity: [u8; 32],
    spec: IssuerSpec,
    /// Where its description is from.
    origin: Origin,
    profile: Option<Profile>,
    /// The profile's rules, which go before those that are added.
    profile_rules: Vec<ClaimRule>,
    strictness: Strictness,
    algorithms: Vec<Algorithm>,
    settings: Arc<Settings>,
    /// Tells those who wait that the mock ends.
    closing: watch::Receiver<bool>,
    fetch: MockFetch,
    registry: Arc<MockRegistry>,
    ledger: MemoryLedger,
    login_client: LoginClient,
    sessions: Sessions,
    journal: Arc<Journal>,
    runs: Runs,
    remembered: Remembered,
    memory: Memory,
    awaited: AwaitedResponses,
    bundle_sequence: Sequence,
    state: Mutex<State>,
    served: Mutex<BTreeMap<String, Arc<Served>>>,
}

/// Where the description of an issuer is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Somebody described it.
    Described,
    /// Somebody asked for it.
    Unasked,
}

struct State {
    clock: Clock,
    users: Vec<User>,
    /// What users were before they were replaced.
    former: BTreeMap<String, Former>,
    rules: Rules,
    faults: Faults,
    keys: Keys,
}

/// The core at one address.
pub(crate) struct Served {
    pub(crate) config: Config,
    pub(crate) server: MockServer,
}

/// An issuer at a glance.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    name: String,
    issuer: String,
    strictness: Strictness,
    now: UnixTime,
    journal: usize,
}

impl Served {
    /// The server's answer.
    pub(crate) async fn answer(
        &self,
        request: Request<Bytes>,
        arrival: Arrival,
    ) -> Response<Bytes> {
        let never = std::future::pending();
        let mut response = self.server.handle(request, arrival, never).await;
        // Nobody waits for a ledger in memory.
        if let Some(used) = response.extensions_mut().remove::<SecretUse>() {
            self.server.note(used).await;
        }
        response
    }
}

impl Issuer {
    /// An issuer in the state that `spec` describes, which a reset restores.
    pub(crate) fn new(
        name: &str,
        spec: IssuerSpec,
        profile: Option<Profile>,
        seed: &Seed,
        settings: &Arc<Settings>,
        closing: watch::Receiver<bool>,
        fetch: MockFetch,
    ) -> Result<Self, InvalidSpec> {
        file::check(&spec)?;
        let strictness = spec.strictness.unwrap_or_default();
        let of_profile = profile.as_ref().map(Profile::spec);
        let algorithms = settings.algorithms().or_else(|| spec.signing_algs.clone());
        let keys = given(
            spec.keys.as_deref().unwrap_or_default(),
            algorithms.as_deref(),
        )?;
        let algorithms = algorithms
            .or_else(|| algorithms_of(&keys))
            .or_else(|| of_profile?.signing_algs.clone())
            .or_else(|| spec.platform.as_ref().map(PlatformSpec::algorithms))
            .unwrap_or_else(|| ALGORITHMS.to_vec());
        let mut clock = Clock::default();
        if let Some(start) = &spec.clock {
            Clock::check(start).map_err(|error| error.within("clock"))?;
            clock.move_by(start, jeton_native::now());
        }
        let users = spec
            .users
            .clone()
            .or_else(|| of_profile?.users.clone())
            .unwrap_or_else(|| USERS.map(User::new).to_vec());
        let mut faults = Faults::default();
        for fault in spec.faults.iter().flatten() {
            faults.add(fault.clone());
        }
        let no_login = |error: CryptoError| InvalidSpec::new("login", error);
        let login_client = LoginClient::new().map_err(no_login)?;
        let registry = Arc::new(MockRegistry::default());
        let (record, client) = login_client.registered().map_err(no_login)?;
        registry.fix(record, client);
        let issuer = Self {
            name: name.to_owned(),
            identity: seed.derive(&[b"uuid", name.as_bytes()]),
            state: Mutex::new(State {
                clock,
                users,
                former: BTreeMap::new(),
                rules: Rules::new(spec.claims.iter().flatten().cloned()),
                faults,
                keys: Keys::new(seed, name, &algorithms, keys),
            }),
            strictness,
            algorithms,
            settings: Arc::clone(settings),
            closing,
            fetch,
            registry,
            ledger: MemoryLedger::default(),
            login_client,
            sessions: Sessions::default(),
            journal: Arc::default(),
            runs: Runs::default(),
            remembered: Remembered::default(),
            memory: Memory::default(),
            awaited: AwaitedResponses::default(),
            bundle_sequence: Sequence::default(),
            served: Mutex::default(),
            origin: Origin::Described,
            profile_rules: profile.as_ref().map(Profile::rules).unwrap_or_default(),
            profile,
            spec,
        };
        let clients = issuer.spec.clients.clone();
        let clients = clients.unwrap_or_else(|| settings.clients().to_vec());
        for (index, client) in clients.into_iter().enumerate() {
            issuer
                .put_client(client)
                .map_err(|error| error.within(format_args!("clients[{index}]")))?;
        }
        let apis = issuer.spec.apis.clone();
        let apis = apis.unwrap_or_else(|| settings.apis().to_vec());
        for (index, api) in apis.into_iter().enumerate() {
            issuer
                .put_api(api)
                .map_err(|error| error.within(format_args!("apis[{index}]")))?;
        }
        let trust = issuer.spec.trust.clone();
        let trust = trust.unwrap_or_else(|| settings.trust().to_vec());
        for (index, document) in trust.into_iter().enumerate() {
            issuer
                .put_trust(document)
                .map_err(|error| error.within(format_args!("trust[{index}]")))?;
        }
        Ok(issuer)
    }

    /// The same issuer, of which nobody has said anything.
    #[must_use]
    pub(crate) fn unasked(mut self) -> Self {
        self.origin = Origin::Unasked;
        self
    }

    /// Whether it is there because somebody described it; the default one always is.
    pub(crate) fn is_described(&self) -> bool {
        self.origin == Origin::Described
    }

    /// The same issuer as it was made.
    pub(crate) fn anew(&self) -> Result<Self, InvalidSpec> {
        let seed = self.lock().keys.seed().clone();
        let anew = Self::new(
            &self.name,
            self.spec.clone(),
            self.profile.clone(),
            &seed,
            &self.settings,
            self.closing.clone(),
            self.fetch.clone(),
        )?;
        Ok(Self {
            origin: self.origin,
            ..anew
        })
    }

    /// This issuer with the journal of `old`, whose place it takes: whoever waits for a request of the
    /// one gets the other's.
    #[must_use]
    pub(crate) fn after(mut self, old: Option<&Self>) -> Self {
        if let Some(old) = old {
            old.journal.restart();
            self.journal = Arc::clone(&old.journal);
        }
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change below is whole before anything could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What its UUIDs are made of.
    pub(crate) fn identity(&self) -> &[u8; 32] {
        &self.identity
    }

    /// The vendor's profile that it has.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// What it signs with, the default first.
    pub(crate) fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    pub(crate) fn strictness(&self) -> Strictness {
        self.strictness
    }

    pub(crate) fn login_client(&self) -> &LoginClient {
        &self.login_client
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(crate) fn auto_login(&self) -> Option<&str> {
        self.spec.auto_login.as_deref()
    }

    /// The platform that it stands in for.
    pub(crate) fn platform(&self) -> Option<&PlatformSpec> {
        self.spec.platform.as_ref()
    }

    pub(crate) fn bundle_sequence(&self) -> &Sequence {
        &self.bundle_sequence
    }

    pub(crate) fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Whether its server has opened such a grant.
    pub(crate) async fn knows_grant(&self, grant: GrantId) -> bool {
        matches!(self.ledger.read(grant).await, Ok(Some(_)))
    }

    pub(crate) fn summary(&self, address: &Address) -> Summary {
        Summary {
            name: self.name.clone(),
            issuer: address.issuer.clone(),
            strictness: self.strictness,
            now: self.now(),
            journal: self.journal.count(&Filter::default()),
        }
    }

    /// The core as it answers at `address`.
    pub(crate) fn served(&self, address: &Address) -> Result<Arc<Served>, ConfigError> {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(served) = served.get(&address.issuer) {
            return Ok(Arc::clone(served));
        }
        if served.len() >= ADDRESSES {
            served.clear();
        }
        let made = Arc::new(self.serve(address)?);
        served.insert(address.issuer.clone(), Arc::clone(&made));
        Ok(made)
    }

    fn serve(&self, address: &Address) -> Result<Served, ConfigError> {
        let url = |member, endpoint: Endpoint| {
            let address = format!("{}{}", address.browser, endpoint.path());
            Url::parse(&address).map_err(|error| ConfigError::new(member, error))
        };
        let issuer = IssuerIdentifier::parse(&address.issuer, Mode::Development);
        let issuer = issuer.map_err(|error| ConfigError::new("JETON_ISSUER", error))?;
        let keys = self.lock().keys.clone();
        let seed = keys.seed();
        let secrets = Secrets::parse(&seed.secret(), Mode::Development);
        let secrets = secrets.map_err(|error| ConfigError::new("seed", error))?;
        let config = self.settings.config().clone().with_issuer(issuer);
        let mut config = config
            .with_secrets(secrets)
            .with_signing_keys(keys.private_keys(&self.algorithms))
            // Known by several addresses, an issuer honours at each what it issued at any.
            .with_key_context(format!("mock/{}", self.name));
        let of_profile = self.profile.as_ref().map(Profile::spec);
        let lifetime = self.spec.access_token_lifetime;
        if let Some(lifetime) = lifetime.or_else(|| of_profile?.access_token_lifetime) {
            config = config.with_access_token_lifetime(Seconds(lifetime));
        }
        if config.login_url().is_none() {
            config = config.with_login_url(url("JETON_LOGIN_URL", Endpoint::Login)?);
        }
        if config.logout_url().is_none() {
            config = config.with_logout_url(url("JETON_LOGOUT_URL", Endpoint::Logout)?);
        }
        let config = config
            .with_frame(Layout::new(&self.name, &address.browser).frame())
            // Its issuers are at one address, and reach each other without a network.
            .with_reach(Reach::in_process())
            // What a proxy has taken off is put back before an issuer is looked for.
            .with_proxy_strips("")
            // They are in the registry, where they can be changed.
            .with_clients(Vec::new())
            .with_apis(Vec::new())
            .with_trust(Vec::new())
            // A lenient registry answers each request with another client.
            .with_registry_max_age(Seconds(0));
        Ok(Served {
            server: Server::new(
                config.clone(),
                Capabilities {
                    registry: PerRequest(Arc::clone(&self.registry)),
                    ledger: Some(self.ledger.clone()),
                    crypto: MockCrypto::new(seed.clone()),
                    fetch: self.fetch.clone(),
                    people: (),
                },
            ),
            config,
        })
    }

    /// The addresses, besides this one, that the issuer has been asked at.
    pub(crate) fn other_addresses(&self, address: &Address) -> Vec<String> {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let others = served.keys().filter(|other| **other != address.issuer);
        others.cloned().collect()
    }
}
