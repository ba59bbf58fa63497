//! Where sessions are kept.

use std::{collections::HashMap, fmt, sync::Mutex};

use crate::{error::Unavailable, manager::lock, runtime::BoxFuture};

#[cfg(not(target_arch = "wasm32"))]
mod file;
#[cfg(not(target_arch = "wasm32"))]
pub use file::FileStore;

/// Values by name, each replaced only by who knows what stands.
///
/// Sessions stay whole among processes because of that: [`set`](Self::set) compares and replaces in one
/// step, for all who share the store. What is given to it is sealed already.
pub trait Store: Send + Sync {
    /// What stands under a name, if anything does. Never older than what a [`set`](Self::set) that was
    /// answered has put there.
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Stored>, Unavailable>>;

    /// Puts a value under a name, or removes it with `None`, if the version that stands is `expected`
    /// (`None`: nothing stands). Says whether it did.
    fn set<'a>(
        &'a self,
        name: &'a str,
        value: Option<Vec<u8>>,
        expected: Option<Version>,
    ) -> BoxFuture<'a, Result<bool, Unavailable>>;
}

/// A value with its version.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// The value.
    pub value: Vec<u8>,
    /// What tells it from any other that stood or will stand under its name.
    pub version: Version,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The version of a value, as its store writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(pub String);

/// A [`Store`] that lasts as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    values: HashMap<String, Stored>,
    written: u64,
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Stored>, Unavailable>> {
        let stored = lock(&self.0).values.get(name).cloned();
        Box::pin(async move { Ok(stored) })
    }

    fn set<'a>(
        &'a self,
        name: &'a str,
        value: Option<Vec<u8>>,
        expected: Option<Version>,
    ) -> BoxFuture<'a, Result<bool, Unavailable>> {
        let mut memory = lock(&self.0);
        let matches = memory.values.get(name).map(|stored| &stored.version) == expected.as_ref();
        if matches {
            memory.written += 1;
            let version = Version(memory.written.to_string());
            match value {
                Some(value) => memory
                    .values
                    .insert(name.to_owned(), Stored { value, version }),
                None => memory.values.remove(name),
            };
        }
        Box::pin(async move { Ok(matches) })
    }
}

/// What every store does.
#[cfg(test)]
pub(crate) async fn contract(store: &dyn Store) {
    let value = |text: &str| Some(text.as_bytes().to_vec());
    let get = async |name| store.get(name).await.unwrap();
    let set = async |name, value, expected| store.set(name, value, expected).await.unwrap();
    assert_eq!(get("a").await, None);
    assert!(!set("a", value("0"), Some(Version("1".to_owned()))).await);
    assert!(set("a", value("1"), None).await);
    assert!(!set("a", value("2"), None).await);
    let first = get("a").await.unwrap();
    assert_eq!(first.value, b"1");
    assert_eq!(get("A").await, None, "names are what they are");
    assert!(set("a", value("2"), Some(first.version.clone())).await);
    assert!(!set("a", value("3"), Some(first.version.clone())).await);
    let second = get("a").await.unwrap();
    assert_eq!(second.value, b"2");
    assert!(!set("a", None, Some(first.version.clone())).await);
    assert!(!set("a", None, None).await);
    assert!(set("a", None, Some(second.version)).await);
    assert_eq!(get("a").await, None);
    assert!(set("a", None, None).await);
    for odd in ["", "..", "a/b", "a\\b", "é\0", &"n".repeat(1000)] {
        assert!(set(odd, value(odd), None).await, "{odd}");
        assert_eq!(get(odd).await.unwrap().value, odd.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory() {
        contract(&MemoryStore::new()).await;
    }
}
