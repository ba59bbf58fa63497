//! The documents of a client are held against the members of its record.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{collections::BTreeSet, fs, path::Path};

use jeton::{
    AccessTokenFormat, CeilingRecord, ClaimsRecord, ClientRecord, GrantType, KeysRecord,
    NamedApiRecord, RegistrationRecord, Seconds, SecretMethod, SecretRecord, UnixTime,
};
use serde_json::Value;

/// Every member of a record: the compiler asks for a new one here, and then the documents are.
fn members() -> BTreeSet<String> {
    let text = || Some("x".to_owned());
    let texts = || vec!["x".to_owned()];
    let record = ClientRecord {
        client_id: "x".to_owned(),
        client_name: text(),
        client_uri: text(),
        client_secret: text(),
        client_secret_expires_at: Some(UnixTime(0)),
        client_secrets: vec![SecretRecord {
            sha256: "x".to_owned(),
            created_at: None,
            expires_at: None,
        }],
        token_endpoint_auth_method: text(),
        grant_types: Some(texts()),
        scope: text(),
        audiences: texts(),
        access_token_lifetime: Some(Seconds(1)),
        access_token_signed_response_alg: text(),
        access_token_format: Some(AccessTokenFormat::Jwt),
        id_token_signed_response_alg: text(),
        subject_type: text(),
        sector_identifier_uri: text(),
        redirect_uris: texts(),
        post_logout_redirect_uris: texts(),
        any_private_use_scheme: Some(true),
        localhost_is_loopback: Some(true),
        require_pkce: Some(true),
        refresh_token_lifetime: Some(Seconds(1)),
        refresh_token_idle_lifetime: Some(Seconds(1)),
        refresh_token_grace: Some(Seconds(1)),
        refresh_token_rotation: Some(true),
        refresh_token_delivery: text(),
        offline_access_required: Some(true),
        renew_claims: Some(true),
        allowed_origins: texts(),
        apis: vec![NamedApiRecord::default()],
        labels: [("x".to_owned(), "x".to_owned())].into(),
        client_expires_at: Some(UnixTime(1)),
        registration: Some(RegistrationRecord::default()),
        registration_ceiling: Some(CeilingRecord::default()),
        deleted_at: Some(UnixTime(1)),
        first_party: Some(true),
        login: Some(true),
        disabled: Some(true),
        keys: KeysRecord {
            jwks: Some(Value::Null),
            jwks_uri: text(),
            token_endpoint_auth_signing_alg: text(),
            token_endpoint_is_audience: Some(true),
            client_assertion_lifetime: Some(Seconds(1)),
            client_assertion_single_use: Some(true),
        },
        claims: ClaimsRecord {
            id_token_claims: Some(texts()),
            access_token_claims: Some(texts()),
            userinfo_claims: Some(texts()),
            client_claims: [("x".to_owned(), Value::Null)].into_iter().collect(),
        },
        other: [].into(),
    };
    let json = serde_json::to_value(&record).unwrap();
    json.as_object().unwrap().keys().cloned().collect()
}

/// The documents that list the members of a client, and how to read the list of each.
const DOCUMENTS: [Document; 4] = [
    Document {
        path: "README.md",
        place: "the table of members",
        names: in_readme,
    },
    Document {
        path: "crates/jeton-mock/openapi.json",
        place: "the properties of ClientMetadata",
        names: in_openapi,
    },
    Document {
        path: "packages/js/jeton-mock/index.d.ts",
        place: "interface Client",
        names: in_typescript,
    },
    Document {
        path: "packages/python/jeton-mock/jeton_mock/_types.py",
        place: "class Client, or _Client if it is required,",
        names: in_python,
    },
];

struct Document {
    path: &'static str,
    place: &'static str,
    names: fn(&str) -> BTreeSet<String>,
}

impl Document {
    fn text(&self) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::read_to_string(root.join(self.path)).unwrap()
    }

    /// The corrections that `text` needs to name these members and no others.
    fn corrections(&self, text: &str, members: &BTreeSet<String>) -> Vec<String> {
        let Self { path, place, names } = self;
        let names = names(text);
        let add = members.difference(&names).map(|name| ("add", name));
        let remove = names.difference(members).map(|name| ("remove", name));
        add.chain(remove)
            .map(|(what, name)| format!("{path}: {place}: {what} `{name}`"))
            .collect()
    }
}

