use serde_json::json;

use super::*;

const ISSUER: &str = "https://ci.example";

/// A document that is taken, with `changes` to it; a change to null takes a member away.
fn document(changes: &Value) -> String {
    changed(
        json!({ "issuer": ISSUER, "rules": [rule(&json!({}))] }),
        changes,
    )
    .to_string()
}

fn rule(changes: &Value) -> Value {
    let condition = json!({ "claim": "sub", "equals": "job" });
    let rule = json!({ "name": "r", "client_id": "c", "conditions": [condition] });
    changed(rule, changes)
}

fn changed(mut value: Value, changes: &Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            change => value[name] = change.clone(),
        }
    }
    value
}

fn check(changes: Value, expected: Result<(), &str>) {
    let json = document(&changes);
    let parsed = TrustedIssuer::from_record(&json);
    match (&parsed, expected) {
        (Ok(_), Ok(())) => {}
        (Err(error), Err(part)) if error.to_string().contains(part) => {}
        _ => panic!("{json}\n  gave {parsed:?}\n  not  {expected:?}"),
    }
}

fn check_rule(changes: Value, expected: Result<(), &str>) {
    check(json!({ "rules": [rule(&changes)] }), expected);
}

fn check_condition(condition: Value, expected: Result<(), &str>) {
    check_rule(json!({ "conditions": [condition] }), expected);
}

/// The key of RFC 7515 appendix A.3.
fn jwks() -> Value {
    json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }] })
}

#[test]
fn says_what_is_wrong_with_a_document() {
    check(json!({}), Ok(()));
    check(json!({ "rules": [] }), Ok(()));
    check(json!({ "rules": null }), Ok(()));
    check(json!({ "disabled": true }), Ok(()));
    check(json!({ "unknown": 1 }), Err("unknown: no such member"));
    check(
        json!({ "disabled": "true" }),
        Err("disabled: expected a boolean"),
    );
    check(json!({ "issuer": null }), Err("issuer: expected a value"));
    for issuer in ["", "a b", "https://ä.example", &"a".repeat(256)] {
        check(json!({ "issuer": issuer, "jwks": jwks() }), Err("issuer: "));
    }
    check(json!({ "issuer": "a".repeat(255), "jwks": jwks() }), Ok(()));
    check(json!({ "jwks_uri": "https://keys.example/jwks" }), Ok(()));
    check(json!({ "jwks": jwks() }), Ok(()));
    check(
        json!({ "jwks": jwks(), "jwks_uri": "https://keys.example/jwks" }),
        Err("jwks_uri, jwks: one of them"),
    );
    check(json!({ "jwks": {} }), Err("jwks: "));
    check(json!({ "jwks": { "keys": [] } }), Err("jwks: no key"));
    check(json!({ "issuer": "ci" }), Err("no metadata"));
    check(json!({ "issuer": "ci", "jwks": jwks() }), Ok(()));
    check(json!({ "algorithms": [] }), Err("algorithms: at least one"));
    for algorithm in ["none", "HS256", "RS512", "es256", ""] {
        let why = format!("algorithms: {algorithm:?} is none of");
        check(json!({ "algorithms": ["ES256", algorithm] }), Err(&why));
    }
}

#[test]
fn keys_are_fetched_from_where_that_may_be() {
    for (uri, why) in [
        ("http://keys.example/", "not https"),
        ("https://10.0.0.1/", "not public"),
        ("https://keys.internal/", "local network"),
        ("https://a:b@keys.example/", "user information"),
        ("keys", "not an absolute URL"),
    ] {
        check(json!({ "jwks_uri": uri }), Err(why));
    }
    // What a deployment in development may reach.
    check(json!({ "jwks_uri": "http://127.0.0.1:1/" }), Ok(()));
}

