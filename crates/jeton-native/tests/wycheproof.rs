//! aws-lc, through our types, against the vectors of Project Wycheproof.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::BTreeMap;

use jeton::{Crypto, Point, PublicKey, RsaPublicKey};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

/// How many vectors were held against what they expect.
#[derive(Default)]
struct Judged(BTreeMap<&'static str, usize>);

impl Judged {
    async fn hold(
        &mut self,
        (algorithm, key): (Algorithm, &PublicKey),
        message: &[u8],
        signature: &[u8],
        (expected, what): (TestResult, &str),
    ) {
        let crypto = NativeCrypto::new();
        let verified = crypto.verify(algorithm, key, message, signature).await;
        let verified = verified.unwrap();
        let name = match expected {
            TestResult::Valid => {
                assert!(verified, "{algorithm:?} valid: {what}");
                "valid"
            }
            TestResult::Invalid => {
                assert!(!verified, "{algorithm:?} invalid: {what}");
                "invalid"
            }
            // What a lenient implementation may take, such as a missing NULL, is not taken.
            TestResult::Acceptable => {
                assert!(!verified, "{algorithm:?} acceptable: {what}");
                "acceptable"
            }
        };
        *self.0.entry(name).or_default() += 1;
    }

    fn counted(self, expected: &[(&str, usize)]) {
        assert_eq!(Vec::from_iter(self.0), expected);
    }
}

/// The coordinates of an uncompressed point.
fn point<const N: usize>(uncompressed: &[u8]) -> Point<N> {
    let (x, y) = uncompressed[1..].split_at(N);
    Point {
        x: x.try_into().unwrap(),
        y: y.try_into().unwrap(),
    }
}

#[tokio::test]
async fn es256_and_es384() {
    let mut judged = Judged::default();
    for (name, algorithm) in [
        (ecdsa::TestName::EcdsaSecp256r1Sha256P1363, Algorithm::ES256),
        (ecdsa::TestName::EcdsaSecp384r1Sha384P1363, Algorithm::ES384),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = match algorithm {
                Algorithm::ES256 => PublicKey::P256(point(&group.key.key)),
                _ => PublicKey::P384(point(&group.key.key)),
            };
            for test in group.tests {
                let expected = (test.result, test.comment.as_str());
                judged
                    .hold((algorithm, &key), &test.msg, &test.sig, expected)
                    .await;
            }
        }
    }
    judged.counted(&[("invalid", 176), ("valid", 366)]);
}

#[tokio::test]
async fn eddsa() {
    let mut judged = Judged::default();
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let key = PublicKey::Ed25519(group.key.pk[..].try_into().unwrap());
        for test in group.tests {
            let expected = (test.result, test.comment.as_str());
            judged
                .hold((Algorithm::EdDSA, &key), &test.msg, &test.sig, expected)
                .await;
        }
    }
    judged.counted(&[("invalid", 63), ("valid", 88)]);
}

#[tokio::test]
async fn rs256() {
    use rsa_pkcs1_verify::{TestName, TestSet};
    let mut judged = Judged::default();
    for name in [
        TestName::Rsa2048Sha256,
        TestName::Rsa3072Sha256,
        TestName::Rsa4096Sha256,
        TestName::Rsa8192Sha256,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::Rsa(RsaPublicKey::new(&group.key.n, &group.key.e).unwrap());
            for test in group.tests {
                let expected = (test.result, test.comment.as_str());
                judged
                    .hold((Algorithm::RS256, &key), &test.msg, &test.sig, expected)
                    .await;
            }
        }
    }
    judged.counted(&[("acceptable", 4), ("invalid", 999), ("valid", 31)]);
}

#[tokio::test]
async fn ps256() {
    use rsa_pss_verify::{TestName, TestSet};
    let mut judged = Judged::default();
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::Rsa(RsaPublicKey::new(&group.key.n, &group.key.e).unwrap());
            for test in group.tests {
                let expected = (test.result, test.comment.as_str());
                judged
                    .hold((Algorithm::PS256, &key), &test.msg, &test.sig, expected)
                    .await;
            }
        }
    }
    judged.counted(&[("invalid", 135), ("valid", 189)]);
}
