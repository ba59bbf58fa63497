//! The clients and APIs that an issuer knows, and the issuers that it trusts. They are documents, so that
//! the management interface and the control API have the same.

use jeton::{
    ApiRecord, Client, ClientId, ClientRecord, Document, Key, Kind, Realm, SecretHash,
    SecretRecord, TrustRecord, UnixTime,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Issuer;
use crate::{
    file,
    lenient::{self, Loan, Wanted},
    login_client,
    spec::{InvalidSpec, Strictness},
};

impl Issuer {
    /// Its clients without their secrets, as they are shown.
    pub(crate) fn clients(&self) -> Vec<Value> {
        let documents = self.registry.all(Kind::Client);
        let stored = documents.iter().filter_map(|document| {
            let record = ClientRecord::from_stored(document.as_str()).ok()?;
            record.deleted_at.is_none().then_some(record)
        });
        let fixed = self.registry.fixed().into_iter();
        let fixed = fixed.filter(|record| record.client_id != login_client::CLIENT_ID);
        fixed.chain(stored).map(without_secrets).collect()
    }

    pub(crate) fn put_client(&self, record: ClientRecord) -> Result<Value, InvalidSpec> {
        let client: Client = file::check_client(&record)?;
        if client.id.as_str() == login_client::CLIENT_ID {
            let expected = "another name: this one is the login page's own";
            return Err(InvalidSpec::new("client_id", expected));
        }
        file::check_client_algorithms(&client, &self.algorithms)?;
        let shown = without_secrets(record.clone());
        let key = Key::client(&Realm::default(), &client.id);
        if client.login {
            self.registry.set(&key, None);
            self.registry.fix(record, client);
        } else {
            self.registry.unfix(&client.id);
            self.registry.set(&key, Some(stored(record)));
        }
        Ok(shown)
    }

    pub(crate) fn remove_client(&self, client_id: &str) -> bool {
        let Ok(id) = client_id.parse::<ClientId>() else {
            return false;
        };
        if client_id == login_client::CLIENT_ID {
            return false;
        }
        let Some(client) = self.registry.registered(&id) else {
            return false;
        };
        self.registry.unfix(&id);
        self.registry
            .set(&Key::client(&Realm::default(), &id), None);
        if self.strictness == Strictness::Lenient && !client.login {
            // Nobody knows it from now on, and whoever nobody knows goes on with what it began.
            self.registry.keep(&id, |kept, _| kept.all_of(&client));
        }
        true
    }

    /// Whether a client of that id is registered.
    pub(crate) fn has_client(&self, id: &ClientId) -> bool {
        self.registry.registered(id).is_some()
    }

    /// Its APIs.
    pub(crate) fn apis(&self) -> Vec<ApiRecord> {
        self.documents(Kind::Api)
    }

    pub(crate) fn put_api(&self, record: ApiRecord) -> Result<ApiRecord, InvalidSpec> {
        file::check_api(&record, &self.algorithms)?;
        let key = Key::api(&Realm::default(), &record.identifier);
        let document = Document::new(json!(record).to_string());
        self.registry.set(&key, Some(document));
        Ok(record)
    }

    pub(crate) fn remove_api(&self, identifier: &str) -> bool {
        self.remove(&Key::api(&Realm::default(), identifier))
    }

    /// The documents of the issuers whose tokens stand for clients.
    pub(crate) fn trust(&self) -> Vec<TrustRecord> {
        self.documents(Kind::Trust)
    }

    pub(crate) fn put_trust(&self, record: TrustRecord) -> Result<TrustRecord, InvalidSpec> {
        file::check_trust(&record)?;
        let key = Key::trust(&Realm::default(), &record.issuer);
        let document = Document::new(json!(record).to_string());
        self.registry.set(&key, Some(document));
        Ok(record)
    }

    pub(crate) fn remove_trust(&self, issuer: &str) -> bool {
        self.remove(&Key::trust(&Realm::default(), issuer))
    }

    fn documents<T: DeserializeOwned>(&self, kind: Kind) -> Vec<T> {
        let documents = self.registry.all(kind);
        let documents = documents.iter().map(Document::as_str);
        documents
            .filter_map(|text| serde_json::from_str(text).ok())
            .collect()
    }

    fn remove(&self, key: &Key) -> bool {
        let was_there = self.registry.document(key).is_some();
        self.registry.set(key, None);
        was_there
    }

    /// What a lenient issuer lends to a request that wants so much.
    pub(crate) fn lend(&self, wanted: &Wanted<'_>, now: UnixTime) -> Loan {
        lenient::lend(&self.registry, wanted, now)
    }
}

/// The record as a store has it: its plain secret as a hash, and the end that it has for all of its secrets
/// as that of each, unless that ends before.
fn stored(mut record: ClientRecord) -> Document {
    if let Some(secret) = record.client_secret.take() {
        record.client_secrets.push(SecretRecord {
            sha256: SecretHash::of(&secret).to_string(),
            created_at: None,
            expires_at: None,
        });
    }
    let is_end = |end: &UnixTime| end.0 != 0;
    if let Some(end) = record.client_secret_expires_at.take().filter(is_end) {
        for secret in &mut record.client_secrets {
            let own = secret.expires_at.filter(is_end);
            secret.expires_at = Some(own.map_or(end, |own| own.min(end)));
        }
    }
    Document::new(json!(record).to_string())
}

fn without_secrets(mut record: ClientRecord) -> Value {
    record.client_secret = None;
    record.client_secrets.clear();
    json!(record)
}
