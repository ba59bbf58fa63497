//! `JETON_SIGNING_JWKS`: private keys that the operator supplies.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, de::IgnoredAny};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::algorithm::verification_algorithm;
use super::{der::RsaMembers, private::PrivateKey};
use crate::mode::Mode;

/// The mock's private keys, each as base64url of the SHA-256 of its member `d` as written. The
/// thumbprint of RFC 7638 would miss keys whose public members are not given.
const PUBLIC_KEYS: [&str; 12] = [
    "PjL1y0-v0YTa_eqpa08uvot2HAjLnEFrsVQiRlNUqw0",
    "C7sLiyMH6lyyD2af5O7Sj1jcBQL51aUcYTtGpEEt7Uk",
    "5JPjq9ydWTgN9oSSk660hxNZm3anDB1VjQHA1la4Trc",
    "uWqonVZ1nFtAO-4hGwVuCXfggZSo44Ew_4Jwp1XEgIc",
    "nK_2YHIglnPIE_M0UxfgcfB0ZAJpHlQOx96Ih2xLd1M",
    "b2TuDqSI88v8ZbsWh7FnW7FrK4qs4f7f8kDOF9nszLg",
    "oYPKbJJmTXWmUJ8nXg-ykAYtzVL1ACOPG1Yr1bz2bb0",
    "R9U4sYBf128-NEIVceG4UCLnjdKsT3E8aik9Ag5f1vc",
    "IFaqPxg5noN4bkN1TLFFuGf-Qtt_9BZsymEyRIsw1Zs",
    "Dej3HocqAhBy8Nl-2PAYarcAU1juzIsH_RRb34H7Duo",
    "iBBouVrXJPKtSZk2KvyS5DwIKRfVQCqKruhEjXr7iE4",
    "tqcjE_A6QCnH6pST5Q8tpuWv30DLrUjnC5jcrLJG5Qw",
];

/// The smallest RSA modulus accepted, RFC 7518 §3.3.
const MIN_RSA_BITS: usize = 2048;

/// The supplied keys, in the order they were written. Of each algorithm the first signs and all
/// are published.
#[derive(Clone, Debug, Default)]
pub(crate) struct SuppliedKeys(Vec<PrivateKey>);

/// Why a text is not a private JWK Set. Says which key is at fault; holds nothing of the keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJwks {
    /// Not the JSON of a JWK Set (RFC 7517 §5) with at least one key.
    #[error("a JWK Set, {{\"keys\":[…]}}, with at least one private key")]
    NotASet,
    /// A key of an unsupported type or curve, or with another `alg`; its position in `keys`.
    #[error(
        "keys[{0}] to be EC P-256, OKP Ed25519 or RSA, with an `alg` that fits if there is one"
    )]
    Type(usize),
    /// A private member is missing, not base64url, or of the wrong length.
    #[error("keys[{index}] to have its private member `{member}` in base64url")]
    Member {
        /// Position in `keys`.
        index: usize,
        /// RFC 7518 §6 name.
        member: &'static str,
    },
    /// One of the mock's keys, which everyone has; its position in `keys`.
    #[error("keys[{0}] to be secret: it is one of the mock's, which everyone has")]
    Public(usize),
    /// The set is marked as a mock's.
    #[error("keys of its own: the set says that it is a mock's, by its member `{MOCK_MEMBER}`")]
    Mock,
    /// An RSA key that is too short (RFC 7518 §3.3); its position in `keys`.
    #[error("keys[{0}] to have a modulus of 2048 bits or more")]
    ShortModulus(usize),
}

/// The member by which a JWK Set says that its keys are a mock's.
pub const MOCK_MEMBER: &str = "jeton_mock";

#[derive(Deserialize)]
struct PrivateJwkSet {
    keys: Vec<PrivateJwk>,
    /// [`MOCK_MEMBER`], whatever its value.
    jeton_mock: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct PrivateJwk {
    kty: String,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<Zeroizing<String>>,
    p: Option<Zeroizing<String>>,
    q: Option<Zeroizing<String>>,
    dp: Option<Zeroizing<String>>,
    dq: Option<Zeroizing<String>>,
    qi: Option<Zeroizing<String>>,
}

impl SuppliedKeys {
    pub(crate) fn new(keys: Vec<PrivateKey>) -> Self {
        Self(keys)
    }

