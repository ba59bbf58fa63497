//! Signatures by aws-lc-rs, with key pairs parsed once.
//!
//! `jsonwebtoken`'s own signer parses the PKCS #8 anew for every signature, which doubles the time
//! of an ES256 one; its types still carry headers and algorithms. Public keys are parsed for every
//! verification: that is a twentieth of one.

use aws_lc_rs::{
    rand::{SecureRandom, SystemRandom},
    rsa::KeyPair as RsaKeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ED25519,
        EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
        RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use jeton::{Crypto, CryptoError, Point, PrivateKey, PublicKey, RsaPublicKey};
use jsonwebtoken::Algorithm;

/// The first byte of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 0x04;

/// [`Crypto`] by aws-lc.
#[derive(Debug, Default)]
pub struct NativeCrypto(SystemRandom);

impl NativeCrypto {
    /// The cryptography of aws-lc. Allocates nothing and draws no entropy yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A parsed key pair, by the algorithm it signs by.
#[derive(Debug)]
pub enum Key {
    /// ECDSA on P-256 with SHA-256.
    Es256(EcdsaKeyPair),
    /// Ed25519.
    EdDsa(Ed25519KeyPair),
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256(RsaKeyPair),
}

impl Crypto for NativeCrypto {
    type Key = Key;

    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        self.0
            .fill(bytes)
            .map_err(|error| CryptoError::new("fill", error))
    }

    async fn import(&self, key: &PrivateKey) -> Result<(Self::Key, PublicKey), CryptoError> {
        let failed = |error: &dyn std::fmt::Display| CryptoError::new("import", error);
        match key.algorithm() {
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.pkcs8())
                    .map_err(|error| failed(&error))?;
                let public = p256_point(pair.public_key().as_ref())
                    .ok_or_else(|| failed(&"not an uncompressed P-256 point"))?;
                Ok((Key::Es256(pair), PublicKey::P256(public)))
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.pkcs8())
                    .map_err(|error| failed(&error))?;
                let public = pair.public_key().as_ref().try_into();
                let public = public.map_err(|_| failed(&"not an Ed25519 public key"))?;
                Ok((Key::EdDsa(pair), PublicKey::Ed25519(public)))
            }
            Algorithm::RS256 => {
                let pair = RsaKeyPair::from_pkcs8(key.pkcs8()).map_err(|error| failed(&error))?;
                let half = pair.public_key();
                let (n, e) = (half.modulus(), half.exponent());
                let public = RsaPublicKey::new(
                    n.big_endian_without_leading_zero(),
                    e.big_endian_without_leading_zero(),
                )
                .map_err(|error| failed(&error))?;
                Ok((Key::Rs256(pair), PublicKey::Rsa(public)))
            }
            other => Err(failed(&format_args!("{other:?}"))),
        }
    }

    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let failed = |error| CryptoError::new("sign", error);
        match key {
            Key::Es256(pair) => Ok(pair
                .sign(&self.0, message)
                .map_err(failed)?
                .as_ref()
                .to_vec()),
            Key::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Key::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &self.0, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
        }
    }

    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        let verified = match (algorithm, key) {
            (Algorithm::ES256, PublicKey::P256(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, uncompressed(point))
                    .verify(message, signature)
            }
            (Algorithm::ES384, PublicKey::P384(point)) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, uncompressed(point))
                    .verify(message, signature)
            }
            (Algorithm::EdDSA, PublicKey::Ed25519(x)) => {
                UnparsedPublicKey::new(&ED25519, x).verify(message, signature)
            }
            (Algorithm::RS256, PublicKey::Rsa(key)) => {
                components(key).verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Algorithm::PS256, PublicKey::Rsa(key)) => {
                components(key).verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            _ => return Ok(false),
        };
        Ok(verified.is_ok())
    }
}

/// The bytes of a point, uncompressed (SEC 1 §2.3.3).
fn uncompressed<const N: usize>(point: &Point<N>) -> Vec<u8> {
    [&[UNCOMPRESSED][..], &point.x, &point.y].concat()
}

/// The point on P-256 that is written in `uncompressed` (SEC 1 §2.3.4).
fn p256_point(uncompressed: &[u8]) -> Option<Point<32>> {
    let (x, y) = uncompressed
        .strip_prefix(&[UNCOMPRESSED])?
        .split_at_checked(32)?;
    Some(Point {
        x: x.try_into().ok()?,
        y: y.try_into().ok()?,
    })
}

fn components(key: &RsaPublicKey) -> RsaPublicKeyComponents<&[u8]> {
    RsaPublicKeyComponents {
        n: key.modulus(),
        e: key.exponent(),
    }
}
