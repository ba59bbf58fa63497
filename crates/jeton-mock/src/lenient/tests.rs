use http::{HeaderMap, Method, Uri};
use jeton::{ClientRecord, Presented, Proof, SecretHash, SecretMethod};
use serde_json::{Value, json};

use super::*;
use crate::{asked::Asked, spec::Endpoint};

const NOW: UnixTime = UnixTime(1_700_000_000);

fn registered(members: Value) -> MockRegistry {
    let record: ClientRecord = serde_json::from_value(members).unwrap();
    let client = record.clone().parse().unwrap();
    let registry = MockRegistry::default();
    registry.fix(record, client);
    registry
}

fn presents(proof: Proof) -> Presented {
    Presented {
        client_id: "web".to_owned(),
        proof,
    }
}

fn secret(method: SecretMethod, text: &str) -> Proof {
    Proof::Secret(method, SecretHash::of(text))
}

#[test]
fn what_the_core_would_refuse_of_a_secret_is_waived() {
    let (basic, post) = (
        SecretMethod::ClientSecretBasic,
        SecretMethod::ClientSecretPost,
    );
    let any = json!({ "client_id": "web", "client_secret": "right" });
    let by_post = json!({
        "client_id": "web", "client_secret": "right",
        "token_endpoint_auth_method": "client_secret_post",
    });
    let old = |expires_at| {
        json!({ "client_id": "web", "client_secrets": [
            { "sha256": SecretHash::of("right").to_string(), "expires_at": expires_at },
        ] })
    };
    let public = json!({ "client_id": "web", "token_endpoint_auth_method": "none" });
    let method = "token_endpoint_auth_method";
    for (client, proof, waived, accepted) in [
        (&any, secret(basic, "right"), None, true),
        (&any, secret(post, "right"), None, true),
        (&any, secret(post, "wrong"), Some("secret"), true),
        (&any, Proof::None, None, false),
        (&by_post, secret(post, "right"), None, true),
        (&by_post, secret(basic, "right"), Some(method), true),
        (&by_post, secret(post, "wrong"), Some("secret"), true),
        (&by_post, secret(basic, "wrong"), Some("secret"), true),
        (&old(NOW.0 + 1), secret(basic, "right"), None, true),
        (&old(NOW.0), secret(basic, "right"), Some("secret"), true),
        (&public, Proof::None, None, true),
        (&public, secret(post, "any"), Some("secret"), true),
    ] {
        let registry = registered(client.clone());
        let presented = presents(proof);
        let wanted = Wanted::authentication(&presented).unwrap();
        let loan = lend(&registry, &wanted, NOW);
        assert_eq!(
            loan.waived,
            Vec::from_iter(waived),
            "{client} {presented:?}"
        );
        let own = || registry.find(&"web".parse().unwrap()).unwrap();
        let lent = loan.client.unwrap_or_else(own);
        let accepts = lent.accepts(&presented, NOW).is_ok();
        assert_eq!(accepts, accepted, "{client} {presented:?}");
    }
}

#[test]
fn what_the_core_would_refuse_of_a_target_is_waived() {
    for (query, waived) in [
        ("scope=read", vec![]),
        ("scope=read+write", vec!["scope"]),
        ("scope=%22", vec![]),
        ("resource=https://api.example", vec![]),
        ("resource=https://other.example", vec!["audience"]),
        (
            "resource=https://api.example&audience=other",
            vec!["audience"],
        ),
        ("redirect_uri=https://app.example/cb", vec![]),
        (
            "redirect_uri=https://other.example/cb&scope=write",
            vec!["redirect_uri", "scope"],
        ),
        ("redirect_uri=javascript:x", vec![]),
        // What is malformed is refused, so nothing is waived.
        ("scope=write&scope=write", vec![]),
    ] {
        let registry = registered(json!({
            "client_id": "web", "client_secret": "s", "scope": "read", "require_pkce": false,
            "audiences": ["https://api.example"], "redirect_uris": ["https://app.example/cb"],
        }));
        let uri: Uri = format!("/authorize?client_id=web&{query}").parse().unwrap();
        let (method, headers) = (Method::GET, HeaderMap::new());
        let asked = Asked::read(Endpoint::Authorize, &method, &uri, &headers, &[]);
        let wanted = Wanted::authorization(&asked);
        let loan = wanted.map(|wanted| lend(&registry, &wanted, NOW));
        assert_eq!(loan.unwrap_or_default().waived, waived, "{query}");
    }
}

