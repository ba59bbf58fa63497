//! The clients that an issuer knows, and the issuers that it trusts.

use jeton::{Client, ClientId, ClientRecord, Document, TrustRecord, UnixTime};
use serde_json::{Value, json};

use super::Issuer;
use crate::{
    file,
    lenient::{Loan, Wanted},
    login_client,
    spec::InvalidSpec,
};

impl Issuer {
    /// Its clients without their secrets, as they are shown.
    pub(crate) fn clients(&self) -> Vec<Value> {
        self.lock().clients.iter().map(without_secrets).collect()
    }

    pub(crate) fn put_client(&self, record: ClientRecord) -> Result<Value, InvalidSpec> {
        let client: Client = file::check_client(&record)?;
        if client.id.as_str() == login_client::CLIENT_ID {
            let expected = "another name: this one is the login page's own";
            return Err(InvalidSpec::new("client_id", expected));
        }
        file::check_client_algorithms(&client, &self.algorithms)?;
        let shown = without_secrets(&record);
        let mut state = self.lock();
        state.registered.insert(client.clone());
        state
            .clients
            .retain(|known| known.client_id != record.client_id);
        state.clients.push(record);
        self.registry.insert(client);
        Ok(shown)
    }

    pub(crate) fn remove_client(&self, client_id: &str) -> bool {
        let Ok(id) = client_id.parse::<ClientId>() else {
            return false;
        };
        if client_id == login_client::CLIENT_ID {
            return false;
        }
        let mut state = self.lock();
        let before = state.clients.len();
        state.clients.retain(|known| known.client_id != client_id);
        state.registered.remove(&id);
        self.registry.remove(&id);
        state.clients.len() < before
    }

    /// The documents of the issuers whose tokens stand for clients.
    pub(crate) fn trust(&self) -> Vec<TrustRecord> {
        self.lock().trust.clone()
    }

    pub(crate) fn put_trust(&self, document: TrustRecord) -> Result<TrustRecord, InvalidSpec> {
        file::check_trust(&document)?;
        let text = json!(document).to_string();
        let mut state = self.lock();
        state.trust.retain(|known| known.issuer != document.issuer);
        self.registry
            .insert_trust(&document.issuer, Document::new(text));
        state.trust.push(document.clone());
        Ok(document)
    }

    pub(crate) fn remove_trust(&self, issuer: &str) -> bool {
        let mut state = self.lock();
        let before = state.trust.len();
        state.trust.retain(|known| known.issuer != issuer);
        self.registry.remove_trust(issuer);
        state.trust.len() < before
    }

    /// What a lenient issuer lends to a request that wants so much.
    pub(crate) fn lend(&self, wanted: &Wanted<'_>, now: UnixTime) -> Loan {
        let mut state = self.lock();
        state.registered.lend(&self.registry, wanted, now)
    }
}

fn without_secrets(record: &ClientRecord) -> Value {
    let mut record = record.clone();
    record.client_secret = None;
    record.client_secrets.clear();
    json!(record)
}
