//! Tokens made or changed here rather than by the server: with other claims, or wrong on purpose.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Config, Crypto, CryptoError, PrivateKey, UnixTime};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256, Sha512};

use crate::{keys::Keys, spec::TokenFault};

/// An hour, in seconds: how far a wrong time is off.
const FAR: u64 = 3600;

/// By how many bytes an oversized token is longer: more than the 8 to 16 kB that servers allow a
/// header line.
const OVERSIZE: usize = 16 * 1024;

/// The JOSE `typ` of access tokens (RFC 9068 §2.1).
pub(crate) const ACCESS_TOKEN: &str = "at+jwt";

/// That of ID tokens (RFC 7519 §5.1).
pub(crate) const ID_TOKEN: &str = "JWT";

/// A JWS in its compact form (RFC 7515 §7.1), taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

/// An issuer's keys at one moment, for signing what its server would not.
pub(crate) struct Forge<'a> {
    pub(crate) config: &'a Config,
    pub(crate) keys: Keys,
    pub(crate) now: UnixTime,
}

impl Jwt {
    /// Reads a token without verifying it; `None` for anything but a JWT, such as an opaque token.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        let decode = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some(Self {
            header: decode(header)?,
            claims: decode(claims)?,
        })
    }

    fn algorithm(&self) -> Option<Algorithm> {
        self.header.get("alg")?.as_str()?.parse().ok()
    }

    /// Not signed, as it says.
    pub(crate) fn with_no_signature(mut self) -> String {
        self.header.insert("alg".to_owned(), json!("none"));
        format!("{}.", self.unsigned())
    }

    pub(crate) fn unsigned(&self) -> String {
        // Maps of strings to values always serialize.
        let part = |map: &Map<String, Value>| {
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(map).unwrap_or_default())
        };
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    async fn signed_by(&self, key: &PrivateKey) -> Result<String, CryptoError> {
        let crypto = NativeCrypto::new();
        let (key, _) = crypto.import(key).await?;
        let unsigned = self.unsigned();
        let signature = crypto.sign(&key, unsigned.as_bytes()).await?;
        Ok(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl Forge<'_> {
    /// A token of these claims, by the key that signs `algorithm`.
    pub(crate) async fn mint(
        &self,
        algorithm: Algorithm,
        typ: &str,
        claims: Map<String, Value>,
    ) -> Result<Jwt, CryptoError> {
        let kid = self.keys.signing(algorithm).await?.kid;
        let header = json!({ "typ": typ, "alg": algorithm, "kid": kid });
        let Value::Object(header) = header else {
            return Err(CryptoError::new("sign", "no header"));
        };
        Ok(Jwt { header, claims })
    }

    /// The token signed as it should be.
    pub(crate) async fn sign(&self, token: &Jwt) -> Result<String, CryptoError> {
        let algorithm = token.algorithm().unwrap_or(Algorithm::ES256);
        token
            .signed_by(&self.keys.signing(algorithm).await?.private)
            .await
    }

    /// The token with `faults`, those of its content first, those of its signature last.
    pub(crate) async fn sign_wrong(
        &self,
        mut token: Jwt,
        faults: &[TokenFault],
    ) -> Result<String, CryptoError> {
        self.spoil(&mut token, faults);
        let has = |fault: TokenFault| faults.contains(&fault);
        if has(TokenFault::AlgNone) {
            return Ok(token.with_no_signature());
        }
        let algorithm = token.algorithm().unwrap_or(Algorithm::ES256);
        if has(TokenFault::WrongKey) {
            let wrong = self.keys.wrong(algorithm).await?;
            return token.signed_by(&wrong).await;
        }
        let signed = self.sign(&token).await?;
        if has(TokenFault::Tampered) {
            return Ok(tampered(&token, &signed));
        }
        Ok(signed)
    }

    /// A token of these claims by the default key, as the server makes one; `None` where there is no key.
    pub(crate) async fn make(&self, typ: &str, claims: Map<String, Value>) -> Option<String> {
        let default = self.config.signing_algorithms().first().copied();
        let algorithm = default.unwrap_or(Algorithm::ES256);
        let token = self.mint(algorithm, typ, claims).await.ok()?;
        self.sign(&token).await.ok()
    }

    /// The token with other claims, by the key that has signed it; `None` where that is none of ours, or
    /// is no more.
    pub(crate) async fn sign_again(
        &self,
        text: &str,
        claims: Map<String, Value>,
    ) -> Option<String> {
        let token = Jwt::parse(text)?;
        let algorithm = token.algorithm()?;
        let (message, signature) = text.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let crypto = NativeCrypto::new();
        for key in self.keys.all(algorithm).await.ok()? {
            let (_, public) = crypto.import(&key).await.ok()?;
            let genuine = crypto.verify(algorithm, &public, message.as_bytes(), &signature);
            if genuine.await.ok()? {
                let again = Jwt { claims, ..token };
                return again.signed_by(&key).await.ok();
            }
        }
        None
    }

    /// Makes wrong what a token says.
    pub(crate) fn spoil(&self, token: &mut Jwt, faults: &[TokenFault]) {
        for fault in faults {
            self.spoil_by(token, fault);
        }
    }

    fn spoil_by(&self, token: &mut Jwt, fault: &TokenFault) {
        let mut set = |claim: &str, value: Value| token.claims.insert(claim.to_owned(), value);
        let now = self.now.0;
        match fault {
            TokenFault::Expired => {
                set("iat", json!(now.saturating_sub(2 * FAR)));
                set("exp", json!(now.saturating_sub(FAR)));
            }
            TokenFault::NotYetValid => {
                set("nbf", json!(now.saturating_add(FAR)));
                set("exp", json!(now.saturating_add(2 * FAR)));
            }
            TokenFault::WrongIssuer => {
                set("iss", json!("https://wrong-issuer.example"));
            }
            TokenFault::WrongAudience => {
                set("aud", json!("https://wrong-audience.example"));
            }
            TokenFault::WrongNonce => {
                set("nonce", json!("wrong-nonce"));
            }
            TokenFault::Without(claim) => {
                token.claims.remove(claim);
            }
            TokenFault::Oversized => {
                set("padding", json!("x".repeat(OVERSIZE)));
            }
            TokenFault::UnknownKid => {
                token.header.insert("kid".to_owned(), json!("unknown-kid"));
            }
            TokenFault::WrongTyp => {
                let typ = match token.header.get("typ").and_then(Value::as_str) {
                    Some("JWT") => "at+jwt",
                    _ => "JWT",
                };
                token.header.insert("typ".to_owned(), json!(typ));
            }
            TokenFault::AlgNone | TokenFault::WrongKey | TokenFault::Tampered => {}
        }
    }
}

/// The token with another subject, under the signature of the first.
pub(crate) fn tampered(token: &Jwt, signed: &str) -> String {
    let mut other = token.clone();
    other
        .claims
        .insert("sub".to_owned(), json!("somebody-else"));
    let signature = signed.rsplit('.').next().unwrap_or_default();
    format!("{}.{signature}", other.unsigned())
}

/// `at_hash` (OpenID Connect Core §3.1.3.6) under the ID token's algorithm.
pub(crate) fn at_hash(id_token: &Jwt, access_token: &str) -> String {
    let full = match id_token.algorithm() {
        Some(Algorithm::EdDSA) => Sha512::digest(access_token).to_vec(),
        _ => Sha256::digest(access_token).to_vec(),
    };
    let (left, _) = full.split_at(full.len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}
