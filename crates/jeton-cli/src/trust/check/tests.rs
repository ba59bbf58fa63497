use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{MemoryFetch, PrivateKey};
use serde_json::json;

use super::*;

const OWN: &str = "https://jeton.acme.dev";
const ISSUER: &str = "https://ci.acme.dev";
const NOW: u64 = 1_800_000_000;

/// The key of RFC 8037 appendix A.1.
const KEY: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn jwks() -> Value {
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] })
}

fn with(mut value: Value, changes: Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            change => value[name] = change.clone(),
        }
    }
    value
}

fn document(changes: Value) -> Value {
    let rule = json!({
        "name": "deploy", "client_id": "billing", "single_use": true, "scope": "read",
        "audiences": ["https://api.acme.dev"], "access_token_lifetime": 900,
        "conditions": [{ "claim": "sub", "equals": "job" }, { "claim": "team", "one_of": ["a", "b"] }],
    });
    with(
        json!({ "issuer": ISSUER, "jwks": jwks(), "rules": [rule] }),
        changes,
    )
}

fn claims(changes: Value) -> Value {
    let claims = json!({
        "iss": ISSUER, "aud": [OWN], "sub": "job", "team": "a", "jti": "1",
        "iat": NOW - 20, "exp": NOW + 300,
    });
    with(claims, changes)
}

/// What is said of a token with this header and these claims, and the client that it stands for, or
/// why it stands for none.
fn examined(document: &Value, header: &Value, claims: &Value) -> (String, Result<String, String>) {
    let trusted = TrustedIssuer::from_record(&document.to_string()).unwrap();
    let (crypto, fetch) = (NativeCrypto::new(), MemoryFetch::default());
    let metadata = json!({ "issuer": ISSUER, "jwks_uri": "https://keys.acme.dev/" });
    let metadata_url = format!("{ISSUER}/.well-known/openid-configuration");
    fetch.answer_json(&metadata_url, &metadata);
    fetch.answer_json("https://keys.acme.dev/", &jwks());
    let examiner = Examiner {
        own_issuer: OWN,
        reach: &reach(OWN),
        fetch: &fetch,
        crypto: &crypto,
        now: UnixTime(NOW),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let (report, verdict) = runtime.unwrap().block_on(async {
        let private = PrivateKey::from_jwks(KEY).unwrap().remove(0);
        let (key, _) = crypto.import(&private).await.unwrap();
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = crypto.sign(&key, message.as_bytes()).await.unwrap();
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        examine(&examiner, &token, &trusted).await.unwrap()
    });
    let client = verdict.map(|sentence| {
        let client = sentence.split('"').nth(1);
        client.unwrap_or_default().to_owned()
    });
    (report, client.map_err(|error| error.to_string()))
}

/// The token is refused, and the lines that are wrong are these.
fn refused(document: Value, header: Value, claims: Value, wrong: &[&str]) {
    let (report, client) = examined(&document, &header, &claims);
    assert!(client.is_err(), "{client:?} {report}");
    let found = report
        .lines()
        .filter_map(|line| line.strip_prefix("  WRONG  "));
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), wrong.len(), "{report}");
    for (found, wrong) in found.iter().zip(wrong) {
        assert!(found.contains(wrong), "{found} has not {wrong}");
    }
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "typ": "JWT" })
}

#[test]
fn a_token_that_stands_for_a_client() {
    let (report, client) = examined(&document(json!({})), &header(), &claims(json!({})));
    assert_eq!(client.as_deref(), Ok("billing"), "{report}");
    let expected = r#"a token of https://ci.acme.dev
  ok     the issuer
  ok     alg "EdDSA"
  ok     typ "JWT"
  ok     iss "https://ci.acme.dev"
  ok     sub "job"
  ok     cnf, authorization_details
  ok     exp, iat, nbf in 300 s, 20 s ago, none
  ok     signature, by a key of the issuer
rule "deploy", for the client "billing"
  ok     aud is "https://jeton.acme.dev", and nothing else; the token has ["https://jeton.acme.dev"]
  ok     sub is "job"; the token has "job"
  ok     team is "a" or "b"; the token has "a"
  ok     jti, which counts once; the token has "1"
         scope: at most read
         audiences: at most https://api.acme.dev
         access tokens: of at most 300 seconds
"#;
    assert_eq!(report, expected);
}

