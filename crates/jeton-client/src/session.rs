//! A person's session: who is logged in, and their tokens.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    client::Client,
    error::{Code, Error},
    flight::Slot,
    manager::{Held, Standing, lock},
    metadata::Metadata,
    runtime::{BoxFuture, Runtime},
    session::{
        refresh::Unsaved,
        vault::{Found, Vault},
    },
    store::{Store, Version},
    token::{AccessToken, TokenResponse, kept},
};

mod id_token;
mod login;
mod logout;
mod refresh;
#[cfg(test)]
mod testing;
mod vault;

pub use login::SealedLogin;
pub use logout::LoggedOut;

/// The claims of an ID token; none where no `openid` scope was asked for.
pub type IdClaims = Map<String, Value>;

/// How often a record is replaced anew that others replace at the same time.
const RACES: usize = 20;

/// How long a logout or a login of another process may go unnoticed.
const LOOK: Duration = Duration::from_secs(10);

/// One person's session with an authorization server: begun by [`login`](Self::login) and
/// [`callback`](Self::callback), or by a [`Device`](crate::Device), kept in a store, ended by
/// [`logout`](Self::logout).
///
/// Clones are the same session; so are, through their store, those of other processes that have the
/// same store, key and name. A refresh token is sent by one of them at a time, and none is lost with an
/// answer that does not arrive.
#[derive(Clone)]
pub struct Session {
    engine: Arc<Engine>,
    flight: Arc<Slot<Result<AccessToken, Error>>>,
}

#[derive(Clone)]
struct Engine {
    client: Client,
    vault: Vault,
    name: String,
    redirect_uri: String,
    scope: String,
    resources: Vec<String>,
    after_logout: Option<String>,
    memory: Arc<Mutex<Memory>>,
}

/// What this process remembers of the session.
#[derive(Default)]
struct Memory {
    /// How many logins and logouts there were: what began before the last of them counts no more.
    epoch: u64,
    held: Held,
    /// When the store was looked at.
    looked_at: Duration,
    /// The text of an access token that an API refused.
    refused: Option<String>,
    /// What the store did not take.
    unsaved: Option<Unsaved>,
}

impl Memory {
    /// Forgets all, and what is under way.
    fn begin(&mut self) {
        *self = Self {
            epoch: self.epoch.wrapping_add(1),
            ..Self::default()
        };
    }

    /// Takes what stands in the store.
    fn take(&mut self, access: AccessToken, runtime: &Runtime) -> Result<(), Error> {
        self.looked_at = runtime.now();
        self.held.take(access, runtime)
    }

    /// Whether the store is to be looked at by whoever asks now, and by nobody else.
    fn is_to_look(&mut self, now: Duration) -> bool {
        let is_due = now < self.looked_at || now >= self.looked_at + LOOK;
        if is_due {
            self.looked_at = now;
        }
        is_due
    }
}

/// What is kept of a session.
#[derive(Clone, Serialize, Deserialize)]
struct Record {
    #[serde(with = "kept")]
    access: AccessToken,
    refresh_token: Option<String>,
    id_token: Option<String>,
    id_claims: IdClaims,
    lease: Option<Lease>,
}

/// That somebody is refreshing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    holder: String,
    until: Duration,
}

impl Client {
    /// A person's session, kept in `store` under a key of at least 16 bytes, which nobody else has.
    /// `redirect_uri` is where the server sends the person back to.
    ///
    /// # Errors
    /// The key is too short, or `redirect_uri` is no URL.
    pub fn session(
        &self,
        store: Arc<dyn Store>,
        key: &[u8],
        redirect_uri: &str,
        scope: &str,
    ) -> Result<Session, Error> {
        // It is sent as it is written: servers compare the text.
        Url::parse(redirect_uri).map_err(|_| Error::configuration("the redirect_uri is no URL"))?;
        Ok(Session {
            engine: Arc::new(Engine {
                client: self.clone(),
                vault: Vault::new(store, key)?,
                name: "session".to_owned(),
                redirect_uri: redirect_uri.to_owned(),
                scope: scope.to_owned(),
                resources: Vec::new(),
                after_logout: None,
                memory: Arc::default(),
            }),
            flight: Arc::default(),
        })
    }
}

