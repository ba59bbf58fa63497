//! What a client asks for of the protocol.

use super::*;

#[test]
fn scope_is_narrowed_to_the_ceiling() {
    let check = |asked: &str, scope: &str, of_orders: &str| {
        let apis = json!([
            {"identifier": "https://orders.example", "scope": of_orders},
            {"identifier": "https://mcp.example", "scope": ""},
        ]);
        check_record(
            json!({"scope": asked}),
            json!({"scope": scope, "apis": apis}),
        );
    };
    check("openid", "openid", "");
    check("openid orders:read email", "openid", "orders:read");
    check("orders:write jeton:clients", "", "orders:write");
    let nothing = |scope: Value| {
        super::check(json!({ "scope": scope }), "invalid_client_metadata scope: ");
    };
    nothing("jeton:clients jeton:register".into());
    nothing("email".into());
    nothing(" ".into());
    nothing("a\"b".into());
    nothing(json!(["openid"]));
}

#[test]
fn grant_types_and_response_types_go_together() {
    let machine = |members: Value| {
        let mut metadata = json!({"grant_types": ["client_credentials"]});
        for (name, value) in members.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        metadata
    };
    for members in [json!({}), json!({"response_types": []})] {
        let record = judged(&machine(members)).unwrap();
        assert_eq!(record["response_types"], json!([]));
        assert_eq!(record["grant_types"], json!(["client_credentials"]));
    }
    let refused = judged(&machine(json!({"response_types": ["code"]}))).unwrap_err();
    assert!(refused.starts_with("invalid_client_metadata response_types: "));
    check_record(
        json!({"grant_types": ["authorization_code", "refresh_token"]}),
        json!({"response_types": ["code"]}),
    );
    for response_types in [
        json!(["token"]),
        json!(["code", "id_token"]),
        json!(["code id_token"]),
    ] {
        check(
            json!({ "response_types": response_types }),
            "invalid_client_metadata response_types: ",
        );
    }
    for grant_types in [
        json!(["implicit"]),
        json!(["authorization_code", "password"]),
        // Here, and not in the ceiling.
        json!(["urn:ietf:params:oauth:grant-type:device_code"]),
        // A public client, for itself.
        json!(["client_credentials"]),
        json!("authorization_code"),
        json!([null, "authorization_code"]),
        json!(["authorization_code", "authorization_code"]),
        json!({"0": "authorization_code"}),
    ] {
        let error = judged(&public(json!({ "grant_types": grant_types }))).unwrap_err();
        assert!(
            error.starts_with("invalid_client_metadata "),
            "{grant_types}: {error}"
        );
    }
}

#[test]
fn redirect_uris_are_held_to_the_rules_of_every_client() {
    let fault = "invalid_redirect_uri redirect_uris: ";
    for uris in [
        json!([]),
        json!(null),
        json!("https://app.example/cb"),
        json!([null]),
        json!(["https://app.example/cb", 1]),
        json!(["https://app.example/cb", ""]),
        json!(["https://app.example/cb", "https://app.example/cb"]),
        json!(["http://app.example/cb"]),
        json!(["https://app.example/cb#x"]),
        json!(["javascript:alert(1)"]),
        json!(["data:text/html,x"]),
        json!(["cursor://cb"]),
        json!(["/cb"]),
        json!(["https://*.app.example/cb"]),
        json!([format!("https://app.example/{}", "a".repeat(2048))]),
        json!(
            (0..51)
                .map(|it| format!("https://app.example/{it}"))
                .collect::<Vec<_>>()
        ),
    ] {
        check(json!({ "redirect_uris": uris }), fault);
    }
    for uris in [
        json!([
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "com.example.app:/cb"
        ]),
        json!(["http://localhost:6274/oauth/callback"]),
    ] {
        check_record(
            json!({ "redirect_uris": uris }),
            json!({ "redirect_uris": uris }),
        );
    }
}

#[test]
fn redirect_uris_go_with_the_application_type() {
    let kind = |kind: &str, uri: &str| {
        let members = json!({"application_type": kind, "redirect_uris": [uri]});
        judged(&public(members)).map(|record| record["application_type"].clone())
    };
    for (application_type, uri, fits) in [
        ("web", "https://app.example/cb", true),
        ("web", "http://localhost:3000/cb", true),
        ("web", "com.example.app:/cb", false),
        ("native", "com.example.app:/cb", true),
        ("native", "http://127.0.0.1/cb", true),
        ("native", "http://[::1]:8000/cb", true),
        ("native", "http://localhost?x", true),
        ("native", "https://vscode.dev/redirect", true),
        ("native", "http://app.localhost/cb", false),
        ("native", "http://127.0.0.2/cb", false),
    ] {
        let registered = kind(application_type, uri);
        match &registered {
            Ok(value) => assert!(
                fits && *value == application_type,
                "{application_type} {uri}"
            ),
            Err(error) => {
                assert!(
                    !fits && error.starts_with("invalid_redirect_uri "),
                    "{uri}: {error}"
                );
            }
        }
    }
    check(
        json!({"application_type": "service"}),
        "invalid_client_metadata application_type: ",
    );
    check_record(json!({}), json!({"application_type": null}));
}

