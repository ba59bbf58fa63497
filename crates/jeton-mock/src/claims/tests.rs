use serde_json::json;

use super::*;

/// `mira` gets tokens for `billing` with a code; `resource` is among the parameters.
fn additions(user: Value, rules: Value) -> Additions {
    let parameters = [
        ("resource", "https://a.example"),
        ("client_id", "not-this-one"),
        ("audience", "a ${subject}"),
        ("state", ""),
        ("tenant", "blue"),
    ];
    let parameters = parameters
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let user: Option<User> = serde_json::from_value(user).unwrap();
    let claims = user.as_ref().map(User::grant_claims);
    let facts = Facts {
        client_id: Some("billing"),
        grant_type: Some("authorization_code"),
        scope: Some("openid read"),
        subject: Some("mira"),
        user: claims.as_ref(),
        issuer: "http://localhost:9400/acme/",
        issuer_name: "acme",
        base: "http://localhost:9400/acme",
        identity: &[7; 32],
        now: UnixTime(1_700_000_000),
        parameters: &parameters,
    };
    let rules: Vec<ClaimRule> = serde_json::from_value(rules).unwrap();
    for rule in &rules {
        check_rule(rule).unwrap();
    }
    let made = |claims: Value| claims.as_object().cloned().unwrap();
    let (access_token, id_token) = (
        made(json!({ "jti": "a", "exp": 60, "gone": null })),
        made(json!({ "jti": "i" })),
    );
    let answer = made(json!({ "jti": "answer" }));
    let made = Made {
        access_token: Some(&access_token),
        id_token: Some(&id_token),
        answer: Some(&answer),
    };
    Additions::of(None, user.as_ref(), &rules, &facts, &made)
}

#[test]
fn rules_match() {
    for (matching, expected) in [
        (json!({}), true),
        (json!({ "client_id": "billing" }), true),
        (json!({ "client_id": "bill*" }), true),
        (json!({ "client_id": "not-this-one" }), false),
        (json!({ "grant_type": "authorization_code" }), true),
        (json!({ "grant_type": "client_credentials" }), false),
        (json!({ "scope": "read" }), true),
        (json!({ "scope": "*" }), true),
        (json!({ "scope": "openid read" }), false),
        (json!({ "scope": "write" }), false),
        (json!({ "subject": "mira" }), true),
        (json!({ "subject": "alice" }), false),
        (json!({ "parameters": { "resource": "https://*" } }), true),
        (json!({ "parameters": { "resource": "http:*" } }), false),
        (json!({ "parameters": { "absent": "*" } }), false),
        (json!({ "client_id": "billing", "subject": "alice" }), false),
    ] {
        let rules = json!([{ "match": matching, "id_token": { "here": true } }]);
        let actual = !additions(Value::Null, rules).is_empty();
        assert_eq!(actual, expected, "{matching}");
    }
}

#[test]
fn what_is_not_known_matches_nothing() {
    let facts = Facts {
        client_id: None,
        grant_type: None,
        scope: None,
        subject: None,
        user: None,
        issuer: "",
        issuer_name: "",
        base: "",
        identity: &[0; 32],
        now: UnixTime(0),
        parameters: &BTreeMap::new(),
    };
    for member in ["client_id", "grant_type", "scope", "subject"] {
        let matching = serde_json::from_value(json!({ member: "*" })).unwrap();
        assert!(!matches(&matching, &facts), "{member}");
    }
}

#[test]
fn templates_expand() {
    let mira = json!({ "sub": "mira", "claims": {
        "email": "m@x.example", "roles": ["a", 1], "empty": null, "https://x.example/role": "r",
    } });
    for (template, expected) in [
        // Alone, a template is the value itself.
        (json!("${client_id}"), json!("billing")),
        (json!("${issuer}"), json!("http://localhost:9400/acme/")),
        (json!("${base}"), json!("http://localhost:9400/acme")),
        (json!("${scope}"), json!("openid read")),
        (json!("${scopes}"), json!(["openid", "read"])),
        (json!("${scopes.r*d}"), json!(["ea"])),
        (
            json!(["x", "${scopes.*d}", "${scopes.no:*}", "${scopes}"]),
            json!(["x", "openi", "rea", ["openid", "read"]]),
        ),
        (json!("${now}"), json!(1_700_000_000)),
        (json!("${user.roles}"), json!(["a", 1])),
        (json!("${user.https://x.example/role}"), json!("r")),
        (json!("${claims.exp}"), json!(60)),
        (json!(["${resource}"]), json!(["https://a.example"])),
        (json!("${parameters.tenant}"), json!("blue")),
        (
            json!("${uuid:oid}"),
            json!("0096a142-cd50-5a6d-a074-6dc3a7d037fd"),
        ),
        // Within a text it is its text.
        (json!("${subject}@${issuer_name}"), json!("mira@acme")),
        (
            json!("<${user.roles}> ${now}"),
            json!("<[\"a\",1]> 1700000000"),
        ),
        (json!("<${user.nothing}>"), json!("<>")),
        // The first that is there.
        (
            json!("${user.nothing|audience|subject}"),
            json!("a ${subject}"),
        ),
        (json!("${user.empty|state|subject}"), json!("mira")),
        (json!("${claims.gone|claims.jti}"), json!("a")),
        (
            json!({ "${subject}": { "deep": ["${subject}", 1, true, null] } }),
            json!({ "${subject}": { "deep": ["mira", 1, true, null] } }),
        ),
        // What is not there is left out.
        (json!(["${user.nothing}", "x"]), json!(["x"])),
        (json!({ "a": "${nonce}", "b": 1 }), json!({ "b": 1 })),
        // A stranger's text is no template.
        (json!("${audience}"), json!("a ${subject}")),
        (
            json!("$ {subject} $subject }"),
            json!("$ {subject} $subject }"),
        ),
        (json!(7), json!(7)),
    ] {
        let rules = json!([{ "access_token": { "claim": template } }]);
        let actual = additions(mira.clone(), rules).access_token;
        assert_eq!(actual.get("claim"), Some(&expected), "{template}");
    }
    for template in [
        "${user.nothing}",
        "${user.empty}",
        "${nonce}",
        "${state|claims.gone}",
    ] {
        let rules = json!([{ "access_token": { "claim": template } }]);
        assert!(additions(mira.clone(), rules).is_empty(), "{template}");
    }
}

