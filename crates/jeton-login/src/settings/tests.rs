//! What is wrong with a `JETON_LOGIN`, by its place.

use jeton::Config;
use serde_json::{Value, json};

use super::{InvalidLogin, LoginSettings, SessionRecord};

const SECRET: &str = "GOCSPX-0123456789abcdefghijklmnopqr";

fn wrong(text: &str) -> Vec<String> {
    let config = Config::from_lookup(|name| {
        let text = match name {
            "JETON_ISSUER" => "https://id.example",
            "JETON_SECRET" => "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj",
            _ => return None,
        };
        Some(text.to_owned())
    });
    let parsed = LoginSettings::parse(text, config.unwrap().reach());
    let wrong = parsed.err().unwrap_or_default();
    wrong.iter().map(InvalidLogin::to_string).collect()
}

/// `JETON_LOGIN` of a provider that is well and one with these members besides; null takes away.
fn with_provider(members: &Value) -> Value {
    let mut provider = json!({
        "type": "openid",
        "id": "two",
        "name": "Two",
        "issuer": "https://two.example",
        "client_id": "a",
        "client_secret": SECRET,
    });
    let good = provider.clone();
    let own = provider.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        own.insert(name.clone(), value.clone());
    }
    own.retain(|_, value| !value.is_null());
    let mut good = good;
    good["id"] = "one".into();
    json!({ "providers": [good, provider] })
}

#[test]
fn a_mistake_is_told_by_its_place_and_not_by_its_value() {
    let cases = [
        (
            json!({ "allow": { "domains": [SECRET] } }),
            "providers[1].allow.domains: no such member; there are emails, ",
        ),
        (
            json!({ "allow": { "emails": [SECRET, 1] } }),
            "providers[1].allow.emails[1]: a string",
        ),
        (json!({ "allow": SECRET }), "providers[1].allow: an object"),
        (
            json!({ "issuer": null }),
            "providers[1].issuer: a value, but there is none",
        ),
        (
            json!({ "type": null }),
            "providers[1].type: a value, but there is none",
        ),
        (
            json!({ "type": SECRET }),
            "providers[1].type: openid or github",
        ),
        (
            json!({ "userinfo": SECRET }),
            "providers[1].userinfo: one of when_needed, ",
        ),
        (json!({ SECRET: 1 }), "providers[1].?: no such member"),
        (
            json!({ "claims": { SECRET: "${x}" } }),
            "providers[1].claims.?: ",
        ),
        (
            json!({ "claims": { "team": format!("${{{SECRET}}}") } }),
            "providers[1].claims.team: in each ${…} one of upstream.NAME, ",
        ),
        (
            json!({ "claims": { "team": [format!("${{{SECRET}")] } }),
            "providers[1].claims.team: in each ${…} one of ",
        ),
        (
            json!({ "claims": { "level": "${upstream.name|upstream.acr}" } }),
            "providers[1].claims.level: no ${upstream.acr}: it is about the login",
        ),
        (
            json!({ "claims": { "acr": 3 } }),
            "providers[1].claims.acr: a value of such a claim",
        ),
        (
            json!({ "claims": { "amr": "pwd" } }),
            "providers[1].claims.amr: a value of such a claim",
        ),
        (
            json!({ "claims": { "n": [1e300] } }),
            "providers[1].claims.n: a value of such a claim, which everyone reads the same",
        ),
        (
            json!({ "client_secret": [SECRET] }),
            "providers[1].client_secret: a string",
        ),
        (
            json!({ "id": "one" }),
            "providers[1].id: an id that no other provider has",
        ),
        (
            json!({ "parameters": { "access_type": [SECRET] } }),
            "providers[1].parameters.access_type: a string",
        ),
        (
            json!({ "claims": { "team": "${upstram.x}" } }),
            "providers[1].claims.team: ",
        ),
    ];
    for (members, expected) in cases {
        let wrong = wrong(&with_provider(&members).to_string());
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].starts_with(expected), "{wrong:?}");
        assert!(!wrong[0].contains(SECRET), "{wrong:?}");
    }
}

#[test]
fn claims_that_can_be_said_are_taken() {
    let claims = json!({ "acr": "gold", "amr": ["${upstream.ways}"], "may_act": null, "name": null, "n": [1.5] });
    let taken = with_provider(&json!({ "claims": claims }));
    assert!(wrong(&taken.to_string()).is_empty());
}

#[test]
fn neither_facts_nor_clients_are_quoted_that_may_be_secrets() {
    let mut login = with_provider(&json!({}));
    login["claims"] = json!([{ "match": { SECRET: "a" }, "claims": {} }]);
    login["clients"] = json!({ SECRET: { "allow": { "emails": [] } } });
    let said = wrong(&login.to_string());
    assert!(said[0].starts_with("clients.?.allow: somebody"), "{said:?}");
    assert_eq!(
        said[1],
        "claims[0].match: nothing but client_id, provider, scope"
    );
}

