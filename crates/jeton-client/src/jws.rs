//! Signatures: by keys of the client, and of servers' keys.
//!
//! `jsonwebtoken` brings both, with aws-lc natively and RustCrypto on wasm. Its providers are named
//! here: the one that it would find by itself belongs to the whole process, and panics where another
//! crate has asked for another.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
#[cfg(not(target_arch = "wasm32"))]
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
#[cfg(target_arch = "wasm32")]
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{EllipticCurve, Jwk},
};
use pkcs1::der::{Encode, asn1::UintRef};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{error::Error, runtime::Random};

/// The DER of a private key up to its scalar or seed, which alone varies: PKCS #8 (RFC 5208) around
/// RFC 5915 without the public point, or RFC 8410 §7.
const P256_PREFIX: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01,
    0x01, 0x04, 0x20,
];
const P384_PREFIX: [u8; 32] = [
    0x30, 0x4e, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x04, 0x37, 0x30, 0x35, 0x02, 0x01, 0x01, 0x04, 0x30,
];
const ED25519_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A private key that signs assertions (`private_key_jwt`) or DPoP proofs.
#[derive(Clone)]
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    key_id: Option<String>,
    public: Value,
    private: Value,
}

/// A private key as a JWK (RFC 7517, RFC 7518 §6, RFC 8037).
#[derive(Deserialize)]
struct PrivateJwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    d: String,
    n: Option<String>,
    e: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
}

impl SigningKey {
    /// A new key on P-256, for ES256.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(random: &dyn Random) -> Result<Self, Error> {
        let mut scalar = [0; 32];
        random
            .fill(&mut scalar)
            .map_err(|error| Error::configuration(format!("no random bytes: {error}")))?;
        // One scalar in 2^32 is none: it is refused, as an error.
        let jwk = json!({"kty": "EC", "crv": "P-256", "d": encode(&scalar)});
        Self::from_value(&jwk)
    }

    /// Reads a private key from a JWK: P-256 (ES256), P-384 (ES384), Ed25519 (EdDSA), or RSA of at
    /// least 2048 bits (RS256, or PS256 where its `alg` says so). Its `kid` is sent along.
    ///
    /// # Errors
    /// It is none of these, or not a private key.
    pub fn from_jwk(jwk: &str) -> Result<Self, Error> {
        let jwk = serde_json::from_str(jwk).map_err(|_| invalid("it is no JSON"))?;
        Self::from_value(&jwk)
    }

    fn from_value(jwk: &Value) -> Result<Self, Error> {
        let jwk = PrivateJwk::deserialize(jwk).map_err(|_| invalid("kty or d is missing"))?;
        let (algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some("P-256")) => {
                let der = prefixed::<32>(&P256_PREFIX, &jwk.d)?;
                (Algorithm::ES256, EncodingKey::from_ec_der(&der))
            }
            ("EC", Some("P-384")) => {
                let der = prefixed::<48>(&P384_PREFIX, &jwk.d)?;
                (Algorithm::ES384, EncodingKey::from_ec_der(&der))
            }
            ("OKP", Some("Ed25519")) => {
                let der = prefixed::<32>(&ED25519_PREFIX, &jwk.d)?;
                (Algorithm::EdDSA, EncodingKey::from_ed_der(&der))
            }
            ("RSA", _) => {
                let algorithm = match jwk.alg.as_deref() {
                    Some("PS256") => Algorithm::PS256,
                    _ => Algorithm::RS256,
                };
                (algorithm, EncodingKey::from_rsa_der(&rsa_der(&jwk)?))
            }
            _ => return Err(invalid("it is not of P-256, P-384, Ed25519 or RSA")),
        };
        let word = json!(algorithm);
        let named = jwk.alg.as_deref().map(|alg| match alg {
            "Ed25519" => "EdDSA",
            other => other,
        });
        if named.is_some_and(|alg| word != alg) {
            return Err(invalid("its alg is not of its kind"));
        }
        let public = public_jwk(algorithm, &key).map_err(|_| invalid("it cannot sign"))?;
        let private = private_members(&jwk, &public);
        Ok(Self {
            key,
            algorithm,
            key_id: jwk.kid,
            public,
            private,
        })
    }

    /// The public half, as a JWK: what is registered, or stands in a proof.
    #[must_use]
    pub fn public_jwk(&self) -> String {
        let mut jwk = self.public.clone();
        if let Some(members) = jwk.as_object_mut() {
            members.insert("alg".to_owned(), json!(self.algorithm));
            let kid = self
                .key_id
                .as_ref()
                .map(|kid| ("kid".to_owned(), json!(kid)));
            members.extend(kid);
        }
        jwk.to_string()
    }

    /// The key with its private half, as a JWK: to be kept secret, and read by
    /// [`from_jwk`](Self::from_jwk).
    #[must_use]
    pub fn private_jwk(&self) -> String {
        self.private.to_string()
    }

    /// Signs `claims` as a compact JWT whose header has `header` beside `alg`.
    pub(crate) fn sign(&self, mut header: Value, claims: &Value) -> Result<String, Error> {
        if let Some(members) = header.as_object_mut() {
            members.insert("alg".to_owned(), json!(self.algorithm));
        }
        let (header, claims) = (header.to_string(), claims.to_string());
        let message = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.as_bytes())
        );
        let signature = (DEFAULT_PROVIDER.signer_factory)(&self.algorithm, &self.key)
            .and_then(|signer| Ok(signer.try_sign(message.as_bytes())?))
            .map_err(|_| Error::configuration("the key does not sign"))?;
        Ok(format!("{message}.{}", encode(&signature)))
    }

    pub(crate) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    pub(crate) fn public(&self) -> &Value {
        &self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, [redacted])", self.algorithm)
    }
}

