//! The issuers whose tokens stand for clients: configured ones, and what is registered.

use std::{collections::BTreeMap, sync::Arc};

use super::{Realm, Registry, bounds::UNKNOWN_AGE, read_trusted_issuer, remembered::Remembered};
use crate::{
    time::{Seconds, UnixTime},
    trust::{TrustedIssuer, is_issuer},
    unavailable::Unavailable,
};

/// All trusted issuers of a deployment.
pub(crate) struct TrustedIssuers<R> {
    configured: BTreeMap<String, Arc<TrustedIssuer>>,
    registry: Arc<R>,
    realm: Realm,
    unknown_age: Seconds,
    registered: Remembered<String, TrustedIssuer>,
}

impl<R: Registry> TrustedIssuers<R> {
    pub(crate) fn new(configured: &[TrustedIssuer], registry: Arc<R>, max_age: Seconds) -> Self {
        let configured = configured
            .iter()
            .map(|issuer| (issuer.issuer.clone(), Arc::new(issuer.clone())))
            .collect();
        Self {
            configured,
            registry,
            // This deployment is alone in its store.
            realm: Realm::default(),
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
        let read = read_trusted_issuer(&*self.registry, &self.realm, issuer);
        self.registered
            .find(&issuer.to_owned(), now, self.unknown_age, read)
            .await
    }
}

#[cfg(test)]
mod tests;
