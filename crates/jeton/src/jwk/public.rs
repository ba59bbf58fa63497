//! Public keys that verify signatures.

use std::{collections::BTreeMap, fmt::Write as _};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::inserted::inserted;

/// The bits an RSA modulus may have. Fewer are weak (RFC 7518 §3.3); with more, whoever brings the key
/// could make each verification as costly as they like.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The bits an RSA exponent may have, from 3 on: with 1 every text is its own signature. In use are
/// 65537 and 3; more than 32 bits cost time, and workerd's WebCrypto refuses them.
const EXPONENT_BITS: std::ops::RangeInclusive<usize> = 2..=32;

/// A public key that verifies signatures (RFC 7518 §6, RFC 8037 §2). Its numbers have the right
/// length. Whether they are a point on the curve is checked by the host, when it verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// `EC` on P-256, for ES256.
    P256(Point<32>),
    /// `EC` on P-384, for ES384.
    P384(Point<48>),
    /// `OKP` on Ed25519, for EdDSA.
    Ed25519([u8; 32]),
    /// `RSA`, for RS256 and PS256.
    Rsa(RsaPublicKey),
}

/// The coordinates of a point on a curve over a field of `N` bytes, big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point<const N: usize> {
    /// The JWK member `x`.
    pub x: [u8; N],
    /// The JWK member `y`.
    pub y: [u8; N],
}

/// An RSA public key of a size that is neither weak nor costly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaPublicKey {
    n: Vec<u8>,
    e: Vec<u8>,
}

/// The numbers are not an RSA key that may verify signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an RSA key with an odd modulus of 2048 to 8192 bits and an odd exponent of 3 to 32 bits")]
pub struct InvalidRsa;

impl RsaPublicKey {
    /// The key of `modulus` and `exponent`, both big-endian. Zeros in front are left out: RFC 7518
    /// §6.3.1.1 forbids them and knows of libraries that write them.
    ///
    /// # Errors
    /// The key is weak or costly, or the numbers are not an RSA key.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, InvalidRsa> {
        let (n, e) = (without_zeros(modulus), without_zeros(exponent));
        let bits = |number: &[u8]| {
            let zeros = number
                .first()
                .map_or(0, |byte| byte.leading_zeros() as usize);
            number.len() * 8 - zeros
        };
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        if !is_odd(n) || !MODULUS_BITS.contains(&bits(n)) {
            return Err(InvalidRsa);
        }
        if !is_odd(e) || !EXPONENT_BITS.contains(&bits(e)) {
            return Err(InvalidRsa);
        }
        Ok(Self {
            n: n.to_vec(),
            e: e.to_vec(),
        })
    }

    /// `n`, big-endian, without zeros in front.
    #[must_use]
    pub fn modulus(&self) -> &[u8] {
        &self.n
    }

    /// `e`, big-endian, without zeros in front.
    #[must_use]
    pub fn exponent(&self) -> &[u8] {
        &self.e
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

impl PublicKey {
    /// Whether a signature of `algorithm` can be verified with a key of this type. RSA keys serve
    /// RS256 and PS256 alike.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        matches!(
            (self, algorithm),
            (Self::P256(_), Algorithm::ES256)
                | (Self::P384(_), Algorithm::ES384)
                | (Self::Ed25519(_), Algorithm::EdDSA)
                | (Self::Rsa(_), Algorithm::RS256 | Algorithm::PS256)
        )
    }

    /// The length in bytes of a signature by this key: that of its modulus, or of two numbers of its
    /// group (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1).
    #[must_use]
    pub fn signature_length(&self) -> usize {
        match self {
            Self::P256(_) | Self::Ed25519(_) => 64,
            Self::P384(_) => 96,
            Self::Rsa(key) => key.n.len(),
        }
    }

    /// The JWK thumbprint with SHA-256 (RFC 7638 §3): of the required members in lexicographic
    /// order, without spaces. `Jwk::thumbprint` would do, but panics where no jsonwebtoken provider
    /// is compiled in, as on a Worker.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let members: BTreeMap<_, _> = inserted(self.members());
        let mut canonical = String::with_capacity(128);
        for (index, (name, value)) in members.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            // Base64url and names of curves need no escapes; writing to a string never fails.
            let _ = write!(canonical, r#"{before}"{name}":"{value}""#);
        }
        canonical.push('}');
        URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
    }

    /// The required members (RFC 7638 §3.2), in the order in which they are published.
    fn members(&self) -> Vec<(&'static str, String)> {
        let named = |name: &str| name.to_owned();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::P256(Point { x, y }) => vec![
                ("kty", named("EC")),
                ("crv", named("P-256")),
                ("x", number(x)),
                ("y", number(y)),
            ],
            Self::P384(Point { x, y }) => vec![
                ("kty", named("EC")),
                ("crv", named("P-384")),
                ("x", number(x)),
                ("y", number(y)),
            ],
            Self::Ed25519(x) => vec![
                ("kty", named("OKP")),
                ("crv", named("Ed25519")),
                ("x", number(x)),
            ],
            Self::Rsa(RsaPublicKey { n, e }) => {
                vec![("kty", named("RSA")), ("n", number(n)), ("e", number(e))]
            }
        }
    }
}

/// Writes the required members of a JWK.
impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.members())
    }
}
