//! ES384 keys (RFC 7518 §3.4): what AWS signs with. Jeton verifies their signatures and makes none, so
//! they are no keys of [`NativeCrypto`](crate::NativeCrypto); a mock in the place of AWS has them.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use jeton::{CryptoError, Point, PublicKey};

/// The DER of a P-384 private key up to its scalar, which alone varies: `PrivateKeyInfo {
/// id-ecPublicKey, secp384r1, ECPrivateKey { 1, OCTET STRING (48 …`.
const PREFIX: [u8; 32] = [
    0x30, 0x4e, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x04, 0x37, 0x30, 0x35, 0x02, 0x01, 0x01, 0x04, 0x30,
];

/// A key pair on P-384.
#[derive(Debug)]
pub struct Es384Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl Es384Key {
    /// The key of this private scalar, big-endian.
    ///
    /// # Errors
    /// The number is zero, or not below the order of the curve.
    pub fn from_scalar(scalar: &[u8; 48]) -> Result<Self, CryptoError> {
        let pkcs8 = [PREFIX.as_slice(), scalar].concat();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &pkcs8)
            .map_err(|error| CryptoError::new("import", error))?;
        let point = point(pair.public_key().as_ref());
        let point = point.ok_or_else(|| CryptoError::new("import", "no point on P-384"))?;
        Ok(Self {
            pair,
            public: PublicKey::P384(point),
        })
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature of `message`: 96 bytes.
    ///
    /// # Errors
    /// The system has no entropy.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|error| CryptoError::new("sign", error))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// An uncompressed point (SEC 1 §2.3.3).
fn point(bytes: &[u8]) -> Option<Point<48>> {
    let (x, y) = bytes.strip_prefix(&[0x04])?.split_at_checked(48)?;
    Some(Point {
        x: x.try_into().ok()?,
        y: y.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use jeton::Crypto;
    use jsonwebtoken::Algorithm;

    use super::*;
    use crate::NativeCrypto;

    #[tokio::test]
    async fn what_it_signs_is_verified() {
        let key = Es384Key::from_scalar(&[7; 48]).unwrap();
        let signature = key.sign(b"message").unwrap();
        let verified = async |message: &[u8]| {
            let crypto = NativeCrypto::new();
            let verified = crypto.verify(Algorithm::ES384, key.public(), message, &signature);
            verified.await.unwrap()
        };
        assert!(verified(b"message").await);
        assert!(!verified(b"massage").await);
        assert!(Es384Key::from_scalar(&[0; 48]).is_err());
        assert!(Es384Key::from_scalar(&[0xff; 48]).is_err());
    }
}
