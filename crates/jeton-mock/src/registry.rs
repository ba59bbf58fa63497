//! What an issuer's server finds registered: documents, as any store has them, and what a lenient issuer
//! lets their clients have besides.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jeton::{
    Api, Client, ClientId, ClientRecord, Collection, Cursor, Document, Expected, Key, Kind,
    MemoryRegistry, Page, Put, Reading, Realm, Registry, Seconds, Unavailable,
};

use crate::lenient::{Kept, unregistered};

/// How many unregistered clients are kept that began a grant; the oldest go first.
const MOST_STRANGERS: usize = 1000;

/// The documents of one issuer. Clients and APIs are read when they are written, because each token would
/// read them again.
#[derive(Debug, Default)]
pub(crate) struct MockRegistry {
    documents: MemoryRegistry,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Clients that no document may describe: login applications. They stand before documents.
    fixed: HashMap<ClientId, (ClientRecord, Client)>,
    /// Without their APIs, which change by themselves.
    clients: HashMap<ClientId, Registered>,
    apis: Vec<Arc<Api>>,
    kept: HashMap<ClientId, Kept>,
    /// The unregistered clients in `kept`, the oldest first.
    strangers: VecDeque<ClientId>,
}

/// What a document says of a client.
#[derive(Debug)]
enum Registered {
    Client(Box<Client>),
    /// There was one.
    Deleted,
}

impl MockRegistry {
    /// Registers a client that no document may describe.
    pub(crate) fn fix(&self, record: ClientRecord, client: Client) {
        let mut known = self.known();
        known.kept.remove(&client.id);
        known.fixed.insert(client.id.clone(), (record, client));
    }

    /// Forgets a client that no document describes.
    pub(crate) fn unfix(&self, id: &ClientId) {
        self.known().fixed.remove(id);
    }

    /// The records of the clients that no document describes.
    pub(crate) fn fixed(&self) -> Vec<ClientRecord> {
        let known = self.known();
        known
            .fixed
            .values()
            .map(|(record, _)| record.clone())
            .collect()
    }

    /// The document of that key.
    pub(crate) fn document(&self, key: &Key) -> Option<Document> {
        self.documents.document(key)
    }

    /// The documents of one kind, in the order of their names.
    pub(crate) fn all(&self, kind: Kind) -> Vec<Document> {
        self.documents.collection(&Collection {
            realm: Realm::default(),
            kind,
        })
    }

    /// Writes a document, or removes it, whatever stands.
    pub(crate) fn set(&self, key: &Key, next: Option<Document>) {
        self.documents.set(key, next);
        self.read(key);
    }

    /// The client as it is registered, with its APIs.
    pub(crate) fn registered(&self, id: &ClientId) -> Option<Client> {
        self.known().registered(id)
    }

    /// Whether a client of that id was registered and is deleted.
    pub(crate) fn is_deleted(&self, id: &ClientId) -> bool {
        matches!(self.known().clients.get(id), Some(Registered::Deleted))
    }

    /// Whether requests have made a registered client, or one that nobody registered, more than it is.
    pub(crate) fn is_kept(&self, id: &ClientId) -> bool {
        self.known().kept.contains_key(id)
    }

    /// The client as requests find it that go on with what others began.
    pub(crate) fn find(&self, id: &ClientId) -> Option<Client> {
        let known = self.known();
        let own = known.registered(id);
        let Some(kept) = known.kept.get(id) else {
            return own;
        };
        let mut client = own.unwrap_or_else(|| unregistered(id));
        kept.add_to(&mut client, &known.apis);
        Some(client)
    }

    /// Changes what the client of `id` has besides. `change` is given the client as it is registered.
    pub(crate) fn keep(&self, id: &ClientId, change: impl FnOnce(&mut Kept, &Client)) {
        let mut known = self.known();
        let own = known.registered(id);
        if own.is_none() && !known.kept.contains_key(id) {
            if known.strangers.len() >= MOST_STRANGERS
                && let Some(oldest) = known.strangers.pop_front()
            {
                known.kept.remove(&oldest);
            }
            known.strangers.push_back(id.clone());
        }
        let own = own.unwrap_or_else(|| unregistered(id));
        change(known.kept.entry(id.clone()).or_default(), &own);
    }

    /// The APIs.
    pub(crate) fn apis(&self) -> Vec<Arc<Api>> {
        self.known().apis.clone()
    }

    /// Reads what stands under a key that was written.
    fn read(&self, key: &Key) {
        let mut known = self.known();
        let document = self.documents.document(key);
        let document = document.as_ref().map(Document::as_str);
        match key.collection.kind {
            Kind::Client => {
                let Ok(id) = key.name.parse::<ClientId>() else {
                    return;
                };
                match document.and_then(read_client) {
                    // What it was lent before stays: logins go on that began while nobody knew it.
                    Some(client @ Registered::Client(_)) => {
                        known.strangers.retain(|stranger| *stranger != id);
                        known.clients.insert(id, client);
                    }
                    Some(Registered::Deleted) => {
                        known.forget(&id);
                        known.clients.insert(id, Registered::Deleted);
                    }
                    None => known.forget(&id),
                }
            }
            Kind::Api => {
                let realm = Realm::default();
                known
                    .apis
                    .retain(|api| Key::api(&realm, &api.identifier) != *key);
                let api = document.and_then(|text| Api::from_record(text).ok());
                known.apis.extend(api.map(Arc::new));
            }
            Kind::Trust | Kind::CutOff => {}
        }
    }

    /// Each change is whole before anything could panic.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn registered(&self, id: &ClientId) -> Option<Client> {
        let client = match (self.fixed.get(id), self.clients.get(id)) {
            (Some((_, client)), _) => client,
            (None, Some(Registered::Client(client))) => client,
            (None, Some(Registered::Deleted) | None) => return None,
        };
        Some(client.clone().with_apis(&self.apis))
    }

    /// Forgets a client, and what it had besides.
    fn forget(&mut self, id: &ClientId) {
        self.clients.remove(id);
        self.kept.remove(id);
        self.strangers.retain(|stranger| stranger != id);
    }
}

/// What a document says that the server or the mock has checked.
fn read_client(text: &str) -> Option<Registered> {
    let record = ClientRecord::from_stored(text).ok()?;
    if record.deleted_at.is_some() {
        return Some(Registered::Deleted);
    }
    let client = record.parse().ok()?;
    Some(Registered::Client(Box::new(client)))
}

impl Registry for MockRegistry {
    fn unknown_age(&self) -> Seconds {
        Seconds(0)
    }

    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        self.documents.get(key).await
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        let put = self.documents.put(key, document, expected).await;
        self.read(key);
        put
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        let put = self.documents.delete(key, expected).await;
        self.read(key);
        put
    }

    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        self.documents.list(collection, after).await
    }

    async fn client(
        &self,
        _: &Realm,
        id: &ClientId,
        _: &Reading<'_>,
    ) -> Result<Option<Client>, Unavailable> {
        Ok(self.find(id))
    }
}
