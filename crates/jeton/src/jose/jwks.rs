//! The keys that JWKS publishes.

use crate::{
    jwk::{PublicJwk, PublicJwks},
    public_document::PublicDocument,
};

/// Our JWK Set: the document that is served, and the keys in it, which verify our own tokens.
pub(crate) struct PublishedKeys {
    pub(crate) document: PublicDocument,
    pub(crate) keys: PublicJwks,
}

impl PublishedKeys {
    pub(crate) fn new(keys: impl IntoIterator<Item = PublicJwk>) -> Self {
        let keys: PublicJwks = keys.into_iter().collect();
        Self {
            document: PublicDocument::json(&keys),
            keys,
        }
    }
}