    pub(crate) fn parse(json: &str, mode: Mode) -> Result<Self, InvalidJwks> {
        let set = PrivateJwkSet::parse(json)?;
        if set.jeton_mock.is_some() && mode == Mode::Production {
            return Err(InvalidJwks::Mock);
        }
        let public = set.keys.iter().position(PrivateJwk::is_public);
        if let Some(index) = public.filter(|_| mode == Mode::Production) {
            return Err(InvalidJwks::Public(index));
        }
        set.private_keys().map(Self)
    }

    /// The algorithms present, each once, in order.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        let mut algorithms = Vec::new();
        for key in &self.0 {
            if !algorithms.contains(&key.algorithm()) {
                algorithms.push(key.algorithm());
            }
        }
        algorithms
    }

    pub(crate) fn of(&self, algorithm: Algorithm) -> impl Iterator<Item = &PrivateKey> {
        self.0
            .iter()
            .filter(move |key| key.algorithm() == algorithm)
    }
}

impl PrivateJwkSet {
    fn parse(json: &str) -> Result<Self, InvalidJwks> {
        serde_json::from_str(json)
            .ok()
            .filter(|set: &Self| !set.keys.is_empty())
            .ok_or(InvalidJwks::NotASet)
    }

    fn private_keys(&self) -> Result<Vec<PrivateKey>, InvalidJwks> {
        self.keys
            .iter()
            .enumerate()
            .map(|(index, jwk)| jwk.parse(index))
            .collect()
    }
}

impl PrivateKey {
    /// The keys of a JWK Set (RFC 7517 §5) with their private members.
    ///
    /// # Errors
    /// The text is not a JWK Set with keys, or a key is of an unsupported type or incomplete.
    pub fn from_jwks(json: &str) -> Result<Vec<Self>, InvalidJwks> {
        PrivateJwkSet::parse(json)?.private_keys()
    }
}

impl PrivateJwk {
    /// Whether it is one of the keys of a mock without a seed.
    fn is_public(&self) -> bool {
        let Some(d) = self.d.as_ref().map(|d| Sha256::digest(d.as_bytes())) else {
            return false;
        };
        PUBLIC_KEYS.iter().any(|public| {
            URL_SAFE_NO_PAD
                .decode(public)
                .is_ok_and(|own| own == d.as_slice())
        })
    }

    fn parse(&self, index: usize) -> Result<PrivateKey, InvalidJwks> {
        let algorithm = match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => Algorithm::ES256,
            ("OKP", Some("Ed25519")) => Algorithm::EdDSA,
            ("RSA", _) => Algorithm::RS256,
            _ => return Err(InvalidJwks::Type(index)),
        };
        let fits = |alg: &str| verification_algorithm(alg) == Some(algorithm);
        if self.alg.as_deref().is_some_and(|alg| !fits(alg)) {
            return Err(InvalidJwks::Type(index));
        }
        let bytes = |member, value: Option<&str>| {
            value
                .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
                .map(Zeroizing::new)
                .ok_or(InvalidJwks::Member { index, member })
        };
        let d = bytes("d", self.d.as_deref().map(String::as_str))?;
        let scalar = || {
            d.as_slice()
                .try_into()
                .map_err(|_| InvalidJwks::Member { index, member: "d" })
        };
        match algorithm {
            Algorithm::ES256 => Ok(PrivateKey::p256(scalar()?)),
            Algorithm::EdDSA => Ok(PrivateKey::ed25519(scalar()?)),
            _ => {
                let n = bytes("n", self.n.as_deref())?;
                if n.len() * 8 < MIN_RSA_BITS {
                    return Err(InvalidJwks::ShortModulus(index));
                }
                PrivateKey::rsa(&RsaMembers {
                    n: &n,
                    e: &bytes("e", self.e.as_deref())?,
                    d: &d,
                    p: &bytes("p", self.p.as_deref().map(String::as_str))?,
                    q: &bytes("q", self.q.as_deref().map(String::as_str))?,
                    dp: &bytes("dp", self.dp.as_deref().map(String::as_str))?,
                    dq: &bytes("dq", self.dq.as_deref().map(String::as_str))?,
                    qi: &bytes("qi", self.qi.as_deref().map(String::as_str))?,
                })
                .map_err(|_| InvalidJwks::Type(index))
            }
        }
    }
}
