//! What an issuer's server finds registered: clients as the mock was told of them, and documents.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jeton::{
    Client, ClientId, Collection, Cursor, Document, Expected, Key, Kind, MemoryRegistry, Page, Put,
    Realm, Registry, Unavailable,
};

/// The clients of one issuer, parsed, its trust documents, and what the server writes itself. Clients are
/// not documents: what is lent to a request may be what no document describes (a redirect URI that
/// production would refuse), and one would be written and parsed again for each token.
#[derive(Debug, Default)]
pub(crate) struct MockRegistry {
    clients: Mutex<HashMap<ClientId, Client>>,
    trust: Mutex<BTreeMap<Key, Document>>,
    documents: MemoryRegistry,
}

impl MockRegistry {
    /// Registers `client`, in place of one with the same id.
    pub(crate) fn insert(&self, client: Client) {
        self.clients().insert(client.id.clone(), client);
    }

    /// The client registered under `id`.
    pub(crate) fn find(&self, id: &ClientId) -> Option<Client> {
        self.clients().get(id).cloned()
    }

    /// Forgets the client of `id`.
    pub(crate) fn remove(&self, id: &ClientId) {
        self.clients().remove(id);
    }

    /// Replaces the client of `id` by what `change` makes of it, as one step.
    pub(crate) fn update(&self, id: &ClientId, change: impl FnOnce(Option<&Client>) -> Client) {
        let mut clients = self.clients();
        let client = change(clients.get(id));
        clients.insert(id.clone(), client);
    }

    /// Registers the document of a trusted issuer, in place of the one that is there.
    pub(crate) fn insert_trust(&self, issuer: &str, document: Document) {
        let key = Key::trust(&Realm::default(), issuer);
        self.trust().insert(key, document);
    }

    /// Forgets the document of a trusted issuer.
    pub(crate) fn remove_trust(&self, issuer: &str) {
        self.trust().remove(&Key::trust(&Realm::default(), issuer));
    }

    fn trust(&self) -> MutexGuard<'_, BTreeMap<Key, Document>> {
        self.trust.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each change is one insertion: a panic elsewhere leaves the map whole.
    fn clients(&self) -> MutexGuard<'_, HashMap<ClientId, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry for MockRegistry {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        match key.collection.kind {
            Kind::Trust => Ok(self.trust().get(key).cloned()),
            Kind::Client | Kind::CutOff => self.documents.get(key).await,
        }
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        self.documents.put(key, document, expected).await
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        self.documents.delete(key, expected).await
    }

    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        self.documents.list(collection, after).await
    }

    async fn client(&self, _: &Realm, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        Ok(self.find(id))
    }
}