#[test]
fn a_member_that_is_there_twice_is_refused_wherever_it_stands() {
    let providers = with_provider(&json!({}))["providers"].to_string();
    for (members, place) in [
        (
            r#""clients": { "shop": { "allow": { "emails": ["eve@example.org"] } }, "shop": {} }"#,
            "clients.shop: ",
        ),
        (
            r#""allow": { "claims": { "groups": ["a"], "groups": ["a", "b"] } }"#,
            "allow.claims.groups: ",
        ),
        (
            r#""claims": [{ "claims": { "team": null, "team": "a" } }]"#,
            "claims[0].claims.team: ",
        ),
        (
            r#""claims": [{ "claims": { "team": { "a": 1, "a": 1 } } }]"#,
            "claims[0].claims.team.a: ",
        ),
        (
            r#""claims": [{ "match": { "scope": "a", "scope": "b" }, "claims": {} }]"#,
            "claims[0].match.scope: ",
        ),
    ] {
        let said = wrong(&format!(r#"{{ "providers": {providers}, {members} }}"#));
        assert_eq!(said, [format!("{place}one value, not two")]);
    }
}

#[test]
fn a_place_is_told_wherever_serde_stops() {
    let cases = [
        (
            r#"{"session": {"idle": -1, "absolute": 3}}"#,
            "session.idle: ",
        ),
        (r#"{"session": {"idle": {"a": [1]}}}"#, "session.idle: "),
        (
            r#"{"session": {"idle": 1, "idle": 2}}"#,
            "session.idle: one value",
        ),
        (r#"{"session": {"idle": 1, "x": 2}}"#, "session.x: "),
        (
            r#"{"clients": {"a": {}, "b": {"allow": {"emails": [ "[", 1 ]}}}}"#,
            "clients.b.allow.emails[1]: ",
        ),
        (
            r#"{"clients": {"a": {"emails": []}}}"#,
            "clients.a.emails: no such member; there is only allow",
        ),
        (r#"{"clients": {"a b": 1}}"#, "clients.?: an object"),
        (r#"{"clients": {"\"}": {}, "b": 1}}"#, "clients.b: "),
        (
            r#"{"claims": [{"claims": {}}, {"match": {}}]}"#,
            "claims[1].claims: a value",
        ),
        (
            r#"{"claims": [{"match": {"provider": "/(/" } , "claims": {}}]}"#,
            "claims[0].match.provider: a text in which *",
        ),
        (
            r#"{"claims": [{"match": {"a": "/(/", "b": "c"}}]}"#,
            "claims[0].match.a: a text in which *",
        ),
        ("{\n \"name\": \"\u{e4}\",\n \"logo\": 1}", "logo: a string"),
        (r#"{"claims": [[]]}"#, "claims[0]: "),
        ("[]", "an object"),
        ("1", "an object"),
    ];
    for (text, expected) in cases {
        let wrong = wrong(text);
        assert!(wrong[0].starts_with(expected), "{text}: {wrong:?}");
    }
}

#[test]
fn a_session_is_idle_for_no_longer_than_it_lasts() {
    let day = 24 * 3600;
    for (session, expected) in [
        (json!({}), Ok((day, 7 * day))),
        (json!({ "absolute": 28_800 }), Ok((28_800, 28_800))),
        (json!({ "absolute": 2 * day }), Ok((day, 2 * day))),
        (json!({ "idle": 60 }), Ok((60, 7 * day))),
        (
            json!({ "idle": 30 * day }),
            Err("idle: 60 to 604800 seconds: no more than absolute"),
        ),
        (
            json!({ "absolute": 59 }),
            Err("absolute: 60 to 34560000 seconds"),
        ),
    ] {
        let record: SessionRecord = serde_json::from_value(session.clone()).unwrap();
        let parsed = record.parse();
        let got = parsed.map(|lasts| (lasts.idle.0, lasts.absolute.0));
        let got = got.map_err(|invalid| invalid.to_string());
        assert_eq!(got, expected.map_err(str::to_owned), "{session}");
    }
}

#[test]
fn of_each_part_the_first_is_told() {
    let mut login = with_provider(&json!({ "scope": "email", "id": "T W O", "name": "" }));
    login["providers"][1]["claims"] = json!({ "team": "${upstram.x}" });
    login["providers"][0]["allow"] = json!({ "emails": [] });
    login["allow"] = json!({ "email_domains": ["@example.com"] });
    login["clients"] = json!({ "shop": { "allow": { "emails": ["x"] } } });
    login["claims"] = json!([{ "match": { "who": "*" }, "claims": {} }]);
    login["session"] = json!({ "idle": 1 });
    login["name"] = "".into();
    login["logo"] = "@logo.png".into();
    login["colors"] = json!({ "accent": "red" });
    let places: Vec<_> = wrong(&login.to_string())
        .iter()
        .map(|wrong| wrong.split(": ").next().unwrap().to_owned())
        .collect();
    assert_eq!(
        places,
        [
            "providers[0].allow",
            "providers[1].id",
            "providers[1].name",
            "providers[1].claims.team",
            "providers[1].scope",
            "allow.email_domains",
            "clients.shop.allow.emails",
            "claims[0].match",
            "session.idle",
            "name",
            "logo",
            "colors.accent",
        ]
    );
}

#[test]
fn no_json_is_told_by_line_and_column() {
    assert_eq!(
        wrong("{\n  \"providers\": [,]}"),
        ["JSON, which cannot be read from line 2, column 17 on"]
    );
    assert_eq!(
        wrong("{\"providers\": []} x"),
        ["JSON, which cannot be read from line 1, column 19 on"]
    );
    assert_eq!(
        wrong("login.json"),
        ["JSON, which cannot be read from line 1, column 1 on; a file is @login.json"]
    );
    let twice = wrong("{\"providers\": [], \"name\": \"a\", \"name\": \"b\"}");
    assert_eq!(twice, ["name: one value, not two"]);
    assert_eq!(
        wrong("{\"providers\": []}"),
        ["providers: 1 to 20 providers"]
    );
    assert!(wrong(&with_provider(&json!({})).to_string()).is_empty());
}
