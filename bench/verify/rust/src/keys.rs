//! A key of each algorithm that is common for access tokens.

use anyhow::{Context, Result};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

/// A key pair.
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    /// The public half, by the name `first`.
    pub(crate) jwk: Value,
    private: Private,
}

enum Private {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

/// One of each.
pub(crate) fn keys() -> Result<[Key; 3]> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let point = pair.public_key().as_ref().strip_prefix(&[4]);
    let (x, y) = point
        .and_then(|point| point.split_at_checked(32))
        .context("no point")?;
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "first", "x": text(x), "y": text(y) });
    let es256 = Key {
        algorithm: Algorithm::ES256,
        jwk,
        private: Private::Es256(pair),
    };
    let pair = Ed25519KeyPair::generate()?;
    let x = text(pair.public_key().as_ref());
    let eddsa = Key {
        algorithm: Algorithm::EdDSA,
        jwk: json!({ "kty": "OKP", "crv": "Ed25519", "kid": "first", "x": x }),
        private: Private::EdDsa(pair),
    };
    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let public = pair.public_key();
    let n = text(public.modulus().big_endian_without_leading_zero());
    let e = text(public.exponent().big_endian_without_leading_zero());
    let rs256 = Key {
        algorithm: Algorithm::RS256,
        jwk: json!({ "kty": "RSA", "kid": "first", "n": n, "e": e }),
        private: Private::Rs256(Box::new(pair)),
    };
    Ok([es256, eddsa, rs256])
}

impl Key {
    /// An access token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String> {
        let header =
            json!({ "alg": format!("{:?}", self.algorithm), "typ": "at+jwt", "kid": "first" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let random = SystemRandom::new();
        let signature = match &self.private {
            Private::Es256(pair) => pair.sign(&random, message.as_bytes())?.as_ref().to_vec(),
            Private::EdDsa(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Private::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &random,
                    message.as_bytes(),
                    &mut signature,
                )?;
                signature
            }
        };
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