#[test]
fn a_method_is_one_of_ours_or_a_choice_that_is() {
    let keys = json!({"keys": [{
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }]});
    let method = |members: Value| {
        let mut metadata = json!({"redirect_uris": ["https://app.example/cb"]});
        for (name, value) in members.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        judged(&metadata).map(|record| record["token_endpoint_auth_method"].clone())
    };
    let (one, choices) = (
        "token_endpoint_auth_method",
        "token_endpoint_auth_methods_supported",
    );
    for (members, expected) in [
        (json!({one: "none"}), "none"),
        (json!({one: "client_secret_post"}), "client_secret_post"),
        (
            json!({one: "private_key_jwt", "jwks": keys}),
            "private_key_jwt",
        ),
        (
            json!({one: "private_key_jwt", "jwks_uri": "https://app.example/jwks"}),
            "private_key_jwt",
        ),
        (
            json!({one: "private_key_jwt", "jwks": keys, "token_endpoint_auth_signing_alg": "ES256"}),
            "private_key_jwt",
        ),
        (
            json!({one: "none", choices: ["private_key_jwt", "client_secret_basic"]}),
            "none",
        ),
        (
            json!({one: "client_secret_jwt", choices: ["tls_client_auth", "none"]}),
            "none",
        ),
        (
            json!({one: "private_key_jwt", choices: ["private_key_jwt", "none"]}),
            "none",
        ),
        (
            json!({choices: ["private_key_jwt", "client_secret_post"]}),
            "client_secret_post",
        ),
        (
            json!({choices: ["private_key_jwt"], "jwks": keys}),
            "private_key_jwt",
        ),
    ] {
        assert_eq!(method(members.clone()), Ok(expected.into()), "{members}");
    }
    for (members, member) in [
        (json!({one: "client_secret_jwt"}), one),
        (json!({one: "federated_jwt"}), one),
        (json!({one: 1}), one),
        (json!({one: "private_key_jwt"}), one),
        (json!({choices: ["tls_client_auth"]}), choices),
        (json!({choices: [1]}), choices),
        (
            json!({one: "private_key_jwt", "jwks": {"keys": []}}),
            "jwks",
        ),
        (
            json!({one: "private_key_jwt", "jwks": keys, "token_endpoint_auth_signing_alg": "EdDSA"}),
            "token_endpoint_auth_signing_alg",
        ),
        (
            json!({one: "private_key_jwt", "jwks": keys, "token_endpoint_auth_signing_alg": "HS256"}),
            "token_endpoint_auth_signing_alg",
        ),
        (
            json!({"token_endpoint_auth_signing_alg": "ES256"}),
            "token_endpoint_auth_signing_alg",
        ),
    ] {
        let error = method(members.clone()).unwrap_err();
        let part = format!("invalid_client_metadata {member}: ");
        assert!(error.starts_with(&part), "{members}: {error}");
    }
}

#[test]
fn keys_are_public_and_in_one_place() {
    let jwks = "invalid_client_metadata jwks: ";
    let private = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }]});
    check(json!({ "jwks": private }), jwks);
    check(
        json!({"jwks": {"keys": [{"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}]}}),
        jwks,
    );
    check(json!({"jwks": "none"}), jwks);
    check(
        json!({"jwks": {"keys": []}, "jwks_uri": "https://app.example/jwks"}),
        jwks,
    );
    for uri in [
        "http://app.example/jwks",
        "javascript:alert(1)",
        "data:application/json,{}",
        "https://127.0.0.1/jwks",
        "https://localhost/jwks",
        "https://metadata.google.internal/jwks",
        "https://issuer.example/jwks",
        "https://user@app.example/jwks",
        "app.example",
    ] {
        check(
            json!({ "jwks_uri": uri }),
            "invalid_client_metadata jwks_uri: ",
        );
    }
}

#[test]
fn pages_that_get_the_code_may_read_the_tokens() {
    check_record(
        json!({"redirect_uris": [
            "https://app.example/cb", "https://app.example/other", "http://localhost:6274/cb",
            "com.example.app:/cb",
        ]}),
        json!({"allowed_origins": ["https://app.example", "http://localhost:6274"]}),
    );
    let confidential = judged(&json!({"redirect_uris": ["https://app.example/cb"]})).unwrap();
    assert_eq!(confidential.get("allowed_origins"), None);
}
