//! The documents of APIs: `{"identifier":"https://orders.example","scopes":{…}}`, see
//! [`ApiRecord`](crate::api::ApiRecord).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::key::{Key, Kind, Realm};
use crate::{api::Api, document::Document, unavailable::Unavailable};

impl Key {
    /// The key of an API's document: `base64url(SHA-256(identifier))`, because most identifiers are URLs,
    /// which not every store takes as a name.
    #[must_use]
    pub fn api(realm: &Realm, identifier: &str) -> Self {
        let name = URL_SAFE_NO_PAD.encode(Sha256::digest(identifier));
        Self::new(realm, Kind::Api, &name)
    }
}

impl Key {
    /// The key of the API whose key has this name.
    pub(crate) fn api_of_id(realm: &Realm, id: &str) -> Self {
        Self::new(realm, Kind::Api, id)
    }
}

/// The API in a document of that key.
pub(super) fn parse_api(
    key: &Key,
    identifier: &str,
    document: &Document,
) -> Result<Api, Unavailable> {
    let api = Api::from_record(document.as_str()).map_err(|error| key.unreadable(error))?;
    if api.identifier != identifier {
        return Err(key.unreadable("its identifier is another"));
    }
    Ok(api)
}
