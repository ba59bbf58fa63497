//! README is held to the members of trust documents, and to the dangers of rules.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use jeton::{Danger, RuleRecord, Seconds, Subject, TrustRecord};
use serde::Serialize;
use serde_json::json;

/// The words in backticks in the first cell of each row of the table with this head.
fn rows(head: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, table) = readme.split_once(&format!("{head}\n|---|---|\n")).unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    table
        .lines()
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

fn members(record: &impl Serialize) -> BTreeSet<String> {
    let json = serde_json::to_value(record).unwrap();
    json.as_object().unwrap().keys().cloned().collect()
}

/// Every member: the compiler asks for a new one here, and then README is.
#[test]
fn readme_has_the_members_of_a_document_and_no_others() {
    let rule = RuleRecord {
        name: "x".to_owned(),
        disabled: Some(true),
        audience: Some("x".to_owned()),
        conditions: vec![],
        client_id: "x".to_owned(),
        scope: Some("x".to_owned()),
        audiences: Some(vec![]),
        access_token_lifetime: Some(Seconds(1)),
        single_use: Some(true),
        subject: Some(Subject::Client),
        impersonation: Some(true),
        accepted_dangers: vec!["x".to_owned()],
    };
    let document = TrustRecord {
        issuer: "x".to_owned(),
        jwks_uri: Some("x".to_owned()),
        jwks: Some(json!({})),
        algorithms: Some(vec![]),
        labels: [("x".to_owned(), "x".to_owned())].into(),
        disabled: Some(true),
        rules: vec![],
    };
    assert_eq!(rows("| member | of a document |"), members(&document));
    let words = rows("| member | of a rule |");
    assert_eq!(words, members(&rule));
}

#[test]
fn readme_has_each_danger_and_no_other() {
    let dangers = Danger::ALL.map(|danger| danger.name().to_owned());
    assert_eq!(rows("| danger | what it is |"), BTreeSet::from(dangers));
}
