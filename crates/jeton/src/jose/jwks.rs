//! The keys that are published, `/jwks.json`.

use crate::{
    document::Document,
    jwk::{PublicJwk, PublicJwks},
};

/// Our JWK Set, as the document that is served and as keys to verify our own tokens with.
pub(crate) struct Published {
    pub(crate) document: Document,
    pub(crate) keys: PublicJwks,
}

impl Published {
    pub(crate) fn new(keys: impl IntoIterator<Item = PublicJwk>) -> Self {
        let keys: PublicJwks = keys.into_iter().collect();
        Self {
            document: Document::json(&keys),
            keys,
        }
    }
}
