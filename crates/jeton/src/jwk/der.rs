//! Private keys as PKCS #8, the one form that aws-lc and WebCrypto both import.

use jsonwebtoken::Algorithm;
use pkcs1::der::{Encode, asn1::UintRef};
use zeroize::Zeroizing;

use super::private::PrivateKey;

/// The DER of a P-256 private key up to its scalar, which alone varies: `PrivateKeyInfo {
/// id-ecPublicKey, prime256v1, ECPrivateKey { 1, OCTET STRING (32 …`.
const P256_PREFIX: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01,
    0x01, 0x04, 0x20,
];

/// The DER of an Ed25519 private key up to its seed (RFC 8410 §7).
const ED25519_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The numbers of an RSA private key (RFC 7518 §6.3.2), big-endian, unsigned.
pub(super) struct RsaMembers<'a> {
    pub(super) n: &'a [u8],
    pub(super) e: &'a [u8],
    pub(super) d: &'a [u8],
    pub(super) p: &'a [u8],
    pub(super) q: &'a [u8],
    pub(super) dp: &'a [u8],
    pub(super) dq: &'a [u8],
    pub(super) qi: &'a [u8],
}

impl PrivateKey {
    pub(crate) fn p256(scalar: &[u8; 32]) -> Self {
        Self::fixed(Algorithm::ES256, &P256_PREFIX, scalar)
    }

    pub(crate) fn ed25519(seed: &[u8; 32]) -> Self {
        Self::fixed(Algorithm::EdDSA, &ED25519_PREFIX, seed)
    }

    fn fixed(algorithm: Algorithm, prefix: &[u8], secret: &[u8; 32]) -> Self {
        Self {
            algorithm,
            pkcs8: Zeroizing::new([prefix, secret].concat()),
            kid: None,
        }
    }

    pub(super) fn rsa(members: &RsaMembers<'_>) -> Result<Self, pkcs8::Error> {
        let key = pkcs1::RsaPrivateKey {
            modulus: UintRef::new(members.n)?,
            public_exponent: UintRef::new(members.e)?,
            private_exponent: UintRef::new(members.d)?,
            prime1: UintRef::new(members.p)?,
            prime2: UintRef::new(members.q)?,
            exponent1: UintRef::new(members.dp)?,
            exponent2: UintRef::new(members.dq)?,
            coefficient: UintRef::new(members.qi)?,
            other_prime_infos: None,
        };
        let pkcs1 = Zeroizing::new(key.to_der()?);
        let octets = pkcs8::der::asn1::OctetStringRef::new(&pkcs1)?;
        let info = pkcs8::PrivateKeyInfoRef::new(pkcs1::ALGORITHM_ID, octets);
        Ok(Self {
            algorithm: Algorithm::RS256,
            pkcs8: Zeroizing::new(info.to_der()?),
            kid: None,
        })
    }
}
