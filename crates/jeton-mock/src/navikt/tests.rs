use serde_json::{Value, json};

use super::*;
use crate::file::check_mock;

fn from(variables: &[(&str, &str)]) -> Result<Option<Imported>, ImportError> {
    from_environment(|name| {
        let variable = variables.iter().find(|(own, _)| *own == name);
        variable.map(|(_, value)| (*value).to_owned())
    })
}

/// What is served, as JSON, and what is ignored.
fn imported(variables: &[(&str, &str)]) -> (Value, Vec<String>) {
    let Imported { spec, ignored, .. } = from(variables).unwrap().unwrap();
    check_mock(&spec).unwrap();
    (serde_json::to_value(spec).unwrap(), ignored)
}

fn configured(config: Value) -> (Value, Vec<String>) {
    imported(&[("JSON_CONFIG", &config.to_string())])
}

/// `config` with one issuer and one mapping.
fn mapped(mapping: Value) -> (Value, Vec<String>) {
    let callback = json!({ "issuerId": "i", "requestMappings": [mapping] });
    configured(json!({ "tokenCallbacks": [callback] }))
}

fn refused(variables: &[(&str, &str)]) -> String {
    from(variables).unwrap_err().to_string()
}

#[test]
fn without_their_variables_there_is_nothing() {
    assert!(from(&[]).unwrap().is_none());
    assert!(
        from(&[("JSON_CONFIG", " "), ("LOG_LEVEL", "debug")])
            .unwrap()
            .is_none()
    );
    let (spec, ignored) = imported(&[("PORT", "9393")]);
    assert_eq!(spec.pointer("/port"), Some(&json!(9393)));
    assert_eq!(spec.pointer("/host"), None);
    assert_eq!(spec.pointer("/trust_host"), Some(&json!(false)));
    assert!(ignored.is_empty());
}

#[test]
fn a_port_alone_serves_their_defaults() {
    let (spec, ignored) = imported(&[("SERVER_PORT", "9292"), ("PORT", "9393")]);
    let expected = json!({
        "strictness": "lenient",
        "port": 9292,
        "https": false,
        "trust_host": true,
        "issuer": {
            "signing_algs": ["RS256"],
            "user_claims": ["id_token", "access_token", "introspection"],
            "claims": [
                {
                    "id_token": { "nbf": "${claims.iat}" },
                    "access_token": { "nbf": "${claims.iat}", "nonce": "${nonce}" },
                    "access_token_header": { "typ": "JWT" },
                    "id_token_header": { "typ": "JWT" },
                },
                {
                    "id_token": { "tid": "${issuer_name}" },
                    "access_token": { "tid": "${issuer_name}", "aud": ["default"] },
                    "userinfo": { "tid": "${issuer_name}" },
                },
                {
                    "match": { "grant_type": "client_credentials" },
                    "access_token": { "aud": "${scopes}" },
                },
                {
                    "match": { "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer" },
                    "access_token": { "aud": "${scopes}" },
                },
                {
                    "match": { "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange" },
                    "access_token": { "aud": "${audience|scopes}" },
                },
                {
                    "match": { "grant_type": "authorization_code" },
                    "id_token": { "azp": "${client_id}" },
                    "access_token": { "azp": "${client_id}" },
                    "userinfo": { "azp": "${client_id}" },
                },
            ],
        },
        "issuers": {},
    });
    assert_eq!(spec, expected);
    assert!(ignored.is_empty());
}

