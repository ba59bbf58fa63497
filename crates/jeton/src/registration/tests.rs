use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::*;
use crate::{claims::parse_object, client::CeilingRecord, fetch::Loopback};

mod protocol;
mod subject;
mod words;

const CEILING: &str = r#"{
    "scope": "openid profile offline_access",
    "apis": [
        {"identifier": "https://orders.example", "scope": "orders:read orders:write"},
        {"identifier": "https://mcp.example"}
    ],
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"]
}"#;

/// What the record has of this metadata.
fn judged(metadata: &Value) -> Result<Value, String> {
    judged_by(CEILING, metadata, &["public", "pairwise"], None)
}

/// The same by this ceiling, where there are these subject types, of a client that an operator has given this
/// `sector_identifier_uri`.
fn judged_by(
    ceiling: &str,
    metadata: &Value,
    subject_types: &[&'static str],
    sector_identifier_uri: Option<&str>,
) -> Result<Value, String> {
    let ceiling: CeilingRecord = serde_json::from_str(ceiling).unwrap();
    let terms = Terms {
        ceiling: &ceiling.parse().unwrap(),
        grant_types: &[
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::ClientCredentials,
            GrantType::DeviceCode,
        ],
        algorithms: &[Algorithm::ES256],
        reach: &Reach::new("https://issuer.example", Loopback::Refused),
        subject_types,
        sector_identifier_uri,
    };
    let metadata = parse_object(&metadata.to_string()).unwrap();
    let record = judge(metadata, &terms).map_err(|fault| {
        let wire = crate::refusal::Refusal::from(fault).wire();
        format!("{} {}", wire.code.as_str(), wire.description)
    })?;
    Ok(serde_json::to_value(record).unwrap())
}

/// A public client's metadata with these members.
fn public(members: Value) -> Value {
    let mut metadata = json!({
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["https://app.example/cb"],
    });
    for (name, value) in members.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    metadata
}

fn check(members: Value, part: &str) {
    let error = judged(&public(members.clone())).expect_err(&members.to_string());
    assert!(error.starts_with(part), "{members}: {error}");
    let fits = |it: char| matches!(it, ' ' | '!' | '#'..='[' | ']'..='~');
    assert!(error.chars().all(fits), "RFC 6749 section 5.2: {error}");
}

/// Of the record of a public client with `members`, those that `expected` has.
fn check_record(members: Value, expected: Value) {
    let record = judged(&public(members.clone())).unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(
            record.get(name).unwrap_or(&Value::Null),
            value,
            "{members}: {name}"
        );
    }
}

#[test]
fn the_defaults_of_rfc_7591_section_2_are_filled_in() {
    let record = judged(&json!({"redirect_uris": ["https://app.example/cb"]})).unwrap();
    assert_eq!(
        record,
        json!({
            "client_id": "",
            "redirect_uris": ["https://app.example/cb"],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "scope": "openid profile offline_access",
            "apis": [
                {"identifier": "https://orders.example", "scope": "orders:read orders:write"},
                {"identifier": "https://mcp.example", "scope": ""},
            ],
        })
    );
}

#[test]
fn what_is_not_understood_is_left_out() {
    let members = json!({
        "from_the_future": 1, "client_name#": "x", "client_name#a_b": "x", "scope#de": "x",
        "client_name#toolongasubtag": "x", "#": "x", "grant_types#de": ["x"],
    });
    assert_eq!(judged(&public(members)), judged(&public(json!({}))));
}

/// Every member of a client's record that is not the client's to decide.
#[test]
fn metadata_gives_no_privilege() {
    let members = json!({
        "client_id": "admin", "client_secret": "known", "client_secrets": [{"sha256": "x"}],
        "client_secret_expires_at": 0, "client_id_issued_at": 1, "client_expires_at": 9_999_999_999_u64,
        "registration": {"tokens": []}, "registration_ceiling": {}, "registration_access_token": "x",
        "registration_client_uri": "https://app.example", "login": true, "disabled": false,
        "first_party": true,
        "labels": {"team": "admins"}, "audiences": ["https://bank.example"],
        "apis": [{"identifier": "https://bank.example", "scope": "all"}],
        "client_claims": {"role": "admin"}, "id_token_claims": ["groups"],
        "access_token_claims": ["groups"], "userinfo_claims": ["groups"],
        "access_token_lifetime": 1_000_000, "access_token_format": "opaque",
        "access_token_signed_response_alg": "EdDSA", "refresh_token_lifetime": 1_000_000,
        "refresh_token_idle_lifetime": 1_000_000, "refresh_token_grace": 300,
        "refresh_token_rotation": false, "refresh_token_delivery": "cookie",
        "offline_access_required": false, "renew_claims": true, "allowed_origins": ["https://thief.example"],
        "any_private_use_scheme": true, "localhost_is_loopback": true, "require_pkce": false,
        "token_endpoint_is_audience": true, "client_assertion_lifetime": 3600,
        "client_assertion_single_use": false, "sector_identifier_uri": "https://bank.example",
    });
    assert_eq!(judged(&public(members)), judged(&public(json!({}))));
}

#[test]
fn what_is_null_or_empty_is_as_if_left_out() {
    let members = json!({
        "client_name": null, "client_uri": "", "contacts": [], "scope": null, "grant_types": [],
        "response_types": [], "jwks": null, "logo_uri#de": "", "software_statement": null,
        "post_logout_redirect_uris": [], "require_auth_time": null,
    });
    assert_eq!(judged(&public(members)), judged(&public(json!({}))));
}

#[test]
fn a_protection_that_is_not_there_is_refused() {
    for (member, value) in [
        ("dpop_bound_access_tokens", json!(true)),
        ("tls_client_certificate_bound_access_tokens", json!(true)),
        ("require_pushed_authorization_requests", json!(true)),
        ("id_token_encrypted_response_alg", json!("RSA-OAEP")),
        (
            "backchannel_logout_uri",
            json!("https://app.example/logout"),
        ),
    ] {
        let fault = format!("invalid_client_metadata {member}: ");
        check(json!({ member: value }), &fault);
    }
    check_record(
        json!({"id_token_encrypted_response_alg": "none", "dpop_bound_access_tokens": false}),
        json!({}),
    );
    check(
        json!({"require_auth_time": "yes"}),
        "invalid_client_metadata require_auth_time: ",
    );
    for algorithm in ["RS256", "EdDSA", "HS256", "none"] {
        check(
            json!({ "id_token_signed_response_alg": algorithm }),
            "invalid_client_metadata id_token_signed_response_alg: ",
        );
    }
    check(
        json!({"post_logout_redirect_uris": ["javascript:alert(1)"]}),
        "invalid_client_metadata post_logout_redirect_uris: ",
    );
}

#[test]
fn a_software_statement_is_refused() {
    let part = |json: &str| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(json)
    };
    let jwt = |claims: &str| format!("{}.{}.c2ln", part(r#"{"alg":"ES256"}"#), part(claims));
    let check = |statement: Value, code: &str| {
        super::tests::check(json!({ "software_statement": statement }), code);
    };
    check(
        jwt(r#"{"iss":"https://a","software_id":"x"}"#).into(),
        "unapproved_software_statement ",
    );
    check(
        jwt(r#"{"software_id":"x"}"#).into(),
        "invalid_software_statement ",
    );
    let unsigned = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(r#"{"iss":"a"}"#));
    check(unsigned.into(), "invalid_software_statement ");
    check("x".into(), "invalid_software_statement ");
    check(json!({"iss": "a"}), "invalid_software_statement ");
}
