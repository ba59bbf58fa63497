use serde_json::{Value, json};

use super::*;

fn trusted(changes: Value) -> TrustedIssuer {
    let mut document = json!({ "issuer": "https://ci.acme.dev" });
    document
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    TrustedIssuer::from_record(&document.to_string()).unwrap()
}

#[test]
fn an_address_that_no_deployment_asks_is_refused() {
    let check = |changes: Value, expected: Result<(), &str>| {
        let found = warn_of_addresses(&trusted(changes)).map_err(|error| format!("{error:#}"));
        assert_eq!(found, expected.map_err(str::to_owned));
    };
    check(json!({}), Ok(()));
    check(json!({ "issuer": "http://localhost:8080" }), Ok(()));
    check(
        json!({ "issuer": "http://ci.acme.dev" }),
        Err("issuer http://ci.acme.dev: not https"),
    );
    check(
        json!({ "issuer": "https://ci.internal" }),
        Err("issuer https://ci.internal: the host is a name of a local network"),
    );
    // Its name alone is compared.
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let pasted = json!({ "issuer": "http://ci.acme.dev", "jwks": { "keys": [key] } });
    check(pasted, Ok(()));
    let elsewhere = json!({
        "issuer": "http://ci.acme.dev", "jwks_uri": "https://keys.acme.dev/",
    });
    check(elsewhere, Ok(()));
}