#[test]
fn what_an_authorization_request_lacks_is_waived() {
    let waived_of = |pkce: bool, query: &str| {
        let registry = registered(json!({
            "client_id": "web", "client_secret": "s", "scope": "openid read", "require_pkce": pkce,
            "redirect_uris": ["https://app.example/cb"],
        }));
        lent(&registry, query).waived
    };
    for (pkce, query, waived) in [
        (true, "code_challenge=x", vec![]),
        (true, "nonce=n", vec!["pkce"]),
        (false, "nonce=n", vec![]),
        (false, "scope=read", vec![]),
        (false, "scope=openid", vec!["nonce"]),
        (false, "", vec!["nonce"]),
    ] {
        assert_eq!(waived_of(pkce, query), waived, "{query}");
    }
}

#[test]
fn a_client_that_is_disabled_is_lent_nothing() {
    for disabled in [false, true] {
        let registry = registered(json!({
            "client_id": "web", "client_secret": "s", "disabled": disabled,
            "redirect_uris": ["https://app.example/cb"],
        }));
        let loan = lent(&registry, "scope=read&code_challenge=x");
        assert_eq!(loan.waived.is_empty(), disabled);
        assert_eq!(loan.client.is_none(), disabled);
    }
}

/// What is lent to an authorization request of the client `web`.
fn lent(registry: &MockRegistry, query: &str) -> Loan {
    let uri: Uri = format!("/authorize?client_id=web&{query}").parse().unwrap();
    let (method, headers) = (Method::GET, HeaderMap::new());
    let asked = Asked::read(Endpoint::Authorize, &method, &uri, &headers, &[]);
    lend(registry, &Wanted::authorization(&asked).unwrap(), NOW)
}

#[test]
fn what_one_request_was_lent_later_ones_go_on_with_and_no_other_gets_unasked() {
    let registry = registered(json!({
        "client_id": "web", "client_secret": "s", "scope": "read",
        "redirect_uris": ["https://app.example/cb"],
    }));
    let id = "web".parse().unwrap();
    let challenge = "code_challenge=x";
    let first = format!("{challenge}&scope=admin&resource=https://api.example");
    assert_eq!(lent(&registry, &first).waived, ["scope", "audience"]);
    let kept = registry.find(&id).unwrap();
    assert_eq!(kept.scope.to_string(), "read admin");
    assert_eq!(kept.audiences, ["https://api.example"]);
    let next = lent(&registry, challenge);
    assert!(next.waived.is_empty());
    let client = next.client.unwrap();
    assert_eq!(client.scope.to_string(), "read", "its default");
    assert!(client.audiences.is_empty());
    // What is kept is bounded.
    for n in 0..2000 {
        let more = format!("{challenge}&scope=s{n}&audience=a{n}");
        lent(&registry, &more);
    }
    let kept = registry.find(&id).unwrap();
    assert!(kept.scope.iter().count() <= 1001);
    assert_eq!(kept.audiences.len(), 64);
    assert!(kept.scope.contains("s1999") && kept.scope.contains("read"));
}

#[test]
fn a_stranger_is_waived_as_a_whole() {
    let registry = MockRegistry::default();
    let presented = presents(secret(SecretMethod::ClientSecretPost, "any"));
    let wanted = Wanted::authentication(&presented).unwrap();
    let loan = lend(&registry, &wanted, NOW);
    assert_eq!(loan.waived, ["client"]);
    assert!(loan.client.unwrap().accepts(&presented, NOW).is_ok());
    // Nothing of it stays.
    assert_eq!(registry.find(&"web".parse().unwrap()), None);
}