#[test]
fn serves_what_a_compose_file_mounts() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/navikt/config.json");
    let (spec, ignored) = imported(&[
        ("LOG_LEVEL", "debug"),
        ("SERVER_PORT", "9005"),
        ("JSON_CONFIG_PATH", path),
    ]);
    let callback = |lifetime: u64, name: &str, value: &str, claims: Value| {
        json!({
            "claims": [
                {
                    "id_token": { "nbf": "${claims.iat}" },
                    "access_token": { "nbf": "${claims.iat}", "nonce": "${nonce}" },
                    "access_token_header": { "typ": "JWT" },
                    "id_token_header": { "typ": "JWT" },
                    "lifetime": lifetime,
                },
                {
                    "match": { "parameters": { name: value } },
                    "id_token": claims,
                    "access_token": claims,
                    "userinfo": claims,
                    "introspection": claims,
                    "last": true,
                },
            ],
        })
    };
    let by_code = json!({ "sub": "subByCode", "aud": ["audByCode"] });
    let by_parameter = json!({ "sub": "subBySomeParam", "aud": ["audBySomeParam"] });
    let expected = json!({
        "issuer1": callback(120, "code", "code1", by_code),
        "issuer2": callback(3600, "someparam", "somevalue", by_parameter),
    });
    assert_eq!(spec.pointer("/issuers"), Some(&expected));
    // Only where the image or SERVER_HOSTNAME says so.
    assert_eq!(spec.pointer("/host"), None);
    assert_eq!(spec.pointer("/port"), Some(&json!(9005)));
    assert_eq!(spec.pointer("/issuer/auto_login"), None);
    let expected = [
        "loginPagePath: the login page is Jeton's own; it has the fields username and claims as well",
        "staticAssetsPath: nothing is served under /static",
        "LOG_LEVEL: what was asked is in the journal, at /_mock/journal",
    ];
    assert_eq!(ignored, expected);
}

#[test]
fn a_configuration_has_their_address_unless_told() {
    let (spec, _) = imported(&[("JSON_CONFIG", "{}")]);
    assert_eq!(spec.pointer("/port"), Some(&json!(8080)));
    let (spec, _) = imported(&[
        ("JSON_CONFIG", "{}"),
        // The variable goes before the file, which is not even looked for.
        ("JSON_CONFIG_PATH", "/nowhere"),
        ("SERVER_HOSTNAME", "127.0.0.1"),
        ("PORT", "0"),
    ]);
    assert_eq!(spec.pointer("/host"), Some(&json!("127.0.0.1")));
    assert_eq!(spec.pointer("/port"), Some(&json!(0)));
}

#[test]
fn each_member_has_its_effect() {
    for (config, pointer, expected) in [
        (json!({}), "/issuer/auto_login", json!("alice")),
        (
            json!({ "interactiveLogin": false }),
            "/issuer/auto_login",
            json!("alice"),
        ),
        (
            json!({ "interactiveLogin": true }),
            "/issuer/auto_login",
            Value::Null,
        ),
        (
            json!({ "httpServer": "MockWebServerWrapper" }),
            "/https",
            json!(false),
        ),
        (
            json!({ "httpServer": { "type": "NettyWrapper" } }),
            "/https",
            json!(false),
        ),
        (
            json!({ "httpServer": { "type": "NettyWrapper", "ssl": {} } }),
            "/https",
            json!(true),
        ),
        (
            json!({ "tokenProvider": { "keyProvider": { "algorithm": "ES256" } } }),
            "/issuer/signing_algs",
            json!(["ES256"]),
        ),
        (
            json!({ "tokenProvider": { "systemTime": "2020-01-21T00:00:00Z" } }),
            "/issuer/clock",
            json!({ "set": 1_579_564_800, "freeze": true }),
        ),
    ] {
        let (spec, ignored) = configured(config.clone());
        let actual = spec.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(actual, expected, "{config}");
        assert!(ignored.is_empty(), "{config} {ignored:?}");
    }
}

#[test]
fn each_parameter_is_matched_where_it_is() {
    let people =
        "/authorization_code|refresh_token|urn:ietf:params:oauth:grant-type:device_code|password/";
    for (name, expected) in [
        ("client_id", json!({ "client_id": "*" })),
        ("grant_type", json!({ "grant_type": "*" })),
        ("subject", json!({ "subject": "*", "grant_type": people })),
        ("scope", json!({ "parameters": { "scope": "*" } })),
        ("login_hint", json!({ "parameters": { "login_hint": "*" } })),
    ] {
        let (spec, _) = mapped(json!({ "requestParam": name, "match": "*" }));
        assert_eq!(spec.pointer("/issuers/i/claims/1/match"), Some(&expected));
    }
    // It need not say what.
    let (spec, _) = mapped(json!({ "requestParam": "client_id" }));
    let actual = spec.pointer("/issuers/i/claims/1/match/client_id");
    assert_eq!(actual, Some(&json!("*")));
}

