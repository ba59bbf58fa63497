//! Access tokens that are JWTs: RFC 9068 §4.

use jeton_resource_server::{Algorithm, Code, Credentials, Fault, Scope};
use serde_json::{Value, json};

use crate::support::{
    AUDIENCE, ISSUER, KEY, Key, NOW, STRANGER, World, base64url, claims, header, refused, verify,
};

#[tokio::test]
async fn a_good_token() {
    let server = World::new().server();
    let token = KEY.token(&claims(json!({
        "auth_time": NOW - 5, "acr": "gold", "nbf": NOW, "tenant": { "name": "blue" },
    })));
    let found = verify(&server, &token).await.unwrap();
    assert_eq!(found.iss, ISSUER);
    assert_eq!(found.sub.as_deref(), Some("alice"));
    assert_eq!(found.aud, [AUDIENCE]);
    assert_eq!(
        (found.exp, found.nbf, found.iat),
        (Some(NOW + 300), Some(NOW), Some(NOW))
    );
    assert_eq!(found.jti.as_deref(), Some("1"));
    assert_eq!(found.client_id.as_deref(), Some("app"));
    assert_eq!(found.scope, Scope::from("profile read read"));
    assert!(found.scope.contains("read") && !found.scope.contains("rea"));
    assert_eq!(
        (found.auth_time, found.acr.as_deref()),
        (Some(NOW - 5), Some("gold"))
    );
    assert_eq!(found.cnf, None);
    #[derive(serde::Deserialize)]
    struct Tenant {
        tenant: Name,
    }
    #[derive(serde::Deserialize)]
    struct Name {
        name: String,
    }
    assert_eq!(found.rest_as::<Tenant>().unwrap().tenant.name, "blue");
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["aud"], json!([AUDIENCE]));
    assert_eq!(json["scope"], "read profile");
    assert_eq!(json["tenant"]["name"], "blue");
}

#[tokio::test]
async fn claims_and_headers() {
    let server = World::new()
        .builder()
        .audience("urn:example:api")
        .build()
        .unwrap();
    let check = async |changes: Value, of_header: Value, expected: Result<(), Code>| {
        let header = header(&KEY, of_header.clone()).to_string();
        let token = KEY.sign(&header, &claims(changes.clone()).to_string());
        let found = verify(&server, &token)
            .await
            .map(drop)
            .map_err(|error| error.code());
        assert_eq!(found, expected, "{changes} {of_header}");
    };
    let none = || json!({});
    check(none(), json!({ "typ": "application/at+jwt" }), Ok(())).await;
    // As it is written in the examples of RFC 9068 §2.2 and §3.
    check(none(), json!({ "typ": "at+JWT" }), Ok(())).await;
    for typ in [
        json!("JWT"),
        Value::Null,
        json!("dpop+jwt"),
        json!("text/at+jwt"),
        json!("at+jwt;x"),
    ] {
        check(none(), json!({ "typ": typ }), Err(Code::WrongType)).await;
    }
    check(none(), json!({ "typ": 1 }), Err(Code::Malformed)).await;
    check(none(), json!({ "alg": null }), Err(Code::Malformed)).await;
    check(
        none(),
        json!({ "crit": ["b64"], "b64": false }),
        Err(Code::Malformed),
    )
    .await;
    check(none(), json!({ "b64": false }), Ok(())).await;

    check(
        json!({ "aud": ["https://other.example", AUDIENCE] }),
        none(),
        Ok(()),
    )
    .await;
    check(json!({ "aud": "urn:example:api" }), none(), Ok(())).await;
    for aud in [
        json!("https://other.example"),
        json!([]),
        Value::Null,
        json!(format!("{AUDIENCE}/")),
    ] {
        check(json!({ "aud": aud }), none(), Err(Code::WrongAudience)).await;
    }
    for aud in [json!(1), json!([1]), json!({ AUDIENCE: true })] {
        check(json!({ "aud": aud }), none(), Err(Code::Malformed)).await;
    }
    for iss in [
        json!("https://other.example"),
        Value::Null,
        json!(format!("{ISSUER}/")),
    ] {
        check(json!({ "iss": iss }), none(), Err(Code::WrongIssuer)).await;
    }
    check(json!({ "iss": 1 }), none(), Err(Code::Malformed)).await;

    check(json!({ "exp": NOW - 9 }), none(), Ok(())).await;
    check(json!({ "exp": NOW - 10 }), none(), Err(Code::Expired)).await;
    check(json!({ "exp": 0 }), none(), Err(Code::Expired)).await;
    check(json!({ "exp": (NOW as f64) + 1.5 }), none(), Ok(())).await;
    for exp in [
        Value::Null,
        json!("1800000300"),
        json!(-1),
        json!(1e300),
        json!(true),
        json!([1]),
    ] {
        check(json!({ "exp": exp }), none(), Err(Code::Malformed)).await;
    }
    for name in ["nbf", "iat"] {
        check(json!({ name: NOW + 10 }), none(), Ok(())).await;
        check(json!({ name: NOW + 11 }), none(), Err(Code::NotYetValid)).await;
        check(json!({ name: null }), none(), Ok(())).await;
        check(json!({ name: "now" }), none(), Err(Code::Malformed)).await;
    }
    for name in ["sub", "jti", "client_id", "scope", "acr"] {
        check(json!({ name: null }), none(), Ok(())).await;
        check(json!({ name: 1 }), none(), Err(Code::Malformed)).await;
    }
}

