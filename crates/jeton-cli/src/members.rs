//! Members of documents on the command line: `name=value`, JSON in files, and what was meant by a name that
//! is none.

use anyhow::{Context, Result, anyhow, ensure};
use jeton::{ApiRecord, ClientRecord, TrustRecord};
use serde_json::{Map, Value, json};

use crate::management::Kind;

/// A JSON object, as documents are.
pub(crate) type Members = Map<String, Value>;

/// The members of a JSON object.
///
/// # Errors
/// The text is none, or one that is not read the same by everyone, as with a member twice.
pub(crate) fn read(json: &str) -> Result<Members> {
    // That says where it is no JSON, which the second reader does not.
    serde_json::from_str::<Members>(json).context("expected a JSON object")?;
    jeton::parse_object(json).map_err(|what| anyhow!("its members {what}"))
}

/// The members of a client's record, for suggestions. A test holds them against the record.
const OF_CLIENT: &[&str] = &[
    "access_token_claims",
    "access_token_format",
    "access_token_lifetime",
    "access_token_signed_response_alg",
    "allowed_origins",
    "any_private_use_scheme",
    "apis",
    "audiences",
    "client_assertion_lifetime",
    "client_assertion_single_use",
    "client_claims",
    "client_expires_at",
    "client_id",
    "client_name",
    "client_uri",
    "disabled",
    "first_party",
    "grant_types",
    "id_token_claims",
    "id_token_signed_response_alg",
    "jwks",
    "jwks_uri",
    "labels",
    "localhost_is_loopback",
    "offline_access_required",
    "post_logout_redirect_uris",
    "redirect_uris",
    "refresh_token_delivery",
    "refresh_token_grace",
    "refresh_token_idle_lifetime",
    "refresh_token_lifetime",
    "refresh_token_rotation",
    "registration_ceiling",
    "renew_claims",
    "require_pkce",
    "scope",
    "sector_identifier_uri",
    "subject_type",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "token_endpoint_is_audience",
    "userinfo_claims",
];

/// A JSON merge patch (RFC 7396) of texts `NAME=VALUE`. A value is a text unless the member takes none, and
/// then JSON, or a list of words. A name with a dot is a member of a member, as in `labels.team=a`. Without
/// a value the member goes.
pub(crate) fn patch<'a>(
    kind: Kind,
    assignments: impl Iterator<Item = &'a String>,
) -> Result<Members> {
    let mut patch = Members::new();
    for assignment in assignments {
        let expected = || format!("{assignment:?}: expected NAME=VALUE");
        let (name, text) = assignment.split_once('=').with_context(expected)?;
        ensure!(!name.is_empty(), expected());
        let Some((outer, inner)) = name.split_once('.') else {
            let value = value(text, |it| is_read(kind, name, it)).context(name.to_owned())?;
            patch.insert(name.to_owned(), value);
            continue;
        };
        let value = value(text, |it| is_read(kind, outer, &json!({ inner: it })));
        let value = value.context(name.to_owned())?;
        let members = patch.entry(outer).or_insert_with(|| json!({}));
        let members = members.as_object_mut();
        let members = members.with_context(|| format!("{outer}: given twice"))?;
        members.insert(inner.to_owned(), value);
    }
    Ok(patch)
}

/// What a text means where `is_read` says what is understood; what never is, the server says.
///
/// # Errors
/// The text is a list of words with commas between them, which would be one word with commas in it.
fn value(text: &str, is_read: impl Fn(&Value) -> bool) -> Result<Value> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let plain = Value::from(text);
    let words = text.split_whitespace().map(Value::from).collect();
    let meanings = match serde_json::from_str::<Value>(text) {
        Ok(json) if json.is_array() || json.is_object() => vec![json, plain],
        Ok(json) => vec![plain, json, words],
        Err(_) => {
            let apart: Value = text.split(',').map(str::trim).map(Value::from).collect();
            let is_list = text.contains(',') && !is_read(&plain) && is_read(&apart);
            let hint = "expected words with spaces between them, or an array, as in [\"a\",\"b\"]";
            ensure!(!is_list, hint);
            vec![plain, words]
        }
    };
    let meant = meanings.iter().find(|it| is_read(it));
    Ok(meant.or(meanings.first()).cloned().unwrap_or_default())
}

/// Whether a record may have the member with that value.
fn is_read(kind: Kind, name: &str, value: &Value) -> bool {
    let document = json!({ kind.member(): "x", name: value });
    match kind {
        Kind::Client => serde_json::from_value::<ClientRecord>(document)
            .is_ok_and(|record| record.unknown_member().is_none()),
        Kind::Api => serde_json::from_value::<ApiRecord>(document).is_ok(),
        Kind::Trust => serde_json::from_value::<TrustRecord>(document).is_ok(),
    }
}

/// What may have been meant by the members of a document that records do not have.
pub(crate) fn suggestions(kind: Kind, document: &Members) -> String {
    let known = known(kind);
    let unknown = document.keys().filter(|name| !known.contains(name));
    let meant = unknown.filter_map(|name| {
        let known = known.iter().map(String::as_str);
        let meant = jeton_native::similar(name, known)?;
        Some(format!("; was {meant} meant by {name}?"))
    });
    meant.collect()
}

