//! The documents of trusted issuers: `{"issuer":"https://token.actions.…","rules":[…]}`, see
//! [`TrustRecord`](crate::trust::TrustRecord).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{Key, Kind, Reading, Realm, Registry, Unavailable};
use crate::trust::TrustedIssuer;

impl Key {
    /// The key of a trusted issuer's document: `base64url(SHA-256(issuer))`, because an issuer is a URL,
    /// which not every store takes as a name.
    #[must_use]
    pub fn trust(realm: &Realm, issuer: &str) -> Self {
        let name = URL_SAFE_NO_PAD.encode(Sha256::digest(issuer));
        Self::new(realm, Kind::Trust, &name)
    }
}

impl Key {
    /// The key of the trust document whose key has this name.
    pub(crate) fn trust_of_id(realm: &Realm, id: &str) -> Self {
        Self::new(realm, Kind::Trust, id)
    }
}

/// The issuer registered as `issuer`.
pub(super) async fn read_trusted_issuer(
    registry: &impl Registry,
    realm: &Realm,
    issuer: &str,
    reading: &Reading<'_>,
) -> Result<Option<TrustedIssuer>, Unavailable> {
    let key = Key::trust(realm, issuer);
    let Some(document) = reading.document(registry, &key).await? else {
        return Ok(None);
    };
    let trusted =
        TrustedIssuer::from_record(document.as_str()).map_err(|error| key.unreadable(error))?;
    if trusted.issuer != issuer {
        return Err(key.unreadable("its issuer is another"));
    }
    Ok(Some(trusted))
}
