use super::*;
use crate::client::{Sector, SubjectType};

const URI: &str = "https://sector.example/uris.json";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CEILING: &str = r#"{"scope": "openid", "grant_types": ["authorization_code", "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code"]}"#;
const BOTH: [&str; 2] = ["public", "pairwise"];

/// What becomes of a client's `subject_type`.
fn check(metadata: Value, operators: Option<&str>, expected: Result<Option<&str>, &str>) {
    let judged = judged_by(CEILING, &public(metadata.clone()), &BOTH, operators);
    match (judged, expected) {
        (Ok(record), Ok(subject_type)) => {
            assert_eq!(record["subject_type"].as_str(), subject_type, "{metadata}");
            assert_eq!(record.get("sector_identifier_uri"), None, "{metadata}");
        }
        (Err(error), Err(member)) => {
            let begin = format!("invalid_client_metadata {member}: ");
            assert!(error.starts_with(&begin), "{metadata}: {error}");
        }
        (judged, _) => panic!("{metadata}: {judged:?}"),
    }
}

#[test]
fn pairwise_is_for_a_client_of_one_website() {
    check(json!({}), None, Ok(None));
    check(json!({"subject_type": "public"}), None, Ok(Some("public")));
    check(json!({"subject_type": "ppid"}), None, Err("subject_type"));
    for (redirect_uris, grant_types, registrable) in [
        (
            json!(["https://app.example/cb", "https://app.example/b"]),
            json!(["authorization_code", "refresh_token"]),
            true,
        ),
        (
            json!(["https://app.example/cb"]),
            json!(["authorization_code", DEVICE_CODE]),
            false,
        ),
        (json!([]), json!([DEVICE_CODE]), false),
        (
            json!(["https://app.example/cb", "https://b.example/cb"]),
            json!([]),
            false,
        ),
        (
            json!(["https://app.example/cb", "com.example.app:/cb"]),
            json!([]),
            false,
        ),
        (json!(["http://127.0.0.1/cb"]), json!([]), false),
    ] {
        let mut metadata = json!({
            "subject_type": "pairwise", "redirect_uris": redirect_uris, "grant_types": grant_types,
        });
        let expected = registrable.then_some(Some("pairwise"));
        let expected = expected.ok_or("subject_type");
        check(metadata.clone(), None, expected);
        // An operator brings it into a sector of any kind.
        check(metadata.clone(), Some(URI), Ok(Some("pairwise")));
        metadata["sector_identifier_uri"] = URI.into();
        check(metadata.clone(), Some(URI), Ok(Some("pairwise")));
        let others = Some("https://other.example/uris.json");
        check(metadata.clone(), others, Err("sector_identifier_uri"));
        check(metadata, None, Err("sector_identifier_uri"));
    }
}

#[test]
fn there_is_only_what_the_deployment_has() {
    let metadata = public(json!({"subject_type": "pairwise"}));
    let refused = judged_by(CEILING, &metadata, &["public"], None).unwrap_err();
    assert!(
        refused.starts_with("invalid_client_metadata subject_type: "),
        "{refused}"
    );
}

#[test]
fn a_client_keeps_the_subjects_that_it_has() {
    let at = |host: &str| {
        let uri = format!("https://{host}/cb");
        SubjectType::Pairwise(Sector::of_websites([uri.as_str()]).unwrap())
    };
    let [public, north, south] = [
        SubjectType::Public,
        at("north.example"),
        at("south.example"),
    ];
    for (standing, changed, allowed) in [
        (&public, &public, true),
        (&north, &at("north.example"), true),
        (&north, &south, false),
        (&north, &public, false),
        (&public, &north, false),
    ] {
        let held = require_same_subjects(standing, changed);
        assert_eq!(held.is_ok(), allowed, "{standing:?} {changed:?}");
    }
}
