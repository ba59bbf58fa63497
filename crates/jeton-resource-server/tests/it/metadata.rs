//! The metadata of a protected resource: RFC 9728 §2, §3.1.

use serde_json::json;

use crate::support::{ISSUER, World};

#[test]
fn where_it_is() {
    let world = World::new();
    let check = |resource: &str, path: &str, url: &str| {
        let server = world.builder().resource(resource).build().unwrap();
        let metadata = server.metadata().unwrap();
        assert_eq!((metadata.path.as_str(), metadata.url.as_str()), (path, url));
        assert_eq!(metadata.document["resource"], resource);
    };
    let well_known = "/.well-known/oauth-protected-resource";
    // The two of RFC 9728 §3.1.
    check(
        "https://resource.example.com",
        well_known,
        &format!("https://resource.example.com{well_known}"),
    );
    check(
        "https://resource.example.com/resource1",
        &format!("{well_known}/resource1"),
        &format!("https://resource.example.com{well_known}/resource1"),
    );
    check(
        "https://a.example/",
        well_known,
        &format!("https://a.example{well_known}"),
    );
    check(
        "https://a.example/x?y=z",
        &format!("{well_known}/x?y=z"),
        &format!("https://a.example{well_known}/x?y=z"),
    );
}

#[test]
fn what_it_says() {
    let world = World::new();
    let server = world.builder().scopes(["read", "write"]).build().unwrap();
    assert_eq!(
        server.metadata().unwrap().document,
        json!({
            "resource": "https://api.example/v1",
            "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["read", "write"],
            "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "RS256", "PS256"],
        })
    );
}

#[test]
fn an_audience_that_is_no_url_has_none() {
    let server = jeton_resource_server::ResourceServer::builder(ISSUER, "urn:example:api");
    assert_eq!(server.build().unwrap().metadata(), None);
}
