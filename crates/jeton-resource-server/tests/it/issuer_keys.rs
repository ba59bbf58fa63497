//! The keys of the issuer: fetched when they must be, kept when they cannot be.

use std::pin::pin;

use futures_util::{FutureExt, future::join_all, poll};
use jeton_resource_server::{Code, Credentials, Fault, HttpError, ResourceServer};
use serde_json::{Value, json};

use crate::support::{
    Answer, ISSUER, KEY, Key, NOW, STRANGER, World, claims, header, refused, verify,
};

/// A token that outlives every row.
fn lasting(key: &Key) -> String {
    key.token(&claims(json!({ "exp": NOW + 1_000_000 })))
}

async fn refused_all(server: &ResourceServer, from: u32, to: u32) {
    for at in from..to {
        let header = header(&KEY, json!({ "kid": format!("kid-{at}") })).to_string();
        let token = KEY.sign(&header, &claims(json!({})).to_string());
        refused(server, &token, Code::UnknownKey).await;
    }
}

#[tokio::test]
async fn known_keys_wait_for_nobody() {
    let world = World::new();
    let server = world.server();
    let token = lasting(&KEY);
    verify(&server, &token).await.unwrap();
    world.close();
    let authorization = format!("Bearer {token}");
    let credentials = Credentials::new().authorization(&authorization);
    let ready = server.verify(&credentials).now_or_never();
    ready.expect("it waited").unwrap();
    assert_eq!(world.requests(), 2);
}

#[tokio::test]
async fn a_thousand_at_once_ask_once() {
    let world = World::new();
    let server = world.server();
    let token = lasting(&KEY);
    world.close();
    let mut all = pin!(join_all((0..1000).map(|_| verify(&server, &token))));
    assert!(poll!(&mut all).is_pending());
    world.open();
    assert!(all.await.into_iter().all(|found| found.is_ok()));
    assert_eq!(
        world.asked("/.well-known/oauth-authorization-server").len(),
        1
    );
    assert_eq!(world.asked("/jwks").len(), 1);
}

#[tokio::test]
async fn who_is_cancelled_cancels_nobody() {
    let world = World::new();
    let server = world.server();
    let token = lasting(&KEY);
    world.close();
    let mut first = Box::pin(verify(&server, &token));
    assert!(poll!(&mut first).is_pending());
    let mut second = Box::pin(verify(&server, &token));
    assert!(poll!(&mut second).is_pending());
    drop(first);
    world.open();
    second.await.unwrap();
    assert_eq!(world.requests(), 2);

    // And where all are, the next one begins anew.
    let world = World::new();
    let server = world.server();
    world.close();
    let mut only = Box::pin(verify(&server, &token));
    assert!(poll!(&mut only).is_pending());
    drop(only);
    world.open();
    verify(&server, &token).await.unwrap();
}

#[tokio::test]
async fn a_renewal_that_everybody_left_begins_anew() {
    let world = World::new();
    let server = world.server();
    let known = lasting(&KEY);
    verify(&server, &known).await.unwrap();
    let leave = |token: String| {
        let (world, server) = (world.clone(), server.clone());
        async move {
            world.close();
            let mut only = Box::pin(verify(&server, &token));
            assert!(poll!(&mut only).is_pending());
            drop(only);
            world.open();
        }
    };
    // Of old keys.
    world.at(NOW + 600);
    leave(known.clone()).await;
    assert_eq!(world.asked("/jwks").len(), 2);
    verify(&server, &known).await.unwrap();
    assert_eq!(world.asked("/jwks").len(), 3);
    // For a key that is new.
    world.at(NOW + 620);
    world.keys(&[&KEY, &STRANGER]);
    leave(lasting(&STRANGER)).await;
    verify(&server, &lasting(&STRANGER)).await.unwrap();
    assert_eq!(world.asked("/jwks").len(), 5);
}