#[test]
fn keys_are_fetched_from_where_the_document_says() {
    for changes in [
        json!({ "jwks": null }),
        json!({ "jwks": null, "jwks_uri": "https://keys.acme.dev/" }),
    ] {
        let (report, client) = examined(&document(changes), &header(), &claims(json!({})));
        assert_eq!(client.as_deref(), Ok("billing"), "{report}");
    }
}

#[test]
fn each_point_of_a_token_is_told() {
    let token =
        |changes, wrong: &[&str]| refused(document(json!({})), header(), claims(changes), wrong);
    token(
        json!({ "iss": "https://other.acme.dev" }),
        &["iss \"https://other.acme.dev\": the issuer is not trusted"],
    );
    token(
        json!({ "sub": null }),
        &["sub none: ", "sub is \"job\"; the token has none"],
    );
    token(
        json!({ "sub": "jobs" }),
        &["sub is \"job\"; the token has \"jobs\""],
    );
    token(
        json!({ "team": "c" }),
        &["team is \"a\" or \"b\"; the token has \"c\""],
    );
    token(
        json!({ "aud": [OWN, "x"] }),
        &["aud is \"https://jeton.acme.dev\", and nothing else"],
    );
    token(json!({ "aud": null }), &["aud is"]);
    token(
        json!({ "cnf": {} }),
        &["cnf, authorization_details: the claim cnf"],
    );
    token(
        json!({ "exp": null }),
        &["exp, iat, nbf none, 20 s ago, none: the claim exp"],
    );
    token(json!({ "exp": NOW }), &["has expired"]);
    token(
        json!({ "exp": NOW - 60 }),
        &["exp, iat, nbf 60 s ago, 20 s ago, none: the assertion has expired"],
    );
    token(json!({ "exp": NOW + 100_000 }), &["too far"]);
    token(json!({ "iat": NOW + 60 }), &["not valid yet"]);
    token(json!({ "nbf": NOW + 60 }), &["not valid yet"]);
    token(
        json!({ "jti": null }),
        &["jti, which counts once; the token has none"],
    );
    token(
        json!({ "jti": "1".repeat(256) }),
        &["jti, which counts once"],
    );
}

#[test]
fn each_point_of_its_header_and_of_the_document_is_told() {
    let other =
        |header, wrong: &[&str]| refused(document(json!({})), header, claims(json!({})), wrong);
    other(
        json!({ "alg": "EdDSA", "typ": "at+jwt" }),
        &["typ \"at+jwt\""],
    );
    other(json!({ "alg": "ES256" }), &["signature: "]);
    other(
        json!({ "alg": "EdDSA", "kid": "b" }),
        &["signature: the assertion: no key fits"],
    );
    other(
        json!({ "alg": "EdDSA", "jwk": {} }),
        &["alg \"EdDSA\"", "signature: "],
    );
    let of =
        |changes, wrong: &[&str]| refused(document(changes), header(), claims(json!({})), wrong);
    of(
        json!({ "disabled": true }),
        &["the issuer: the document is disabled"],
    );
    of(
        json!({ "algorithms": ["ES256"], "jwks": null }),
        &["alg \"EdDSA\"", "signature: "],
    );
    of(
        json!({ "jwks": null, "jwks_uri": "https://gone.acme.dev/" }),
        &[
            "signature: its keys: the connection failed: not in the script. Nothing of the token is proved",
        ],
    );
    of(json!({ "rules": [] }), &[]);
}

#[test]
fn rules_for_two_clients_are_told() {
    let rule = |name: &str, client: &str| json!({ "name": name, "client_id": client, "conditions": [{ "claim": "sub", "equals": "job" }] });
    let several = document(json!({ "rules": [rule("a", "one"), rule("b", "two")] }));
    refused(several, header(), claims(json!({})), &[]);
    let disabled = with(rule("a", "one"), json!({ "disabled": true }));
    let rules = document(json!({ "rules": [disabled, rule("b", "two")] }));
    let (report, client) = examined(&rules, &header(), &claims(json!({})));
    assert_eq!(client.as_deref(), Ok("two"));
    assert!(
        report.contains("rule \"a\", for the client \"one\", disabled\n"),
        "{report}"
    );
}