#[tokio::test]
async fn by_how_much_a_clock_may_be_off() {
    let world = World::new();
    let server = world.server();
    let error = refused(
        &server,
        &KEY.token(&claims(json!({ "exp": NOW - 3600 }))),
        Code::Expired,
    )
    .await;
    assert_eq!(
        error.message(),
        "the access token expired 3600 s ago: is a clock off?"
    );
    let token = KEY.token(&claims(json!({ "nbf": NOW + 60 })));
    let error = refused(&server, &token, Code::NotYetValid).await;
    assert_eq!(
        error.message(),
        "the access token is valid in 60 s: is a clock off?"
    );

    let strict = world.builder().leeway(0).build().unwrap();
    refused(
        &strict,
        &KEY.token(&claims(json!({ "exp": NOW }))),
        Code::Expired,
    )
    .await;
    refused(
        &strict,
        &KEY.token(&claims(json!({ "iat": NOW + 1 }))),
        Code::NotYetValid,
    )
    .await;
    verify(&strict, &KEY.token(&claims(json!({ "exp": NOW + 1 }))))
        .await
        .unwrap();
}

#[tokio::test]
async fn each_algorithm() {
    let world = World::new();
    let (ed, p384) = (Key::eddsa("ed"), Key::es384("p384"));
    let rsa: Vec<_> = [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ]
    .map(Key::rsa)
    .into();
    world.keys(&[&KEY, &ed, &p384, &rsa[0]]);
    let usual = world.server();
    let all = [KEY.alg, ed.alg, p384.alg]
        .into_iter()
        .chain(rsa.iter().map(|key| key.alg));
    let every = world.builder().algorithms(all).build().unwrap();
    for key in [&*KEY, &ed, &p384].into_iter().chain(&rsa) {
        let token = key.token(&claims(json!({})));
        verify(&every, &token).await.unwrap();
        let on_the_list = [
            Algorithm::ES256,
            Algorithm::EdDSA,
            Algorithm::RS256,
            Algorithm::PS256,
        ];
        if on_the_list.contains(&key.alg) {
            verify(&usual, &token).await.unwrap();
        } else {
            refused(&usual, &token, Code::WrongAlgorithm).await;
        }
        let cut = &token[..token.len() - 8];
        refused(&every, cut, Code::BadSignature).await;
    }
    // RFC 9864: the same algorithm by its new name.
    let named = ed.sign(
        &header(&ed, json!({ "alg": "Ed25519" })).to_string(),
        &claims(json!({})).to_string(),
    );
    verify(&usual, &named).await.unwrap();
    let error = world
        .builder()
        .algorithms([Algorithm::ES256, Algorithm::HS256])
        .build()
        .unwrap_err();
    assert_eq!(
        (error.code(), error.fault()),
        (Code::InvalidConfiguration, Fault::Caller)
    );
}

