//! Opaque tokens: RFC 7662.

use std::pin::pin;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{FutureExt, future::join_all, poll};
use jeton_resource_server::{ClientAuthentication, Code, Fault, HttpError, ResourceServer};
use serde_json::{Value, json};

use crate::support::{
    AUDIENCE, Answer, Asked, ISSUER, KEY, NOW, World, claims, merged, refused, verify,
};

const TOKEN: &str = "opaque~token-of.alice";
const PATH: &str = "/introspect";

fn asking(world: &World) -> ResourceServer {
    let secret = ClientAuthentication::secret("s: ecret/");
    world
        .builder()
        .introspection("the api", secret)
        .build()
        .unwrap()
}

fn says(world: &World, changes: Value) {
    world.answers(
        PATH,
        Answer::Json(merged(claims(json!({ "active": true })), changes)),
    );
}

#[tokio::test]
async fn what_is_asked() {
    let world = World::new();
    says(
        &world,
        json!({ "token_type": "Bearer", "username": "alice" }),
    );
    let found = verify(&asking(&world), TOKEN).await.unwrap();
    assert_eq!(found.sub.as_deref(), Some("alice"));
    assert_eq!(found.rest["username"], "alice");
    assert!(!found.rest.contains_key("active"));
    let [Asked { headers, body, .. }] = &world.asked(PATH)[..] else {
        panic!("asked once");
    };
    // RFC 6749 §2.3.1: the+api:s%3A+ecret%2F
    assert_eq!(
        headers["authorization"],
        "Basic dGhlK2FwaTpzJTNBK2VjcmV0JTJG"
    );
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(
        body,
        "token=opaque%7Etoken-of.alice&token_type_hint=access_token"
    );
}

