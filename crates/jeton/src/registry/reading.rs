//! How documents are read for a request: what is configured needs no store, and what was just written
//! here is asked of the authority, because a store may show it late.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Document, Key, Realm, Registry, Unavailable, api::parse_api, client::parse_client,
    written::Written,
};
use crate::{
    api::Api,
    client::{Client, ClientId, NamedApi},
    client_ids::{ClientIds, MadeBy},
    time::UnixTime,
};

/// The APIs that are configured, by their identifiers.
pub(crate) type ConfiguredApis = BTreeMap<String, Arc<Api>>;

/// How documents are read for one request.
pub struct Reading<'a> {
    pub(super) apis: &'a ConfiguredApis,
    pub(super) ids: &'a ClientIds,
    pub(super) written: &'a Written,
    pub(super) now: UnixTime,
}

impl Reading<'_> {
    /// The document of that key, as it stands where it was written here a short time ago.
    pub(super) async fn document<R: Registry + ?Sized>(
        &self,
        registry: &R,
        key: &Key,
    ) -> Result<Option<Document>, Unavailable> {
        if self.written.lately(key, self.now) {
            registry.standing(key).await
        } else {
            registry.get(key).await
        }
    }

    /// The client registered under `id`, with its APIs.
    ///
    /// An id that this deployment has made is known to be of a client, or to have been: where a store does
    /// not show it yet, the authority is asked, so that a new client works everywhere at once.
    ///
    /// # Errors
    /// The store is unavailable, or a document cannot be read.
    pub async fn client<R: Registry + ?Sized>(
        &self,
        registry: &R,
        realm: &Realm,
        id: &ClientId,
    ) -> Result<Option<Client>, Unavailable> {
        let made_by = self.ids.made_by(id);
        if made_by == MadeBy::Forger {
            return Ok(None);
        }
        let key = Key::client(realm, id);
        let mut document = self.document(registry, &key).await?;
        if document.is_none() && made_by == MadeBy::Us {
            document = registry.standing(&key).await?;
        }
        let Some(document) = document else {
            return Ok(None);
        };
        match parse_client(&key, &document)? {
            Some(client) => Ok(Some(self.with_apis(registry, realm, client).await?)),
            None => Ok(None),
        }
    }

    /// The client with the APIs that it names, as they are configured or registered.
    ///
    /// # Errors
    /// The store is unavailable, or a document cannot be read.
    pub async fn with_apis<R: Registry + ?Sized>(
        &self,
        registry: &R,
        realm: &Realm,
        client: Client,
    ) -> Result<Client, Unavailable> {
        if client.named_apis.is_empty() {
            return Ok(client);
        }
        let mut apis = Vec::with_capacity(client.named_apis.len());
        for NamedApi { identifier, .. } in &client.named_apis {
            match self.apis.get(identifier) {
                Some(configured) => apis.push(Arc::clone(configured)),
                None => {
                    let registered = self.api(registry, realm, identifier).await?;
                    apis.extend(registered.map(Arc::new));
                }
            }
        }
        Ok(client.with_apis(&apis))
    }

    /// The API that is registered under that identifier.
    pub(super) async fn api<R: Registry + ?Sized>(
        &self,
        registry: &R,
        realm: &Realm,
        identifier: &str,
    ) -> Result<Option<Api>, Unavailable> {
        let key = Key::api(realm, identifier);
        match self.document(registry, &key).await? {
            Some(document) => Ok(Some(parse_api(&key, identifier, &document)?)),
            None => Ok(None),
        }
    }
}
