//! What whoever is refused is told: RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1.

use jeton_resource_server::{Code, Credentials, Error, Fault, Need};
use serde_json::json;

use crate::{
    binding::{bound, proof},
    support::{Answer, KEY, Key, NOW, STRANGER, World, claims, header},
};

const METADATA: &str =
    r#"resource_metadata="https://api.example/.well-known/oauth-protected-resource/v1""#;
const ALGS: &str = r#"algs="ES256 EdDSA RS256 PS256""#;

fn check(error: &Error, code: &str, fault: Fault, status: u16, challenges: &[String]) {
    assert_eq!(
        (error.code().as_str(), error.fault()),
        (code, fault),
        "{error}"
    );
    assert_eq!(error.status().as_u16(), status, "{code}");
    assert_eq!(error.challenge().collect::<Vec<_>>(), challenges, "{code}");
    let header = |name: &str| error.headers()[name].to_str().unwrap();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(
        header("access-control-expose-headers"),
        "WWW-Authenticate, DPoP-Nonce"
    );
}

#[tokio::test]
async fn each_code_of_a_token() {
    let world = World::new();
    let server = world.builder().build().unwrap();
    let sign = |of_header, of_claims| {
        KEY.sign(
            &header(&KEY, of_header).to_string(),
            &claims(of_claims).to_string(),
        )
    };
    let none = || json!({});
    let rows = [
        (
            "malformed",
            "word".to_owned(),
            "the access token is malformed",
        ),
        (
            "too_large",
            "a".repeat(20_000),
            "the access token is too large",
        ),
        (
            "unsigned",
            sign(json!({ "alg": "none" }), none()),
            "the access token is not signed",
        ),
        (
            "wrong_algorithm",
            sign(json!({ "alg": "HS256" }), none()),
            "the access token is signed by another algorithm",
        ),
        (
            "unknown_key",
            STRANGER.token(&claims(none())),
            "the key of the access token is unknown",
        ),
        (
            "bad_signature",
            STRANGER.sign(&header(&KEY, none()).to_string(), "{}"),
            "the signature of the access token is wrong",
        ),
        (
            "wrong_type",
            sign(json!({ "typ": "JWT" }), none()),
            "the token is no access token",
        ),
        (
            "wrong_issuer",
            sign(none(), json!({ "iss": "a" })),
            "the access token is of another issuer",
        ),
        (
            "wrong_audience",
            sign(none(), json!({ "aud": "a" })),
            "the access token is for another audience",
        ),
        (
            "expired",
            sign(none(), json!({ "exp": NOW - 60 })),
            "the access token has expired",
        ),
        (
            "not_yet_valid",
            sign(none(), json!({ "nbf": NOW + 60 })),
            "the access token is not yet valid",
        ),
        (
            "wrong_certificate",
            sign(none(), json!({ "cnf": { "x5t#S256": "a" } })),
            "the access token is bound to another certificate",
        ),
        (
            "bound_token",
            sign(none(), json!({ "cnf": { "kid": "a" } })),
            "the access token is bound in another way than it was sent",
        ),
    ];
    for (code, token, description) in rows {
        let error = crate::support::verify(&server, &token).await.unwrap_err();
        let challenge = format!(
            r#"Bearer error="invalid_token", error_description="{description}", {METADATA}"#
        );
        check(&error, code, Fault::Token, 401, &[challenge]);
        let body = format!(r#"{{"error":"invalid_token","error_description":"{description}"}}"#);
        assert_eq!(error.body(), body);
        assert_eq!(error.headers()["content-type"], "application/json");
        assert!(!format!("{error} {error:?}").contains(&token), "{error:?}");
    }
}

#[tokio::test]
async fn the_others() {
    let world = World::new();
    let server = world.server();
    let error = server.verify(&Credentials::new()).await.unwrap_err();
    // RFC 6750 §3.1: nothing of an error, where nobody has tried.
    check(
        &error,
        "missing_token",
        Fault::Caller,
        401,
        &[
            format!("Bearer {METADATA}"),
            format!("DPoP {METADATA}, {ALGS}"),
        ],
    );
    assert_eq!(
        (error.body().as_str(), error.headers().get("content-type")),
        ("", None)
    );

    // Whoever has tried is told by the scheme that they tried.
    for (authorization, scheme, algs) in [
        ("Bearer", "Bearer", String::new()),
        ("Bearer !!!", "Bearer", String::new()),
        ("DPoP", "DPoP", format!(", {ALGS}")),
        ("dpop !!!", "DPoP", format!(", {ALGS}")),
    ] {
        let credentials = Credentials::new().authorization(authorization);
        let error = server.verify(&credentials).await.unwrap_err();
        let challenge = format!(
            r#"{scheme} error="invalid_token", error_description="the access token is malformed", {METADATA}{algs}"#
        );
        check(&error, "malformed", Fault::Token, 401, &[challenge]);
    }

    let twice = Credentials::new()
        .authorization("Bearer a")
        .authorization("Bearer b");
    let error = server.verify(&twice).await.unwrap_err();
    let challenge = format!(
        r#"Bearer error="invalid_request", error_description="several credentials in one request", {METADATA}"#
    );
    check(&error, "invalid_request", Fault::Caller, 400, &[challenge]);

    let holder = Key::es256("holder");
    let token = bound(&holder);
    let authorization = format!("DPoP {token}");
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/v1/read");
    let error = server.verify(&credentials).await.unwrap_err();
    let challenge = format!(
        r#"DPoP error="invalid_dpop_proof", error_description="the DPoP proof does not hold", {METADATA}, {ALGS}"#
    );
    check(
        &error,
        "invalid_dpop_proof",
        Fault::Token,
        401,
        &[challenge],
    );
    assert_eq!(error.message(), "no DPoP proof");
    // A bad token is told before its proof, by the scheme it came with.
    let bad = KEY.token(&claims(json!({ "exp": 0, "cnf": { "jkt": holder.jkt() } })));
    let authorization = format!("DPoP {bad}");
    let error = server
        .verify(&Credentials::new().authorization(&authorization))
        .await
        .unwrap_err();
    let challenge = format!(
        r#"DPoP error="invalid_token", error_description="the access token has expired", {METADATA}, {ALGS}"#
    );
    check(&error, "expired", Fault::Token, 401, &[challenge]);

    world.answers("/jwks", Answer::Page(500, ""));
    let error = crate::support::verify(&world.server(), &token)
        .await
        .unwrap_err();
    check(&error, "keys_unavailable", Fault::Server, 503, &[]);
    assert_eq!(
        error.body(),
        r#"{"error":"temporarily_unavailable","error_description":"try again later"}"#
    );
}

#[tokio::test]
async fn scopes() {
    let world = World::new();
    let server = world.server();
    let token = KEY.token(&claims(json!({})));
    let authorization = format!("Bearer {token}");
    let credentials = Credentials::new().authorization(&authorization);
    let needs = Need::new;
    for need in [
        needs(),
        needs().scope(["read", "profile"]),
        needs().any_scope(["write", "read"]),
        needs().scope(["read"]).any_scope(["profile"]),
    ] {
        server.authorize(&credentials, &need).await.unwrap();
    }
    let rows = [
        (needs().scope(["read", "write"]), "read write"),
        (needs().any_scope(["write", "admin"]), "write admin"),
        (needs().scope(["read"]).any_scope(["write"]), "read write"),
        (needs().scope(["rea"]), "rea"),
        (needs().scope(["READ"]), "READ"),
        // A quotation mark of the programmer's begins no second parameter.
        (needs().scope([r#"a" b\ü"#]), r#"a\" b\\"#),
    ];
    for (need, scope) in rows {
        let error = server.authorize(&credentials, &need).await.unwrap_err();
        let challenge = format!(
            r#"Bearer error="insufficient_scope", error_description="the access token does not have the scope", scope="{scope}", {METADATA}"#
        );
        check(
            &error,
            "insufficient_scope",
            Fault::Token,
            403,
            &[challenge],
        );
        let claims = server.verify(&credentials).await.unwrap();
        let again = server.require(&claims, &need).unwrap_err();
        assert_eq!(again.headers(), error.headers());
    }
    // Who has no token yet is told what for.
    let error = server
        .authorize(&Credentials::new(), &needs().scope(["read"]))
        .await
        .unwrap_err();
    check(
        &error,
        "missing_token",
        Fault::Caller,
        401,
        &[
            format!(r#"Bearer scope="read", {METADATA}"#),
            format!(r#"DPoP scope="read", {METADATA}, {ALGS}"#),
        ],
    );
    // A token of DPoP is told so by DPoP.
    let holder = Key::es256("holder");
    let token = bound(&holder);
    let authorization = format!("DPoP {token}");
    let sent = proof(&holder, &token, json!({}), json!({}));
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/v1/read")
        .dpop(&sent);
    let claims = server.verify(&credentials).await.unwrap();
    let error = server
        .require(&claims, &needs().scope(["write"]))
        .unwrap_err();
    assert!(
        error
            .challenge()
            .next()
            .unwrap()
            .starts_with("DPoP error=\"insufficient_scope\"")
    );
}

#[tokio::test]
async fn one_of_none_is_nobodys() {
    let server = World::new().server();
    let token = KEY.token(&claims(json!({ "acr": "gold" })));
    let authorization = format!("Bearer {token}");
    let credentials = Credentials::new().authorization(&authorization);
    let nothing: [&str; 0] = [];
    for need in [
        Need::new().any_scope(nothing),
        Need::new().acr_values(nothing),
    ] {
        let error = server.authorize(&credentials, &need).await.unwrap_err();
        let code = Code::InvalidConfiguration.as_str();
        check(&error, code, Fault::Caller, 500, &[]);
    }
    let need = Need::new().scope(nothing);
    server.authorize(&credentials, &need).await.unwrap();
}

#[tokio::test]
async fn step_up() {
    let server = World::new().server();
    let check_one = async |changes, need: Need, expected: Option<&str>| {
        let token = KEY.token(&claims(changes));
        let authorization = format!("Bearer {token}");
        let credentials = Credentials::new().authorization(&authorization);
        let found = server.authorize(&credentials, &need).await;
        let Some(parameters) = expected else {
            found.unwrap();
            return;
        };
        let challenge = format!(
            r#"Bearer error="insufficient_user_authentication", error_description="a more recent or stronger login is needed", {parameters}, {METADATA}"#
        );
        check(
            &found.unwrap_err(),
            "insufficient_user_authentication",
            Fault::Token,
            401,
            &[challenge],
        );
    };
    let acr = || Need::new().acr_values(["silver", "gold"]);
    check_one(json!({ "acr": "gold" }), acr(), None).await;
    for changes in [
        json!({ "acr": "bronze" }),
        json!({}),
        json!({ "acr": "silver gold" }),
    ] {
        check_one(changes, acr(), Some(r#"acr_values="silver gold""#)).await;
    }
    let age = || Need::new().max_age(60);
    check_one(json!({ "auth_time": NOW - 60 }), age(), None).await;
    check_one(
        json!({ "auth_time": NOW - 61 }),
        age(),
        Some(r#"max_age="60""#),
    )
    .await;
    check_one(json!({}), age(), Some(r#"max_age="60""#)).await;
    check_one(
        json!({}),
        acr().max_age(5),
        Some(r#"acr_values="silver gold", max_age="5""#),
    )
    .await;
}

#[tokio::test]
async fn nothing_of_a_token_is_repeated() {
    let server = World::new().server();
    let evil = "evil\"\r\nx: y";
    for changes in [
        json!({ "iss": evil }),
        json!({ "aud": evil }),
        json!({ "sub": evil, "exp": 1 }),
        json!({ "exp": evil }),
        json!({ "evil": 1, "sub": 7 }),
    ] {
        let error = crate::support::verify(&server, &KEY.token(&claims(changes)))
            .await
            .unwrap_err();
        assert_eq!(error.fault(), Fault::Token);
        let said = format!("{error} {error:?} {:?} {}", error.headers(), error.body());
        assert!(!said.contains("evil"), "{said}");
    }
    let header = header(&KEY, json!({ "kid": evil, "evil": evil })).to_string();
    let token = KEY.sign(&header, &claims(json!({})).to_string());
    let error = crate::support::refused(&server, &token, Code::UnknownKey).await;
    assert!(!format!("{error:?} {:?}", error.headers()).contains("evil"));
}