#[test]
fn templates_are_ours() {
    let (spec, _) = mapped(json!({
        "requestParam": "audience",
        "match": "https://myapp.com/jwt/aud/.*",
        "claims": {
            "sub": "${clientId}",
            "aud": ["${audience}"],
            "deep": { "${clientId}": ["<${clientId}>", 1] },
            "name": "${subject}",
            "azp": "${client_id}",
        },
    }));
    let expected = json!({
        "sub": "${client_id}",
        "aud": ["${parameters.audience}"],
        "deep": { "${clientId}": ["<${client_id}>", 1] },
        "name": "${parameters.subject|subject}",
        "azp": "${client_id}",
    });
    let rule = spec.pointer("/issuers/i/claims/1").unwrap();
    assert_eq!(rule.get("id_token"), Some(&expected));
    assert_eq!(rule.get("access_token"), Some(&expected));
    assert_eq!(rule.get("userinfo"), Some(&expected));
    assert_eq!(rule.get("introspection"), Some(&expected));
}

#[test]
fn a_type_is_that_of_both_tokens() {
    let (spec, ignored) = mapped(json!({ "requestParam": "scope", "typeHeader": "at+jwt" }));
    for header in ["access_token_header", "id_token_header"] {
        let actual = spec.pointer(&format!("/issuers/i/claims/1/{header}/typ"));
        assert_eq!(actual, Some(&json!("at+jwt")));
    }
    assert!(ignored.is_empty());
}

#[test]
fn what_no_expression_can_say_matches_its_very_text() {
    let (spec, ignored) = mapped(json!({ "requestParam": "scope", "match": "(?=a).*" }));
    let actual = spec.pointer("/issuers/i/claims/1/match/parameters/scope");
    assert_eq!(actual, Some(&json!(r"/\(\?=a\)\.\*/")));
    let start = "tokenCallbacks[0].requestMappings[0].match: only this very text matches; expected *, a text, or a regular expression of the whole value; \"(?=a).*\" is no regular expression: ";
    assert!(
        ignored.len() == 1 && ignored[0].starts_with(start),
        "{ignored:?}"
    );
}

#[test]
fn who_is_logged_in_is_whom_tokens_are_for() {
    let mapping = |name: &str, value: &str, subject: Option<&str>| {
        let claims = subject.map_or(json!({}), |subject| json!({ "sub": subject }));
        json!({ "requestParam": name, "match": value, "claims": claims })
    };
    for (mappings, asks, expected) in [
        (
            vec![mapping("client_id", "*", Some("mira"))],
            false,
            Some("mira"),
        ),
        (vec![mapping("client_id", "*", Some("mira"))], true, None),
        (
            vec![mapping("client_id", "*", Some("${clientId}"))],
            false,
            None,
        ),
        (
            vec![
                mapping("client_id", "*", None),
                mapping("a", "b", Some("mira")),
            ],
            false,
            Some("mira"),
        ),
        // No person may have a client's id.
        (vec![mapping("client_id", "web", Some("web"))], false, None),
    ] {
        let callback = json!({ "issuerId": "i", "requestMappings": mappings });
        let config = json!({ "interactiveLogin": asks, "tokenCallbacks": [callback] });
        let (spec, _) = configured(config.clone());
        let actual = spec
            .pointer("/issuers/i/auto_login")
            .and_then(Value::as_str);
        assert_eq!(actual, expected, "{config}");
    }
}

#[test]
fn whom_mappings_name_the_login_page_offers() {
    let subject = |pattern: &str| json!({ "requestParam": "subject", "match": pattern });
    let mappings = [
        subject("author"),
        subject("admin@example.com"),
        subject("author"),
        subject("a.*"),
        json!({ "requestParam": "client_id", "match": "web" }),
    ];
    let callback = json!({ "issuerId": "i", "requestMappings": mappings });
    let (spec, _) = configured(json!({ "interactiveLogin": true, "tokenCallbacks": [callback] }));
    let expected = json!([{ "sub": "author" }, { "sub": "admin@example.com" }]);
    assert_eq!(spec.pointer("/issuers/i/users"), Some(&expected));
}

