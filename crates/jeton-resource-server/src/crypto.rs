//! Signatures: which keys may make which, and who checks them.
//!
//! aws-lc on native machines, RustCrypto on wasm. Both are called directly: `jsonwebtoken` would parse
//! a key for every verification, and its choice of cryptography is one for the whole process.

use jsonwebtoken::{
    Algorithm,
    jwk::{AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, RSAKeyParameters},
};

use crate::encoding::from_base64url;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(any(target_arch = "wasm32", test))]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
use native as provider;
#[cfg(target_arch = "wasm32")]
use wasm as provider;

pub(crate) use provider::{Signer, Verifier};

/// The algorithms that tokens and proofs are signed by where nothing else is said.
pub(crate) const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::ES256,
    Algorithm::EdDSA,
    Algorithm::RS256,
    Algorithm::PS256,
];

/// The algorithm of a header's `alg`. `Ed25519` (RFC 9864) is `EdDSA` with the one curve it has here.
pub(crate) fn algorithm(alg: &str) -> Option<Algorithm> {
    match alg {
        "Ed25519" => Some(Algorithm::EdDSA),
        other => other.parse().ok(),
    }
}

/// The `alg` of an algorithm: what its variants are called.
pub(crate) fn name(algorithm: Algorithm) -> String {
    format!("{algorithm:?}")
}

/// A public key as its numbers, of those that can sign here.
pub(crate) enum PublicKey {
    /// An uncompressed point (SEC 1 §2.3.3).
    P256([u8; 65]),
    /// An uncompressed point.
    P384([u8; 97]),
    Ed25519([u8; 32]),
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// The numbers of a JWK. Nothing where its kind or curve is unknown here, a number has another
    /// length than RFC 7518 §6 says, or an RSA key is shorter than 2048 bits.
    pub(crate) fn new(parameters: &AlgorithmParameters) -> Option<Self> {
        match parameters {
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => point(key).map(Self::P256),
                EllipticCurve::P384 => point(key).map(Self::P384),
                _ => None,
            },
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                let x = from_base64url(&key.x)?.try_into().ok()?;
                Some(Self::Ed25519(x))
            }
            AlgorithmParameters::RSA(RSAKeyParameters { n, e, .. }) => {
                let (n, e) = (from_base64url(n)?, from_base64url(e)?);
                let first = n.first().filter(|first| **first != 0)?;
                let bits = n.len() * 8 - first.leading_zeros() as usize;
                // Larger ones are only work.
                (2048..=8192).contains(&bits).then_some(())?;
                e.first().filter(|first| **first != 0)?;
                Some(Self::Rsa { n, e })
            }
            _ => None,
        }
    }

    /// Whether signatures of `algorithm` can be made by its private half.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm as A;
        match self {
            Self::P256(_) => algorithm == A::ES256,
            Self::P384(_) => algorithm == A::ES384,
            Self::Ed25519(_) => algorithm == A::EdDSA,
            Self::Rsa { .. } => matches!(
                algorithm,
                A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512
            ),
        }
    }
}

/// `0x04 ‖ x ‖ y`, each coordinate as long as the curve's field.
fn point<const N: usize>(key: &EllipticCurveKeyParameters) -> Option<[u8; N]> {
    let (x, y) = (from_base64url(&key.x)?, from_base64url(&key.y)?);
    if x.len() != y.len() {
        return None;
    }
    [&[4], &*x, &*y].concat().try_into().ok()
}

#[cfg(test)]
mod tests;
