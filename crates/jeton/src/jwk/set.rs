//! Public JWK Sets (RFC 7517 §5): ours, and those of others.

use crate::json::Tree;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::algorithm::verification_algorithm;
use super::public::{InvalidRsa, Point, PublicKey, RsaPublicKey};

/// The most keys a set may have, usable or not. Large issuers publish about ten.
const MOST_KEYS: usize = 100;

/// The private members of every registered key type: RFC 7518 §6, and `priv` of `AKP`. `k` holds a
/// symmetric key.
const PRIVATE_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// The values of `use` for a key that verifies tokens. The second is that of SPIFFE bundles.
const USES: [&str; 2] = ["sig", JWT_SVID];

/// `use` of a key that signs a workload's JWT-SVIDs (JWT-SVID §4.1).
const JWT_SVID: &str = "jwt-svid";

/// A public key and what its owner says of it (RFC 7517 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicJwk {
    /// `kid`: the name by which a header chooses it.
    pub kid: Option<String>,
    /// `alg`: the one algorithm it is for; `None`: every algorithm of its type.
    pub algorithm: Option<Algorithm>,
    /// The key itself.
    pub key: PublicKey,
}

/// Public keys that verify signatures, in the order of their document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PublicJwks {
    keys: Vec<PublicJwk>,
}

/// Why a JWK is not used to verify signatures. Holds nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableJwk {
    /// A member is of another JSON type, missing, not base64url or of the wrong length.
    #[error("a member is missing or malformed")]
    Malformed,
    /// `kty` or `crv` is not a supported one.
    #[error("its type or curve is none of P-256, P-384, Ed25519 and RSA")]
    Type,
    /// `use` or `key_ops` is not for verifying.
    #[error("it is not for verifying signatures")]
    Use,
    /// `alg` is not supported, or not one of this key type.
    #[error("its algorithm is not verified, or does not fit its type")]
    Algorithm,
    /// The RSA key is weak or costly.
    #[error("it is not {0}")]
    Rsa(#[from] InvalidRsa),
    /// It has a private member.
    #[error("it is a private or symmetric key")]
    Private,
}

/// Why JSON is not a usable public JWK Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPublicJwks {
    /// Not an object with an array `keys`.
    #[error("not a JWK Set, {{\"keys\":[…]}}")]
    NotASet,
    /// More keys than anybody publishes.
    #[error("more than {MOST_KEYS} keys")]
    TooMany,
    /// A private or symmetric key, which is no longer its owner's alone; its position in `keys`.
    #[error("keys[{0}] is a private or symmetric key")]
    Private(usize),
}

impl PublicJwks {
    /// The usable keys of a JWK Set. Others are left out, as RFC 7517 §5 wants it: a set may hold keys
    /// for other purposes and of types yet to come.
    ///
    /// # Errors
    /// The JSON is not a JWK Set, it has too many keys, or one of them is private: then anybody could
    /// have made its owner's signatures.
    pub fn from_value(set: &Value) -> Result<Self, InvalidPublicJwks> {
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or(InvalidPublicJwks::NotASet)?;
        if keys.len() > MOST_KEYS {
            return Err(InvalidPublicJwks::TooMany);
        }
        let mut usable = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            match PublicJwk::from_value(key) {
                Ok(key) => usable.push(key),
                Err(UnusableJwk::Private) => return Err(InvalidPublicJwks::Private(index)),
                Err(_) => {}
            }
        }
        Ok(Self { keys: usable })
    }

    /// The keys of a SPIFFE bundle that verify JWT-SVIDs: those of that `use`, with a `kid` (SPIFFE Trust
    /// Domain and Bundle §4.2). Others, as of X.509-SVIDs, are left out.
    ///
    /// # Errors
    /// As [`Self::from_value`].
    pub fn from_bundle(bundle: &Value) -> Result<Self, InvalidPublicJwks> {
        let Some(keys) = bundle.get("keys").and_then(Value::as_array) else {
            return Err(InvalidPublicJwks::NotASet);
        };
        let is_for_svids = |key: &&Value| {
            let purpose = key.get("use").and_then(Value::as_str);
            purpose == Some(JWT_SVID) && key.get("kid").is_some()
        };
        let keys: Vec<_> = keys.iter().filter(is_for_svids).cloned().collect();
        Self::from_value(&json!({ "keys": keys }))
    }

    /// The keys that may have made a signature of `algorithm` with this `kid` in its header; all
    /// that fit the algorithm where there is no `kid`.
    pub fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a PublicJwk> {
        self.keys
            .iter()
            .filter(move |key| kid.is_none() || key.kid.as_deref() == kid)
            .filter(move |key| key.fits(algorithm))
    }

    /// Whether the set has no usable key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl FromIterator<PublicJwk> for PublicJwks {
    fn from_iter<I: IntoIterator<Item = PublicJwk>>(keys: I) -> Self {
        Self {
            keys: keys.into_iter().collect(),
        }
    }
}

