//! The registry of a deployment, with what it has besides the store: what is configured, and what was
//! written here.

use std::sync::Arc;

use super::{
    Collection, ConfiguredApis, Cursor, Document, Expected, Key, Kind, Page, Put, Reading, Realm,
    Registry, Unavailable, written::Written,
};
use crate::{
    api::Api,
    client::ClientId,
    client_ids::{ClientIds, MadeBy},
    config::Config,
    inserted::inserted,
    time::UnixTime,
};

/// The registry of one deployment.
pub(crate) struct Store<R> {
    registry: R,
    realm: Realm,
    apis: ConfiguredApis,
    ids: ClientIds,
    written: Written,
}

impl<R: Registry> Store<R> {
    pub(crate) fn new(config: &Config, registry: R) -> Self {
        let apis = match config.apis() {
            [] => ConfiguredApis::new(),
            apis => by_identifier(apis),
        };
        Self {
            registry,
            // This deployment is alone in its store.
            realm: Realm::default(),
            apis,
            ids: ClientIds::new(config),
            written: Written::default(),
        }
    }

    pub(crate) fn realm(&self) -> &Realm {
        &self.realm
    }

    pub(crate) fn ids(&self) -> &ClientIds {
        &self.ids
    }

    pub(super) fn registry(&self) -> &R {
        &self.registry
    }

    /// How documents are read at `now`.
    pub(super) fn reading(&self, now: UnixTime) -> Reading<'_> {
        Reading {
            apis: &self.apis,
            ids: &self.ids,
            written: &self.written,
            now,
        }
    }

    /// The API that is configured under this identifier.
    pub(crate) fn configured_api(&self, identifier: &str) -> Option<&Arc<Api>> {
        self.apis.get(identifier)
    }

    /// Whether the API of that key is configured.
    pub(crate) fn has_configured_api(&self, key: &Key) -> bool {
        let mut identifiers = self.apis.keys();
        identifiers.any(|identifier| Key::api(&self.realm, identifier) == *key)
    }

    /// Whether a name of `api` is one of a configured API.
    pub(crate) fn has_configured_name_of(&self, api: &Api) -> bool {
        api.names().any(|name| self.is_configured_name(name))
    }

    /// Whether a configured API is called so.
    pub(crate) fn is_configured_name(&self, name: &str) -> bool {
        self.apis.values().any(|api| api.is_named(name))
    }

    /// The configured APIs.
    pub(super) fn configured_apis(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.apis.values()
    }

    /// The document that stands under `key`, never stale.
    pub(crate) async fn standing(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        self.registry.standing(key).await
    }

    /// A page of what stands of one kind.
    pub(crate) async fn list(
        &self,
        kind: Kind,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        let collection = Collection {
            realm: self.realm.clone(),
            kind,
        };
        self.registry.list(&collection, after).await
    }

    /// Writes a document, or removes it where there is no next one. From now on it is read here as it
    /// stands.
    pub(super) async fn change(
        &self,
        key: &Key,
        next: Option<&Document>,
        expected: &Expected,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        let is_made_here = || {
            let id = key.name.parse::<ClientId>();
            id.is_ok_and(|id| self.ids.made_by(&id) == MadeBy::Us)
        };
        // What is made here is looked for where it stands anyway; and anybody may register a client.
        if *expected != Expected::Absent || !is_made_here() {
            self.written.note(key, now);
        }
        match next {
            Some(document) => self.registry.put(key, document, expected).await,
            None => self.registry.delete(key, expected).await,
        }
    }
}

#[inline(never)]
fn by_identifier(apis: &[Api]) -> ConfiguredApis {
    let apis = apis.iter().cloned();
    inserted(apis.map(|api| (api.identifier.clone(), Arc::new(api))))
}
