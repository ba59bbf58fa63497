//! Verification of JWTs (RFC 7515 §5.2, narrowed by RFC 8725): of our own tokens, and of those of
//! others with keys handed in. It decides whether one of the keys signed the claims; what these must
//! say is left to the caller.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::TokenType;
use crate::{
    crypto::{Crypto, CryptoError, SIGNING_ALGORITHMS},
    json::{self, Tree},
    jwk::{PublicJwks, verification_algorithm},
};

/// The longest JWT that is read, in bytes: as much as fits into a request's body.
pub const LONGEST_JWT: usize = 64 * 1024;

/// The most keys that one JWT is verified with.
const MOST_TRIED: usize = 8;

/// Header members that hold or point to the key to verify the JWT with: a JWT with one is refused.
/// Certificates (`x5c`, `x5t`) only accompany a key that is known otherwise; they are not read.
const OWN_KEY: [&str; 3] = ["jwk", "jku", "x5u"];

/// A JWT taken apart, whose signature has not been verified. Its claims may serve to choose the keys
/// to verify it with (by `iss` or `sub`), and for nothing else.
#[derive(Clone, Debug)]
pub struct UnverifiedJwt<'a> {
    algorithm: Algorithm,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    message: &'a str,
    signature: Vec<u8>,
}

/// A JWT whose signature was verified with one of the keys handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedJwt {
    /// How it is signed: one of the algorithms that the caller allows.
    pub algorithm: Algorithm,
    /// The JOSE header. Its `typ` says which kind of token this is; the caller checks it (RFC 8725
    /// §3.11).
    pub header: Map<String, Value>,
    /// The claims. None has been checked.
    pub claims: Map<String, Value>,
}

/// Why a JWT could not be verified. For the log: it holds nothing of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtFault {
    /// Longer than [`LONGEST_JWT`].
    #[error("longer than {LONGEST_JWT} bytes")]
    TooLong,
    /// Not header, claims and signature in base64url without padding.
    #[error("not three parts of base64url")]
    Parts,
    /// The header is no JSON object, names a member twice, or has an `alg`, `kid` or `typ` that is no
    /// string.
    #[error("the header is malformed")]
    Header,
    /// The claims are no JSON object, or one stands there twice.
    #[error("the claims are malformed")]
    Claims,
    /// `crit` (RFC 7515 §4.1.11) or `b64` (RFC 7797): extensions, none of which is understood.
    #[error("the header asks for an extension that is not understood")]
    Extension,
    /// `alg` is `none`, unknown, or not one of those the caller allows.
    #[error("the algorithm is not allowed")]
    Algorithm,
    /// The header brings or names a key.
    #[error("the header has a key or its address")]
    OwnKey,
    /// No key has the token's `kid` and fits its `alg`. A set fetched anew may have one.
    #[error("no key fits its kid and algorithm")]
    NoKey,
    /// No key that fits has made the signature.
    #[error("the signature is of none of the keys")]
    Signature,
    /// The host's cryptography failed, which says nothing about the token.
    #[error(transparent)]
    Host(#[from] CryptoError),
}