fn invalid(why: &str) -> Error {
    Error::configuration(format!("the key is no private JWK that can be used: {why}"))
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn prefixed<const N: usize>(prefix: &[u8], secret: &str) -> Result<Vec<u8>, Error> {
    let secret: [u8; N] = decode(secret)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| invalid("its d has another length"))?;
    Ok([prefix, &secret].concat())
}

/// An RSA key as PKCS #1 (RFC 8017 appendix A.1.2).
fn rsa_der(jwk: &PrivateJwk) -> Result<Vec<u8>, Error> {
    let number = |text: Option<&str>| {
        text.and_then(decode)
            .ok_or_else(|| invalid("one of n, e, d, p, q, dp, dq and qi is missing"))
    };
    let [n, e, d, p, q, dp, dq, qi] = [
        &jwk.n,
        &jwk.e,
        &Some(jwk.d.clone()),
        &jwk.p,
        &jwk.q,
        &jwk.dp,
        &jwk.dq,
        &jwk.qi,
    ]
    .map(|text| number(text.as_deref()));
    let (n, e, d, p, q, dp, dq, qi) = (n?, e?, d?, p?, q?, dp?, dq?, qi?);
    if n.iter().skip_while(|&&byte| byte == 0).count() < 256 {
        return Err(invalid("it has fewer than 2048 bits"));
    }
    let der = || {
        pkcs1::RsaPrivateKey {
            modulus: UintRef::new(&n)?,
            public_exponent: UintRef::new(&e)?,
            private_exponent: UintRef::new(&d)?,
            prime1: UintRef::new(&p)?,
            prime2: UintRef::new(&q)?,
            exponent1: UintRef::new(&dp)?,
            exponent2: UintRef::new(&dq)?,
            coefficient: UintRef::new(&qi)?,
            other_prime_infos: None,
        }
        .to_der()
    };
    der().map_err(|_| invalid("its numbers are none"))
}

