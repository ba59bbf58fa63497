//! What the server asks for of what is configured and registered, through a cache: clients with their
//! cut-offs here, trusted issuers in `trusted_issuers.rs`.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, OnceLock},
};

use super::{
    CutOff, Document, Expected, Key, Kind, Put, Registry, Store, Unavailable, put_among_cut_offs,
    read_cut_offs, read_trusted_issuer,
};
use crate::{
    apart::apart,
    api::Api,
    client::{BUILT_IN, Client, ClientId},
    inserted::inserted,
    time::{Seconds, UnixTime},
};

mod bounds;
mod known_cut_offs;
mod remembered;
mod trusted_issuers;

use bounds::{is_fresh, lock};
use known_cut_offs::KnownCutOffs;
use remembered::Remembered;
pub(crate) use trusted_issuers::TrustedIssuers;

/// All clients of a deployment, and their cut-offs. In trees, because callers choose the keys: where
/// hashing is not seeded, as in wasm, they could choose keys that collide.
pub(crate) struct Clients<R> {
    configured: BTreeMap<ClientId, Arc<Client>>,
    /// Made when somebody first asks for it: starting costs nothing.
    built_in: OnceLock<Option<Arc<Client>>>,
    store: Arc<Store<R>>,
    max_age: Seconds,
    registered: Remembered<ClientId, Client>,
    apis: Remembered<String, Api>,
    // Locked only between two `.await`s.
    cut_offs: Mutex<KnownCutOffs>,
}

impl<R: Registry> Clients<R> {
    pub(crate) fn new(configured: &[Client], store: Arc<Store<R>>, max_age: Seconds) -> Self {
        let apis: Vec<_> = store.configured_apis().cloned().collect();
        let configured = configured.iter().cloned().map(|client| {
            let whole = Some(client.clone().with_apis(&apis));
            // Else with APIs that are registered, and read with them.
            let whole = whole.filter(Client::has_its_apis);
            let client = whole.unwrap_or(client);
            (client.id.clone(), Arc::new(client))
        });
        Self {
            configured: inserted(configured),
            built_in: OnceLock::new(),
            store,
            max_age,
            registered: Remembered::new(max_age),
            apis: Remembered::new(max_age),
            cut_offs: Mutex::default(),
        }
    }

    /// The client of that id, at most `max_age` older than the registry's answer. That there is none is
    /// at most a few seconds older. One that is disabled is none.
    pub(crate) async fn find(
        &self,
        id: &ClientId,
        now: UnixTime,
    ) -> Result<Option<Arc<Client>>, Unavailable> {
        let client = self.find_also_disabled(id, now).await?;
        Ok(client.filter(|client| client.stands_at(now)))
    }

    /// The same, also of a client that is disabled: to say in the audit which one it is.
    pub(crate) async fn find_also_disabled(
        &self,
        id: &ClientId,
        now: UnixTime,
    ) -> Result<Option<Arc<Client>>, Unavailable> {
        self.find_within(id, now, self.unknown_age()).await
    }

