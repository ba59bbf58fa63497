//! The claims that users and claim rules add to tokens and answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::spec::{ClaimMatch, ClaimRule, User};

/// What is known of the request that gets a token or an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) client_id: Option<&'a str>,
    pub(crate) grant_type: Option<&'a str>,
    /// What was granted, not what was asked for.
    pub(crate) scope: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) issuer: &'a str,
    pub(crate) issuer_name: &'a str,
    pub(crate) parameters: &'a BTreeMap<String, String>,
}

/// The claims and members that users and rules add; null takes away.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Additions {
    pub(crate) id_token: Map<String, Value>,
    pub(crate) access_token: Map<String, Value>,
    pub(crate) userinfo: Map<String, Value>,
    /// Members of the token response.
    pub(crate) response: Map<String, Value>,
    pub(crate) access_token_typ: Option<String>,
    /// Of both tokens, in seconds.
    pub(crate) lifetime: Option<u64>,
}

impl Additions {
    /// The additions of the user, then those of each rule that matches; the later wins.
    pub(crate) fn of(users: &[User], rules: &[ClaimRule], facts: &Facts<'_>) -> Self {
        let mut additions = Self::default();
        let user = facts
            .subject
            .and_then(|subject| users.iter().find(|user| user.sub == subject));
        if let Some(user) = user {
            add(&mut additions.id_token, &user.id_token, facts);
            add(&mut additions.access_token, &user.access_token, facts);
            add(&mut additions.userinfo, &user.userinfo, facts);
        }
        for rule in rules {
            if !matches(&rule.matching, facts) {
                continue;
            }
            add(&mut additions.id_token, &rule.id_token, facts);
            add(&mut additions.access_token, &rule.access_token, facts);
            add(&mut additions.userinfo, &rule.userinfo, facts);
            add(&mut additions.response, &rule.response, facts);
            if let Some(typ) = &rule.access_token_typ {
                additions.access_token_typ = Some(typ.clone());
            }
            additions.lifetime = rule.lifetime.or(additions.lifetime);
            if rule.last {
                break;
            }
        }
        additions
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Members of `additions` take the place of those in `into`; null takes them away.
pub(crate) fn merge(into: &mut Map<String, Value>, additions: &Map<String, Value>) {
    for (name, value) in additions {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}

fn add(into: &mut Map<String, Value>, claims: &Map<String, Value>, facts: &Facts<'_>) {
    for (name, value) in claims {
        into.insert(name.clone(), expand(value, facts));
    }
}

fn matches(matching: &ClaimMatch, facts: &Facts<'_>) -> bool {
    let one = [
        (&matching.client_id, facts.client_id),
        (&matching.grant_type, facts.grant_type),
        (&matching.subject, facts.subject),
    ];
    one.into_iter().all(|(pattern, fact)| {
        pattern
            .as_ref()
            .is_none_or(|pattern| fact.is_some_and(|fact| pattern.matches(fact)))
    }) && matching.scope.as_ref().is_none_or(|pattern| {
        let mut tokens = facts.scope.unwrap_or_default().split_ascii_whitespace();
        tokens.any(|token| pattern.matches(token))
    }) && matching.parameters.iter().all(|(name, pattern)| {
        facts
            .parameters
            .get(name)
            .is_some_and(|value| pattern.matches(value))
    })
}

fn expand(value: &Value, facts: &Facts<'_>) -> Value {
    match value {
        Value::String(text) => Value::String(expand_text(text, facts)),
        Value::Array(items) => items.iter().map(|item| expand(item, facts)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), expand(value, facts)))
            .collect(),
        other => other.clone(),
    }
}

/// A text with its templates filled in. Values are not expanded again: strangers wrote them.
fn expand_text(text: &str, facts: &Facts<'_>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${")
        && let Some((name, after)) = after.split_once('}')
    {
        expanded.push_str(before);
        expanded.push_str(fact(name, facts).unwrap_or_default());
        rest = after;
    }
    expanded.push_str(rest);
    expanded
}

/// The value of a template's name. What is known for certain goes before a parameter of that name.
fn fact<'a>(name: &str, facts: &Facts<'a>) -> Option<&'a str> {
    let known = match name {
        "client_id" => facts.client_id,
        "grant_type" => facts.grant_type,
        "scope" => facts.scope,
        "subject" => facts.subject,
        "issuer" => Some(facts.issuer),
        "issuer_name" => Some(facts.issuer_name),
        _ => None,
    };
    known.or_else(|| facts.parameters.get(name).map(String::as_str))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `mira` gets tokens for `billing` with a code; `resource` is among the parameters.
    fn additions(users: Value, rules: Value) -> Additions {
        let parameters = [
            ("resource", "https://a.example"),
            ("client_id", "not-this-one"),
            ("audience", "a ${subject}"),
        ];
        let parameters = parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let facts = Facts {
            client_id: Some("billing"),
            grant_type: Some("authorization_code"),
            scope: Some("openid read"),
            subject: Some("mira"),
            issuer: "http://localhost:9400/acme",
            issuer_name: "acme",
            parameters: &parameters,
        };
        let users: Vec<User> = serde_json::from_value(users).unwrap();
        let rules: Vec<ClaimRule> = serde_json::from_value(rules).unwrap();
        Additions::of(&users, &rules, &facts)
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
            let actual = !additions(json!([]), rules).is_empty();
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
            issuer: "",
            issuer_name: "",
            parameters: &BTreeMap::new(),
        };
        for member in ["client_id", "grant_type", "scope", "subject"] {
            let matching = serde_json::from_value(json!({ member: "*" })).unwrap();
            assert!(!matches(&matching, &facts), "{member}");
        }
    }

    #[test]
    fn templates_expand() {
        for (template, expected) in [
            (json!("${client_id}"), json!("billing")),
            (json!("${subject}@${issuer_name}"), json!("mira@acme")),
            (json!("${issuer}"), json!("http://localhost:9400/acme")),
            (
                json!("${scope}/${grant_type}"),
                json!("openid read/authorization_code"),
            ),
            (json!(["${resource}"]), json!(["https://a.example"])),
            (
                json!({ "${subject}": { "deep": ["${subject}", 1, true, null] } }),
                json!({ "${subject}": { "deep": ["mira", 1, true, null] } }),
            ),
            (json!("<${nothing}>"), json!("<>")),
            // A stranger's text is no template.
            (json!("${audience}"), json!("a ${subject}")),
            (
                json!("$ {subject} ${subject"),
                json!("$ {subject} ${subject"),
            ),
            (json!("${}"), json!("")),
            (json!(7), json!(7)),
        ] {
            let rules = json!([{ "access_token": { "claim": template } }]);
            let actual = additions(json!([]), rules).access_token;
            assert_eq!(actual.get("claim"), Some(&expected), "{template}");
        }
    }

    #[test]
    fn the_later_wins() {
        let users = json!([
            { "sub": "alice", "id_token": { "not": "hers" } },
            {
                "sub": "mira",
                "id_token": { "from": "user", "user": "${client_id}" },
                "access_token": { "roles": ["a"] },
                "userinfo": { "picture": "p" },
            },
        ]);
        let rules = json!([
            {
                "id_token": { "from": "first", "first": 1 },
                "access_token": { "roles": null },
                "response": { "custom": "x" },
                "access_token_typ": "JWT",
                "lifetime": 60,
            },
            { "match": { "subject": "alice" }, "id_token": { "not": "hers" }, "last": true },
            { "id_token": { "from": "second" }, "lifetime": 5, "last": true },
            { "id_token": { "from": "after the last" }, "access_token_typ": "x" },
        ]);
        let object = |value: Value| value.as_object().cloned().unwrap();
        assert_eq!(
            additions(users, rules),
            Additions {
                id_token: object(json!({ "from": "second", "first": 1, "user": "billing" })),
                access_token: object(json!({ "roles": null })),
                userinfo: object(json!({ "picture": "p" })),
                response: object(json!({ "custom": "x" })),
                access_token_typ: Some("JWT".to_owned()),
                lifetime: Some(5),
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
}
