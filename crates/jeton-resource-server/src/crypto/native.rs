use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ED25519,
        EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents,
    },
};
use jsonwebtoken::Algorithm;

use super::PublicKey;

/// A public key that checks signatures of one algorithm, parsed once.
pub(crate) struct Verifier(ParsedPublicKey);

impl Verifier {
    /// Nothing where the key does not fit the algorithm, or is none.
    pub(crate) fn new(algorithm: Algorithm, key: &PublicKey) -> Option<Self> {
        let parsed = match (algorithm, key) {
            (Algorithm::ES256, PublicKey::P256(point)) => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            (Algorithm::ES384, PublicKey::P384(point)) => {
                ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
            }
            (Algorithm::EdDSA, PublicKey::Ed25519(x)) => ParsedPublicKey::new(&ED25519, x),
            (algorithm, PublicKey::Rsa { n, e }) => {
                let parameters = match algorithm {
                    Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::RS384 => &RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::RS512 => &RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
                    Algorithm::PS384 => &RSA_PSS_2048_8192_SHA384,
                    Algorithm::PS512 => &RSA_PSS_2048_8192_SHA512,
                    _ => return None,
                };
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
            }
            _ => return None,
        };
        parsed.ok().map(Self)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// A private key that signs by ES256 or EdDSA.
pub(crate) enum Signer {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl Signer {
    /// Of the private number `d` and the public half. Nothing where they are no pair.
    pub(crate) fn new(d: &[u8], public: &PublicKey) -> Option<Self> {
        match public {
            PublicKey::P256(point) => {
                let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, d, point);
                pair.ok().map(Self::Es256)
            }
            PublicKey::Ed25519(x) => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(d, x);
                pair.ok().map(Self::EdDsa)
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

    /// The signature; nothing where the system has no random bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Es256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).ok()?;
                Some(signature.as_ref().to_vec())
            }
            Self::EdDsa(pair) => Some(pair.sign(message).as_ref().to_vec()),
        }
    }
}
