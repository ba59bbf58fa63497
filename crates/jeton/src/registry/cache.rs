//! What the server asks for of what is configured and registered, through a cache: clients with their
//! cut-offs here, trusted issuers in `trusted_issuers.rs`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{CutOff, Realm, Registry, Unavailable, put_cut_off, read_cut_off, read_trusted_issuer};
use crate::{
    client::{Client, ClientId},
    time::{Seconds, UnixTime},
};

mod bounds;
mod known_cut_offs;
mod remembered;
mod trusted_issuers;

use bounds::{UNKNOWN_AGE, is_fresh, lock};
use known_cut_offs::KnownCutOffs;
use remembered::Remembered;
pub(crate) use trusted_issuers::TrustedIssuers;

/// All clients of a deployment, and their cut-offs. In trees, because callers choose the keys: where
/// hashing is not seeded, as in wasm, they could choose keys that collide.
pub(crate) struct Clients<R> {
    configured: BTreeMap<ClientId, Arc<Client>>,
    registry: Arc<R>,
    realm: Realm,
    max_age: Seconds,
    registered: Remembered<ClientId, Client>,
    // Locked only between two `.await`s.
    cut_offs: Mutex<KnownCutOffs<CutOff>>,
}

impl<R: Registry> Clients<R> {
    pub(crate) fn new(configured: &[Client], registry: Arc<R>, max_age: Seconds) -> Self {
        let configured = configured
            .iter()
            .map(|client| (client.id.clone(), Arc::new(client.clone())))
            .collect();
        Self {
            configured,
            registry,
            // This deployment is alone in its store.
            realm: Realm::default(),
            max_age,
            registered: Remembered::new(max_age),
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
        Ok(client.filter(|client| !client.disabled))
    }

    /// The same, also of a client that is disabled: to say in the audit which one it is.
    pub(crate) async fn find_also_disabled(
        &self,
        id: &ClientId,
        now: UnixTime,
    ) -> Result<Option<Arc<Client>>, Unavailable> {
        self.find_within(id, now, UNKNOWN_AGE.min(self.max_age))
            .await
    }

    /// Whether `subject` is the id of a client, also of one that is disabled, at most `max_age` older than the registry's answer: a
    /// person with such a subject could pass for that client (RFC 9700 §4.15).
    ///
    /// Ids are compared without regard to ASCII case, because resource servers may compare so: with all
    /// configured clients, and with registered ones of this very spelling or in small letters. A store
    /// finds only what is spelled as its key.
    pub(crate) async fn is_client(
        &self,
        subject: &str,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let mut configured = self.configured.keys();
        if configured.any(|id| id.as_str().eq_ignore_ascii_case(subject)) {
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
        if let Some(client) = self.configured.get(id) {
            return Ok(Some(Arc::clone(client)));
        }
        let read = self.registry.client(&self.realm, id);
        self.registered.find(id, now, unknown_age, read).await
    }

    /// The time before which every grant of a subject or client has ended; 0 without a cut-off. At most
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
        let read = read_cut_off(&*self.registry, &self.realm, of).await?;
        Ok(lock(&self.cut_offs).remember(of, read.unwrap_or(UnixTime(0)), now))
    }

    /// Sets a cut-off, or keeps a later one that stands. In this process it holds at once.
    pub(crate) async fn put_cut_off(
        &self,
        of: &CutOff,
        at: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        let standing = put_cut_off(&*self.registry, &self.realm, of, at).await?;
        lock(&self.cut_offs).set(of, standing, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
