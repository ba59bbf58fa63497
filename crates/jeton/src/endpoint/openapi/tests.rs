use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::{
    api::ApiRecord,
    client::{CeilingRecord, NamedApiRecord},
    endpoint::authorize::sealed::REJECTIONS,
    grant::GrantType,
    mode::Mode,
    refusal::ErrorCode,
    route::ROUTES,
    trust::{ConditionRecord, RuleRecord, TrustRecord, TrustedIssuer},
};

/// A document, and whose routes it has.
struct Described {
    document: Value,
    is_of: fn(&str) -> bool,
}

fn described() -> [Described; 2] {
    fn described(document: &OpenapiDocument, is_of: fn(&str) -> bool) -> Described {
        Described {
            document: serde_json::from_str(document.text).unwrap(),
            is_of,
        }
    }
    [
        described(&OpenapiDocument::oauth(), |path| {
            !path.starts_with("/manage/")
        }),
        described(&OpenapiDocument::management(), |path| {
            path.starts_with("/manage/")
        }),
    ]
}

/// The values that a schema allows.
fn values<'a>(document: &'a Value, schema: &str) -> BTreeSet<&'a str> {
    let values = document.pointer(schema).and_then(Value::as_array).unwrap();
    let distinct: BTreeSet<_> = values.iter().map(|value| value.as_str().unwrap()).collect();
    assert_eq!(distinct.len(), values.len(), "{schema}");
    distinct
}

/// Every text under `$ref`.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn documents_have_the_routes_and_their_methods() {
    for Described { document, is_of } in described() {
        let mut operations = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let operation = item[method]["operationId"].as_str().unwrap();
                let name = operation.trim_end_matches(&format!("_{method}")).to_owned();
                assert!(operations.insert((path.clone(), method.to_uppercase(), name)));
            }
        }
        let mut answered = BTreeSet::new();
        for route in ROUTES.iter().filter(|route| is_of(route.path)) {
            for method in route.allow.split(", ") {
                // Every path answers these alike.
                if !["HEAD", "OPTIONS"].contains(&method) {
                    let (path, name) = (route.path.to_owned(), route.name.to_owned());
                    answered.insert((path, method.to_owned(), name));
                }
            }
        }
        assert_eq!(operations, answered);
    }
}

#[test]
fn every_reference_leads_somewhere_and_everything_is_referred_to() {
    for Described { document, .. } in described() {
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in &found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        for (kind, components) in document["components"].as_object().unwrap() {
            if kind != "securitySchemes" {
                for name in components.as_object().unwrap().keys() {
                    let reference = format!("#/components/{kind}/{name}");
                    assert!(found.contains(&reference.as_str()), "{reference}");
                }
            }
        }
    }
}

#[test]
fn documents_have_the_words_of_the_code() {
    let mut codes = BTreeSet::new();
    for Described { document, .. } in &described() {
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let errors = "/components/schemas/Error/properties/error/enum";
        codes.extend(values(document, errors).into_iter().map(str::to_owned));
    }
    let known = ErrorCode::ALL.iter().map(|code| code.as_str().to_owned());
    assert_eq!(codes, known.collect());
    let [Described { document, .. }, ..] = &described();
    let grant_types = "/components/schemas/TokenRequest/properties/grant_type/enum";
    assert_eq!(
        values(document, grant_types),
        GrantType::ALL.map(GrantType::as_str).into()
    );
    assert_eq!(
        values(document, "/components/schemas/Rejection/enum"),
        REJECTIONS.map(ErrorCode::as_str).into()
    );
}

#[test]
fn schemas_have_the_members_of_the_records() {
    /// The members that serde says it expected instead.
    fn members<T: DeserializeOwned>() -> BTreeSet<String> {
        let Err(error) = serde_json::from_str::<T>(r#"{"?":0}"#) else {
            panic!("an unknown member was accepted");
        };
        let message = error.to_string();
        let (_, expected) = message.split_once("expected ").unwrap();
        let names = expected.split('`').skip(1).step_by(2);
        names.map(str::to_owned).collect()
    }
    let [_, Described { document, .. }] = described();
    for (name, members) in [
        ("Api", members::<ApiRecord>()),
        ("NamedApi", members::<NamedApiRecord>()),
        ("Ceiling", members::<CeilingRecord>()),
        ("TrustDocument", members::<TrustRecord>()),
        ("TrustRule", members::<RuleRecord>()),
        ("TrustCondition", members::<ConditionRecord>()),
    ] {
        let schema = &document["components"]["schemas"][name];
        assert_eq!(schema["additionalProperties"], false, "{name}");
        let properties = schema["properties"].as_object().unwrap();
        let described: BTreeSet<_> = properties.keys().cloned().collect();
        assert_eq!(described, members, "{name}");
    }
}

#[test]
fn the_example_of_a_trust_document_is_one() {
    let [_, Described { document, .. }] = described();
    let media = "/paths/~1manage~1trust/post/requestBody/content/application~1json";
    let example = &document.pointer(media).unwrap()["example"];
    TrustedIssuer::from_record(&example.to_string()).unwrap();
}

#[test]
fn the_issuer_is_the_server() {
    let issuer = IssuerIdentifier::parse("https://id.acme.dev/one", Mode::Production).unwrap();
    let response = OpenapiDocument::oauth().respond(&issuer, &HeaderMap::new());
    let document: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(document["servers"][0]["url"], issuer.as_str());
    let text = str::from_utf8(response.body()).unwrap();
    assert!(!text.contains(ISSUER), "named once");
}
