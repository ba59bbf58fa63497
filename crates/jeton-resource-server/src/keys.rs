//! The keys of an issuer (RFC 7517).

use jsonwebtoken::{
    Algorithm,
    jwk::{Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    crypto::{PublicKey, Verifier, algorithm},
    error::Code,
    jwt::Jwt,
};

/// A set with more keys is refused.
const MOST: usize = 100;

/// How many keys are tried for a token that does not say which.
const TRIED: usize = 4;

/// One key with one algorithm that it may be used with.
struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    verifier: Verifier,
}

/// The keys that tokens may be signed by.
pub(crate) struct KeySet(Vec<Key>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// The keys of `document` that can sign by one of `algorithms`; others are left out, as RFC 7517 §5
    /// says.
    ///
    /// # Errors
    /// It is no JWK set, has too many keys, or none at all.
    pub(crate) fn new(document: &[u8], algorithms: &[Algorithm]) -> Result<Self, &'static str> {
        let document: Result<Document, _> = serde_json::from_slice(document);
        let Document { keys } = document.map_err(|_| "no JWK set")?;
        if keys.len() > MOST {
            return Err("more than 100 keys");
        }
        if !keys.iter().any(|jwk| jwk.get("kty").is_some()) {
            return Err("no keys");
        }
        let usable = keys.iter().flat_map(|jwk| usable(jwk, algorithms));
        Ok(Self(usable.collect()))
    }

    /// Whether no key of the set can be used.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the keys has signed `jwt`.
    pub(crate) fn verify(&self, jwt: &Jwt<'_>, algorithm: Algorithm) -> Result<(), Code> {
        let kid = jwt.header.kid();
        let named = |key: &&Key| kid.is_none() || key.kid.as_deref() == kid;
        let mut keys = self.0.iter().filter(named).peekable();
        if keys.peek().is_none() {
            return Err(Code::UnknownKey);
        }
        let mut keys = keys.filter(|key| key.algorithm == algorithm).peekable();
        match (keys.peek(), kid) {
            (None, Some(_)) => return Err(Code::WrongAlgorithm),
            (None, None) => return Err(Code::UnknownKey),
            (Some(_), _) => {}
        }
        let signed = |key: &Key| key.verifier.verify(jwt.message, jwt.signature);
        let verified = keys.take(TRIED).any(signed);
        verified.then_some(()).ok_or(Code::BadSignature)
    }
}

/// The key of a JWK, once for each of the algorithms that it may be used with (RFC 7517 §4).
fn usable(jwk: &Value, algorithms: &[Algorithm]) -> Vec<Key> {
    // Its own `alg` is read as text, because `Jwk` does not know `Ed25519`.
    let own = match jwk.get("alg") {
        None => None,
        Some(alg) => match alg.as_str().and_then(algorithm) {
            None => return Vec::new(),
            some => some,
        },
    };
    let Ok(Jwk { common, algorithm }) = Jwk::deserialize(jwk) else {
        return Vec::new();
    };
    let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let verifies = |operations: &Vec<_>| operations.contains(&KeyOperations::Verify);
    if !signs || !common.key_operations.as_ref().is_none_or(verifies) {
        return Vec::new();
    }
    let Some(key) = PublicKey::new(&algorithm) else {
        return Vec::new();
    };
    algorithms
        .iter()
        .filter(|algorithm| own.is_none_or(|own| own == **algorithm) && key.fits(**algorithm))
        .filter_map(|algorithm| {
            Some(Key {
                kid: common.key_id.clone(),
                algorithm: *algorithm,
                verifier: Verifier::new(*algorithm, &key)?,
            })
        })
        .collect()
}
