//! Records in a store, sealed.

use std::{fmt, sync::Arc};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

use crate::{
    error::Error,
    runtime::Runtime,
    store::{Store, Version},
};

/// The shortest key that sessions are sealed by.
const SHORTEST_KEY: usize = 16;

/// What the sealing key is derived for.
const PURPOSE: &[u8] = b"jeton-client session 1";

const NONCE: usize = 12;

/// A store whose values only who has the key can read or make: AES-256-GCM under a key derived by
/// HKDF-SHA-256, with the name as associated data, so that none can be put in another's place.
#[derive(Clone)]
pub(crate) struct Vault {
    store: Arc<dyn Store>,
    cipher: Aes256Gcm,
}

/// What stands under a name.
pub(crate) enum Found<T> {
    Nothing,
    Record(T, Version),
    /// It cannot be opened: it is damaged, or sealed by another key.
    Closed(Version),
}

impl Vault {
    pub(crate) fn new(store: Arc<dyn Store>, key: &[u8]) -> Result<Self, Error> {
        if key.len() < SHORTEST_KEY {
            return Err(Error::configuration(
                "the key of sessions has fewer than 16 bytes",
            ));
        }
        let mut derived = [0; 32];
        let unusable = || Error::configuration("the key of sessions is unusable");
        Hkdf::<Sha256>::new(None, key)
            .expand(PURPOSE, &mut derived)
            .map_err(|_| unusable())?;
        let cipher = Aes256Gcm::new_from_slice(&derived).map_err(|_| unusable())?;
        Ok(Self { store, cipher })
    }

    pub(crate) async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Found<T>, Error> {
        let stored = self.store.get(name).await;
        let stored = stored.map_err(Error::store)?;
        let Some(stored) = stored else {
            return Ok(Found::Nothing);
        };
        Ok(match self.open(name, &stored.value) {
            Some(record) => Found::Record(record, stored.version),
            None => Found::Closed(stored.version),
        })
    }

    /// Puts a record in the place of the version that is expected. Says whether it did.
    pub(crate) async fn write<T: Serialize>(
        &self,
        runtime: &Runtime,
        name: &str,
        record: Option<&T>,
        expected: Option<Version>,
    ) -> Result<bool, Error> {
        let value = record
            .map(|record| self.seal(runtime, name, record))
            .transpose()?;
        let written = self.store.set(name, value, expected).await;
        written.map_err(Error::store)
    }

    pub(crate) fn seal<T: Serialize>(
        &self,
        runtime: &Runtime,
        name: &str,
        record: &T,
    ) -> Result<Vec<u8>, Error> {
        let unsealed = |_| Error::configuration("a record of a session cannot be sealed");
        let text = serde_json::to_vec(record).map_err(|_| unsealed(()))?;
        let nonce = runtime.bytes::<NONCE>()?;
        let payload = Payload {
            msg: &text,
            aad: name.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&nonce.into(), payload)
            .map_err(|_| unsealed(()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    pub(crate) fn open<T: DeserializeOwned>(&self, name: &str, value: &[u8]) -> Option<T> {
        let (nonce, sealed) = value.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload {
            msg: sealed,
            aad: name.as_bytes(),
        };
        let text = self.cipher.decrypt(&nonce.into(), payload).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryStore, testing};

    #[tokio::test(start_paused = true)]
    async fn only_the_key_and_the_name_open_it() {
        let vault = |key: &[u8]| Vault::new(Arc::new(MemoryStore::new()), key).unwrap();
        let runtime = testing::runtime();
        let ours = vault(b"0123456789abcdef");
        let sealed = ours.seal(&runtime, "a", &"hunter2").unwrap();
        let open = |vault: &Vault, name, sealed: &[u8]| vault.open::<String>(name, sealed);
        assert_eq!(open(&ours, "a", &sealed).as_deref(), Some("hunter2"));
        assert_eq!(open(&ours, "b", &sealed), None);
        assert_eq!(open(&vault(b"0123456789abcdeF"), "a", &sealed), None);
        for index in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[index] ^= 1;
            assert_eq!(open(&ours, "a", &damaged), None);
            assert_eq!(open(&ours, "a", &sealed[..index]), None);
        }
        assert_ne!(sealed, ours.seal(&runtime, "a", &"hunter2").unwrap());
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(Vault::new(Arc::new(MemoryStore::new()), b"0123456789abcde").is_err());
    }
}