/// The words in backticks in the first cell of each row.
fn in_readme(text: &str) -> BTreeSet<String> {
    let rows = between(text, "| member | meaning |\n|---|---|\n", "\n\n");
    rows.lines()
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// Those that are read: what only describes the client is no member of the record.
fn in_openapi(text: &str) -> BTreeSet<String> {
    let document: Value = serde_json::from_str(text).unwrap();
    let properties = document.pointer("/components/schemas/ClientMetadata/properties");
    let properties = properties.and_then(Value::as_object).unwrap().iter();
    properties
        .filter(|(_, schema)| schema.get("description") != Some(&"Kept, not read.".into()))
        .map(|(name, _)| name.clone())
        .collect()
}

fn in_typescript(text: &str) -> BTreeSet<String> {
    declared(between(text, "export interface Client {\n", "\n}"))
}

fn in_python(text: &str) -> BTreeSet<String> {
    let required = between(text, "class _Client(TypedDict):\n", "\n\n");
    let optional = between(text, "class Client(_Client, total=False):\n", "\n\n\n");
    &declared(required) | &declared(optional)
}

/// `name` of each line that begins with `name:` or `name?:`.
fn declared(lines: &str) -> BTreeSet<String> {
    let names = lines.lines().filter_map(|line| line.split_once(':'));
    let names = names.map(|(name, _)| name.trim().trim_end_matches('?'));
    names
        .filter(|name| name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()))
        .map(str::to_owned)
        .collect()
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, text) = text.split_once(begin).unwrap();
    text.split_once(end).unwrap().0
}

#[test]
fn documents_have_the_members_of_a_client_and_no_others() {
    let members = members();
    let corrections = DOCUMENTS.iter().flat_map(|document| {
        let text = document.text();
        document.corrections(&text, &members)
    });
    let corrections: Vec<_> = corrections.collect();
    assert!(corrections.is_empty(), "\n{}", corrections.join("\n"));
}

#[test]
fn a_member_missing_in_a_document_is_found() {
    let members = members();
    for document in &DOCUMENTS {
        for name in &members {
            let planted = document.text().replace(name, "planted");
            let found = document.corrections(&planted, &members);
            let expected = format!("{}: {}: add `{name}`", document.path, document.place);
            assert!(found.contains(&expected), "{expected}: {found:?}");
        }
    }
}

/// The values of the members that are one of a few, by member.
fn values() -> [(&'static str, BTreeSet<String>); 2] {
    let methods = SecretMethod::ALL.map(SecretMethod::as_str);
    let grant_types = GrantType::ALL.map(GrantType::as_str);
    [
        (
            "token_endpoint_auth_method",
            methods
                .into_iter()
                .chain(["none", "private_key_jwt", "federated_jwt", "spiffe_jwt"])
                .map(str::to_owned)
                .collect(),
        ),
        ("grant_types", grant_types.map(str::to_owned).into()),
    ]
}

/// The schema of a client in the document of the management interface.
fn managed() -> Value {
    const DOCUMENT: &str = include_str!("../src/endpoint/openapi/management.json");
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    document["components"]["schemas"]["Client"].clone()
}

/// Members that the management interface neither shows nor takes.
const NOT_MANAGED: [&str; 4] = ["client_secrets", "deleted_at", "login", "registration"];

#[test]
fn the_management_interface_has_the_members_of_a_client_and_no_others() {
    let managed = managed();
    assert_eq!(managed["additionalProperties"], false);
    let properties = managed["properties"].as_object().unwrap().iter();
    let names: BTreeSet<_> = properties
        // What only describes the client has no schema.
        .filter(|(_, schema)| schema.as_object().is_some_and(|it| !it.is_empty()))
        .map(|(name, _)| name.clone())
        .collect();
    let mut members = members();
    members.retain(|member| !NOT_MANAGED.contains(&member.as_str()));
    assert_eq!(names, members);
}

#[test]
fn the_openapi_documents_have_the_values_of_members() {
    let mock: Value = serde_json::from_str(&DOCUMENTS[1].text()).unwrap();
    let mock = mock["components"]["schemas"]["ClientMetadata"].clone();
    for (schema, (member, values)) in [mock, managed()]
        .iter()
        .flat_map(|schema| values().map(|values| (schema, values)))
    {
        let schema = &schema["properties"][member];
        let schema = schema.get("items").unwrap_or(schema);
        let names = schema["enum"].as_array().unwrap().iter();
        let names: BTreeSet<_> = names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, values, "{member}");
    }
}

#[test]
fn the_typescript_declarations_have_the_values_of_members() {
    let text = DOCUMENTS[2].text();
    let members = between(&text, "export interface Client {\n", "\n}");
    for (member, values) in values() {
        let declared = between(members, &format!("  {member}?:"), ";");
        let names = declared.split('\'').skip(1).step_by(2);
        let names: BTreeSet<_> = names.map(str::to_owned).collect();
        assert_eq!(names, values, "{member}");
    }
}
