//! Signatures by WebCrypto and random bytes by `getRandomValues`.
//!
//! Rust compiled to wasm would sign ES256 a hundred times slower, and would carry the curve.

use jeton::{Crypto, CryptoError, PrivateKey, PublicJwk, PublicKey};
use js_sys::{Array, ArrayBuffer, JSON, JsString, Object, Reflect, Uint8Array};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, DomException, SubtleCrypto, WorkerGlobalScope};

use crate::{describe, settled};

/// [`Crypto`] by the runtime's `crypto`.
#[derive(Debug)]
pub struct WebCrypto {
    crypto: web_sys::Crypto,
    subtle: SubtleCrypto,
}

/// A private key that signs and cannot be exported, with its `AlgorithmIdentifier`.
#[derive(Debug)]
pub struct WebCryptoKey {
    key: CryptoKey,
    algorithm: Object,
}

impl WebCrypto {
    /// The cryptography of the global scope.
    ///
    /// # Errors
    /// The runtime has none.
    pub fn new() -> Result<Self, CryptoError> {
        let crypto = js_sys::global()
            .unchecked_into::<WorkerGlobalScope>()
            .crypto()
            .map_err(|thrown| CryptoError::new("import", describe(&thrown)))?;
        let subtle = crypto.subtle();
        Ok(Self { crypto, subtle })
    }
}

impl Crypto for WebCrypto {
    type Key = WebCryptoKey;

    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        // `getRandomValues` answers at most 65,536 bytes at once.
        bytes.chunks_mut(65_536).try_for_each(|chunk| {
            self.crypto
                .get_random_values_with_u8_array(chunk)
                .map(drop)
                .map_err(|thrown| CryptoError::new("fill", describe(&thrown)))
        })
    }

    async fn import(&self, key: &PrivateKey) -> Result<(Self::Key, PublicKey), CryptoError> {
        self.try_import(key)
            .await
            .map_err(|thrown| CryptoError::new("import", describe(&thrown)))
    }

    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.try_sign(key, message)
            .await
            .map_err(|thrown| CryptoError::new("sign", describe(&thrown)))
    }

    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        // workerd throws for Ed25519 where a signature has another length.
        if !key.fits(algorithm) || signature.len() != key.signature_length() {
            return Ok(false);
        }
        self.try_verify(algorithm, key, message, signature)
            .await
            .map_err(|thrown| CryptoError::new("verify", describe(&thrown)))
    }
}

impl WebCrypto {
    /// The imported key and its public half. Imports twice: WebCrypto shows the public half of
    /// extractable keys only, so one is imported for that and dropped. The one that is kept until its
    /// epoch ends can sign and nothing else.
    async fn try_import(&self, key: &PrivateKey) -> Result<(WebCryptoKey, PublicKey), JsValue> {
        let algorithm = identifier(key.algorithm())?;
        let pkcs8 = Uint8Array::from(key.pkcs8());
        let import = |extractable| {
            let usages = Array::of1(&JsString::from("sign"));
            self.subtle
                .import_key_with_object("pkcs8", &pkcs8, &algorithm, extractable, &usages)
        };
        let shown: CryptoKey = settled(import(true)?).await?;
        let jwk: JsValue = settled(self.subtle.export_key("jwk", &shown)?).await?;
        let public = public_half(key.algorithm(), &jwk)?;
        let key: CryptoKey = settled(import(false)?).await?;
        Ok((WebCryptoKey { key, algorithm }, public))
    }

    async fn try_sign(&self, key: &WebCryptoKey, message: &[u8]) -> Result<Vec<u8>, JsValue> {
        // A copy: the runtime may look at the bytes later than this call, and wasm memory moves
        // when it grows.
        let message = Uint8Array::from(message);
        let signature: ArrayBuffer = settled(self.subtle.sign_with_object_and_js_u8_array(
            &key.algorithm,
            &key.key,
            &message,
        )?)
        .await?;
        Ok(Uint8Array::new(&signature).to_vec())
    }

    async fn try_verify(
        &self,
        algorithm: Algorithm,
        public: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, JsValue> {
        let identifier = identifier(algorithm)?;
        let json = serde_json::to_string(public).map_err(|error| error.to_string())?;
        let jwk: Object = JSON::parse(&json)?.unchecked_into();
        let usages = Array::of1(&JsString::from("verify"));
        let key = self
            .subtle
            .import_key_with_object("jwk", &jwk, &identifier, false, &usages)?;
        let key: CryptoKey = match settled(key).await {
            Ok(key) => key,
            Err(thrown) if is_invalid_key(&thrown) => return Ok(false),
            Err(thrown) => return Err(thrown),
        };
        let verified: JsValue = settled(
            self.subtle
                .verify_with_object_and_js_u8_array_and_js_u8_array(
                    &identifier,
                    &key,
                    &Uint8Array::from(signature),
                    &Uint8Array::from(message),
                )?,
        )
        .await?;
        Ok(verified.is_truthy())
    }
}

/// Whether an import failed because of the key's numbers, such as a point off its curve: that is a
/// `DataError` by the specification, and an `OperationError` in workerd.
fn is_invalid_key(thrown: &JsValue) -> bool {
    let exception = thrown.dyn_ref::<DomException>();
    exception.is_some_and(|exception| {
        ["DataError", "OperationError"].contains(&exception.name().as_str())
    })
}

/// The `AlgorithmIdentifier` of a JOSE algorithm. One object serves for import, signing and verifying:
/// each reads the members it knows.
fn identifier(algorithm: Algorithm) -> Result<Object, JsValue> {
    let members: &[(&str, &str)] = match algorithm {
        Algorithm::ES256 => &[
            ("name", "ECDSA"),
            ("namedCurve", "P-256"),
            ("hash", "SHA-256"),
        ],
        Algorithm::EdDSA => &[("name", "Ed25519")],
        Algorithm::ES384 => &[
            ("name", "ECDSA"),
            ("namedCurve", "P-384"),
            ("hash", "SHA-384"),
        ],
        Algorithm::RS256 => &[("name", "RSASSA-PKCS1-v1_5"), ("hash", "SHA-256")],
        Algorithm::PS256 => &[("name", "RSA-PSS"), ("hash", "SHA-256")],
        other => return Err(format!("{other:?} is not known").into()),
    };
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &JsString::from(*name), &JsString::from(*value))?;
    }
    if algorithm == Algorithm::PS256 {
        // As long as the hash (RFC 7518 §3.5).
        Reflect::set(&object, &JsString::from("saltLength"), &JsValue::from(32))?;
    }
    Ok(object)
}

/// The public half of an exported private key. The private members are never read.
fn public_half(algorithm: Algorithm, exported: &JsValue) -> Result<PublicKey, JsValue> {
    let members: &[&str] = match algorithm {
        Algorithm::ES256 => &["kty", "crv", "x", "y"],
        Algorithm::EdDSA => &["kty", "crv", "x"],
        _ => &["kty", "n", "e"],
    };
    let mut jwk = Map::new();
    for name in members {
        let member = Reflect::get(exported, &JsString::from(*name))?.as_string();
        jwk.extend(member.map(|member| ((*name).to_owned(), Value::String(member))));
    }
    let public = PublicJwk::from_value(&Value::Object(jwk));
    let public = public.map_err(|error| format!("the exported key: {error}"))?;
    Ok(public.key)
}
