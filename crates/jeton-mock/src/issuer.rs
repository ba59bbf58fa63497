//! One issuer: its state, and every operation on it. The control API and the Rust handle are two
//! ways to call these.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jeton::{
    Capabilities, ClientRecord, Config, ConfigError, CryptoError, Host, IssuerIdentifier,
    MemoryLedger, Mode, Reach, Seconds, Secrets, Server, TrustRecord, UnixTime,
};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde::Serialize;
use tokio::sync::watch;
use url::Url;

use crate::{
    address::Address,
    asked::Asked,
    claims::{Additions, Facts},
    clock::{Clock, ClockState},
    departures::Due,
    fault::{Faults, Kept},
    fetch::MockFetch,
    file,
    journal::{Entry, Filter, Journal},
    keys::{Keys, Seed},
    lenient::{PerRequest, RegisteredClients},
    login_client::LoginClient,
    registry::MockRegistry,
    remembered::Remembered,
    session::Sessions,
    settings::Settings,
    spec::{ClaimRule, ClockSpec, Endpoint, Fault, InvalidSpec, IssuerSpec, Strictness, User},
};

/// A mock: everything in memory.
pub(crate) struct Mock;

impl Host for Mock {
    type Registry = PerRequest;
    type Ledger = MemoryLedger;
    type Crypto = NativeCrypto;
    type Fetch = MockFetch;
}

pub(crate) type MockServer = Server<Mock>;

mod keys;
mod registered;

/// How many addresses an issuer is served at, where `Host` is trusted. What serves one is made
/// again when asked for.
const ADDRESSES: usize = 64;

/// The algorithms where none are named.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA];

/// The users where none are named.
const USERS: [&str; 3] = ["alice", "bob", "carol"];

pub(crate) struct Issuer {
    name: String,
    spec: IssuerSpec,
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
    remembered: Remembered,
    state: Mutex<State>,
    served: Mutex<BTreeMap<String, Arc<Served>>>,
}

