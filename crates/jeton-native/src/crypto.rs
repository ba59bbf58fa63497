//! Signatures by aws-lc-rs, with key pairs parsed once.
//!
//! `jsonwebtoken`'s own signer parses the PKCS #8 anew for every signature, which doubles the time
//! of an ES256 one; its types still carry headers, keys and algorithms.

use aws_lc_rs::{
    rand::{SecureRandom, SystemRandom},
    rsa::KeyPair as RsaKeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Crypto, CryptoError, PrivateKey};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{
        AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
        EllipticCurveKeyType, Jwk, OctetKeyPairParameters, OctetKeyPairType, RSAKeyParameters,
        RSAKeyType,
    },
};

/// aws-lc's generator and signatures.
#[derive(Debug, Default)]
pub struct NativeCrypto(SystemRandom);

impl NativeCrypto {
    /// aws-lc, ready: nothing is allocated and no entropy is drawn yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A parsed key pair.
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

    async fn import(
        &self,
        key: &PrivateKey,
    ) -> Result<(Self::Key, AlgorithmParameters), CryptoError> {
        let failed = |error| CryptoError::new("import", error);
        match key.algorithm() {
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.pkcs8())
                    .map_err(failed)?;
                let public = point(pair.public_key().as_ref())?;
                Ok((Key::Es256(pair), public))
            }
            Algorithm::EdDSA => {
                let pair =
                    Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.pkcs8()).map_err(failed)?;
                let public = AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                    key_type: OctetKeyPairType::OctetKeyPair,
                    curve: EllipticCurve::Ed25519,
                    x: URL_SAFE_NO_PAD.encode(pair.public_key()),
                });
                Ok((Key::EdDsa(pair), public))
            }
            Algorithm::RS256 => {
                let pair = RsaKeyPair::from_pkcs8(key.pkcs8()).map_err(failed)?;
                let half = pair.public_key();
                let (n, e) = (half.modulus(), half.exponent());
                let public = AlgorithmParameters::RSA(RSAKeyParameters {
                    key_type: RSAKeyType::RSA,
                    n: URL_SAFE_NO_PAD.encode(n.big_endian_without_leading_zero()),
                    e: URL_SAFE_NO_PAD.encode(e.big_endian_without_leading_zero()),
                });
                Ok((Key::Rs256(pair), public))
            }
            other => Err(CryptoError::new("import", format!("{other:?}"))),
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
        public: &AlgorithmParameters,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        let failed = |error| CryptoError::new("verify", error);
        let jwk = Jwk {
            common: CommonParameters::default(),
            algorithm: public.clone(),
        };
        let key = DecodingKey::from_jwk(&jwk).map_err(failed)?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        jsonwebtoken::crypto::verify(&signature, message, &key, algorithm).map_err(failed)
    }
}

/// An uncompressed P-256 point (SEC 1 §2.3.3) as JWK members.
fn point(uncompressed: &[u8]) -> Result<AlgorithmParameters, CryptoError> {
    let (x, y) = match uncompressed {
        [0x04, coordinates @ ..] if coordinates.len() == 64 => coordinates.split_at(32),
        _ => {
            return Err(CryptoError::new(
                "import",
                "not an uncompressed P-256 point",
            ));
        }
    };
    Ok(AlgorithmParameters::EllipticCurve(
        EllipticCurveKeyParameters {
            key_type: EllipticCurveKeyType::EC,
            curve: EllipticCurve::P256,
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        },
    ))
}