#[test]
fn each_place_tells_of_its_own_claims() {
    let own = json!({ "seen": "${claims.jti}" });
    let rules = json!([
        { "access_token": { "jti": "changed" }, "id_token": { "jti": null } },
        {
            "access_token": { "seen": "${claims.jti}", "jti": "later" },
            "access_token_header": own,
            "response": own,
            "id_token": own,
            "id_token_header": own,
            "userinfo": own,
            "introspection": own,
        },
    ]);
    let additions = additions(Value::Null, rules);
    let seen = |place: &Map<String, Value>| place.get("seen").cloned();
    for (place, expected) in [
        (&additions.access_token, Some("changed")),
        (&additions.access_token_header, Some("changed")),
        (&additions.response, Some("changed")),
        (&additions.id_token, None),
        (&additions.id_token_header, None),
        (&additions.userinfo, Some("answer")),
        (&additions.introspection, Some("answer")),
    ] {
        assert_eq!(seen(place), expected.map(Value::from), "{additions:?}");
    }
}

#[test]
fn what_is_no_template_is_refused() {
    for (claims, at) in [
        (json!({ "a": "${nothing}" }), "access_token.a"),
        (json!({ "a": "${}" }), "access_token.a"),
        (json!({ "a": "x ${clientId}" }), "access_token.a"),
        (json!({ "a": "${subject|someparam}" }), "access_token.a"),
        (json!({ "a": "${user.}" }), "access_token.a"),
        (json!({ "a": "${user:a}" }), "access_token.a"),
        (json!({ "a": "${uuid.a}" }), "access_token.a"),
        (json!({ "a": "${subject" }), "access_token.a"),
        (
            json!({ "a": ["x", { "b": "${x}" }] }),
            "access_token.a[1].b",
        ),
    ] {
        let rule = serde_json::from_value(json!({ "access_token": claims })).unwrap();
        assert_eq!(check_rule(&rule).unwrap_err().at, at, "{claims}");
    }
    let named = serde_json::from_value(json!({ "id_token_header": { "x5t": "${x}" } }));
    let invalid = check_rule(&named.unwrap()).unwrap_err().to_string();
    let expected = "id_token_header.x5t: expected a template of client_id, subject, ";
    assert!(invalid.starts_with(expected), "{invalid}");
    assert!(invalid.ends_with("; there is no ${x}"), "{invalid}");
    for member in ["access_token_header", "id_token_header"] {
        let rule = serde_json::from_value(json!({ member: { "alg": "none" } })).unwrap();
        assert_eq!(check_rule(&rule).unwrap_err().at, format!("{member}.alg"));
    }
}

#[test]
fn the_later_wins() {
    let user = json!({
        "sub": "mira",
        "id_token": { "from": "user", "user": "${client_id}" },
        "access_token": { "roles": ["a"] },
        "userinfo": { "picture": "p" },
    });
    let rules = json!([
        {
            "id_token": { "from": "first", "first": 1 },
            "access_token": { "roles": null },
            "response": { "custom": "x" },
            "access_token_header": { "typ": "JWT" },
            "lifetime": 60,
        },
        { "match": { "subject": "alice" }, "id_token": { "not": "hers" }, "last": true },
        { "id_token": { "from": "second" }, "lifetime": 5, "last": true },
        { "id_token": { "from": "after the last" }, "access_token_header": { "typ": "x" } },
    ]);
    let object = |value: Value| value.as_object().cloned().unwrap();
    assert_eq!(
        additions(user, rules),
        Additions {
            id_token: object(json!({ "from": "second", "first": 1, "user": "billing" })),
            access_token: object(json!({ "roles": null })),
            userinfo: object(json!({ "picture": "p" })),
            response: object(json!({ "custom": "x" })),
            access_token_header: object(json!({ "typ": "JWT" })),
            lifetime: Some(5),
            ..Additions::default()
        }
    );
}

#[test]
fn null_takes_away() {
    for (into, added, expected) in [
        (
            json!({ "a": 1 }),
            json!({ "b": 2 }),
            json!({ "a": 1, "b": 2 }),
        ),
        (json!({ "a": 1 }), json!({ "a": [2] }), json!({ "a": [2] })),
        (
            json!({ "a": 1, "b": 2 }),
            json!({ "a": null }),
            json!({ "b": 2 }),
        ),
        (json!({}), json!({ "a": null }), json!({})),
    ] {
        let mut merged = into.as_object().cloned().unwrap();
        merge(&mut merged, added.as_object().unwrap());
        assert_eq!(Value::Object(merged), expected, "{into} {added}");
    }
}
