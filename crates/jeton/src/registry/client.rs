//! The documents of registered clients: `{"client_id":"jc_…","client_secrets":[{"sha256":"-ICv…"}],…}`,
//! see [`ClientRecord`](crate::client::ClientRecord).

use super::{Key, Kind, Realm, Registry, Unavailable};
use crate::client::{Client, ClientId};

impl Key {
    /// The key of a registered client.
    #[must_use]
    pub fn client(realm: &Realm, id: &ClientId) -> Self {
        Self::new(realm, Kind::Client, id.as_str())
    }
}

/// The client registered under `id`.
pub(super) async fn read_client<R: Registry + ?Sized>(
    registry: &R,
    realm: &Realm,
    id: &ClientId,
) -> Result<Option<Client>, Unavailable> {
    let key = Key::client(realm, id);
    let Some(document) = registry.get(&key).await? else {
        return Ok(None);
    };
    let client = Client::from_record(document.as_str()).map_err(|error| key.unreadable(error))?;
    if client.id != *id {
        return Err(key.unreadable("its client_id is another"));
    }
    Ok(Some(client))
}
