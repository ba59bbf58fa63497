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
    "authorization_code|refresh_token|urn:ietf:params:oauth:grant-type:device_code|password";

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
        pattern(&self.pattern)
            .err()
            .map(|error| format!(".match: only this very text matches; {error}"))
    }
}

/// The member of a JOSE header.
pub(super) fn typ(typ: &str) -> Map<String, Value> {
    let typ = ("typ".to_owned(), Value::from(typ));
    [typ].into_iter().collect()
}

fn claims(claims: Value) -> Map<String, Value> {
    claims.as_object().cloned().unwrap_or_default()
}

/// What every token of theirs says and is.
pub(super) fn always() -> ClaimRule {
    ClaimRule {
        id_token: claims(json!({ "nbf": "${claims.iat}" })),
        access_token: claims(json!({ "nbf": "${claims.iat}", "nonce": "${nonce}" })),
        access_token_header: typ("JWT"),
        id_token_header: typ("JWT"),
        ..ClaimRule::default()
    }
}

/// What tokens say where an issuer has no callback.
pub(super) fn defaults() -> Vec<ClaimRule> {
    let tid = claims(json!({ "tid": "${issuer_name}" }));
    let azp = claims(json!({ "azp": "${client_id}" }));
    let of = |grant_type: &str| ClaimMatch {
        grant_type: Some(Pattern::from(grant_type)),
        ..ClaimMatch::default()
    };
    vec![
        always(),
        ClaimRule {
            id_token: tid.clone(),
            access_token: claims(json!({ "tid": "${issuer_name}", "aud": ["default"] })),
            userinfo: tid,
            ..ClaimRule::default()
        },
        // The audience is the one that is asked for, else the scopes.
        ClaimRule {
            matching: of("client_credentials"),
            access_token: claims(json!({ "aud": "${scopes}" })),
            ..ClaimRule::default()
        },
        ClaimRule {
            matching: of("urn:ietf:params:oauth:grant-type:jwt-bearer"),
            access_token: claims(json!({ "aud": "${scopes}" })),
            ..ClaimRule::default()
        },
        ClaimRule {
            matching: of("urn:ietf:params:oauth:grant-type:token-exchange"),
            access_token: claims(json!({ "aud": "${audience|scopes}" })),
            ..ClaimRule::default()
        },
        ClaimRule {
            matching: of("authorization_code"),
            id_token: azp.clone(),
            access_token: azp.clone(),
            userinfo: azp,
            ..ClaimRule::default()
        },
    ]
}

/// The rule of a mapping: its claims are in both tokens and in what is said of them, and no mapping after
/// it counts.
pub(super) fn rule(mapping: &Mapping) -> Result<ClaimRule, String> {
    let exactly = || Pattern::regex(&regex_lite::escape(&mapping.pattern));
    let pattern = pattern(&mapping.pattern).or_else(|_| exactly().map_err(|it| it.to_string()))?;
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
    let header = mapping.type_header.as_deref().map(typ);
    let header = header.unwrap_or_default();
    Ok(ClaimRule {
        matching,
        id_token: claims.clone(),
        access_token: claims.clone(),
        userinfo: claims.clone(),
        introspection: claims,
        access_token_header: header.clone(),
        id_token_header: header,
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

/// The claims with our names for what theirs stand for: the client, whoever logged in, and any parameter of
/// the request by its own name.
fn renamed(claims: &Map<String, Value>) -> Map<String, Value> {
    let claims = claims.iter();
    claims
        .map(|(name, value)| (name.clone(), rename(value)))
        .collect()
}

fn rename(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(rename_text(text)),
        Value::Array(items) => items.iter().map(rename).collect(),
        Value::Object(members) => Value::Object(renamed(members)),
        other => other.clone(),
    }
}

fn rename_text(text: &str) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${")
        && let Some((name, after)) = after.split_once('}')
    {
        renamed.push_str(before);
        match name {
            "clientId" | "client_id" => renamed.push_str("${client_id}"),
            "subject" => renamed.push_str("${parameters.subject|subject}"),
            name => renamed.push_str(&format!("${{parameters.{name}}}")),
        }
        rest = after;
    }
    renamed.push_str(rest);
    renamed
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
