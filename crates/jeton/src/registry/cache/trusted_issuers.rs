//! The issuers whose tokens stand for clients: configured ones, and what is registered.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Document, Expected, Key, Put, Registry, Store, bounds::UNKNOWN_AGE, read_trusted_issuer,
    remembered::Remembered,
};
use crate::{
    inserted::inserted,
    time::{Seconds, UnixTime},
    trust::{TrustedIssuer, is_issuer},
    unavailable::Unavailable,
};

/// All trusted issuers of a deployment.
pub(crate) struct TrustedIssuers<R> {
    configured: BTreeMap<String, Arc<TrustedIssuer>>,
    store: Arc<Store<R>>,
    unknown_age: Seconds,
    registered: Remembered<String, TrustedIssuer>,
}

#[inline(never)]
fn by_issuer(configured: &[TrustedIssuer]) -> BTreeMap<String, Arc<TrustedIssuer>> {
    let issuers = configured.iter().cloned();
    inserted(issuers.map(|issuer| (issuer.issuer.clone(), Arc::new(issuer))))
}

impl<R: Registry> TrustedIssuers<R> {
    pub(crate) fn new(
        configured: &[TrustedIssuer],
        store: Arc<Store<R>>,
        max_age: Seconds,
    ) -> Self {
        let configured = match configured {
            [] => BTreeMap::new(),
            configured => by_issuer(configured),
        };
        Self {
            configured,
            store,
            unknown_age: UNKNOWN_AGE.min(max_age),
            registered: Remembered::new(max_age),
        }
    }

    /// The document of that issuer, also of one that is disabled; as old as a client may be. A text that
    /// is no issuer, which whoever sends a token can choose, is looked for nowhere.
    pub(crate) async fn find(
        &self,
        issuer: &str,
        now: UnixTime,
    ) -> Result<Option<Arc<TrustedIssuer>>, Unavailable> {
        if let Some(configured) = self.configured.get(issuer) {
            return Ok(Some(Arc::clone(configured)));
        }
        if !is_issuer(issuer) {
            return Ok(None);
        }
        let reading = self.store.reading(now);
        let (registry, realm) = (self.store.registry(), self.store.realm());
        let read = read_trusted_issuer(registry, realm, issuer, &reading);
        self.registered
            .find(&issuer.to_owned(), now, self.unknown_age, read)
            .await
    }
}

impl<R: Registry> TrustedIssuers<R> {
    /// Whether the document of that key is configured.
    pub(crate) fn has_configured(&self, key: &Key) -> bool {
        let mut issuers = self.configured.keys();
        issuers.any(|issuer| Key::trust(self.store.realm(), issuer) == *key)
    }

    /// Writes a document of a trusted issuer. In this process it holds at once.
    pub(crate) async fn change(
        &self,
        key: &Key,
        next: Option<&Document>,
        expected: &Expected,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        let put = self.store.change(key, next, expected, now).await;
        // Whatever was answered: it may have been done.
        self.registered.forget();
        put
    }
}

#[cfg(test)]
mod tests;