fn known(kind: Kind) -> Vec<String> {
    // What serde says it expected, where every member is known to it.
    let expected = |error: serde_json::Error| {
        let message = error.to_string();
        let names = message.split('`').skip(3).step_by(2);
        names.map(str::to_owned).collect()
    };
    let unknown = json!({ "?": null });
    match kind {
        Kind::Client => OF_CLIENT.iter().map(|it| (*it).to_owned()).collect(),
        Kind::Api => serde_json::from_value::<ApiRecord>(unknown).map_or_else(expected, |_| vec![]),
        Kind::Trust => {
            serde_json::from_value::<TrustRecord>(unknown).map_or_else(expected, |_| vec![])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(kind: Kind, assignments: &[&str]) -> Value {
        let assignments: Vec<_> = assignments.iter().map(|it| (*it).to_owned()).collect();
        Value::Object(patch(kind, assignments.iter()).unwrap())
    }

    #[test]
    fn a_value_is_what_its_member_takes() {
        let assignments = [
            "client_name=123",
            "scope=read write",
            "access_token_lifetime=600",
            "require_pkce=false",
            "grant_types=client_credentials refresh_token",
            "redirect_uris=[\"https://a.dev/cb\"]",
            "labels.team=7",
            "labels.old=",
            "software_version=1.0",
            "contacts=[\"a@acme.dev\"]",
            "client_uri=",
            "client_claims={\"tenant\":\"blue\"}",
        ];
        assert_eq!(
            patched(Kind::Client, &assignments),
            json!({
                "client_name": "123",
                "scope": "read write",
                "access_token_lifetime": 600,
                "require_pkce": false,
                "grant_types": ["client_credentials", "refresh_token"],
                "redirect_uris": ["https://a.dev/cb"],
                "labels": { "team": "7", "old": null },
                "software_version": "1.0",
                "contacts": ["a@acme.dev"],
                "client_uri": null,
                "client_claims": { "tenant": "blue" },
            })
        );
        let api = [
            "name=Orders",
            "scopes.orders:read=Read your orders",
            "self_registered_clients=true",
        ];
        assert_eq!(
            patched(Kind::Api, &api),
            json!({
                "name": "Orders", "scopes": { "orders:read": "Read your orders" },
                "self_registered_clients": true,
            })
        );
        assert_eq!(
            patched(Kind::Trust, &["disabled=true", "algorithms=ES256"]),
            json!({ "disabled": true, "algorithms": ["ES256"] })
        );
    }

    #[test]
    fn what_readers_would_read_differently_is_refused() {
        let fault = |json: &str| format!("{:#}", read(json).unwrap_err());
        assert!(fault("{\n  a").contains("line 2 column 3"));
        assert!(fault("[]").starts_with("expected a JSON object"));
        let twice = r#"{"issuer":"a","rules":[{"name":"a","name":"b"}]}"#;
        assert_eq!(fault(twice), "its members have a member twice");
        assert_eq!(read(r#"{"a":1}"#).unwrap().len(), 1);
    }

    #[test]
    fn a_list_of_words_has_no_commas() {
        let patched = |kind, text: &str| {
            let text = text.to_owned();
            patch(kind, [&text].into_iter()).map_err(|error| format!("{error:#}"))
        };
        for (kind, list) in [
            (Kind::Client, "id_token_claims=name,email,groups"),
            (Kind::Client, "id_token_claims=name, email"),
            (Kind::Client, "grant_types=client_credentials,refresh_token"),
            (Kind::Trust, "algorithms=ES256,RS256"),
        ] {
            let (name, _) = list.split_once('=').unwrap();
            let refused = patched(kind, list).unwrap_err();
            let expected = format!("{name}: expected words with spaces between them");
            assert!(refused.starts_with(&expected), "{list}: {refused}");
        }
        for text in [
            "client_name=Acme, Inc",
            "labels.team=a,b",
            "id_token_claims=[\"a,b\"]",
        ] {
            assert!(patched(Kind::Client, text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        for text in ["scope", "=read"] {
            let text = text.to_owned();
            let error = patch(Kind::Client, [&text].into_iter()).unwrap_err();
            assert!(error.to_string().contains("NAME=VALUE"), "{error}");
        }
    }

    #[test]
    fn what_was_meant_is_said() {
        let check = |kind, name: &str, expected: &str| {
            let document = json!({ name: 1 });
            let said = suggestions(kind, document.as_object().unwrap());
            assert_eq!(said, expected);
        };
        check(Kind::Client, "scopes", "; was scope meant by scopes?");
        check(Kind::Client, "scope", "");
        check(Kind::Client, "colour", "");
        check(Kind::Api, "scope", "; was scopes meant by scope?");
        check(Kind::Trust, "rule", "; was rules meant by rule?");
    }

    #[test]
    fn every_member_of_a_client_is_known() {
        for name in OF_CLIENT {
            let record: ClientRecord =
                serde_json::from_value(json!({ *name: null })).unwrap_or_default();
            assert_eq!(record.unknown_member(), None, "{name}");
        }
        // What configuration alone has, what the server keeps, and what describes the client.
        let others = [
            "client_secret",
            "client_secret_expires_at",
            "client_secrets",
            "deleted_at",
            "login",
            "registration",
        ];
        let openapi = include_str!("../../jeton-mock/openapi.json");
        let openapi: Value = serde_json::from_str(openapi).unwrap();
        let schema = &openapi["components"]["schemas"]["ClientMetadata"]["properties"];
        for (name, schema) in schema.as_object().unwrap() {
            let is_read = schema["description"] != "Kept, not read.";
            let is_known = OF_CLIENT.contains(&name.as_str()) || others.contains(&name.as_str());
            assert!(is_known || !is_read, "{name} is missing");
        }
    }

    #[test]
    fn the_documents_name_every_member_of_an_api() {
        let page = include_str!("../../../docs/clients.md");
        let (_, table) = page.split_once("An API has these members:").unwrap();
        let (table, _) = table.split_once("\n\nA client gets").unwrap();
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        let mut names: Vec<_> = rows
            .map(|row| row.split('`').nth(1).unwrap().to_owned())
            .collect();
        let mut known = known(Kind::Api);
        names.sort();
        known.sort();
        assert_eq!(names, known);
    }
}
