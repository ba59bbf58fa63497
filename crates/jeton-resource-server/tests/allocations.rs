//! How often one verification asks for memory.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "it/support.rs"]
#[expect(dead_code, reason = "what the other tests use of it")]
mod support;

use allocation_counter::{AllocationInfo, measure};
use futures_util::FutureExt;
use jeton_resource_server::{Credentials, ResourceServer};
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{AUDIENCE, ISSUER, KEY, NOW, World, claims};

/// What a verification with known keys may cost: one buffer for the decoded token, and the claims:
/// `iss`, `sub`, `aud` (a list and its one text), `jti`, `client_id`, `scope`.
const MOST: u64 = 8;

fn server() -> ResourceServer {
    let keys = json!({ "keys": [KEY.public] });
    World::new().builder().jwks(keys).build().unwrap()
}

fn verified(server: &ResourceServer, token: &str) -> AllocationInfo {
    let authorization = format!("Bearer {token}");
    let credentials = Credentials::new().authorization(&authorization);
    let once = || server.verify(&credentials).now_or_never().unwrap().unwrap();
    once();
    measure(|| drop(once()))
}

#[test]
fn of_a_jwt() {
    let info = verified(&server(), &KEY.token(&claims(json!({}))));
    assert_eq!(info.count_total, MOST, "{info:?}");
    assert_eq!(info.count_current, 0, "{info:?}");
}

#[test]
fn of_claims_beyond_the_usual() {
    // One for the map, and one for each name and text in it.
    let token = KEY.token(&claims(json!({ "tenant": "blue", "level": 3 })));
    let info = verified(&server(), &token);
    assert_eq!(info.count_total, MOST + 4, "{info:?}");
}

#[test]
fn of_plain_jsonwebtoken() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "as an application would have it")]
    struct Claims {
        iss: String,
        sub: String,
        aud: String,
        jti: String,
        client_id: String,
        scope: String,
        exp: u64,
        iat: u64,
    }
    let token = KEY.token(&claims(json!({ "exp": NOW * 2 })));
    let text = |name: &str| KEY.public[name].as_str().unwrap();
    let key = DecodingKey::from_ec_components(text("x"), text("y")).unwrap();
    let mut validation = Validation::new(KEY.alg);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    let typed = measure(|| drop(decode::<Claims>(&token, &key, &validation).unwrap()));
    let untyped = measure(|| drop(decode::<Value>(&token, &key, &validation).unwrap()));
    assert!(
        typed.count_total > MOST && untyped.count_total > MOST,
        "{typed:?} {untyped:?}"
    );
    println!(
        "jsonwebtoken: {} with a type of claims, {} without",
        typed.count_total, untyped.count_total
    );
}
