//! `JETON_SIGNING_JWKS`: private keys that the operator supplies.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::algorithm::verification_algorithm;
use super::{der::RsaMembers, private::PrivateKey};
use crate::{json, mode::Mode};

/// The private keys of a mock without a seed of its own that are written down anywhere, or sign for its default
/// issuer, each as base64url of the SHA-256 of its member `d` as written. The thumbprint of RFC 7638 would
/// miss keys whose public members are not given. What a mock says of its keys is [`MOCK_MEMBER`].
const PUBLIC_KEYS: [&str; 25] = [
    "PjL1y0-v0YTa_eqpa08uvot2HAjLnEFrsVQiRlNUqw0",
    "C7sLiyMH6lyyD2af5O7Sj1jcBQL51aUcYTtGpEEt7Uk",
    "5JPjq9ydWTgN9oSSk660hxNZm3anDB1VjQHA1la4Trc",
    "uWqonVZ1nFtAO-4hGwVuCXfggZSo44Ew_4Jwp1XEgIc",
    "IFaqPxg5noN4bkN1TLFFuGf-Qtt_9BZsymEyRIsw1Zs",
    "Dej3HocqAhBy8Nl-2PAYarcAU1juzIsH_RRb34H7Duo",
    "iBBouVrXJPKtSZk2KvyS5DwIKRfVQCqKruhEjXr7iE4",
    "tqcjE_A6QCnH6pST5Q8tpuWv30DLrUjnC5jcrLJG5Qw",
    "H5Xo2rZJsP14vn1w8u_lzK0t-9rmmPcoentSAtTu3F0",
    "tqg2BI2oQgEW5lL2x-8b3jZZxGPGqxgwraErRh2csH8",
    "9SEBaB9qQf-_w9rn1boxlI_dGib_GNim6eNY-EZmRFs",
    "5xmrXC98zeJb6UDm3nXf0wfSE5l4yFq0agEorF6t9Jw",
    "08mISp2drCntAgAYrfYTTRVhQdAj2yiJFad4EEGca5s",
    "pZXBS9Aet4S13sFtbQHxeJxgaQeo8tl8FRph5TaOFwc",
    "01VCEHozxdVHr9KnVJrMmVuHxU57Q-md09mwBXC0mBs",
    "hx_PMPaofA0vsi4yt8yn49bx4SZs7UoCy3TBZa8tLKk",
    "ay3EXSFOavi-ONIgTzNt92-v6bWPPT4lnsvtNoTU5Cg",
    "n4kKBi-D69Q_DXRb8y1JqoDDAS_Jjv16T-1OOVZ3Uqw",
    "ebETzU54ktt-A9M_5kPOx9y6PnSQeENVdOUavM2GXPg",
    "-Hhzu2WqV6meDR9u-BctHkW_g3rJpADhqFKJgfIPfPE",
    "vYFH-AB2q-kBo3rAg7tDIkzFTuw2Yf7m6KJdwkM-l8Q",
    "zvt0frP101CaAoGeTnp8v4_qWhtRxOvDdfWMJoXKu_U",
    "nbc2NUOOf0MumeoKYtkRalsx5pAAx_rAzwgN9-HaYKg",
    "45Pbhk0RWhbLjet4XL30wii1UkC5GVP_0KsrhRSeIx4",
    "LG4jZ8Qt1K5aJiXL6GUeunGXHD0mtIN7M9hcKM9anrg",
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
    /// A key is marked as a mock's; its position in `keys`.
    #[error("keys[{0}] to be secret: it says that it is a mock's, by its member `{MOCK_MEMBER}`")]
    MockKey(usize),
    /// A `kid` that is no name of one key (RFC 7517 §4.5); its position in `keys`.
    #[error(
        "keys[{0}] to have a `kid` of 1 to {LONGEST_KID} characters that no other has, or none"
    )]
    Kid(usize),
    /// An RSA key that is too short (RFC 7518 §3.3); its position in `keys`.
    #[error("keys[{0}] to have a modulus of 2048 bits or more")]
    ShortModulus(usize),
}

/// The member by which a JWK Set, and each private key of one, says that it is a mock's.
pub const MOCK_MEMBER: &str = "jeton_mock";

/// How long a key's name may be: it stands in the header of every token.
const LONGEST_KID: usize = 256;

#[derive(Deserialize)]
struct PrivateJwkSet {
    keys: Vec<PrivateJwk>,
    /// [`MOCK_MEMBER`], whatever its value.
    #[serde(default, deserialize_with = "there")]
    jeton_mock: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct PrivateJwk {
    kty: String,
    alg: Option<String>,
    kid: Option<String>,
    /// [`MOCK_MEMBER`], whatever its value.
    #[serde(default, deserialize_with = "there")]
    jeton_mock: Option<IgnoredAny>,
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

/// A member that is there: `null` is a value as well.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IgnoredAny>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(Some)
}

impl SuppliedKeys {
    pub(crate) fn new(keys: Vec<PrivateKey>) -> Self {
        Self(keys)
    }

    pub(crate) fn parse(json: &str, mode: Mode) -> Result<Self, InvalidJwks> {
        let set = PrivateJwkSet::parse(json)?;
        if mode == Mode::Production {
            set.require_no_mock()?;
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
        json::read(json)
            .ok()
            .filter(|set: &Self| !set.keys.is_empty())
            .ok_or(InvalidJwks::NotASet)
    }

    fn require_no_mock(&self) -> Result<(), InvalidJwks> {
        if self.jeton_mock.is_some() {
            return Err(InvalidJwks::Mock);
        }
        for (index, key) in self.keys.iter().enumerate() {
            if key.jeton_mock.is_some() {
                return Err(InvalidJwks::MockKey(index));
            }
            if key.is_public() {
                return Err(InvalidJwks::Public(index));
            }
        }
        Ok(())
    }

    fn private_keys(&self) -> Result<Vec<PrivateKey>, InvalidJwks> {
        let mut keys: Vec<PrivateKey> = Vec::with_capacity(self.keys.len());
        for (index, jwk) in self.keys.iter().enumerate() {
            let mut key = jwk.parse(index)?;
            key.kid.clone_from(&jwk.kid);
            let is_name = |kid: &str| (1..=LONGEST_KID).contains(&kid.chars().count());
            if let Some(kid) = key.kid()
                && (!is_name(kid) || keys.iter().any(|other| other.kid() == Some(kid)))
            {
                return Err(InvalidJwks::Kid(index));
            }
            keys.push(key);
        }
        Ok(keys)
    }
}

impl PrivateKey {
    /// The keys of a JWK Set (RFC 7517 §5) with their private members and their names, if they have any.
    ///
    /// # Errors
    /// The text is not a JWK Set with keys, a key is of an unsupported type or incomplete, or two have one
    /// name.
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
