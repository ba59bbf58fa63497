//! What the author of a hostile token tries.

use std::time::Instant;

use aws_lc_rs::hmac;
use jeton_resource_server::{Algorithm, Code, Fault};
use serde_json::{Value, json};

use crate::support::{
    Answer, KEY, Key, STRANGER, World, base64url, claims, header, merged, refused, verify,
};

#[tokio::test]
async fn names_that_stand_twice() {
    let world = World::new();
    let server = world.server();
    let payload = claims(json!({})).to_string();
    let head = header(&KEY, json!({})).to_string();
    let with = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    for member in [
        r#""sub":"mallory""#,
        r#""\u0073ub":"mallory""#,
        r#""iss":"https://tokens.example""#,
        r#""exp":1"#,
        r#""aud":[]"#,
        r#""scope":"admin""#,
        r#""x":1,"x":1"#,
        r#""x":1,"\u0078":2"#,
        r#""act":{"sub":"a","sub":"b"}"#,
        r#""x":[[{"a":1,"a":2}]]"#,
        r#""cnf":{"jkt":"a","jkt":"b"}"#,
        r#""cnf":{},"cnf":{}"#,
    ] {
        let token = KEY.sign(&head, &with(&payload, member));
        refused(&server, &token, Code::Malformed).await;
    }
    for member in [
        r#""alg":"none""#,
        r#""alg":"ES256""#,
        r#""\u0061lg":"HS256""#,
        r#""typ":"JWT""#,
        r#""kid":"other""#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""jwk":{"a":1,"a":1}"#,
    ] {
        refused(
            &server,
            &KEY.sign(&with(&head, member), &payload),
            Code::Malformed,
        )
        .await;
    }
    // A name that only looks the same is another.
    let token = KEY.sign(&head, &with(&payload, r#""ſub":"mallory","Sub":"mallory""#));
    assert_eq!(
        verify(&server, &token).await.unwrap().sub.as_deref(),
        Some("alice")
    );
}

#[tokio::test]
async fn json_as_deep_as_it_fits() {
    let server = World::new().server();
    let head = header(&KEY, json!({})).to_string();
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for depth in [100, 127, 128, 1000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let payload =
                claims(json!({}))
                    .to_string()
                    .replacen('{', &format!("{{\"x\":{deep},"), 1);
            let token = KEY.sign(&head, &payload);
            if depth > 125 {
                refused(&server, &token, Code::Malformed).await;
            } else {
                verify(&server, &token).await.unwrap();
            }
            let deep = head.replacen('{', &format!("{{\"jwk\":{deep},"), 1);
            let found = verify(&server, &KEY.sign(&deep, &claims(json!({})).to_string())).await;
            assert_eq!(found.is_ok(), depth < 126);
        }
    }
    // What is passed over is not gone into.
    let ignored = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    let ignored = head.replacen('{', &format!("{{\"x\":{ignored},"), 1);
    verify(&server, &KEY.sign(&ignored, &claims(json!({})).to_string()))
        .await
        .unwrap();
    // Not closed, and as long as a token may be.
    let token = KEY.sign(&head, &"[".repeat(11_000));
    refused(&server, &token, Code::Malformed).await;
}

#[tokio::test]
async fn one_algorithm_for_another() {
    let world = World::new();
    let rsa = Key::rsa(Algorithm::RS256);
    world.keys(&[&KEY, &rsa]);
    let server = world.server();
    let payload = base64url(claims(json!({})).to_string());
    // The public key as the secret of a MAC, in each form that an attacker has it in.
    let n = rsa.public["n"].as_str().unwrap();
    for secret in [
        rsa.public.to_string().into_bytes(),
        n.as_bytes().to_vec(),
        Vec::new(),
    ] {
        for (alg, with) in [
            ("HS256", hmac::HMAC_SHA256),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
        ] {
            let head = base64url(header(&rsa, json!({ "alg": alg })).to_string());
            let message = format!("{head}.{payload}");
            let tag = hmac::sign(&hmac::Key::new(with, &secret), message.as_bytes());
            refused(
                &server,
                &format!("{message}.{}", base64url(tag)),
                Code::WrongAlgorithm,
            )
            .await;
        }
    }
    for alg in [
        "", "es256", "ES256 ", "ES512", "ES256K", "RSA1_5", "dir", "Ed448", "null",
    ] {
        let head = header(&KEY, json!({ "alg": alg })).to_string();
        refused(&server, &KEY.sign(&head, "{}"), Code::WrongAlgorithm).await;
    }
    // A key is used by its own kind alone.
    for (key, kid) in [(&*KEY, "rsa"), (&rsa, "first")] {
        let head = header(key, json!({ "kid": kid })).to_string();
        refused(&server, &key.sign(&head, "{}"), Code::WrongAlgorithm).await;
    }
    // DER instead of the two numbers, and numbers that are zero: the signature of nobody (CVE-2022-21449).
    let message = format!(
        "{}.{payload}",
        base64url(header(&KEY, json!({})).to_string())
    );
    for signature in [
        &[0; 64][..],
        &[0; 63],
        &[0; 65],
        &[255; 64],
        b"0",
        &[48, 6, 2, 1, 0, 2, 1, 0],
    ] {
        refused(
            &server,
            &format!("{message}.{}", base64url(signature)),
            Code::BadSignature,
        )
        .await;
    }
    let good = KEY.token(&claims(json!({})));
    for spoilt in [
        format!("{good}="),
        format!("{good}A"),
        good.replace('.', ".A"),
        format!(".{good}"),
    ] {
        let error = verify(&server, &spoilt).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Token, "{spoilt}");
    }
    // Bits beyond the last byte of a signature make another text, and no other token.
    let mut last = good.clone().into_bytes();
    *last.last_mut().unwrap() += 1;
    let error = verify(&server, str::from_utf8(&last).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::BadSignature);
}

