use jeton::MemoryRegistry;
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

#[test]
fn rules_whose_client_is_not_in_the_store_are_named() {
    let rule = |name: &str, client: &str| json!({ "name": name, "client_id": client, "conditions": [{ "claim": "sub", "equals": "job" }] });
    let trusted = trusted(json!({ "rules": [rule("a", "one"), rule("b", "two")] }));
    let store = MemoryRegistry::default();
    let named = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let rules = runtime.unwrap().block_on(without_client(&store, &trusted));
        let rules = rules.unwrap().into_iter();
        Vec::from_iter(rules.map(|rule| rule.name.clone()))
    };
    assert_eq!(named(), ["a", "b"]);
    let client = Key::client(&Realm::default(), &"one".parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let record = Document::new("{}");
    let put = store.put(&client, &record, &Expected::Absent);
    runtime.unwrap().block_on(put).unwrap();
    assert_eq!(named(), ["b"]);
}