impl<'a> UnverifiedJwt<'a> {
    /// Takes apart a JWT in compact serialization.
    ///
    /// # Errors
    /// The text is not such a JWT, or its header has an extension or an algorithm that is unknown.
    pub fn parse(token: &'a str) -> Result<Self, JwtFault> {
        if token.len() > LONGEST_JWT {
            return Err(JwtFault::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(JwtFault::Parts)?;
        let (header, claims) = message.split_once('.').ok_or(JwtFault::Parts)?;
        // A further dot is no base64url, so there are exactly three parts.
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtFault::Parts);
        let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
        let header = members(&header).ok_or(JwtFault::Header)?;
        let claims = members(&claims).ok_or(JwtFault::Claims)?;
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(JwtFault::Extension);
        }
        let text = |name| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(JwtFault::Header),
        };
        text("kid")?;
        text("typ")?;
        let algorithm = text("alg")?.ok_or(JwtFault::Header)?;
        Ok(Self {
            algorithm: verification_algorithm(algorithm).ok_or(JwtFault::Algorithm)?,
            header,
            claims,
            message,
            signature,
        })
    }

    /// A claim, not verified: to choose the keys by.
    #[must_use]
    pub fn claimed(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// The JOSE header, not verified: to explain.
    pub(crate) const fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// All claims, not verified: to refuse by.
    pub(crate) const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The `typ` header, not verified.
    pub(crate) fn typ(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }

    /// How it says it is signed.
    pub(crate) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Refuses what no key could verify: a header that brings or names a key, or an algorithm that is not
    /// allowed. Asked before keys are fetched.
    ///
    /// # Errors
    /// No key may verify it.
    pub fn check_header(&self, allowed: &[Algorithm]) -> Result<(), JwtFault> {
        if OWN_KEY.iter().any(|name| self.header.contains_key(*name)) {
            return Err(JwtFault::OwnKey);
        }
        if !allowed.contains(&self.algorithm) {
            return Err(JwtFault::Algorithm);
        }
        Ok(())
    }

    /// Whether one of `keys` may have signed it: one that fits its `kid` and `alg`. Where none does, a set
    /// fetched anew may have it.
    #[must_use]
    pub fn fits_one_of(&self, keys: &PublicJwks) -> bool {
        let kid = self.header.get("kid").and_then(Value::as_str);
        keys.candidates(kid, self.algorithm).next().is_some()
    }

    /// The JWT, verified: one of `keys` signed it by one of the `allowed` algorithms. The algorithm is
    /// the key's and the caller's, never the token's own choice (RFC 8725 §3.1): a JWT that names
    /// another is refused. Without a `kid` the first eight keys that fit are tried.
    ///
    /// # Errors
    /// None of the keys signed it, or the host's cryptography failed.
    pub async fn verify<C: Crypto>(
        self,
        keys: &PublicJwks,
        allowed: &[Algorithm],
        crypto: &C,
    ) -> Result<VerifiedJwt, JwtFault> {
        self.require_signature(keys, allowed, crypto).await?;
        Ok(VerifiedJwt {
            algorithm: self.algorithm,
            header: self.header,
            claims: self.claims,
        })
    }

    async fn require_signature<C: Crypto>(
        &self,
        keys: &PublicJwks,
        allowed: &[Algorithm],
        crypto: &C,
    ) -> Result<(), JwtFault> {
        self.check_header(allowed)?;
        let kid = self.header.get("kid").and_then(Value::as_str);
        let mut fault = JwtFault::NoKey;
        for candidate in keys.candidates(kid, self.algorithm).take(MOST_TRIED) {
            let (key, message) = (&candidate.key, self.message.as_bytes());
            if crypto
                .verify(self.algorithm, key, message, &self.signature)
                .await?
            {
                return Ok(());
            }
            fault = JwtFault::Signature;
        }
        Err(fault)
    }
}

impl VerifiedJwt {
    /// The `typ` header (RFC 7515 §4.1.9), as written.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }
}

/// The JWT in `token`, if it may be one of ours of this `typ`: its header has that type, and the `kid`
/// that all of ours have. Checked before our keys are needed, so that any other text costs neither the
/// import of a key nor the verification of a signature.
pub(crate) fn parse_own(typ: TokenType, token: &str) -> Option<UnverifiedJwt<'_>> {
    let unverified = UnverifiedJwt::parse(token).ok()?;
    let header = |name| unverified.header.get(name).and_then(Value::as_str);
    (header("typ") == Some(typ.as_str()) && header("kid").is_some()).then_some(unverified)
}

/// The claims of a JWT that [`parse_own`] let pass, verified with our own `keys`; `None` if none of
/// them signed it. `exp` is not checked: a logout hint may have expired.
pub(crate) async fn own_claims<C: Crypto, T: DeserializeOwned>(
    crypto: &C,
    keys: &PublicJwks,
    token: UnverifiedJwt<'_>,
) -> Result<Option<T>, CryptoError> {
    match token.verify(keys, &SIGNING_ALGORITHMS, crypto).await {
        Ok(token) => Ok(Tree::from(Value::Object(token.claims)).read().ok()),
        Err(JwtFault::Host(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The members of a JSON object; `None` if one is there twice, at whatever depth. Two readers of such a token
/// could believe different things (RFC 7515 §4, RFC 7519 §4).
fn members(json: &[u8]) -> Option<Map<String, Value>> {
    json::read(std::str::from_utf8(json).ok()?).ok()
}