/// The members that RFC 7638 §3.2 has of a public key, and no other.
fn public_jwk(algorithm: Algorithm, key: &EncodingKey) -> jsonwebtoken::errors::Result<Value> {
    let utils = &DEFAULT_PROVIDER.key_utils;
    Ok(match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => {
            let (curve, x, y) =
                (utils.ec_pub_components_from_private_key)(key.as_bytes(), algorithm)?;
            json!({"kty": "EC", "crv": curve, "x": encode(&x), "y": encode(&y)})
        }
        Algorithm::EdDSA => {
            let curve = EllipticCurve::Ed25519;
            let x = (utils.ed_pub_components_from_private_key)(key.as_bytes(), &curve)?;
            json!({"kty": "OKP", "crv": curve, "x": encode(&x)})
        }
        _ => {
            let (n, e) = (utils.rsa_pub_components_from_private_key)(key.as_bytes())?;
            json!({"kty": "RSA", "n": encode(&n), "e": encode(&e)})
        }
    })
}

fn private_members(jwk: &PrivateJwk, public: &Value) -> Value {
    let mut members = public.as_object().cloned().unwrap_or_default();
    let more = [
        ("d", Some(&jwk.d)),
        ("p", jwk.p.as_ref()),
        ("q", jwk.q.as_ref()),
        ("dp", jwk.dp.as_ref()),
        ("dq", jwk.dq.as_ref()),
        ("qi", jwk.qi.as_ref()),
        ("alg", jwk.alg.as_ref()),
        ("kid", jwk.kid.as_ref()),
    ];
    members.extend(
        more.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))),
    );
    Value::Object(members)
}

/// A JWT that was not yet believed: its header, its claims, and what is signed.
pub(crate) struct Jwt<'a> {
    header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    message: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jwt<'a> {
    /// Takes a compact JWT apart.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        Some(Self {
            header: serde_json::from_slice(&decode(header)?).ok()?,
            claims: serde_json::from_slice(&decode(claims)?).ok()?,
            message,
            signature: decode(signature)?,
        })
    }

    /// Whether a key of the set signed it, by an asymmetric algorithm: the key of its `kid`, or where
    /// it has none any that fits, four at most.
    pub(crate) fn is_signed_by(&self, keys: &[Value]) -> bool {
        let Some(algorithm) = self.algorithm() else {
            return false;
        };
        let key_id = self.header.get("kid").and_then(Value::as_str);
        keys.iter()
            .filter(|key| key_id.is_none() || key.get("kid").and_then(Value::as_str) == key_id)
            .filter(|key| key.get("use").is_none_or(|usage| usage == "sig"))
            .filter(|key| is_strong(key))
            .filter_map(|key| DecodingKey::from_jwk(&Jwk::deserialize(key).ok()?).ok())
            .filter(|key| key.family() == algorithm.family())
            .take(4)
            .any(|key| {
                (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key).is_ok_and(|verifier| {
                    verifier
                        .verify(self.message.as_bytes(), &self.signature)
                        .is_ok()
                })
            })
    }

    fn algorithm(&self) -> Option<Algorithm> {
        if self.header.contains_key("crit") {
            return None;
        }
        match self.header.get("alg")?.as_str()? {
            "ES256" => Some(Algorithm::ES256),
            "ES384" => Some(Algorithm::ES384),
            "EdDSA" | "Ed25519" => Some(Algorithm::EdDSA),
            "RS256" => Some(Algorithm::RS256),
            "PS256" => Some(Algorithm::PS256),
            _ => None,
        }
    }
}

