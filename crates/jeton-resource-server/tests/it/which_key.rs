//! Which of the issuer's keys may verify a token: RFC 7517 §4.

use jeton_resource_server::Code;
use serde_json::{Value, json};

use crate::support::{Answer, KEY, Key, STRANGER, World, claims, header, refused, verify};

#[tokio::test]
async fn which_key() {
    let rsa = Key::rsa(jeton_resource_server::Algorithm::RS256);
    let check = async |key: &Key, changes: Value, of_header: Value, expected: Result<(), Code>| {
        let world = World::new();
        let published = crate::support::merged(key.public.clone(), changes.clone());
        world.answers(
            "/jwks",
            Answer::Json(json!({ "keys": [published, STRANGER.public] })),
        );
        let header = header(key, of_header).to_string();
        let token = key.sign(&header, &claims(json!({})).to_string());
        let found = verify(&world.server(), &token)
            .await
            .map(drop)
            .map_err(|error| error.code());
        assert_eq!(found, expected, "{changes}");
    };
    let none = || json!({});
    check(&rsa, none(), none(), Ok(())).await;
    check(
        &rsa,
        json!({ "alg": "RS256", "use": "sig", "key_ops": ["verify"] }),
        none(),
        Ok(()),
    )
    .await;
    check(
        &rsa,
        json!({ "alg": "PS256" }),
        none(),
        Err(Code::WrongAlgorithm),
    )
    .await;
    for changes in [
        json!({ "use": "enc" }),
        json!({ "key_ops": ["sign"] }),
        json!({ "key_ops": [] }),
        json!({ "alg": "RSA-OAEP" }),
        json!({ "alg": 1 }),
        json!({ "kty": "EC" }),
        json!({ "n": "AQAB" }),
        json!({ "e": "" }),
        json!({ "e": "AA" }),
    ] {
        check(&rsa, changes, none(), Err(Code::UnknownKey)).await;
    }
    // A leading zero would make it look longer than it is.
    let padded = format!("AAAA{}", rsa.public["n"].as_str().unwrap());
    check(&rsa, json!({ "n": padded }), none(), Err(Code::UnknownKey)).await;
    for changes in [
        json!({ "x": "AAAA" }),
        json!({ "crv": "P-521" }),
        json!({ "y": KEY.public["x"] }),
    ] {
        check(&KEY, changes, none(), Err(Code::UnknownKey)).await;
    }
    let nameless = json!({ "kid": null });
    check(&KEY, none(), nameless.clone(), Ok(())).await;
    check(&KEY, nameless.clone(), nameless.clone(), Ok(())).await;
    check(&KEY, nameless.clone(), none(), Err(Code::UnknownKey)).await;
    check(
        &rsa,
        json!({ "alg": "PS256" }),
        nameless,
        Err(Code::UnknownKey),
    )
    .await;
}

#[tokio::test]
async fn without_a_kid_four_are_tried() {
    let world = World::new();
    let others: Vec<_> = ["a", "b", "c", "d"].map(Key::es256).into();
    let mut keys: Vec<&Key> = others.iter().collect();
    keys.push(&KEY);
    let nameless = header(&KEY, json!({ "kid": null })).to_string();
    let token = KEY.sign(&nameless, &claims(json!({})).to_string());
    world.keys(&keys[1..]);
    verify(&world.server(), &token).await.unwrap();
    world.keys(&keys);
    refused(&world.server(), &token, Code::BadSignature).await;
    verify(&world.server(), &KEY.token(&claims(json!({}))))
        .await
        .unwrap();
}