struct State {
    clock: Clock,
    users: Vec<User>,
    clients: Vec<ClientRecord>,
    registered: RegisteredClients,
    trust: Vec<TrustRecord>,
    rules: Vec<ClaimRule>,
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

impl Issuer {
    /// An issuer in the state that `spec` describes, which a reset restores.
    pub(crate) fn new(
        name: &str,
        spec: IssuerSpec,
        strictness: Strictness,
        seed: &Seed,
        settings: &Arc<Settings>,
        closing: watch::Receiver<bool>,
        fetch: MockFetch,
    ) -> Result<Self, InvalidSpec> {
        file::check(&spec)?;
        let strictness = spec.strictness.unwrap_or(strictness);
        let algorithms = settings
            .algorithms()
            .or_else(|| spec.signing_algs.clone())
            .unwrap_or_else(|| ALGORITHMS.to_vec());
        let mut clock = Clock::default();
        if let Some(start) = &spec.clock {
            Clock::check(start).map_err(|error| error.within("clock"))?;
            clock.move_by(start, jeton_native::now());
        }
        let users = spec
            .users
            .clone()
            .unwrap_or_else(|| USERS.map(User::new).to_vec());
        let mut faults = Faults::default();
        for fault in spec.faults.iter().flatten() {
            faults.add(fault.clone());
        }
        let no_login = |error: CryptoError| InvalidSpec::new("login", error);
        let login_client = LoginClient::new().map_err(no_login)?;
        let registry = Arc::new(MockRegistry::default());
        registry.insert(login_client.registered().map_err(no_login)?);
        let issuer = Self {
            name: name.to_owned(),
            state: Mutex::new(State {
                clock,
                users,
                clients: Vec::new(),
                registered: RegisteredClients::default(),
                trust: Vec::new(),
                rules: spec.claims.clone().unwrap_or_default(),
                faults,
                keys: Keys::new(seed, name, &algorithms),
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
            remembered: Remembered::default(),
            served: Mutex::default(),
            spec,
        };
        let clients = issuer.spec.clients.clone();
        let clients = clients.unwrap_or_else(|| settings.clients().to_vec());
        for (index, client) in clients.into_iter().enumerate() {
            issuer
                .put_client(client)
                .map_err(|error| error.within(format_args!("clients[{index}]")))?;
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

    /// The same issuer as it was made.
    pub(crate) fn anew(&self) -> Result<Self, InvalidSpec> {
        let seed = self.lock().keys.seed().clone();
        Self::new(
            &self.name,
            self.spec.clone(),
            self.strictness,
            &seed,
            &self.settings,
            self.closing.clone(),
            self.fetch.clone(),
        )
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

    pub(crate) fn remembered(&self) -> &Remembered {
        &self.remembered
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
        let secrets = Secrets::parse(&keys.seed().secret(), Mode::Development);
        let secrets = secrets.map_err(|error| ConfigError::new("seed", error))?;
        let config = self.settings.config().clone().with_issuer(issuer);
        let mut config = config
            .with_secrets(secrets)
            .with_signing_keys(keys.private_keys(&self.algorithms))
            // Known by several addresses, an issuer honours at each what it issued at any.
            .with_key_context(format!("mock/{}", self.name));
        if let Some(lifetime) = self.spec.access_token_lifetime {
            config = config.with_access_token_lifetime(Seconds(lifetime));
        }
        if config.login_url().is_none() {
            config = config.with_login_url(url("JETON_LOGIN_URL", Endpoint::Login)?);
        }
        if config.logout_url().is_none() {
            config = config.with_logout_url(url("JETON_LOGOUT_URL", Endpoint::Logout)?);
        }
        let config = config
            // Its issuers are at one address, and reach each other without a network.
            .with_reach(Reach::in_process())
            // What a proxy has taken off is put back before an issuer is looked for.
            .with_proxy_strips("")
            // They are in the registry, where they can be changed.
            .with_clients(Vec::new())
            .with_trust(Vec::new())
            // A lenient registry answers each request with another client.
            .with_registry_max_age(Seconds(0));
        Ok(Served {
            server: Server::new(
                config.clone(),
                Capabilities {
                    registry: PerRequest(Arc::clone(&self.registry)),
                    ledger: Some(self.ledger.clone()),
                    crypto: NativeCrypto::new(),
                    fetch: self.fetch.clone(),
                },
            ),
            config,
        })
    }

    pub(crate) fn users(&self) -> Vec<User> {
        self.lock().users.clone()
    }

    pub(crate) fn put_user(&self, user: User) -> Result<(), InvalidSpec> {
        file::check_user(&user)?;
        let users = &mut self.lock().users;
        match users.iter_mut().find(|known| known.sub == user.sub) {
            Some(known) => *known = user,
            None => users.push(user),
        }
        Ok(())
    }

    pub(crate) fn remove_user(&self, sub: &str) -> bool {
        let users = &mut self.lock().users;
        let before = users.len();
        users.retain(|user| user.sub != sub);
        users.len() < before
    }

    pub(crate) fn rules(&self) -> Vec<ClaimRule> {
        self.lock().rules.clone()
    }

    pub(crate) fn add_rule(&self, rule: ClaimRule) {
        self.lock().rules.push(rule);
    }

    pub(crate) fn clear_rules(&self) {
        self.lock().rules.clear();
    }

    /// Whether a user or a rule adds claims to tokens.
    pub(crate) fn adds_claims(&self) -> bool {
        let state = self.lock();
        !state.rules.is_empty() || state.users.iter().any(User::adds_claims)
    }

    /// What users and rules add to the tokens of a request.
    pub(crate) fn additions(&self, facts: &Facts<'_>) -> Additions {
        let state = self.lock();
        Additions::of(&state.users, &state.rules, facts)
    }

    /// The JOSE types that rules give access tokens.
    pub(crate) fn access_token_types(&self) -> Vec<String> {
        let state = self.lock();
        let types = state.rules.iter();
        types.filter_map(|it| it.access_token_typ.clone()).collect()
    }

    pub(crate) fn faults(&self) -> Vec<Kept> {
        self.lock().faults.list()
    }

    pub(crate) fn add_fault(&self, fault: Fault) -> Result<Kept, InvalidSpec> {
        file::check_fault(&fault)?;
        Ok(self.lock().faults.add(fault))
    }

    pub(crate) fn remove_fault(&self, id: u64) -> bool {
        self.lock().faults.remove(id)
    }

    pub(crate) fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// The faults that are to act on a request.
    pub(crate) fn due(&self, asked: &Asked<'_>) -> Vec<Due> {
        self.lock().faults.due(asked)
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.lock().clock.now(jeton_native::now())
    }

    pub(crate) fn clock(&self) -> ClockState {
        self.lock().clock.state(jeton_native::now())
    }

    pub(crate) fn move_clock(&self, spec: &ClockSpec) -> Result<ClockState, InvalidSpec> {
        Clock::check(spec)?;
        let real = jeton_native::now();
        let clock = &mut self.lock().clock;
        clock.move_by(spec, real);
        Ok(clock.state(real))
    }

    /// The addresses, besides this one, that the issuer has been asked at.
    pub(crate) fn other_addresses(&self, address: &Address) -> Vec<String> {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let others = served.keys().filter(|other| **other != address.issuer);
        others.cloned().collect()
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The oldest matching request that nobody has taken, waiting for one until the mock ends.
    pub(crate) async fn take(&self, filter: &Filter, patience: Duration) -> Option<Entry> {
        tokio::select! {
            entry = self.journal.take(filter, patience) => entry,
            () = self.closed() => None,
        }
    }

    async fn closed(&self) {
        // An error is the mock being gone, which is an end as well.
        let _ = self.closing.clone().wait_for(|closed| *closed).await;
    }

    /// Waits, unless the mock ends.
    pub(crate) async fn wait(&self, length: Duration) {
        if !length.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(length) => {}
                () = self.closed() => {}
            }
        }
    }
}