#[tokio::test]
async fn one_renews_while_the_others_go_on() {
    let world = World::new();
    let server = world.server();
    let token = lasting(&KEY);
    verify(&server, &token).await.unwrap();
    world.at(NOW + 599);
    verify(&server, &token).await.unwrap();
    assert_eq!(world.asked("/jwks").len(), 1);
    world.at(NOW + 600);
    world.close();
    let mut renewing = pin!(verify(&server, &token));
    assert!(poll!(&mut renewing).is_pending());
    for _ in 0..50 {
        verify(&server, &token)
            .now_or_never()
            .expect("it waited")
            .unwrap();
    }
    world.open();
    renewing.await.unwrap();
    assert_eq!(world.asked("/jwks").len(), 2);
    assert_eq!(
        world.asked("/.well-known/oauth-authorization-server").len(),
        1
    );
    // Metadata is renewed after an hour.
    world.at(NOW + 3600);
    verify(&server, &token).await.unwrap();
    assert_eq!(
        world.asked("/.well-known/oauth-authorization-server").len(),
        2
    );
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_every_ten_seconds() {
    let world = World::new();
    let server = world.server();
    verify(&server, &lasting(&KEY)).await.unwrap();
    refused_all(&server, 0, 100).await;
    assert_eq!(world.asked("/jwks").len(), 2);
    world.at(NOW + 9);
    refused_all(&server, 100, 200).await;
    assert_eq!(world.asked("/jwks").len(), 2);
    world.at(NOW + 10);
    refused_all(&server, 200, 300).await;
    assert_eq!(world.asked("/jwks").len(), 3);
}

#[tokio::test]
async fn a_new_key_is_found_by_one_request_of_many() {
    let world = World::new();
    let server = world.server();
    verify(&server, &lasting(&KEY)).await.unwrap();
    world.keys(&[&STRANGER]);
    world.close();
    let token = lasting(&STRANGER);
    let mut all = pin!(join_all((0..100).map(|_| verify(&server, &token))));
    assert!(poll!(&mut all).is_pending());
    world.open();
    assert!(all.await.into_iter().all(|found| found.is_ok()));
    assert_eq!(world.asked("/jwks").len(), 2);
    refused(&server, &lasting(&KEY), Code::UnknownKey).await;
}

#[tokio::test]
async fn a_token_of_another_issuer_fetches_nothing() {
    let world = World::new();
    let server = world.server();
    verify(&server, &lasting(&KEY)).await.unwrap();
    let token = STRANGER.token(&claims(json!({ "iss": "https://other.example" })));
    refused(&server, &token, Code::WrongIssuer).await;
    assert_eq!(world.asked("/jwks").len(), 1);
}

#[tokio::test]
async fn old_keys_stay() {
    let answers = [
        Answer::Page(500, ""),
        Answer::Page(200, "<html>"),
        Answer::Page(302, ""),
        Answer::Json(json!({ "keys": [] })),
        Answer::Json(json!({ "keys": [{}] })),
        Answer::Json(json!(["keys"])),
        Answer::Nothing(HttpError::Unreachable("refused".into())),
        Answer::Nothing(HttpError::Timeout),
        Answer::Nothing(HttpError::TooLarge),
    ];
    for answer in answers {
        let world = World::new();
        let server = world.server();
        let token = lasting(&KEY);
        verify(&server, &token).await.unwrap();
        world.answers("/jwks", answer);
        world.at(NOW + 601);
        for _ in 0..5 {
            verify(&server, &token).await.unwrap();
        }
        assert_eq!(world.asked("/jwks").len(), 2);
        world.at(NOW + 611);
        verify(&server, &token).await.unwrap();
        assert_eq!(world.asked("/jwks").len(), 3);
        // Of a key that is not among them nobody can say that it is not the issuer's.
        world.at(NOW + 630);
        refused(&server, &lasting(&STRANGER), Code::KeysUnavailable).await;
        world.keys(&[&STRANGER]);
        world.at(NOW + 641);
        verify(&server, &lasting(&STRANGER)).await.unwrap();
    }
}

#[tokio::test]
async fn no_keys_at_all() {
    let metadata = "/.well-known/oauth-authorization-server";
    let document = |changes| {
        let usual = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks") });
        Answer::Json(crate::support::merged(usual, changes))
    };
    let keys = |count: usize| -> Vec<Value> { (0..count).map(|_| KEY.public.clone()).collect() };
    let rows = [
        (
            "/jwks",
            Answer::Page(500, ""),
            Fault::Server,
            "the keys: status 500",
        ),
        (
            "/jwks",
            Answer::Json(json!({ "keys": [] })),
            Fault::Server,
            "the keys: no keys",
        ),
        (
            "/jwks",
            Answer::Json(json!({ "keys": keys(101) })),
            Fault::Server,
            "the keys: more than 100 keys",
        ),
        (
            "/jwks",
            Answer::Page(200, "no"),
            Fault::Server,
            "the keys: no JWK set",
        ),
        (
            "/jwks",
            Answer::Nothing(HttpError::Timeout),
            Fault::Network,
            "the keys: no answer in time",
        ),
        (
            "/jwks",
            Answer::Nothing(HttpError::TooLarge),
            Fault::Server,
            "the keys: the answer is larger than 256 kB",
        ),
        (
            metadata,
            Answer::Page(404, ""),
            Fault::Server,
            "the metadata: status 404",
        ),
        (
            metadata,
            Answer::Page(200, "no"),
            Fault::Server,
            "the metadata: not what it has to be",
        ),
        (
            metadata,
            Answer::Nothing(HttpError::Unreachable("refused".into())),
            Fault::Network,
            "the metadata: refused",
        ),
        (
            metadata,
            document(json!({ "issuer": format!("{ISSUER}/") })),
            Fault::Server,
            "the metadata: of another issuer (issuer_mismatch)",
        ),
        (
            metadata,
            document(json!({ "jwks_uri": null })),
            Fault::Server,
            "the metadata: no jwks_uri",
        ),
        (
            metadata,
            document(json!({ "jwks_uri": "http://keys.example/jwks" })),
            Fault::Server,
            "the metadata: jwks_uri is not https",
        ),
    ];
    for (path, answer, fault, message) in rows {
        let world = World::new();
        world.answers(path, answer);
        let server = world.server();
        let error = refused(&server, &lasting(&KEY), Code::KeysUnavailable).await;
        assert_eq!((error.fault(), error.message()), (fault, message));
        assert_eq!(
            (error.status().as_u16(), error.retry_after()),
            (503, Some(1))
        );
        assert_eq!(error.challenge().count(), 0);
        assert_eq!(error.headers()["retry-after"], "1");
        // Back within a second, it is asked again.
        let asked = world.requests();
        refused(&server, &lasting(&KEY), Code::KeysUnavailable).await;
        assert_eq!(world.requests(), asked, "{message}");
        world.keys(&[&KEY]);
        world.answers(metadata, document(json!({})));
        // Metadata that led to nothing is asked for again, ten seconds after it was.
        world.at(NOW + 10);
        verify(&server, &lasting(&KEY)).await.unwrap();
    }
}

#[tokio::test]
async fn a_pause_that_the_server_asks_for() {
    let world = World::new();
    let later = Answer::Headers(429, vec![("retry-after", "120".to_owned())]);
    world.answers("/jwks", later);
    let server = world.server();
    let error = refused(&server, &lasting(&KEY), Code::KeysUnavailable).await;
    assert_eq!(error.retry_after(), Some(120));
    world.keys(&[&KEY]);
    world.at(NOW + 119);
    refused(&server, &lasting(&KEY), Code::KeysUnavailable).await;
    world.at(NOW + 120);
    verify(&server, &lasting(&KEY)).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_is_off_is_said() {
    let world = World::new();
    let date =
        httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(NOW - 300));
    world.answers("/jwks", Answer::Headers(500, vec![("date", date)]));
    let error = refused(&world.server(), &lasting(&KEY), Code::KeysUnavailable).await;
    let said = "the keys: status 500; the clock here is 300 s ahead of the server's";
    assert_eq!(error.message(), said);
}

#[tokio::test]
async fn a_clock_that_is_put_back() {
    let world = World::new();
    let server = world.server();
    world.at(NOW + 100_000_000);
    let token = KEY.token(&claims(json!({ "exp": NOW + 200_000_000 })));
    verify(&server, &token).await.unwrap();
    refused_all(&server, 0, 1).await;
    assert_eq!(world.asked("/jwks").len(), 2);
    // What was fetched in the future is old, and no pause reaches from there.
    world.at(NOW);
    verify(&server, &token).await.unwrap();
    assert_eq!(world.asked("/jwks").len(), 3);
    refused_all(&server, 1, 2).await;
    assert_eq!(world.asked("/jwks").len(), 4);
}

#[tokio::test]
async fn discovery_of_openid_connect() {
    let world = World::new();
    let document = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks") });
    world.answers(
        "/.well-known/oauth-authorization-server",
        Answer::Page(404, ""),
    );
    world.answers("/.well-known/openid-configuration", Answer::Json(document));
    verify(&world.server(), &lasting(&KEY)).await.unwrap();
}

#[tokio::test]
async fn keys_that_are_given() {
    let world = World::new();
    let keys = json!({ "keys": [KEY.public] });
    let server = world.builder().jwks(keys).build().unwrap();
    verify(&server, &lasting(&KEY)).await.unwrap();
    refused(&server, &lasting(&STRANGER), Code::UnknownKey).await;
    assert_eq!(world.requests(), 0);

    let server = world
        .builder()
        .jwks_uri(format!("{ISSUER}/jwks"))
        .build()
        .unwrap();
    verify(&server, &lasting(&KEY)).await.unwrap();
    assert_eq!(world.requests(), 1);

    let metadata = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks") });
    let server = world.builder().metadata(metadata).build().unwrap();
    verify(&server, &lasting(&KEY)).await.unwrap();
    assert_eq!(world.requests(), 2);

    for builder in [
        world.builder().jwks(json!({ "keys": [] })),
        world
            .builder()
            .jwks(json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })),
        world.builder().jwks_uri("http://keys.example"),
        world
            .builder()
            .metadata(json!({ "issuer": "https://other.example" })),
        world.builder().metadata(json!([])),
        world.builder().resource("http://api.example"),
        world.builder().resource("api"),
        world.builder().audience(""),
        world.builder().algorithms([]),
        world.builder().dpop_nonce_secret([]),
    ] {
        let said = format!("{builder:?}");
        assert_eq!(
            builder.build().unwrap_err().code(),
            Code::InvalidConfiguration,
            "{said}"
        );
    }
    for issuer in [
        "http://tokens.example",
        "tokens",
        "https://a?b",
        "https://a#b",
        "http://127.1.1.1@b",
    ] {
        let error = ResourceServer::builder(issuer, "a").build().unwrap_err();
        assert_eq!(error.code(), Code::InvalidIssuer, "{issuer}");
    }
    for issuer in [
        "http://localhost:1/a",
        "http://127.9.9.9",
        "http://[::1]:1",
        "https://a/b",
    ] {
        ResourceServer::builder(issuer, "a").build().unwrap();
    }
}
