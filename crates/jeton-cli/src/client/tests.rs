use serde_json::{Value, json};

use super::*;

/// The warnings of a client of `private_key_jwt` with these members.
fn warned(members: Value) -> Vec<String> {
    let mut record = json!({
        "client_id": "c", "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
    });
    record
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    Client::from_record(&record.to_string()).unwrap();
    warnings(serde_json::from_value(record).unwrap())
}

/// The keys of RFC 8037 appendix A.2 and RFC 7515 appendix A.3.
fn jwks() -> Value {
    json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
        {
            "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
    ] })
}

#[test]
fn a_record_of_which_everything_counts_has_no_warning() {
    let contacts = json!({ "jwks": jwks(), "contacts": ["a@acme.dev"], "client_name#de": "c" });
    assert_eq!(warned(contacts), Vec::<String>::new());
}

#[test]
fn misspelt_members_are_named() {
    let misspelt = json!({ "jwks": jwks(), "scopes": "read", "audience": "https://api.acme.dev" });
    assert_eq!(
        warned(misspelt),
        [
            r#"member "audience" is unknown, and is not read"#,
            r#"member "scopes" is unknown, and is not read"#,
        ]
    );
}

#[test]
fn keys_that_never_count_are_named() {
    for method in ["federated_jwt", "spiffe_jwt", "none"] {
        let keys = json!({ "token_endpoint_auth_method": method, "jwks": jwks() });
        let expected = format!("jwks never counts: token_endpoint_auth_method is {method}, ");
        let [warning] = warned(keys).try_into().unwrap();
        assert!(warning.starts_with(&expected), "{warning}");
    }
    let hashed = json!([{ "sha256": SecretHash::of("secret").to_string() }]);
    let secret = json!({
        "token_endpoint_auth_method": null, "client_secrets": hashed,
        "jwks_uri": "https://keys.acme.dev/",
    });
    let [warning] = warned(secret).try_into().unwrap();
    let expected = "jwks_uri never counts: token_endpoint_auth_method is client_secret_basic, ";
    assert!(warning.starts_with(expected), "{warning}");
}

#[test]
fn keys_that_fit_no_assertion_are_refused() {
    let of = |algorithm: &str| {
        let record = json!({
            "client_id": "c", "grant_types": ["client_credentials"], "jwks": jwks(),
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": algorithm,
        });
        let parsed = Client::from_record(&record.to_string());
        parsed.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(of("ES256"), Ok(()));
    assert_eq!(of("EdDSA"), Ok(()));
    let refused = "jwks: no key in it fits token_endpoint_auth_signing_alg RS256";
    assert_eq!(of("RS256"), Err(refused.to_owned()));
}
