//! The documents of registered clients: `{"client_id":"jc_…","client_secrets":[{"sha256":"-ICv…"}],…}`,
//! see [`ClientRecord`](crate::client::ClientRecord).

use serde_json::json;

use super::key::{Key, Kind, Realm};
use crate::{
    client::{Client, ClientId, ClientRecord},
    document::Document,
    time::UnixTime,
    unavailable::Unavailable,
};

impl Key {
    /// The key of a registered client.
    #[must_use]
    pub fn client(realm: &Realm, id: &ClientId) -> Self {
        Self::new(realm, Kind::Client, id.as_str())
    }
}

impl Document {
    /// What is left of a client that is deleted: its id is taken. For good, unless the client would have gone
    /// by itself, as one that registered itself: its id was made here and is nobody's again.
    pub(crate) fn tombstone(client: &str, now: UnixTime, goes_at: Option<UnixTime>) -> Self {
        let members = match goes_at {
            None => json!({ "client_id": client, "deleted_at": now }),
            Some(end) => {
                json!({ "client_id": client, "deleted_at": now, "client_expires_at": end })
            }
        };
        Self::new(members.to_string())
    }
}

/// The record of the client in the document under `key`; `None` where it is the tombstone of one that was
/// deleted.
pub(crate) fn client_record(
    key: &Key,
    document: &Document,
) -> Result<Option<ClientRecord>, Unavailable> {
    let record = ClientRecord::from_stored(document.as_str());
    let record = record.map_err(|error| key.unreadable(error))?;
    if record.client_id != key.name {
        return Err(key.unreadable("its client_id is another"));
    }
    Ok(Some(record).filter(|record| record.deleted_at.is_none()))
}

/// The client of that record, checked.
pub(super) fn parse_client(key: &Key, document: &Document) -> Result<Option<Client>, Unavailable> {
    let client = client_record(key, document)?.map(ClientRecord::parse);
    client.transpose().map_err(|error| key.unreadable(error))
}