#[test]
fn what_has_no_effect_is_named() {
    let callback = json!({ "issuerId": "i", "requestMappings": [
        { "requestParam": "grant_type", "match": "password", "kidHeader": "k" },
    ] });
    let (spec, ignored) = configured(json!({
        "rotateRefreshToken": false,
        "presets": [],
        "httpServer": { "type": "NettyWrapper", "ssl": { "keystoreFile": "a.p12", "keyPassword": "" } },
        "tokenProvider": { "keyProvider": { "initialKeys": "{\"kty\":\"EC\"}", "certificate": {} } },
        "tokenCallbacks": [callback, callback],
    }));
    let expected = [
        "rotateRefreshToken: refresh tokens rotate; the one before answers for ten more seconds",
        "httpServer.ssl.keystoreFile: the certificate is Jeton's own; trust what /_mock/ca.pem answers",
        "tokenProvider.keyProvider.initialKeys: keys are derived from the seed, the same in every run; the issuer's /jwks has them",
        "presets: there is no such member",
        "tokenProvider.keyProvider.certificate: there is no such member",
        "tokenCallbacks[0].requestMappings[0].kidHeader: there is no such member",
        "tokenCallbacks[1].requestMappings[0].kidHeader: there is no such member",
        "tokenCallbacks[1]: i has one already, and theirs takes the first",
    ];
    assert_eq!(ignored, expected);
    assert_eq!(spec.pointer("/https"), Some(&json!(true)));
    // It rotates in both.
    assert!(
        configured(json!({ "rotateRefreshToken": true }))
            .1
            .is_empty()
    );
}

#[test]
fn what_would_be_missed_is_refused() {
    for (variables, expected) in [
        (
            [("SERVER_PORT", "http")],
            "SERVER_PORT: expected a port, not \"http\"",
        ),
        ([("PORT", "65536")], "PORT: expected a port, not \"65536\""),
        (
            [("JSON_CONFIG_PATH", "/nowhere/config.json")],
            "JSON_CONFIG_PATH: /nowhere/config.json: No such file or directory (os error 2)",
        ),
        (
            [("JSON_CONFIG", "{\n  \"interactiveLogin\": true,\n}")],
            "JSON_CONFIG:3:1: trailing comma",
        ),
        (
            [("JSON_CONFIG", "{\"interactiveLogin\": \"yes\"}")],
            "JSON_CONFIG:1:26: invalid type: string \"yes\", expected a boolean",
        ),
        (
            [("JSON_CONFIG", "{\"httpServer\": \"Jetty\"}")],
            "JSON_CONFIG:1:22: unknown variant `Jetty`, expected `MockWebServerWrapper` or `NettyWrapper`",
        ),
        (
            [("JSON_CONFIG", "{\"httpServer\": true}")],
            "JSON_CONFIG:1:19: invalid type: boolean `true`, expected the name of a server, or an object with type and ssl",
        ),
        (
            [(
                "JSON_CONFIG",
                "{\"tokenProvider\": {\"keyProvider\": {\"algorithm\": \"PS256\"}}}",
            )],
            "JSON_CONFIG:1:56: expected RS256, ES256 or EdDSA, not \"PS256\"",
        ),
        (
            [(
                "JSON_CONFIG",
                "{\"tokenProvider\": {\"systemTime\": \"today\"}}",
            )],
            "JSON_CONFIG:1:41: expected a time such as 2020-01-21T00:00:00Z, not \"today\"",
        ),
        (
            [(
                "JSON_CONFIG",
                "{\"tokenCallbacks\": [{\"requestMappings\": []}]}",
            )],
            "JSON_CONFIG:1:43: missing field `issuerId`",
        ),
        (
            [(
                "JSON_CONFIG",
                "{\"tokenCallbacks\": [{\"issuerId\": \"a b\", \"requestMappings\": []}]}",
            )],
            "JSON_CONFIG: tokenCallbacks[0].issuerId: expected a name of 1 to 128 characters of A-Z a-z 0-9 . _ ~ - and /, no part of which is empty, begins with a dot or is _mock",
        ),
        (
            [(
                "JSON_CONFIG",
                "{\"tokenCallbacks\": [{\"issuerId\": \"a\", \"tokenExpiry\": -1, \"requestMappings\": []}]}",
            )],
            "JSON_CONFIG:1:55: invalid value: integer `-1`, expected u64",
        ),
    ] {
        assert_eq!(refused(&variables), expected);
    }
}