#[tokio::test]
async fn how_the_api_proves_itself() {
    let world = World::new();
    says(&world, json!({}));
    let methods = |methods: &[&str]| {
        world.builder().metadata(json!({
            "issuer": ISSUER, "introspection_endpoint": format!("{ISSUER}{PATH}"),
            "introspection_endpoint_auth_methods_supported": methods,
        }))
    };
    let secret = || ClientAuthentication::secret("a&b");
    let keys = json!({ "keys": [KEY.public] });
    let post = methods(&["client_secret_post"])
        .jwks(keys.clone())
        .introspection("api", secret());
    verify(&post.build().unwrap(), TOKEN).await.unwrap();
    let asked = &world.asked(PATH)[0];
    assert!(
        asked.body.ends_with("&client_id=api&client_secret=a%26b"),
        "{}",
        asked.body
    );
    assert!(!asked.headers.contains_key("authorization"));
    let both = methods(&["client_secret_post", "client_secret_basic"]);
    verify(
        &both
            .jwks(keys.clone())
            .introspection("api", secret())
            .build()
            .unwrap(),
        TOKEN,
    )
    .await
    .unwrap();
    assert!(world.asked(PATH)[1].headers.contains_key("authorization"));

    // RFC 8037 §A.1: an Ed25519 key, and its private half.
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "mine",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let key = ClientAuthentication::private_key_jwt(&jwk).unwrap();
    assert_eq!(format!("{key:?}"), "ClientAuthentication(private_key_jwt)");
    let server = methods(&[])
        .jwks(keys)
        .introspection("api", key)
        .build()
        .unwrap();
    verify(&server, TOKEN).await.unwrap();
    verify(&server, "another").await.unwrap();
    let asked = &world.asked(PATH)[2..];
    let assertion = |asked: &Asked| {
        let form: std::collections::HashMap<_, _> =
            url::form_urlencoded::parse(asked.body.as_bytes())
                .into_owned()
                .collect();
        assert_eq!(form["client_id"], "api");
        assert_eq!(
            form["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        form["client_assertion"].clone()
    };
    let decoded = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (first, second) = (assertion(&asked[0]), assertion(&asked[1]));
    let parts: Vec<_> = first.split('.').collect();
    let header = json!({ "alg": "EdDSA", "typ": "client-authentication+jwt", "kid": "mine" });
    assert_eq!(decoded(parts[0]), header);
    let claims = decoded(parts[1]);
    let expected = json!({
        "iss": "api", "sub": "api", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": claims["jti"],
    });
    assert_eq!(claims, expected);
    assert_ne!(
        claims["jti"],
        decoded(second.split('.').nth(1).unwrap())["jti"]
    );
    let public = jsonwebtoken::DecodingKey::from_ed_components(jwk["x"].as_str().unwrap()).unwrap();
    let message = format!("{}.{}", parts[0], parts[1]);
    let verified = jsonwebtoken::crypto::verify(
        parts[2],
        message.as_bytes(),
        &public,
        jsonwebtoken::Algorithm::EdDSA,
    );
    assert!(verified.unwrap());

    for wrong in [
        json!({ "d": null }),
        json!({ "x": KEY.public["x"] }),
        json!({ "crv": "X25519" }),
        json!({ "d": "AAAA" }),
    ] {
        let error = ClientAuthentication::private_key_jwt(&merged(jwk.clone(), wrong)).unwrap_err();
        assert_eq!(error.code(), Code::InvalidConfiguration);
    }
    assert_eq!(format!("{:?}", secret()), "ClientAuthentication(secret)");
}

#[tokio::test]
async fn what_is_answered() {
    let check = async |changes: Value, expected: Result<(), Code>| {
        let world = World::new();
        says(&world, changes.clone());
        let found = verify(&asking(&world), TOKEN)
            .await
            .map(drop)
            .map_err(|error| error.code());
        assert_eq!(found, expected, "{changes}");
    };
    check(json!({}), Ok(())).await;
    check(
        json!({ "iss": null, "exp": null, "iat": null, "token_type": "bearer" }),
        Ok(()),
    )
    .await;
    check(json!({ "aud": ["urn:x", AUDIENCE] }), Ok(())).await;
    check(json!({ "active": false }), Err(Code::Inactive)).await;
    check(
        json!({ "iss": "https://other.example" }),
        Err(Code::WrongIssuer),
    )
    .await;
    check(json!({ "aud": "urn:x" }), Err(Code::WrongAudience)).await;
    check(json!({ "aud": null }), Err(Code::WrongAudience)).await;
    check(json!({ "exp": NOW - 60 }), Err(Code::Expired)).await;
    check(json!({ "nbf": NOW + 60 }), Err(Code::NotYetValid)).await;
    check(
        json!({ "token_type": "refresh_token" }),
        Err(Code::WrongType),
    )
    .await;
    check(json!({ "token_type": 1 }), Err(Code::WrongType)).await;
    check(json!({ "cnf": { "jkt": "a" } }), Err(Code::BoundToken)).await;
    check(
        json!({ "cnf": { "x5t#S256": "a" } }),
        Err(Code::WrongCertificate),
    )
    .await;
    check(json!({ "cnf": {} }), Err(Code::BoundToken)).await;
    for active in [Value::Null, json!("true"), json!(1)] {
        check(
            json!({ "active": active }),
            Err(Code::IntrospectionUnavailable),
        )
        .await;
    }
    check(json!({ "sub": 1 }), Err(Code::IntrospectionUnavailable)).await;
    let world = World::new();
    refused(&world.server(), TOKEN, Code::Malformed).await;
    assert_eq!(world.requests(), 0);
    // A JWT is not asked about.
    verify(&asking(&world), &KEY.token(&claims(json!({}))))
        .await
        .unwrap();
    assert_eq!(world.asked(PATH).len(), 0);
}

#[tokio::test]
async fn how_long_it_counts() {
    let world = World::new();
    let server = asking(&world);
    says(&world, json!({}));
    verify(&server, TOKEN).await.unwrap();
    world.close();
    world.at(NOW + 29);
    verify(&server, TOKEN)
        .now_or_never()
        .expect("it waited")
        .unwrap();
    world.open();
    world.at(NOW + 30);
    says(&world, json!({ "active": false }));
    refused(&server, TOKEN, Code::Inactive).await;
    world.at(NOW + 39);
    refused(&server, TOKEN, Code::Inactive).await;
    assert_eq!(world.asked(PATH).len(), 2);
    world.at(NOW + 40);
    says(&world, json!({ "exp": NOW + 45 }));
    verify(&server, TOKEN).await.unwrap();
    world.at(NOW + 44);
    verify(&server, TOKEN).await.unwrap();
    assert_eq!(world.asked(PATH).len(), 3);
    world.at(NOW + 55);
    refused(&server, TOKEN, Code::Expired).await;
}

#[tokio::test]
async fn many_at_once() {
    let world = World::new();
    let server = asking(&world);
    says(&world, json!({}));
    world.close();
    let mut all = pin!(join_all((0..100).map(|_| verify(&server, TOKEN))));
    assert!(poll!(&mut all).is_pending());
    world.open();
    assert!(all.await.into_iter().all(|found| found.is_ok()));
    assert_eq!(world.asked(PATH).len(), 1);

    // Ten thousand are remembered, and the oldest makes room.
    for at in 0..10_000 {
        verify(&server, &format!("token-{at}")).await.unwrap();
    }
    let asked = world.asked(PATH).len();
    verify(&server, "token-0").await.unwrap();
    assert_eq!(world.asked(PATH).len(), asked);
    verify(&server, TOKEN).await.unwrap();
    assert_eq!(world.asked(PATH).len(), asked + 1);
}

#[tokio::test]
async fn who_is_cancelled_cancels_nobody() {
    let world = World::new();
    let server = asking(&world);
    says(&world, json!({}));
    world.close();
    let mut first = Box::pin(verify(&server, TOKEN));
    let mut second = Box::pin(verify(&server, TOKEN));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    drop(first);
    world.open();
    second.await.unwrap();
    assert_eq!(world.asked(PATH).len(), 1);
}

#[tokio::test]
async fn an_issuer_that_is_out_of_order() {
    for (answer, fault) in [
        (Answer::Page(500, ""), Fault::Server),
        (
            Answer::Page(401, r#"{"error":"invalid_client"}"#),
            Fault::Server,
        ),
        (Answer::Page(200, "<html>"), Fault::Server),
        (Answer::Page(302, ""), Fault::Server),
        (Answer::Nothing(HttpError::Timeout), Fault::Network),
        (Answer::Nothing(HttpError::TooLarge), Fault::Server),
    ] {
        let world = World::new();
        let server = asking(&world);
        world.answers(PATH, answer);
        let error = refused(&server, TOKEN, Code::IntrospectionUnavailable).await;
        assert_eq!((error.fault(), error.status().as_u16()), (fault, 503));
        assert_eq!(
            (error.challenge().count(), error.retry_after()),
            (0, Some(1))
        );
        says(&world, json!({}));
        if fault == Fault::Network {
            // It is left alone for a second.
            refused(&server, "another", Code::IntrospectionUnavailable).await;
            assert_eq!(world.asked(PATH).len(), 1);
            world.at(NOW + 1);
        }
        verify(&server, TOKEN).await.unwrap();
        // What was said counts on, while the issuer is away.
        world.answers(PATH, Answer::Nothing(HttpError::Timeout));
        verify(&server, TOKEN).await.unwrap();
    }
    let world = World::new();
    let server = asking(&world);
    world.answers(
        PATH,
        Answer::Headers(503, vec![("retry-after", "20".to_owned())]),
    );
    refused(&server, TOKEN, Code::IntrospectionUnavailable).await;
    world.at(NOW + 19);
    let error = refused(&server, "another", Code::IntrospectionUnavailable).await;
    assert_eq!(error.retry_after(), Some(1));
    assert_eq!(world.asked(PATH).len(), 1);
    says(&world, json!({}));
    world.at(NOW + 20);
    verify(&server, "another").await.unwrap();
    // It is heeded for half a minute at most.
    world.at(NOW + 100);
    let later = vec![("retry-after", "3600".to_owned())];
    world.answers(PATH, Answer::Headers(429, later));
    let error = refused(&server, TOKEN, Code::IntrospectionUnavailable).await;
    assert_eq!(error.retry_after(), Some(30));
    says(&world, json!({}));
    world.at(NOW + 129);
    refused(&server, TOKEN, Code::IntrospectionUnavailable).await;
    world.at(NOW + 130);
    verify(&server, TOKEN).await.unwrap();
    // Where it is known, metadata is not needed.
    let world = World::new();
    world.answers(
        "/.well-known/oauth-authorization-server",
        Answer::Page(404, ""),
    );
    says(&world, json!({}));
    let at = world
        .builder()
        .introspection_endpoint(format!("{ISSUER}{PATH}"));
    let server = at
        .introspection("api", ClientAuthentication::secret("a"))
        .build()
        .unwrap();
    verify(&server, TOKEN).await.unwrap();
}
