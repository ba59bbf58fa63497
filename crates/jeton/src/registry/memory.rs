//! The registry in memory.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Collection, Cursor, Document, Expected, Key, PAGE, Page, Put, Registry, Unavailable};

/// A registry in memory, which ends with the process. Clones share its documents.
#[derive(Clone, Debug, Default)]
pub struct MemoryRegistry(Arc<Mutex<BTreeMap<Key, Document>>>);

impl MemoryRegistry {
    /// The document of that key.
    #[must_use]
    pub fn document(&self, key: &Key) -> Option<Document> {
        self.documents().get(key).cloned()
    }

    /// The documents of a collection, in the order of their names.
    #[must_use]
    pub fn collection(&self, collection: &Collection) -> Vec<Document> {
        let documents = self.documents();
        let of = documents
            .iter()
            .filter(|(key, _)| key.collection == *collection);
        of.map(|(_, document)| document.clone()).collect()
    }

    /// Writes a document, or removes it where there is no next one, whatever stands.
    pub fn set(&self, key: &Key, next: Option<Document>) {
        self.change(key, next.as_ref(), &Expected::Anything);
    }

    fn change(&self, key: &Key, next: Option<&Document>, expected: &Expected) -> Put {
        let mut documents = self.documents();
        let standing = documents.get(key);
        if !expected.allows(standing, next) {
            return Put::Conflict(standing.cloned());
        }
        match next {
            Some(document) => documents.insert(key.clone(), document.clone()),
            None => documents.remove(key),
        };
        Put::Done
    }

    /// Each change is one insertion or removal: a panic elsewhere leaves the tree whole.
    fn documents(&self) -> MutexGuard<'_, BTreeMap<Key, Document>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry for MemoryRegistry {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        Ok(self.documents().get(key).cloned())
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        Ok(self.change(key, Some(document), expected))
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        Ok(self.change(key, None, expected))
    }

    /// A cursor is the last name of the page before.
    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        let begin = Key {
            collection: collection.clone(),
            name: after.map_or_else(String::new, |cursor| cursor.0.clone()),
        };
        let documents = self.documents();
        let mut rest = documents
            .range((Bound::Excluded(begin), Bound::Unbounded))
            .take_while(|(key, _)| key.collection == *collection)
            .map(|(key, document)| (key.name.clone(), document.clone()));
        let page: Vec<_> = rest.by_ref().take(PAGE).collect();
        let more = rest.next().is_some();
        Ok(Page {
            next: page
                .last()
                .filter(|_| more)
                .map(|(name, _)| Cursor(name.clone())),
            documents: page,
        })
    }
}
