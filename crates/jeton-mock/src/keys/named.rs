//! A private key with what JWKS says of it.

use futures_util::FutureExt;
use jeton::{Crypto, CryptoError, PrivateKey};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value, json};

use crate::spec::{InvalidSpec, PrivateJwk};

/// The members by which a JWK shows its certificate (RFC 7517 §4.7 to §4.9).
const CERTIFICATES: [&str; 3] = ["x5c", "x5t", "x5t#S256"];

/// A private key with what JWKS says of it.
#[derive(Clone, Debug)]
pub(crate) struct NamedKey {
    pub(crate) private: PrivateKey,
    /// Its own, or the RFC 7638 thumbprint.
    pub(crate) kid: String,
    /// `x5c` and its like, where they were given.
    pub(crate) certificates: Map<String, Value>,
}

impl NamedKey {
    /// The key of one private JWK, without certificates.
    pub(super) fn import(jwk: Value) -> Result<Self, CryptoError> {
        let set = json!({ "keys": [jwk] }).to_string();
        let keys =
            PrivateKey::from_jwks(&set).map_err(|error| CryptoError::new("import", error))?;
        let key = keys.into_iter().next();
        Self::new(key.ok_or_else(|| CryptoError::new("import", "no key"))?)
    }

    /// The keys of private JWKs, with their certificates.
    pub(super) fn all_of(jwks: &[PrivateJwk]) -> Result<Vec<Self>, InvalidSpec> {
        if jwks.is_empty() {
            return Ok(Vec::new());
        }
        let set = json!({ "keys": jwks }).to_string();
        let keys = PrivateKey::from_jwks(&set).map_err(|error| InvalidSpec::new("keys", error))?;
        let mut named = Vec::with_capacity(keys.len());
        for (index, (key, PrivateJwk(jwk))) in keys.into_iter().zip(jwks).enumerate() {
            let at = format!("keys[{index}]");
            let key = Self::new(key)
                .map_err(|error| InvalidSpec::new(&at, format_args!("a sound key: {error}")))?;
            named.push(Self {
                certificates: certificates(jwk).map_err(|invalid| invalid.within(&at))?,
                ..key
            });
        }
        Ok(named)
    }

    fn new(private: PrivateKey) -> Result<Self, CryptoError> {
        let imported = NativeCrypto::new().import(&private).now_or_never();
        let waits = || CryptoError::new("import", "aws-lc never waits");
        let (_, public) = imported.ok_or_else(waits)??;
        let own = private.kid().map(str::to_owned);
        Ok(Self {
            kid: own.unwrap_or_else(|| public.thumbprint()),
            private,
            certificates: Map::new(),
        })
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.private.algorithm()
    }
}

/// The certificates of a JWK, as they are written: nobody here reads them.
fn certificates(jwk: &Map<String, Value>) -> Result<Map<String, Value>, InvalidSpec> {
    let mut certificates = Map::new();
    for name in CERTIFICATES {
        let Some(value) = jwk.get(name) else { continue };
        let (is_sound, expected) = match name {
            "x5c" => (is_list_of_texts(value), "a list of texts"),
            _ => (value.is_string(), "a text"),
        };
        if !is_sound {
            return Err(InvalidSpec::new(name, expected));
        }
        certificates.insert(name.to_owned(), value.clone());
    }
    Ok(certificates)
}

fn is_list_of_texts(value: &Value) -> bool {
    let list = value.as_array();
    list.is_some_and(|list| list.iter().all(Value::is_string))
}