#[test]
fn a_trust_domain_has_a_name_and_a_bundle() {
    let bundle = |purpose: &str| {
        let mut bundle = jwks();
        bundle["keys"][0]["use"] = purpose.into();
        bundle["keys"][0]["kid"] = "a".into();
        bundle
    };
    let with_bundle = |issuer: &str| json!({ "issuer": issuer, "jwks": bundle("jwt-svid") });
    check(with_bundle("spiffe://acme.example"), Ok(()));
    let of_certificates = bundle("x509-svid");
    check(
        json!({ "issuer": "spiffe://acme.example", "jwks": of_certificates }),
        Err("(keys of a bundle need use jwt-svid and a kid)"),
    );
    for issuer in [
        "spiffe://",
        "spiffe://acme.example/",
        "spiffe://acme.example/ci",
        "spiffe://Acme.example",
        "spiffe://acme.example:1",
        "spiffe://a@acme.example",
    ] {
        check(with_bundle(issuer), Err("issuer: "));
    }
    check(
        json!({ "issuer": "spiffe://acme.example" }),
        Err("bundle endpoint"),
    );
}

#[test]
fn all_algorithms_that_are_verified_unless_some_are_named() {
    let algorithms = |changes: Value| {
        let parsed = TrustedIssuer::from_record(&document(&changes));
        parsed.unwrap().algorithms
    };
    assert_eq!(algorithms(json!({})), VERIFICATION_ALGORITHMS);
    let some = algorithms(json!({ "algorithms": ["ES384", "RS256"] }));
    assert_eq!(some, [Algorithm::ES384, Algorithm::RS256]);
}

#[test]
fn keys_that_fit_no_algorithm_are_refused() {
    let of = |algorithm: &str| json!({ "jwks": jwks(), "algorithms": ["ES384", algorithm] });
    check(of("ES256"), Ok(()));
    check(
        of("RS256"),
        Err("jwks: no key in it fits one of the algorithms ES384, RS256"),
    );
    let svid = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "a", "use": "jwt-svid",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    check(
        json!({ "issuer": "spiffe://acme.example", "jwks": { "keys": [svid] } }),
        Err("jwks: no key in it fits one of the algorithms ES256, ES384, RS256, PS256"),
    );
}

#[test]
fn no_svid_is_signed_by_eddsa() {
    let mut bundle = jwks();
    bundle["keys"][0]["use"] = "jwt-svid".into();
    bundle["keys"][0]["kid"] = "a".into();
    let domain = |changes: Value| {
        let domain = json!({ "issuer": "spiffe://acme.example", "jwks": bundle });
        TrustedIssuer::from_record(&document(&changed(domain, &changes)))
    };
    let all_others = VERIFICATION_ALGORITHMS.into_iter();
    let all_others: Vec<_> = all_others.filter(|it| *it != Algorithm::EdDSA).collect();
    assert_eq!(domain(json!({})).unwrap().algorithms, all_others);
    for name in ["EdDSA", "Ed25519"] {
        let refused = domain(json!({ "algorithms": ["ES256", name] }));
        assert_eq!(refused, Err(InvalidTrust::NotOfSvids), "{name}");
    }
}

#[test]
fn says_what_is_wrong_with_a_rule() {
    check_rule(
        json!({ "single_use": true, "subject": "hashed", "impersonation": true }),
        Ok(()),
    );
    check_rule(json!({ "unknown": 1 }), Err("unknown: no such member"));
    check_rule(
        json!({ "subject": "someone" }),
        Err("subject: expected client or hashed"),
    );
    check_rule(
        json!({ "single_use": 1 }),
        Err("single_use: expected a boolean"),
    );
    for name in ["", "ä", "a\nb", &"a".repeat(101)] {
        check_rule(json!({ "name": name }), Err("name: 1 to 100"));
    }
    check_rule(json!({ "name": "a".repeat(100) }), Ok(()));
    check_rule(json!({ "audience": "" }), Err("audience: "));
    check_rule(json!({ "audiences": [] }), Err("audiences: at least one"));
    check_rule(json!({ "audiences": [""] }), Err("audiences: an audience"));
    check_rule(json!({ "conditions": [] }), Err("conditions: at least one"));
    check_rule(
        json!({ "conditions": null }),
        Err("conditions: at least one"),
    );
    check_rule(
        json!({ "client_id": null }),
        Err("client_id: expected a value"),
    );
    check_rule(json!({ "client_id": "" }), Err("client_id: "));
    check_rule(json!({ "scope": "a\"b" }), Err("scope: "));
    for lifetime in [0, LONGEST_TOKEN_LIFETIME.0 + 1] {
        let why = format!("access_token_lifetime: {lifetime} ");
        check_rule(json!({ "access_token_lifetime": lifetime }), Err(&why));
    }
    check_rule(
        json!({ "access_token_lifetime": LONGEST_TOKEN_LIFETIME.0 }),
        Ok(()),
    );
}

