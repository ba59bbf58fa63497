//! The request mappings of mock-oauth2-server as claim rules.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::spec::{ClaimMatch, ClaimRule, Pattern};

/// Matches whatever is there.
const ANYTHING: &str = "*";

/// The characters that make a text a regular expression. A dot is none of them: in the hosts and
/// scopes that people write it stands for itself.
const SPECIAL: [char; 13] = [
    '\\', '^', '$', '|', '?', '*', '+', '(', ')', '[', ']', '{', '}',
];

/// Grants that have a person as their subject.
const OF_PEOPLE: &str =
    "authorization_code|refresh_token|urn:ietf:params:oauth:grant-type:device_code";

/// The grant that mock-oauth2-server has and Jeton has not.
const OTHER_GRANT: &str = "password";

/// What tokens say where a parameter of the request is so.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mapping {
    pub(super) request_param: String,
    #[serde(rename = "match", default = "anything")]
    pub(super) pattern: String,
    #[serde(default)]
    pub(super) claims: Map<String, Value>,
    pub(super) type_header: Option<String>,
}

fn anything() -> String {
    ANYTHING.to_owned()
}

impl Mapping {
    /// Whether its pattern stands for itself only.
    pub(super) fn is_plain(&self) -> bool {
        is_plain(&self.pattern)
    }

    /// What of the mapping has no effect here, and why.
    pub(super) fn without_effect(&self) -> Option<String> {
        if self.request_param == "grant_type" && self.pattern == OTHER_GRANT {
            return Some(format!(": there is no grant {}", self.pattern));
        }
        self.type_header
            .as_ref()
            .filter(|typ| *typ != "JWT")
            .map(|_| ".typeHeader: of access tokens; ID tokens keep their own".to_owned())
    }
}

/// What tokens say where an issuer has no callback.
pub(super) fn defaults() -> Vec<ClaimRule> {
    let claims = |claims: Value| claims.as_object().cloned().unwrap_or_default();
    let everywhere = claims(json!({ "tid": "${issuer_name}" }));
    let mut access_token = everywhere.clone();
    access_token.insert("aud".to_owned(), json!(["default"]));
    let azp = claims(json!({ "azp": "${client_id}" }));
    vec![
        ClaimRule {
            id_token: everywhere.clone(),
            access_token,
            userinfo: everywhere,
            access_token_typ: Some("JWT".to_owned()),
            ..ClaimRule::default()
        },
        // The scope is the audience. That of several is the list of them, which no rule can say.
        ClaimRule {
            matching: ClaimMatch {
                grant_type: Some(Pattern::from("client_credentials")),
                parameters: Pattern::regex("[^ ]+")
                    .map(|one| ("scope".to_owned(), one))
                    .into_iter()
                    .collect(),
                ..ClaimMatch::default()
            },
            access_token: claims(json!({ "aud": ["${scope}"] })),
            ..ClaimRule::default()
        },
        ClaimRule {
            matching: ClaimMatch {
                grant_type: Some(Pattern::from("authorization_code")),
                ..ClaimMatch::default()
            },
            id_token: azp.clone(),
            access_token: azp.clone(),
            userinfo: azp,
            ..ClaimRule::default()
        },
    ]
}

/// The rule of a mapping: its claims are in both tokens and at `/userinfo`, and no mapping after it
/// counts.
pub(super) fn rule(mapping: &Mapping) -> Result<ClaimRule, String> {
    let pattern = pattern(&mapping.pattern)?;
    let mut matching = ClaimMatch::default();
    match mapping.request_param.as_str() {
        "client_id" => matching.client_id = Some(pattern),
        "grant_type" => matching.grant_type = Some(pattern),
        // Whoever logged in; a client that gets a token for itself is nobody.
        "subject" => {
            matching.subject = Some(pattern);
            matching.grant_type =
                Some(Pattern::regex(OF_PEOPLE).map_err(|error| error.to_string())?);
        }
        // As it was asked for, whole: ours would be one of those granted.
        name => {
            matching.parameters.insert(name.to_owned(), pattern);
        }
    }
    let claims = renamed(&mapping.claims);
    Ok(ClaimRule {
        matching,
        id_token: claims.clone(),
        access_token: claims.clone(),
        userinfo: claims,
        access_token_typ: mapping.type_header.clone(),
        last: true,
        ..ClaimRule::default()
    })
}

/// Whether `text` stands for itself only.
fn is_plain(text: &str) -> bool {
    !text.contains(SPECIAL)
}

/// The pattern that a mapping writes: `*`, the very text, or a regular expression of the whole value.
fn pattern(text: &str) -> Result<Pattern, String> {
    let parts: Vec<_> = text.split(".*").collect();
    if text == ANYTHING {
        return Ok(Pattern::from(ANYTHING));
    }
    if parts.iter().all(|part| is_plain(part)) {
        return Ok(Pattern::from(parts.join("*")));
    }
    let refused =
        |error| format!("expected *, a text, or a regular expression of the whole value; {error}");
    Pattern::regex(text).map_err(refused)?;
    Pattern::regex(&format!("{}|{text}", regex_lite::escape(text))).map_err(refused)
}

/// The claims with our name for what mock-oauth2-server calls `clientId`.
fn renamed(claims: &Map<String, Value>) -> Map<String, Value> {
    let claims = claims.iter();
    claims
        .map(|(name, value)| (name.clone(), rename(value)))
        .collect()
}

fn rename(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("${clientId}", "${client_id}")),
        Value::Array(items) => items.iter().map(rename).collect(),
        Value::Object(members) => Value::Object(renamed(members)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_theirs() {
        for (text, written, matching, other) in [
            ("*", "*", "", ""),
            (".*", "*", "anything", ""),
            ("code1", "code1", "code1", "code2"),
            ("testscope:.*", "testscope:*", "testscope:a", "scope:a"),
            (
                "https://myapp.com/jwt/aud/.*",
                "https://myapp.com/jwt/aud/*",
                "https://myapp.com/jwt/aud/x",
                "https://myapp.com/jwt",
            ),
            (".*X987.*", "*X987*", "aX987b", "X98"),
            ("a|b", r"/a\|b|a|b/", "b", "c"),
            (r"\d{11}", r"/\\d\{11\}|\d{11}/", "12345678901", "1234"),
            // The very text, though as an expression it would not match itself.
            (
                "me+you@x.example",
                r"/me\+you@x\.example|me+you@x.example/",
                "me+you@x.example",
                "you",
            ),
            ("/api/", r"/(?s)/api//", "/api/", "api"),
        ] {
            let pattern = pattern(text).unwrap();
            assert_eq!(pattern.to_string(), written);
            assert!(pattern.matches(matching), "{text} {matching}");
            assert!(
                other.is_empty() || !pattern.matches(other),
                "{text} {other}"
            );
        }
    }

    #[test]
    fn what_no_expression_can_say_is_refused() {
        let message = pattern("(?!a).*").unwrap_err();
        assert!(
            message.starts_with("expected *, a text, or a regular expression of the whole value; \"(?!a).*\" is no regular expression: "),
            "{message}"
        );
    }
}
