//! Vectors of the RFCs, and sets as others publish them.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::*;

/// RFC 7638 §3.1.
const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

/// RFC 8037 appendix A.2.
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn rsa() -> Value {
    json!({ "kty": "RSA", "n": N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" })
}

fn okp() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": X })
}

/// RFC 7515 appendix A.3.
fn ec() -> Value {
    json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

fn with(mut jwk: Value, member: &str, value: impl Into<Value>) -> Value {
    jwk[member] = value.into();
    jwk
}

/// Two to the power of `bits - 1`, plus one: an odd number of so many bits.
fn modulus(bits: usize) -> Vec<u8> {
    let mut number = vec![0; bits.div_ceil(8)];
    number[0] = 1 << ((bits - 1) % 8);
    *number.last_mut().unwrap() |= 1;
    number
}

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    for (jwk, thumbprint) in [
        // RFC 7638 §3.1.
        (rsa(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        // RFC 8037 appendix A.3.
        (okp(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        let key = PublicJwk::from_value(&jwk).unwrap().key;
        assert_eq!(key.thumbprint(), thumbprint);
    }
}

#[test]
fn a_jwk_is_published_as_it_was_read() {
    let jwk = with(with(ec(), "alg", "ES256"), "kid", "a");
    let written = serde_json::to_string(&PublicJwk::from_value(&jwk).unwrap()).unwrap();
    assert_eq!(
        written,
        r#"{"use":"sig","alg":"ES256","kid":"a","kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#
    );
    for jwk in [rsa(), okp()] {
        let written = serde_json::to_value(PublicJwk::from_value(&jwk).unwrap()).unwrap();
        assert_eq!(written, with(jwk, "use", "sig"));
    }
}

#[test]
fn a_key_fits_the_algorithms_of_its_type() {
    let p384 = json!({ "kty": "EC", "crv": "P-384", "x": "A".repeat(64), "y": "A".repeat(64) });
    let any_rsa = json!({ "kty": "RSA", "n": N, "e": "AQAB" });
    for (jwk, fits) in [
        (ec(), &[Algorithm::ES256][..]),
        (p384, &[Algorithm::ES384]),
        (okp(), &[Algorithm::EdDSA]),
        (rsa(), &[Algorithm::RS256]),
        (any_rsa, &[Algorithm::RS256, Algorithm::PS256]),
    ] {
        let keys = PublicJwks::from_value(&json!({ "keys": [jwk] })).unwrap();
        for algorithm in [
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::EdDSA,
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
            Algorithm::HS256,
            Algorithm::HS384,
            Algorithm::HS512,
        ] {
            let candidates = keys.candidates(None, algorithm).count();
            assert_eq!(
                candidates == 1,
                fits.contains(&algorithm),
                "{jwk} {algorithm:?}"
            );
        }
    }
}

#[test]
fn what_does_not_verify_is_left_out_of_a_set() {
    let short = |member| with(ec(), member, "AAAA");
    for (jwk, why) in [
        (json!("a key"), UnusableJwk::Malformed),
        // Its members in the order in which they are read here.
        (
            json!([
                "OKP", null, null, null, null, "Ed25519", X, null, null, null
            ]),
            UnusableJwk::Malformed,
        ),
        (json!({}), UnusableJwk::Malformed),
        (with(ec(), "kty", 5), UnusableJwk::Malformed),
        (with(ec(), "kid", 5), UnusableJwk::Malformed),
        (with(ec(), "x", Value::Null), UnusableJwk::Malformed),
        (with(ec(), "x", format!("{X}=")), UnusableJwk::Malformed),
        // The last character has bits that say nothing, and are not zero.
        (
            with(okp(), "x", X.replace("URo", "URp")),
            UnusableJwk::Malformed,
        ),
        (short("x"), UnusableJwk::Malformed),
        (short("y"), UnusableJwk::Malformed),
        (with(okp(), "x", "AAAA"), UnusableJwk::Malformed),
        (with(ec(), "kty", "AKP"), UnusableJwk::Type),
        (with(ec(), "crv", "P-521"), UnusableJwk::Type),
        (with(ec(), "crv", "secp256k1"), UnusableJwk::Type),
        (with(okp(), "crv", "X25519"), UnusableJwk::Type),
        (with(okp(), "crv", "Ed448"), UnusableJwk::Type),
        (with(ec(), "crv", "Ed25519"), UnusableJwk::Type),
        (with(ec(), "use", "enc"), UnusableJwk::Use),
        (with(ec(), "use", "x509-svid"), UnusableJwk::Use),
        (with(ec(), "key_ops", json!(["sign"])), UnusableJwk::Use),
        (with(ec(), "key_ops", json!([])), UnusableJwk::Use),
        (with(ec(), "alg", "ES384"), UnusableJwk::Algorithm),
        (with(ec(), "alg", "Ed25519"), UnusableJwk::Algorithm),
        (with(okp(), "alg", "Ed448"), UnusableJwk::Algorithm),
        (with(ec(), "alg", "none"), UnusableJwk::Algorithm),
        (with(rsa(), "alg", "HS256"), UnusableJwk::Algorithm),
        (with(rsa(), "alg", "RS512"), UnusableJwk::Algorithm),
        (with(rsa(), "alg", "RSA-OAEP"), UnusableJwk::Algorithm),
        (with(rsa(), "e", "AQ"), UnusableJwk::Rsa(InvalidRsa)),
    ] {
        assert_eq!(PublicJwk::from_value(&jwk), Err(why), "{jwk}");
        let keys = PublicJwks::from_value(&json!({ "keys": [jwk, okp()] })).unwrap();
        assert_eq!(keys.candidates(None, Algorithm::ES256).count(), 0, "{jwk}");
        assert_eq!(keys.candidates(None, Algorithm::EdDSA).count(), 1, "{jwk}");
    }
}

#[test]
fn what_others_say_of_their_keys_is_taken() {
    for jwk in [
        with(ec(), "use", "sig"),
        // A SPIFFE bundle, whose keys have no alg.
        with(with(ec(), "use", "jwt-svid"), "kid", "svid"),
        with(ec(), "key_ops", json!(["verify"])),
        with(ec(), "x5c", json!(["not a certificate"])),
        with(ec(), "nbf", 5),
        with(okp(), "alg", "EdDSA"),
        // RFC 9864 §2.2.
        with(okp(), "alg", "Ed25519"),
    ] {
        assert!(PublicJwk::from_value(&jwk).is_ok(), "{jwk}");
    }
}

#[test]
fn an_rsa_key_is_neither_weak_nor_costly() {
    const F4: &[u8] = &[1, 0, 1];
    for (bits, good) in [
        (1024, false),
        (2047, false),
        (2048, true),
        (2049, true),
        (8192, true),
        (8193, false),
        (16_384, false),
    ] {
        let key = RsaPublicKey::new(&modulus(bits), F4);
        assert_eq!(key.is_ok(), good, "{bits}");
    }
    for exponent in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[4],
        &[1, 0, 0],
        &[1, 0, 0, 0, 1],
        &[0xff; 256],
    ] {
        let key = RsaPublicKey::new(&modulus(2048), exponent);
        assert_eq!(key, Err(InvalidRsa), "{exponent:?}");
    }
    let mut even = modulus(2048);
    *even.last_mut().unwrap() = 2;
    assert_eq!(RsaPublicKey::new(&even, F4), Err(InvalidRsa));
    assert_eq!(RsaPublicKey::new(&[], F4), Err(InvalidRsa));
    assert_eq!(RsaPublicKey::new(&[0; 256], F4), Err(InvalidRsa));

    // Zeros in front are no bits, and no part of the thumbprint.
    let padded = [&[0][..], &modulus(2047)].concat();
    assert_eq!(RsaPublicKey::new(&padded, F4), Err(InvalidRsa));
    let padded = [&[0][..], &modulus(2048)].concat();
    let (padded, plain) = (
        RsaPublicKey::new(&padded, &[0, 1, 0, 1]).unwrap(),
        RsaPublicKey::new(&modulus(2048), F4).unwrap(),
    );
    assert_eq!(padded, plain);
}

#[test]
fn a_set_with_a_private_key_is_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
        for jwk in [with(rsa(), member, "AQAB"), with(json!({}), member, 1)] {
            let set = json!({ "keys": [okp(), jwk] });
            let refused = PublicJwks::from_value(&set);
            assert_eq!(refused, Err(InvalidPublicJwks::Private(1)), "{set}");
        }
    }
}

#[test]
fn a_set_is_an_object_with_a_bounded_list() {
    for set in [
        json!([]),
        json!({}),
        json!({ "keys": {} }),
        json!(null),
        okp(),
    ] {
        let refused = PublicJwks::from_value(&set);
        assert_eq!(refused, Err(InvalidPublicJwks::NotASet), "{set}");
    }
    let many = |count| json!({ "keys": vec![okp(); count] });
    assert!(PublicJwks::from_value(&many(100)).is_ok());
    let refused = PublicJwks::from_value(&many(101));
    assert_eq!(refused, Err(InvalidPublicJwks::TooMany));
    assert!(
        PublicJwks::from_value(&json!({ "keys": [] }))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_kid_chooses_among_keys_and_none_chooses_all() {
    let keys = [
        with(ec(), "kid", "a"),
        with(ec(), "kid", "b"),
        ec(),
        with(rsa(), "kid", "a"),
    ];
    let keys = PublicJwks::from_value(&json!({ "keys": keys })).unwrap();
    for (kid, count) in [
        (None, 3),
        (Some("a"), 1),
        (Some("b"), 1),
        (Some("c"), 0),
        (Some(""), 0),
    ] {
        let candidates = keys.candidates(kid, Algorithm::ES256).count();
        assert_eq!(candidates, count, "{kid:?}");
    }
}