/// Whether a public key has the size that its kind needs: RustCrypto does not ask of RSA, and panics
/// over an Ed25519 key that is too short.
fn is_strong(key: &Value) -> bool {
    let length = |name| {
        let bytes = key.get(name).and_then(Value::as_str).and_then(decode);
        bytes.map_or(0, |bytes| {
            bytes.iter().skip_while(|&&byte| byte == 0).count()
        })
    };
    match key.get("kty").and_then(Value::as_str) {
        Some("RSA") => length("n") >= 256,
        Some("OKP") => key
            .get("x")
            .and_then(Value::as_str)
            .is_some_and(|x| x.len() == 43),
        Some("EC") => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OsRandom;

    fn verifies(key: &SigningKey, header: Value, jwk: &Value) -> bool {
        let text = key.sign(header, &json!({"sub": "a"})).unwrap();
        let jwt = Jwt::parse(&text).unwrap();
        assert_eq!(jwt.claims.get("sub"), Some(&json!("a")));
        jwt.is_signed_by(std::slice::from_ref(jwk))
    }

    #[test]
    fn signs_by_keys_of_each_kind() {
        let keys = [
            // RFC 7515 appendix A.3.
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#,
            // RFC 8037 appendix A.1.
            r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
                "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            r#"{"kty":"EC","crv":"P-384","d":"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ"}"#,
            RSA,
            &RSA.replace("RS256", "PS256"),
        ];
        for jwk in keys {
            let key = SigningKey::from_jwk(jwk).unwrap();
            let given: Value = serde_json::from_str(jwk).unwrap();
            for member in ["x", "y", "n", "e"] {
                if let Some(value) = given.get(member) {
                    assert_eq!(key.public().get(member), Some(value), "{member}");
                }
            }
            assert!(!key.public_jwk().contains(r#""d""#));
            assert!(verifies(&key, json!({}), key.public()), "{jwk}");
            let again = SigningKey::from_jwk(&key.private_jwk()).unwrap();
            assert!(verifies(&again, json!({}), key.public()), "{jwk}");
            assert!(!format!("{key:?}").contains(given["d"].as_str().unwrap()));
        }
    }

    #[test]
    fn refuses_what_is_no_private_key() {
        for jwk in [
            "",
            "{}",
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            r#"{"kty":"EC","crv":"P-256","d":"AA"}"#,
            r#"{"kty":"EC","crv":"P-256","d":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
            r#"{"kty":"EC","crv":"P-521","d":"AA"}"#,
            r#"{"kty":"oct","d":"AA"}"#,
            r#"{"kty":"RSA","d":"AA","n":"AA","e":"AQAB","p":"AA","q":"AA","dp":"AA","dq":"AA","qi":"AA"}"#,
            r#"{"kty":"OKP","crv":"Ed25519","alg":"ES256","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#,
        ] {
            assert!(SigningKey::from_jwk(jwk).is_err(), "{jwk}");
        }
    }

    #[test]
    fn believes_only_the_key_that_is_meant() {
        let key = SigningKey::generate(&OsRandom).unwrap();
        let other = SigningKey::generate(&OsRandom).unwrap();
        let with = |name: &str, value: &str| {
            let mut jwk = key.public().clone();
            jwk.as_object_mut()
                .unwrap()
                .insert(name.to_owned(), json!(value));
            jwk
        };
        assert!(verifies(&key, json!({"kid": "1"}), &with("kid", "1")));
        assert!(!verifies(&key, json!({"kid": "1"}), &with("kid", "2")));
        assert!(!verifies(&key, json!({"kid": "1"}), key.public()));
        assert!(!verifies(&key, json!({}), other.public()));
        assert!(!verifies(&key, json!({}), &with("use", "enc")));
        assert!(!verifies(
            &key,
            json!({"crit": ["x"], "x": 1}),
            key.public()
        ));
    }

    #[test]
    fn no_algorithm_but_those_of_key_pairs() {
        let key = SigningKey::generate(&OsRandom).unwrap();
        for alg in ["none", "HS256", "ES512", ""] {
            let header = encode(json!({"alg": alg}).to_string().as_bytes());
            let text = format!("{header}.{}.", encode(b"{}"));
            assert!(
                !Jwt::parse(&text)
                    .unwrap()
                    .is_signed_by(&[key.public().clone()]),
                "{alg}"
            );
        }
    }

    #[test]
    fn a_key_that_is_too_small_counts_for_nothing() {
        for jwk in [
            json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
            json!({"kty": "oct", "k": "AA"}),
        ] {
            assert!(!is_strong(&jwk), "{jwk}");
        }
    }

    /// A key for tests alone.
    const RSA: &str = include_str!("jws/rsa.jwk.json");
}