impl Session {
    /// The session of this name: one for each person, where a process serves several.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        self.with(|engine| engine.name = name.into())
    }

    /// With tokens for this resource (RFC 8707), beside those named before.
    #[must_use]
    pub fn resource(self, resource: impl Into<String>) -> Self {
        self.with(|engine| engine.resources.push(resource.into()))
    }

    /// Where the server is to send a person who has logged out there.
    #[must_use]
    pub fn after_logout(self, url: impl Into<String>) -> Self {
        self.with(|engine| engine.after_logout = Some(url.into()))
    }

    /// Another session, which remembers nothing yet.
    fn with(self, change: impl FnOnce(&mut Engine)) -> Self {
        let mut engine = Engine::clone(&self.engine);
        engine.memory = Arc::default();
        change(&mut engine);
        Self {
            engine: Arc::new(engine),
            flight: Arc::default(),
        }
    }

    /// An access token for whoever is logged in, refreshed ahead of its end as
    /// [`Client::token`] does.
    ///
    /// # Errors
    /// [`Code::NotLoggedIn`]: nobody is, the server has ended the session, or what is stored cannot be
    /// opened. While a token stands, the faults of the network and of the server are no errors.
    pub async fn access_token(&self) -> Result<AccessToken, Error> {
        let engine = &self.engine;
        loop {
            let start = || {
                let engine = Arc::clone(engine);
                apart(async move { engine.renew().await })
            };
            let now = engine.client.core.runtime.now();
            let (epoch, standing) = {
                let memory = lock(&engine.memory);
                (memory.epoch, memory.held.standing(now))
            };
            let ride = match standing {
                Standing::Fresh(token) if !lock(&engine.memory).is_to_look(now) => {
                    return Ok(token);
                }
                Standing::Fresh(token) => match engine.look(token).await? {
                    Some(token) => return Ok(token),
                    None => continue,
                },
                Standing::Ageing(token) => match self.flight.lead(start) {
                    Some(ride) => ride,
                    None => return Ok(token),
                },
                Standing::None => self.flight.join(start),
            };
            let resumed = ride.is_resumed();
            let landed = ride.land().await;
            let now = engine.client.core.runtime.now();
            match landed {
                // There was a login or a logout since.
                _ if lock(&engine.memory).epoch != epoch => {}
                // Whoever had asked for it went away, long ago.
                Ok(token) if resumed && token.expired(now) => {}
                landed => return landed,
            }
        }
    }

    /// Forgets an access token that an API refused, if it is the one that stands.
    pub fn discard(&self, token: &AccessToken) {
        let mut memory = lock(&self.engine.memory);
        memory.held.discard(token);
        memory.refused = Some(token.access_token().to_owned());
    }

    /// Hears that an API refused a token. Says whether another is to be had.
    pub(crate) fn refuse(&self, token: &AccessToken, now: Duration) -> bool {
        let mut memory = lock(&self.engine.memory);
        let another = memory.held.refuse(token, now);
        if another {
            memory.refused = Some(token.access_token().to_owned());
        }
        another
    }

    /// Who is logged in: the claims of the ID token, as they were last told.
    ///
    /// # Errors
    /// [`Code::NotLoggedIn`], as of [`access_token`](Self::access_token).
    pub async fn id_claims(&self) -> Result<IdClaims, Error> {
        let (record, _) = self.engine.record().await?;
        Ok(record.id_claims)
    }

    pub(crate) fn scope(&self) -> &str {
        &self.engine.scope
    }

    pub(crate) fn resources(&self) -> &[String] {
        &self.engine.resources
    }

    pub(crate) fn client(&self) -> &Client {
        &self.engine.client
    }

    /// Puts what a login or a device yielded in the place of whatever stands.
    pub(crate) async fn begin(
        &self,
        response: TokenResponse,
        nonce: Option<&str>,
    ) -> Result<IdClaims, Error> {
        let engine = &self.engine;
        let core = &engine.client.core;
        let metadata: Arc<Metadata> = core.discovery.metadata().await?;
        let id_claims = match &response.id_token {
            Some(token) => id_token::of_login(core, &metadata, token, nonce).await?,
            None if nonce.is_some() => {
                return Err(Error::response("the token endpoint answered no id_token"));
            }
            None => IdClaims::new(),
        };
        let record = Record {
            access: response.access,
            refresh_token: response.refresh_token,
            id_token: response.id_token,
            id_claims: id_claims.clone(),
            lease: None,
        };
        engine.replace(&record).await?;
        self.forget();
        lock(&engine.memory).take(record.access, &core.runtime)?;
        Ok(id_claims)
    }

    /// Forgets what this process remembers, and what is under way for it.
    fn forget(&self) {
        lock(&self.engine.memory).begin();
        self.flight.clear();
    }
}

impl Engine {
    fn record_name(&self) -> String {
        format!("session/{}", self.name)
    }

    fn logins_name(&self) -> String {
        format!("logins/{}", self.name)
    }

    async fn record(&self) -> Result<(Record, Version), Error> {
        match self.vault.read(&self.record_name()).await? {
            Found::Record(record, version) => Ok((record, version)),
            Found::Nothing => Err(Error::new(Code::NotLoggedIn, "nobody is logged in")),
            Found::Closed(_) => Err(Error::new(
                Code::NotLoggedIn,
                "what is stored of the session cannot be opened: it is damaged, or the key is another",
            )),
        }
    }

    /// Replaces whatever stands.
    async fn replace(&self, record: &Record) -> Result<(), Error> {
        let runtime = &self.client.core.runtime;
        for _ in 0..RACES {
            let expected = match self.vault.read::<Record>(&self.record_name()).await? {
                Found::Nothing => None,
                Found::Record(_, version) | Found::Closed(version) => Some(version),
            };
            if self
                .vault
                .write(runtime, &self.record_name(), Some(record), expected)
                .await?
            {
                return Ok(());
            }
        }
        Err(too_many())
    }
}

/// Does something to its end, whoever of those that wait for it goes away: in a task, where there is
/// `tokio`. Elsewhere they drive it, and it stands still while there is none of them.
fn apart(
    work: impl Future<Output = Result<AccessToken, Error>> + Send + 'static,
) -> BoxFuture<'static, Result<AccessToken, Error>> {
    #[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        let task = runtime.spawn(work);
        let ended = |_| Error::new(Code::Timeout, "the runtime ended during a refresh");
        return Box::pin(async move { task.await.map_err(ended)? });
    }
    Box::pin(work)
}

fn too_many() -> Error {
    Error::store("too many write at once")
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("client", &self.engine.client)
            .field("name", &self.engine.name)
            .finish_non_exhaustive()
    }
}
