use ed25519_dalek::{SigningKey as Ed25519SigningKey, VerifyingKey as Ed25519VerifyingKey};
use jsonwebtoken::Algorithm;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use rsa::{
    BigUint, RsaPublicKey, pkcs1v15, pss,
    sha2::{Sha256, Sha384, Sha512},
    signature::Verifier as _,
};

use super::PublicKey;

/// The most that an RSA key may have, in bits.
const LARGEST_RSA: usize = 8192;

/// A public key that checks signatures of one algorithm.
pub(crate) enum Verifier {
    Es256(p256::ecdsa::VerifyingKey),
    Es384(p384::ecdsa::VerifyingKey),
    EdDsa(Ed25519VerifyingKey),
    Rs256(pkcs1v15::VerifyingKey<Sha256>),
    Rs384(pkcs1v15::VerifyingKey<Sha384>),
    Rs512(pkcs1v15::VerifyingKey<Sha512>),
    Ps256(pss::VerifyingKey<Sha256>),
    Ps384(pss::VerifyingKey<Sha384>),
    Ps512(pss::VerifyingKey<Sha512>),
}

impl Verifier {
    /// Nothing where the key does not fit the algorithm, or is none.
    pub(crate) fn new(algorithm: Algorithm, key: &PublicKey) -> Option<Self> {
        match (algorithm, key) {
            (Algorithm::ES256, PublicKey::P256(point)) => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point);
                key.ok().map(Self::Es256)
            }
            (Algorithm::ES384, PublicKey::P384(point)) => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point);
                key.ok().map(Self::Es384)
            }
            (Algorithm::EdDSA, PublicKey::Ed25519(x)) => {
                Ed25519VerifyingKey::from_bytes(x).ok().map(Self::EdDsa)
            }
            (algorithm, PublicKey::Rsa { n, e }) => {
                let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
                let key = RsaPublicKey::new_with_max_size(n, e, LARGEST_RSA).ok()?;
                match algorithm {
                    Algorithm::RS256 => Some(Self::Rs256(pkcs1v15::VerifyingKey::new(key))),
                    Algorithm::RS384 => Some(Self::Rs384(pkcs1v15::VerifyingKey::new(key))),
                    Algorithm::RS512 => Some(Self::Rs512(pkcs1v15::VerifyingKey::new(key))),
                    Algorithm::PS256 => Some(Self::Ps256(pss::VerifyingKey::new(key))),
                    Algorithm::PS384 => Some(Self::Ps384(pss::VerifyingKey::new(key))),
                    Algorithm::PS512 => Some(Self::Ps512(pss::VerifyingKey::new(key))),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let by_pkcs1 = || pkcs1v15::Signature::try_from(signature).ok();
        let by_pss = || pss::Signature::try_from(signature).ok();
        match self {
            Self::Es256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::Es384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            // `verify` takes points of small order, whose signatures fit several messages.
            Self::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::Rs256(key) => by_pkcs1().is_some_and(|by| key.verify(message, &by).is_ok()),
            Self::Rs384(key) => by_pkcs1().is_some_and(|by| key.verify(message, &by).is_ok()),
            Self::Rs512(key) => by_pkcs1().is_some_and(|by| key.verify(message, &by).is_ok()),
            Self::Ps256(key) => by_pss().is_some_and(|by| key.verify(message, &by).is_ok()),
            Self::Ps384(key) => by_pss().is_some_and(|by| key.verify(message, &by).is_ok()),
            Self::Ps512(key) => by_pss().is_some_and(|by| key.verify(message, &by).is_ok()),
        }
    }
}

/// A private key that signs by ES256 or EdDSA.
pub(crate) enum Signer {
    Es256(p256::ecdsa::SigningKey),
    EdDsa(Box<Ed25519SigningKey>),
}

impl Signer {
    /// Of the private number `d` and the public half. Nothing where they are no pair.
    pub(crate) fn new(d: &[u8], public: &PublicKey) -> Option<Self> {
        match public {
            PublicKey::P256(point) => {
                let key = p256::ecdsa::SigningKey::from_slice(d).ok()?;
                let own = key.verifying_key().to_sec1_point(false);
                (own.as_bytes() == point).then_some(Self::Es256(key))
            }
            PublicKey::Ed25519(x) => {
                let key = Ed25519SigningKey::from_bytes(d.try_into().ok()?);
                (key.verifying_key().as_bytes() == x).then(|| Self::EdDsa(Box::new(key)))
            }
            _ => None,
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::ES256,
            Self::EdDsa(_) => Algorithm::EdDSA,
        }
    }

    /// The signature. Never nothing: it takes no random bytes (RFC 6979, RFC 8032).
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                Some(signature.to_bytes().to_vec())
            }
            Self::EdDsa(key) => Some(key.sign(message).to_bytes().to_vec()),
        }
    }
}
