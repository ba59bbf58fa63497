//! The contracts of `jeton`'s traits as tests. Every store passes the same one, races included: in
//! memory, on SQLite, on DynamoDB, and in a Worker; and so does the cryptography of every host.
//!
//! Panics where an implementation breaks its contract; that is what a test wants.
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc)]

use jeton::{Client, ClientId, CutOff, Registry, UnixTime};

mod counting;
mod crypto;
mod fixture;
mod ledger;
pub use counting::{Counting, Operations};
pub use crypto::crypto;
pub use fixture::{grant, step};
mod fetch;
pub use fetch::fetch;
pub use ledger::ledger;

/// The contract of [`Registry`]. `put` stores a record under a client id in the way the store's
/// documentation tells operators to, and returns once it can be read.
///
/// The registry must be empty of the ids `contract-a`, `contract-b` and `contract-missing`.
pub async fn registry(registry: &impl Registry, put: impl AsyncFn(&str, &str)) {
    let read = async |id: &str| {
        let id: ClientId = id.parse().unwrap();
        registry.client(&id).await.unwrap()
    };

    assert_eq!(read("contract-missing").await, None, "an id never written");

    let first = record("contract-a", "first");
    put("contract-a", &first).await;
    assert_eq!(
        read("contract-a").await,
        Some(Client::from_record(&first).unwrap())
    );
    assert_eq!(read("contract-b").await, None, "another id");
    assert_eq!(read("CONTRACT-A").await, None, "ids are case-sensitive");

    let second = record("contract-a", "second");
    put("contract-a", &second).await;
    assert_eq!(
        read("contract-a").await,
        Some(Client::from_record(&second).unwrap()),
        "the last write stands"
    );

    // Identifiers are data: nothing in one may reach a query language or a key separator.
    for hostile in [
        "contract-'; DROP TABLE client; --",
        "contract-a#x",
        "contract/../a",
        "contract- %00",
    ] {
        assert_eq!(read(hostile).await, None, "{hostile}");
        let record = record(hostile, "hostile");
        put(hostile, &record).await;
        assert_eq!(
            read(hostile).await,
            Some(Client::from_record(&record).unwrap()),
            "{hostile}"
        );
    }

    let (alice, client) = (
        CutOff::subject("contract alice'"),
        CutOff::client(&"contract-a".parse().unwrap()),
    );
    assert_eq!(registry.cut_off(&alice).await.unwrap(), None);
    for at in [UnixTime(1_800_000_000), UnixTime(1_900_000_000)] {
        registry.put_cut_off(&alice, at).await.unwrap();
        assert_eq!(registry.cut_off(&alice).await.unwrap(), Some(at));
        assert_eq!(registry.cut_off(&client).await.unwrap(), None, "of another");
    }

    put("contract-b", "{ not a record").await;
    let id: ClientId = "contract-b".parse().unwrap();
    assert!(
        registry.client(&id).await.is_err(),
        "a record that cannot be read is unavailable, not absent"
    );
}

fn record(id: &str, name: &str) -> String {
    serde_json::json!({
        "client_id": id,
        "client_name": name,
        "client_secrets": [{ "sha256": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }],
        "grant_types": ["client_credentials"],
        "scope": "read write",
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use jeton::{MemoryRegistry, Unavailable};

    use super::*;

    /// Memory holds parsed clients, so the row about unreadable records needs this around it.
    struct Records(MemoryRegistry, std::cell::RefCell<Vec<String>>);

    impl Registry for Records {
        async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
            if self.1.borrow().iter().any(|broken| broken == id.as_str()) {
                return Err(Unavailable::new("memory", "unreadable"));
            }
            self.0.client(id).await
        }

        async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
            self.0.cut_off(of).await
        }

        async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
            self.0.put_cut_off(of, at).await
        }
    }

    #[tokio::test]
    async fn memory_ledger() {
        ledger(&jeton::MemoryLedger::default(), "memory").await;
    }

    #[tokio::test]
    async fn memory() {
        let records = Records(MemoryRegistry::default(), Vec::new().into());
        registry(&records, async |id, record| {
            match Client::from_record(record) {
                Ok(client) => records.0.insert(client),
                Err(_) => records.1.borrow_mut().push(id.to_owned()),
            }
        })
        .await;
    }
}