    /// Whether `subject` is the id of a client, also of one that is disabled, at most `max_age` older than
    /// the registry's answer: a person with such a subject could pass for that client (RFC 9700 §4.15).
    ///
    /// Ids are compared without regard to ASCII case, because resource servers may compare so: with all
    /// configured clients, and with registered ones of this very spelling or in small letters. A store
    /// finds only what is spelled as its key.
    pub(crate) async fn is_client(
        &self,
        subject: &str,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let configured = self.configured.keys().map(ClientId::as_str);
        let mut configured = configured.chain([BUILT_IN]);
        if configured.any(|id| id.eq_ignore_ascii_case(subject)) {
            return Ok(true);
        }
        let small = subject.to_ascii_lowercase();
        let spellings = [
            Some(subject),
            Some(small.as_str()).filter(|it| *it != subject),
        ];
        for id in spellings.into_iter().flatten().flat_map(str::parse) {
            if self.find_within(&id, now, self.max_age).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The client of that id; that there is none may have been read as long as `unknown_age` ago.
    async fn find_within(
        &self,
        id: &ClientId,
        now: UnixTime,
        unknown_age: Seconds,
    ) -> Result<Option<Arc<Client>>, Unavailable> {
        let reading = self.store.reading(now);
        let (registry, realm) = (self.store.registry(), self.store.realm());
        if let Some(client) = self.configured(id) {
            if client.has_its_apis() {
                return Ok(Some(Arc::clone(client)));
            }
            let read = async {
                let client = Client::clone(client);
                Ok(Some(reading.with_apis(registry, realm, client).await?))
            };
            let whole = self.registered.find(id, now, unknown_age, read);
            return apart(Box::pin(whole).as_mut()).await;
        }
        // Boxed where it is waited for: kilobytes that few requests need are not in the future of every one.
        let read = async { Box::pin(registry.client(realm, id, &reading)).await };
        apart(pin!(self.registered.find(id, now, unknown_age, read))).await
    }

    /// The time before which every grant of `of` has ended; 0 without a cut-off. At most
    /// `max_age` older than the registry's answer, and never older than what was set here.
    pub(crate) async fn cut_off(
        &self,
        of: &CutOff,
        now: UnixTime,
    ) -> Result<UnixTime, Unavailable> {
        if let Some((read_at, at)) = lock(&self.cut_offs).find(of)
            && is_fresh(read_at, now, self.max_age)
        {
            return Ok(at);
        }
        let read = read_cut_offs(self.store.registry(), self.store.realm(), of).await?;
        Ok(lock(&self.cut_offs).remember(of, read, now))
    }

    /// Ends every grant of `of` that was opened until now. What is opened in this very second
    /// is ended too: times have no finer grain.
    pub(crate) async fn end_all_of(&self, of: &CutOff, now: UnixTime) -> Result<(), Unavailable> {
        self.put_cut_off(of, now + Seconds(1), now).await
    }

    /// Sets a cut-off, or keeps a later one that stands. In this process it holds at once.
    async fn put_cut_off(
        &self,
        of: &CutOff,
        at: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        let (registry, realm) = (self.store.registry(), self.store.realm());
        let standing = put_among_cut_offs(registry, realm, of, at).await?;
        lock(&self.cut_offs).set(of, standing, now);
        Ok(())
    }

    /// The API of that identifier; as old as a client may be.
    pub(crate) async fn api(
        &self,
        identifier: &str,
        now: UnixTime,
    ) -> Result<Option<Arc<Api>>, Unavailable> {
        if let Some(api) = self.store.configured_api(identifier) {
            return Ok(Some(Arc::clone(api)));
        }
        let reading = self.store.reading(now);
        let read = reading.api(self.store.registry(), self.store.realm(), identifier);
        let unknown_age = self.unknown_age();
        let key = identifier.to_owned();
        self.apis.find(&key, now, unknown_age, read).await
    }

    fn unknown_age(&self) -> Seconds {
        self.store.registry().unknown_age().min(self.max_age)
    }

    /// Whether a client is configured under `id`.
    pub(crate) fn is_configured(&self, id: &ClientId) -> bool {
        self.configured(id).is_some()
    }

    /// Whether `id` is that of a login application, which only a configured client can be.
    pub(crate) fn is_login_application(&self, id: &ClientId) -> bool {
        self.configured(id).is_some_and(|client| client.login)
    }

    /// The client that is configured under `id`, or built in.
    fn configured(&self, id: &ClientId) -> Option<&Arc<Client>> {
        if id.as_str() == BUILT_IN {
            return self.built_in();
        }
        self.configured.get(id)
    }

    #[inline(never)]
    fn built_in(&self) -> Option<&Arc<Client>> {
        let made = || Client::built_in().map(Arc::new);
        self.built_in.get_or_init(made).as_ref()
    }

    /// Writes the document of a client, or of an API that clients have. In this process it holds at once.
    pub(crate) async fn change(
        &self,
        key: &Key,
        next: Option<&Document>,
        expected: &Expected,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        let put = self.store.change(key, next, expected, now).await;
        // Whatever was answered: it may have been done. On a client nobody else rests, and strangers may be
        // those who register one; on an API all clients do that have it.
        match (key.collection.kind, key.name.parse()) {
            (Kind::Client, Ok(id)) => self.registered.forget_key(&id),
            _ => {
                self.registered.forget();
                self.apis.forget();
            }
        }
        put
    }
}

#[cfg(test)]
mod tests;