#[test]
fn says_what_is_wrong_with_a_condition() {
    for test in [
        json!({ "equals": "a" }),
        json!({ "equals": 1 }),
        json!({ "equals": false }),
        json!({ "one_of": ["a", 1, true] }),
        json!({ "prefix": "a/" }),
        json!({ "prefix": "a:" }),
        json!({ "contains": "a" }),
    ] {
        check_condition(changed(json!({ "claim": "x" }), &test), Ok(()));
    }
    let only = Err("exactly one of");
    check_condition(json!({ "claim": "x" }), only);
    check_condition(
        json!({ "claim": "x", "equals": null }),
        Err("a string, a number or a boolean"),
    );
    check_condition(json!({ "claim": "x", "equals": "a", "prefix": "a/" }), only);
    check_condition(
        json!({ "claim": "x", "equals": "a", "one_of": ["a"] }),
        only,
    );
    check_condition(
        json!({ "claim": "x", "contains": "a", "one_of": ["a"] }),
        only,
    );
    let compared = Err("a string, a number or a boolean");
    check_condition(json!({ "claim": "x", "equals": ["a"] }), compared);
    check_condition(json!({ "claim": "x", "equals": {} }), compared);
    check_condition(json!({ "claim": "x", "contains": [] }), compared);
    check_condition(json!({ "claim": "x", "one_of": ["a", null] }), compared);
    check_condition(
        json!({ "claim": "x", "one_of": [] }),
        Err("one_of: 1 to 50"),
    );
    check_condition(
        json!({ "claim": "x", "one_of": "a" }),
        Err("one_of: expected an array"),
    );
    check_condition(
        json!({ "claim": "x", "matches": "^a$" }),
        Err("matches: no such member"),
    );
    check_condition(
        json!({ "claim": "x", "prefix": 1 }),
        Err("prefix: expected a string"),
    );
    for prefix in ["", "a", "a*", "a/b"] {
        check_condition(
            json!({ "claim": "x", "prefix": prefix }),
            Err("border of a segment"),
        );
    }
    for claim in [
        json!(""),
        json!([]),
        json!([""]),
        json!(["a", 1]),
        json!(1),
        json!({}),
    ] {
        check_condition(json!({ "claim": claim, "equals": "a" }), Err("claim: "));
    }
    check_condition(
        json!({ "equals": "a" }),
        Err("claim: expected a value, but there is none"),
    );
}

/// `json` is not read as a document, though serde alone would.
fn check_unread(json: &str) {
    let read = TrustedIssuer::from_record(json);
    let is_unread = matches!(&read, Err(InvalidTrust::Json(why)) if why.is_json());
    assert!(is_unread, "{json} gave {read:?}");
}