#[tokio::test]
async fn signatures() {
    let world = World::new();
    let server = world.server();
    let good = KEY.token(&claims(json!({})));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let none = base64url(r#"{"alg":"none","typ":"at+jwt"}"#);
    let payload = message.split_once('.').unwrap().1;
    refused(&server, &format!("{none}.{payload}."), Code::Unsigned).await;
    refused(
        &server,
        &format!("{none}.{payload}.{signature}"),
        Code::Unsigned,
    )
    .await;
    let none = base64url(r#"{"alg":"NoNe","typ":"at+jwt"}"#);
    refused(&server, &format!("{none}.{payload}."), Code::Unsigned).await;
    refused(&server, &format!("{message}."), Code::Unsigned).await;
    let other = KEY.token(&claims(json!({ "sub": "mallory" })));
    let (other, _) = other.rsplit_once('.').unwrap();
    refused(&server, &format!("{other}.{signature}"), Code::BadSignature).await;
    let by_stranger = STRANGER.sign(
        &header(&KEY, json!({})).to_string(),
        &claims(json!({})).to_string(),
    );
    refused(&server, &by_stranger, Code::BadSignature).await;
    refused(
        &server,
        &STRANGER.token(&claims(json!({}))),
        Code::UnknownKey,
    )
    .await;
}

#[tokio::test]
async fn what_is_no_token() {
    let world = World::new();
    let server = world.server();
    let (list, object) = (base64url("[]"), base64url("{}"));
    for text in [
        "word",
        "a.b",
        "a.b.c.d.e",
        "..",
        "e30.e30.e30",
        &format!("{list}.{object}.AAAA"),
        &format!("{object}.{list}.AAAA"),
        "e30=.e30.AAAA",
        "++++.e30.AAAA",
    ] {
        refused(&server, text, Code::Malformed).await;
    }
    for payload in [
        "[]",
        "null",
        "{",
        r#""alice""#,
        "{}{}",
        "\u{feff}{}",
        r#"{"a":NaN}"#,
    ] {
        let token = KEY.sign(&header(&KEY, json!({})).to_string(), payload);
        refused(&server, &token, Code::Malformed).await;
    }
    assert_eq!(world.asked("/jwks").len(), 1);
}

#[tokio::test]
async fn size() {
    let world = World::new();
    let server = world.server();
    let of = |length: usize| KEY.token(&claims(json!({ "padding": "x".repeat(length) })));
    verify(&server, &of(11_500)).await.unwrap();
    assert!(of(12_300).len() > 16 * 1024);
    refused(&server, &of(12_300), Code::TooLarge).await;
    let fresh = World::new();
    refused(
        &fresh.server(),
        &format!("a.b.{}", "c".repeat(17_000)),
        Code::TooLarge,
    )
    .await;
    assert_eq!(fresh.requests(), 0);
}

#[tokio::test]
async fn authorization() {
    let server = World::new().server();
    let token = KEY.token(&claims(json!({})));
    let check = async |values: &[&str], expected: Result<(), Code>| {
        let credentials = values
            .iter()
            .fold(Credentials::new(), |sent, value| sent.authorization(value));
        let found = server
            .verify(&credentials)
            .await
            .map(drop)
            .map_err(|error| error.code());
        assert_eq!(found, expected, "{values:?}");
    };
    for scheme in ["Bearer ", "bearer ", "BEARER  ", " Bearer "] {
        check(&[&format!("{scheme}{token}")], Ok(())).await;
    }
    check(&[], Err(Code::MissingToken)).await;
    for other in ["Basic YTpi", "", &token, "Bearer\u{a0}x"] {
        check(&[other], Err(Code::MissingToken)).await;
    }
    check(&["Bearer"], Err(Code::Malformed)).await;
    check(&["Bearer "], Err(Code::Malformed)).await;
    check(&["Bearer a b"], Err(Code::Malformed)).await;
    check(&["Bearer \u{7}"], Err(Code::Malformed)).await;
    let bearer = format!("Bearer {token}");
    check(&[&bearer, &bearer], Err(Code::InvalidRequest)).await;
    check(&["Basic YTpi", &bearer], Err(Code::InvalidRequest)).await;
    check(&[&format!("{bearer}, {bearer}")], Err(Code::InvalidRequest)).await;

    let mut headers = http::HeaderMap::new();
    headers.append("authorization", bearer.parse().unwrap());
    server
        .verify(&Credentials::from_headers(&headers))
        .await
        .unwrap();
    headers.append("authorization", bearer.parse().unwrap());
    let error = server
        .verify(&Credentials::from_headers(&headers))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.status().as_u16()),
        (Code::InvalidRequest, 400)
    );
    headers.insert(
        "authorization",
        http::HeaderValue::from_bytes(b"Bearer \xff").unwrap(),
    );
    let error = server
        .verify(&Credentials::from_headers(&headers))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Malformed);
}
