//! Tokens made or changed here rather than by the server: with other claims, or wrong on purpose.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Config, Crypto, CryptoError, PrivateKey, UnixTime};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256, Sha512};

use crate::{
    keys::{Keys, kid},
    lenient::audiences_of,
    spec::TokenFault,
};

/// An hour, in seconds: how far a wrong time is off.
const FAR: u64 = 3600;

/// By how many bytes an oversized token is longer: more than the 8 to 16 kB that servers allow a
/// header line.
const OVERSIZE: usize = 16 * 1024;

/// The JOSE `typ` of access tokens (RFC 9068 §2.1).
const ACCESS_TOKEN: &str = "at+jwt";

/// A JWS in its compact form (RFC 7515 §7.1), taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

/// The types and issuers that access tokens may have besides those of the server that reads them.
pub(crate) struct Known {
    /// JOSE types.
    pub(crate) types: Vec<String>,
    /// The issuer at other addresses.
    pub(crate) issuers: Vec<String>,
    /// An audience that the server wants, and that tokens are given where they have others.
    pub(crate) audience: Option<String>,
}

impl Known {
    /// Whether the server takes tokens with these claims for ones for others.
    fn lacks_audience(&self, claims: &Map<String, Value>) -> bool {
        let wanted = self.audience.as_ref();
        wanted.is_some_and(|wanted| !audiences_of(claims).contains(wanted))
    }
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

    fn unsigned(&self) -> String {
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
        let kid = kid(&self.key(algorithm)?).await?;
        let header = json!({ "typ": typ, "alg": algorithm, "kid": kid });
        let Value::Object(header) = header else {
            return Err(CryptoError::new("sign", "no header"));
        };
        Ok(Jwt { header, claims })
    }

    fn key(&self, algorithm: Algorithm) -> Result<PrivateKey, CryptoError> {
        jeton::signing_key(self.config, algorithm, self.now)
            .ok_or_else(|| CryptoError::new("sign", format_args!("no key for {algorithm:?}")))
    }

    /// The token signed as it should be.
    pub(crate) async fn sign(&self, token: &Jwt) -> Result<String, CryptoError> {
        let algorithm = token.algorithm().unwrap_or(Algorithm::ES256);
        token.signed_by(&self.key(algorithm)?).await
    }

    /// The token with `faults`, those of its content first, those of its signature last.
    pub(crate) async fn sign_wrong(
        &self,
        mut token: Jwt,
        faults: &[TokenFault],
    ) -> Result<String, CryptoError> {
        for fault in faults {
            self.spoil(&mut token, fault);
        }
        let has = |fault: TokenFault| faults.contains(&fault);
        if has(TokenFault::AlgNone) {
            token.header.insert("alg".to_owned(), json!("none"));
            return Ok(format!("{}.", token.unsigned()));
        }
        let algorithm = token.algorithm().unwrap_or(Algorithm::ES256);
        if has(TokenFault::WrongKey) {
            let wrong = self.keys.wrong(algorithm);
            let wrong = wrong.ok_or_else(|| CryptoError::new("sign", "no other key"))?;
            return token.signed_by(&wrong).await;
        }
        let signed = self.sign(&token).await?;
        if has(TokenFault::Tampered) {
            return Ok(tampered(&token, &signed));
        }
        Ok(signed)
    }

    /// A token of ours, of another type or address that is known, as an access token that the server
    /// at `issuer` makes; `None` for any other.
    pub(crate) async fn as_access_token(
        &self,
        text: &str,
        known: &Known,
        issuer: &str,
    ) -> Option<String> {
        let mut token = Jwt::parse(text)?;
        let typ = token.header.get("typ")?.as_str()?;
        let from = token.claims.get("iss")?.as_str()?;
        let ours = (typ == ACCESS_TOKEN || known.types.iter().any(|own| own == typ))
            && (from == issuer || known.issuers.iter().any(|own| own == from));
        // What is the server's already is left to it.
        let lacks_audience = known.lacks_audience(&token.claims);
        if !ours || (typ == ACCESS_TOKEN && from == issuer && !lacks_audience) {
            return None;
        }
        let algorithm = token.algorithm()?;
        let (message, signature) = text.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let crypto = NativeCrypto::new();
        for key in self.keys.all(algorithm) {
            let (_, public) = crypto.import(&key).await.ok()?;
            let genuine = crypto.verify(algorithm, &public, message.as_bytes(), &signature);
            if genuine.await.ok()? {
                token.header.insert("typ".to_owned(), json!(ACCESS_TOKEN));
                token.claims.insert("iss".to_owned(), json!(issuer));
                if lacks_audience {
                    let mut audiences = audiences_of(&token.claims);
                    audiences.extend(known.audience.clone());
                    token.claims.insert("aud".to_owned(), json!(audiences));
                }
                return token.signed_by(&key).await.ok();
            }
        }
        None
    }

    fn spoil(&self, token: &mut Jwt, fault: &TokenFault) {
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
fn tampered(token: &Jwt, signed: &str) -> String {
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
