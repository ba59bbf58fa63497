//! The vectors of Project Wycheproof, as a contract of [`Crypto`].
//!
//! They come as JSON, because inside workerd they are handed in by a request: compiled in, they would be
//! most of the module.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Crypto, PublicJwk};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use Expected::{Acceptable, Invalid, OtherParameters, Valid};

#[cfg(not(target_arch = "wasm32"))]
mod vectors;

#[cfg(not(target_arch = "wasm32"))]
pub use vectors::wycheproof_vectors;

/// The signatures of one key, in the JSON that [`wycheproof`] takes.
#[derive(Debug, Serialize, Deserialize)]
struct Group {
    /// The set it is of, by its name in Wycheproof.
    set: String,
    algorithm: Algorithm,
    jwk: Value,
    tests: Vec<Test>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Test {
    comment: String,
    /// In base64url.
    message: String,
    /// In base64url.
    signature: String,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Valid,
    Invalid,
    /// What Wycheproof leaves to the implementation. Of what is here that is a digest whose algorithm has
    /// no NULL as parameters (RFC 8017 appendix B.1), and it is refused.
    Acceptable,
    /// Valid by other parameters than those of the JOSE algorithm: another hash, another mask, another
    /// length of the salt (RFC 7518 §3.5).
    OtherParameters,
}

/// How many signatures of a set were judged, by what was expected of them.
type Counted = BTreeMap<Expected, usize>;

/// Every set that must come, and how many of its signatures are which.
const SETS: [(&str, &[(Expected, usize)]); 13] = [
    (
        "ecdsa_secp256r1_sha256_p1363",
        &[(Valid, 173), (Invalid, 89)],
    ),
    (
        "ecdsa_secp384r1_sha384_p1363",
        &[(Valid, 193), (Invalid, 87)],
    ),
    ("ed25519", &[(Valid, 88), (Invalid, 63)]),
    (
        "rsa_signature_2048_sha256",
        &[(Valid, 9), (Invalid, 249), (Acceptable, 1)],
    ),
    (
        "rsa_signature_3072_sha256",
        &[(Valid, 8), (Invalid, 250), (Acceptable, 1)],
    ),
    (
        "rsa_signature_4096_sha256",
        &[(Valid, 7), (Invalid, 250), (Acceptable, 1)],
    ),
    (
        "rsa_signature_8192_sha256",
        &[(Valid, 7), (Invalid, 250), (Acceptable, 1)],
    ),
    ("rsa_pss_2048_sha256_mgf1_32", &[(Valid, 63), (Invalid, 45)]),
    ("rsa_pss_3072_sha256_mgf1_32", &[(Valid, 63), (Invalid, 45)]),
    ("rsa_pss_4096_sha256_mgf1_32", &[(Valid, 63), (Invalid, 45)]),
    ("rsa_pss_2048_sha256_mgf1_0", &[(OtherParameters, 61)]),
    ("rsa_pss_2048_sha256_mgf1sha1_20", &[(OtherParameters, 63)]),
    ("rsa_pss_misc", &[(Valid, 1), (OtherParameters, 149)]),
];

/// The contract of [`Crypto::verify`] by the vectors of Project Wycheproof: what is valid verifies, all
/// else is `false` and never an error.
///
/// `vectors` is what `wycheproof_vectors` answers.
pub async fn wycheproof(crypto: &impl Crypto, vectors: &str) {
    let groups: Vec<Group> = serde_json::from_str(vectors).unwrap();
    let known = |group: &Group| SETS.iter().any(|(set, _)| *set == group.set);
    assert!(groups.iter().all(known), "a set of which nothing is known");
    for (set, expected) in SETS {
        let mut counted = Counted::default();
        for group in groups.iter().filter(|group| group.set == set) {
            judge(crypto, group, &mut counted).await;
        }
        assert_eq!(counted, expected.iter().copied().collect(), "{set}");
    }
}

async fn judge(crypto: &impl Crypto, group: &Group, counted: &mut Counted) {
    // Every key of these sets is one that is read: they have none of fewer than 2048 bits.
    let key = PublicJwk::from_value(&group.jwk).unwrap().key;
    for test in &group.tests {
        let decode = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
        let (message, signature) = (decode(&test.message), decode(&test.signature));
        let verified = crypto
            .verify(group.algorithm, &key, &message, &signature)
            .await
            .unwrap_or_else(|error| panic!("{} {test:?}: an error: {error}", group.set));
        assert_eq!(verified, test.expected == Valid, "{} {test:?}", group.set);
        *counted.entry(test.expected).or_default() += 1;
    }
}