/// The members of a JWK that are read. Certificates (`x5c`, `x5t`) are not among them: the key itself
/// is trusted.
#[derive(Deserialize)]
struct Members {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl PublicJwk {
    /// The key of a JWK.
    ///
    /// # Errors
    /// The key is private, malformed, weak, or not for verifying signatures.
    pub fn from_value(jwk: &Value) -> Result<Self, UnusableJwk> {
        if PRIVATE_MEMBERS.iter().any(|name| jwk.get(name).is_some()) {
            return Err(UnusableJwk::Private);
        }
        let members = Tree::from(jwk.clone()).read::<Members>();
        let members = members.map_err(|_| UnusableJwk::Malformed)?;
        members.require_verifying()?;
        let key = members.key()?;
        let algorithm = match members.alg {
            None => None,
            Some(name) => {
                let algorithm = verification_algorithm(&name).ok_or(UnusableJwk::Algorithm)?;
                if !key.fits(algorithm) {
                    return Err(UnusableJwk::Algorithm);
                }
                Some(algorithm)
            }
        };
        Ok(Self {
            kid: members.kid,
            algorithm,
            key,
        })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.key.fits(algorithm) && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

impl Members {
    fn require_verifying(&self) -> Result<(), UnusableJwk> {
        let purpose = self.purpose.as_deref();
        let operations = self.key_ops.as_ref();
        if purpose.is_some_and(|purpose| !USES.contains(&purpose))
            || operations.is_some_and(|list| !list.iter().any(|operation| operation == "verify"))
        {
            return Err(UnusableJwk::Use);
        }
        Ok(())
    }

    fn key(&self) -> Result<PublicKey, UnusableJwk> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(PublicKey::P256(self.point()?)),
            ("EC", Some("P-384")) => Ok(PublicKey::P384(self.point()?)),
            ("OKP", Some("Ed25519")) => Ok(PublicKey::Ed25519(exactly(self.x.as_deref())?)),
            ("RSA", _) => {
                let (n, e) = (bytes(self.n.as_deref())?, bytes(self.e.as_deref())?);
                Ok(PublicKey::Rsa(RsaPublicKey::new(&n, &e)?))
            }
            _ => Err(UnusableJwk::Type),
        }
    }

    fn point<const N: usize>(&self) -> Result<Point<N>, UnusableJwk> {
        Ok(Point {
            x: exactly(self.x.as_deref())?,
            y: exactly(self.y.as_deref())?,
        })
    }
}

fn bytes(member: Option<&str>) -> Result<Vec<u8>, UnusableJwk> {
    member
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .ok_or(UnusableJwk::Malformed)
}

/// The `N` bytes of a coordinate, which has the length of its field, zeros in front included (RFC 7518
/// §6.2.1.2).
fn exactly<const N: usize>(member: Option<&str>) -> Result<[u8; N], UnusableJwk> {
    bytes(member)?
        .try_into()
        .map_err(|_| UnusableJwk::Malformed)
}

/// Writes the JWK as it is published, with `use`.
impl Serialize for PublicJwk {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Published<'a> {
            r#use: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            alg: Option<Algorithm>,
            #[serde(skip_serializing_if = "Option::is_none")]
            kid: Option<&'a str>,
            #[serde(flatten)]
            key: &'a PublicKey,
        }
        Published {
            r#use: "sig",
            alg: self.algorithm,
            kid: self.kid.as_deref(),
            key: &self.key,
        }
        .serialize(serializer)
    }
}