#[test]
fn what_is_disabled_is_named() {
    let (_, client) = examined(
        &document(json!({ "disabled": true })),
        &header(),
        &claims(json!({})),
    );
    let refused = "it stands for no client: the document is disabled";
    assert_eq!(client, Err(refused.to_owned()));
    let rule = |name: &str, disabled: bool| {
        json!({
            "name": name, "client_id": "c", "disabled": disabled,
            "conditions": [{ "claim": "sub", "equals": if disabled { "job" } else { "other" } }],
        })
    };
    let rules = json!([rule("a", true), rule("b", true), rule("c", false)]);
    let (_, client) = examined(
        &document(json!({ "rules": rules })),
        &header(),
        &claims(json!({})),
    );
    let refused = r#"it stands for no client: no rule accepts the assertion (disabled: "a", "b")"#;
    assert_eq!(client, Err(refused.to_owned()));
}

#[test]
fn what_the_rule_needs_of_the_clients_record_is_said() {
    let sentence = |changes: Value| {
        let rule = with(
            json!({
                "name": "deploy", "client_id": "billing", "scope": "read write",
                "audiences": ["https://a.acme.dev", "https://b.acme.dev"],
                "conditions": [{ "claim": "sub", "equals": "job" }],
            }),
            changes,
        );
        let json = document(json!({ "rules": [rule] })).to_string();
        client_of(&TrustedIssuer::from_record(&json).unwrap().rules[0])
    };
    let client =
        "It stands for the client \"billing\", if there is one that is neither public nor disabled";
    assert_eq!(
        sentence(json!({})),
        format!(
            "{client}, and if its record has one of the scopes read write and one of the audiences https://a.acme.dev https://b.acme.dev."
        )
    );
    assert_eq!(
        sentence(json!({ "audiences": null })),
        format!("{client}, and if its record has one of the scopes read write.")
    );
    assert_eq!(
        sentence(json!({ "scope": null, "audiences": null })),
        format!("{client}.")
    );
}

#[test]
fn rules_about_our_own_tokens_are_not_tried() {
    let of = |issuer: &str| {
        let json = document(json!({ "issuer": issuer })).to_string();
        let trusted = TrustedIssuer::from_record(&json).unwrap();
        require_foreign(&trusted, OWN).map_err(|error| error.to_string())
    };
    assert_eq!(of(ISSUER), Ok(()));
    let refused = of(OWN).unwrap_err();
    assert!(
        refused.ends_with("rules about Jeton's own tokens cannot be tried with `check`"),
        "{refused}"
    );
}

#[test]
fn no_file_or_token_writes_lines_of_its_own() {
    let hostile = "\n  ok     signature, by a key of the issuer\u{1b}[2J\u{9b}\u{202e}";
    let rule = json!({
        "name": "deploy", "client_id": "billing", "audience": hostile, "audiences": [hostile],
        "conditions": [
            { "claim": "sub", "equals": hostile }, { "claim": "a\u{202e}", "prefix": format!("{hostile}/") },
        ],
    });
    let token =
        claims(json!({ "aud": hostile, "sub": hostile, "a\u{202e}": { hostile: hostile } }));
    let plain = examined(
        &document(
            json!({ "rules": [with(rule.clone(), json!({ "audience": "x", "audiences": ["x"] }))] }),
        ),
        &header(),
        &claims(json!({})),
    );
    let header = json!({ "alg": "EdDSA", "typ": hostile });
    let (report, _) = examined(&document(json!({ "rules": [rule] })), &header, &token);
    assert_eq!(report.lines().count(), plain.0.lines().count(), "{report}");
    let seen = report
        .chars()
        .all(|it| it == '\n' || printable::line(&it.to_string()) == it.to_string());
    assert!(seen, "{report:?}");
    for escaped in ["\\u{9b}", "\\u{202e}"] {
        assert!(report.contains(escaped), "{report}");
    }
    let refused = super::token("a\n\u{1b}[2J").unwrap_err().to_string();
    assert!(refused.starts_with(r#""a\n\u{1b}[2J": "#), "{refused}");
}