#[test]
fn objects_are_not_read_from_arrays() {
    let document = |rule: &str| format!(r#"{{"issuer":"{ISSUER}","rules":[{rule}]}}"#);
    let condition = r#"{"claim":"sub","equals":"a"}"#;
    let rule = |condition| format!(r#"{{"name":"r","client_id":"c","conditions":[{condition}]}}"#);
    assert!(TrustedIssuer::from_record(&document(&rule(condition))).is_ok());
    check_unread(&format!(
        r#"["{ISSUER}","https://keys.example/",{{}},[],false,[]]"#
    ));
    check_unread(&document(&format!(
        r#"["r",false,"a",[{condition}],"c","",[],1,false,"client",false,[]]"#
    )));
    check_unread(&document(&rule(r#"["sub","a",[],"",""]"#)));
}

#[test]
fn null_is_no_value() {
    let condition = r#"{"claim":"sub","equals":"a"}"#;
    for member in ["jwks", "jwks_uri", "algorithms", "disabled", "rules"] {
        check_unread(&format!(r#"{{"issuer":"{ISSUER}","{member}":null}}"#));
    }
    for member in [
        "disabled",
        "audience",
        "scope",
        "audiences",
        "access_token_lifetime",
        "single_use",
        "subject",
        "impersonation",
        "accepted_dangers",
    ] {
        check_unread(&format!(
            r#"{{"issuer":"{ISSUER}","rules":[{{"name":"r","client_id":"c","conditions":[{condition}],"{member}":null}}]}}"#
        ));
    }
    let with = |test: Value, member: &str| {
        let mut condition = changed(json!({ "claim": "x" }), &test);
        condition[member] = Value::Null;
        condition
    };
    let one_of = json!({ "one_of": ["a"] });
    for (member, why) in [
        ("equals", "exactly one of"),
        ("contains", "exactly one of"),
        ("prefix", "prefix: expected a string"),
    ] {
        check_condition(with(one_of.clone(), member), Err(why));
    }
    check_condition(
        with(json!({ "equals": "a" }), "one_of"),
        Err("one_of: expected an array"),
    );
}

#[test]
fn no_member_is_there_twice() {
    let keys = jwks()["keys"].to_string();
    for members in [
        r#""disabled":true,"disabled":false"#.to_owned(),
        r#""rules":[],"rules":[]"#.to_owned(),
        format!(r#""jwks":{{"keys":[],"keys":{keys}}}"#),
        r#""rules":[{"name":"r","client_id":"a","client_id":"c","conditions":[{"claim":"x","equals":1}]}]"#.to_owned(),
        r#""rules":[{"name":"r","client_id":"c","conditions":[{"claim":"x","equals":1,"equals":2}]}]"#.to_owned(),
    ] {
        check_unread(&format!(r#"{{"issuer":"{ISSUER}",{members}}}"#));
    }
}

#[test]
fn a_name_is_given_to_one_rule() {
    let [first, second] = ["a", "b"].map(|name| rule(&json!({ "name": name })));
    check(json!({ "rules": [first, second] }), Ok(()));
    let disabled = rule(&json!({ "name": "a", "disabled": true }));
    check(
        json!({ "rules": [first, second, disabled] }),
        Err("two are called \"a\""),
    );
}

#[test]
fn no_document_grows_without_bound() {
    let rules = |count: usize| {
        let rules = (0..count).map(|n| rule(&json!({ "name": n.to_string() })));
        json!({ "rules": rules.collect::<Value>() })
    };
    check(rules(MOST_RULES), Ok(()));
    check(rules(MOST_RULES + 1), Err("rules: more than 100"));
    let conditions =
        |count| json!({ "conditions": vec![json!({ "claim": "x", "equals": 1 }); count] });
    check_rule(conditions(MOST_CONDITIONS), Ok(()));
    check_rule(
        conditions(MOST_CONDITIONS + 1),
        Err("conditions: more than 50"),
    );
    let values = |count| json!({ "claim": "x", "one_of": vec![1; count] });
    check_condition(values(MOST_CONDITIONS), Ok(()));
    check_condition(values(MOST_CONDITIONS + 1), Err("one_of: 1 to 50"));
    let audiences = |count| json!({ "audiences": vec!["a"; count] });
    check_rule(audiences(MOST_CONDITIONS), Ok(()));
    check_rule(
        audiences(MOST_CONDITIONS + 1),
        Err("audiences: more than 50"),
    );
}

#[test]
fn what_is_written_is_read_again() {
    let condition = json!({ "claim": ["a", "b"], "one_of": [1, "x", true] });
    let all = json!({
        "audience": "https://jeton.example", "conditions": [condition], "scope": "a b",
        "audiences": ["https://api.example"], "access_token_lifetime": 60, "single_use": true,
        "subject": "hashed", "impersonation": true, "disabled": true, "accepted_dangers": ["any_ref"],
    });
    let json = document(&json!({
        "disabled": true, "algorithms": ["ES256"], "jwks": jwks(), "rules": [rule(&all)],
    }));
    let record: TrustRecord = serde_json::from_str(&json).unwrap();
    let written = serde_json::to_value(&record).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(&json).unwrap());
    let trusted = record.parse().unwrap();
    let [rule] = trusted.rules.as_slice() else {
        panic!("{trusted:?}");
    };
    assert!(trusted.disabled && rule.disabled && rule.single_use && rule.impersonation);
    assert_eq!(rule.subject, Subject::Hashed);
    assert_eq!(rule.accepted_dangers, [Danger::AnyRef]);
}