#[tokio::test]
async fn keys_of_the_attacker() {
    let world = World::new();
    let server = world.server();
    verify(&server, &KEY.token(&claims(json!({}))))
        .await
        .unwrap();
    let url = "https://evil.example/jwks";
    for changes in [
        json!({ "jwk": STRANGER.bare() }),
        json!({ "jku": url }),
        json!({ "x5u": url }),
        json!({ "x5c": ["AAAA"] }),
        json!({ "jwk": STRANGER.bare(), "kid": null }),
        json!({ "kid": url }),
        json!({ "kid": "../../etc/passwd" }),
        json!({ "kid": "" }),
    ] {
        let head = header(&STRANGER, changes).to_string();
        let error = verify(
            &server,
            &STRANGER.sign(&head, &claims(json!({})).to_string()),
        )
        .await
        .unwrap_err();
        assert!(
            [Code::UnknownKey, Code::BadSignature].contains(&error.code()),
            "{error}"
        );
    }
    // Two to begin with, and one look for an unknown key.
    assert_eq!(world.requests(), 3);
    for kid in [json!(1), json!([]), json!({})] {
        let head = header(&KEY, json!({ "kid": kid })).to_string();
        refused(&server, &KEY.sign(&head, "{}"), Code::Malformed).await;
    }
}

#[tokio::test]
async fn a_flood_of_names() {
    let world = World::new();
    let server = world.server();
    verify(&server, &KEY.token(&claims(json!({}))))
        .await
        .unwrap();
    let payload = claims(json!({})).to_string();
    for at in 0..2_000 {
        let head = header(&KEY, json!({ "kid": format!("{at}{}", "x".repeat(1000)) })).to_string();
        refused(&server, &KEY.sign(&head, &payload), Code::UnknownKey).await;
    }
    assert_eq!(world.asked("/jwks").len(), 2);
    // Without keys it is the same: the service is not asked for each.
    let world = World::new();
    world.answers("/jwks", Answer::Page(500, ""));
    let server = world.server();
    for _ in 0..2_000 {
        refused(
            &server,
            &KEY.token(&claims(json!({}))),
            Code::KeysUnavailable,
        )
        .await;
    }
    assert_eq!(world.asked("/jwks").len(), 1);
}

#[tokio::test]
async fn work_that_is_out_of_proportion() {
    let server = World::new().server();
    verify(&server, &KEY.token(&claims(json!({}))))
        .await
        .unwrap();
    let head = header(&KEY, json!({}));
    let many = |count: usize| {
        let members = (0..count).map(|at| (format!("{at}"), json!([]))).collect();
        Value::Object(members)
    };
    let payload = claims(json!({})).to_string();
    let tokens = [
        KEY.sign(&merged(head.clone(), many(900)).to_string(), &payload),
        KEY.sign(
            &merged(head.clone(), json!({ "x": "\\".repeat(4000) })).to_string(),
            &payload,
        ),
        KEY.sign(
            &merged(head, json!({ "typ": "x".repeat(11_000) })).to_string(),
            &payload,
        ),
        KEY.token(&claims(many(900))),
        KEY.token(&claims(json!({ "scope": "a ".repeat(5000) }))),
        KEY.token(&claims(json!({ "aud": vec!["x"; 2500] }))),
        KEY.token(&claims(json!({ "exp": 1e308 }))),
    ];
    for token in tokens {
        assert!(token.len() < 16 * 1024, "{}", token.len());
        let start = Instant::now();
        let _ = verify(&server, &token).await;
        // Of a debug build. The signature alone is a tenth of a millisecond.
        assert!(start.elapsed().as_millis() < 100, "{:?}", start.elapsed());
    }
}
