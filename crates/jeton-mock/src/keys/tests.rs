use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{MOCK_MEMBER, PUBLIC_PREFIX, PUBLIC_SECRET};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    seed::{BUNDLED, WRONG},
    *,
};

/// As `jeton keys new` prints one.
const SECRET: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

const ALL: [Algorithm; 2] = [Algorithm::ES256, Algorithm::EdDSA];

/// Whose keys are written down: the default issuer's, and those whose names are platforms'.
const NAMES: [&str; 16] = [
    "",
    "auth0",
    "cognito",
    "entra",
    "okta",
    "keycloak",
    "google",
    "github",
    "zitadel",
    "github-actions",
    "gitlab",
    "kubernetes",
    "aws",
    "spiffe",
    "gcp-metadata",
    "azure-metadata",
];

fn everyones() -> Seed {
    Seed::new(None).unwrap()
}

/// What is to be written down, each key made anew.
fn derived_bundle() -> Value {
    let names = NAMES.iter().map(|name| (*name, 0));
    let keys: Vec<_> = names
        .chain([("", WRONG)])
        .map(|(issuer, number)| {
            let starts = everyones().rsa_starts(&(issuer.to_owned(), number));
            let mut jwk = rsa::private_jwk(starts).unwrap();
            jwk[MOCK_MEMBER] = json!({ "issuer": issuer, "number": number });
            jwk
        })
        .collect();
    json!({ MOCK_MEMBER: true, "keys": keys })
}

#[test]
fn what_is_written_down_is_what_the_seed_gives() {
    let bundled: Value = serde_json::from_str(BUNDLED).unwrap();
    let derived = derived_bundle();
    if bundled != derived {
        // Not where the other is: a file of the source that is written is compiled anew by whoever builds next.
        let file = std::env::temp_dir().join("rs256.json");
        let text = serde_json::to_string_pretty(&derived).unwrap();
        std::fs::write(&file, text + "\n").unwrap();
        panic!("keys/rs256.json is to be as {}", file.display());
    }
}

/// What `jeton::Config` must refuse, without the marks that a set and its keys have: its list holds the
/// hashes that this prints.
#[test]
fn production_refuses_the_default_keys() {
    let bundled: Value = serde_json::from_str(BUNDLED).unwrap();
    let mut keys = bundled["keys"].as_array().unwrap().clone();
    for number in [0, 1, 2, WRONG] {
        for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
            keys.push(everyones().curve_jwk(algorithm, "", number).unwrap());
        }
    }
    let refused = |set: Value| {
        let set = set.to_string();
        let config = jeton::Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some("https://id.example".to_owned()),
            "JETON_SECRET" => Some(SECRET.to_owned()),
            "JETON_SIGNING_JWKS" => Some(set.clone()),
            _ => None,
        });
        config
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let mut missing = String::new();
    for mut jwk in keys {
        jwk.as_object_mut().unwrap().remove(MOCK_MEMBER);
        if !refused(json!({ "keys": [jwk] })).contains("everyone") {
            let hash = Sha256::digest(jwk["d"].as_str().unwrap());
            missing += &format!("    \"{}\",\n", URL_SAFE_NO_PAD.encode(hash));
        }
    }
    assert_eq!(missing, "");
}

/// Another release of a library must find the same primes.
#[tokio::test]
async fn a_seed_gives_the_same_rsa_key_for_ever() {
    let mut kids = String::new();
    for (seed, issuer, number) in [
        (None, "", 0),
        (None, "auth0", 0),
        (None, "acme", 0),
        (None, "acme", 1),
        (Some("x"), "", 0),
        (Some("x"), "auth0", 0),
    ] {
        let key = Seed::new(seed).unwrap();
        let key = key.key(Algorithm::RS256, issuer, number).await.unwrap();
        kids += &format!("{seed:?} {issuer:?} {number} {}\n", key.kid);
    }
    assert_eq!(kids, include_str!("tests/rs256.txt"));
}

/// Alone in its process nobody knows what was asked before.
#[tokio::test]
async fn whoever_asks_at_once_has_the_same_key() {
    let seed = Seed::new(Some("x")).unwrap();
    let key = || seed.key(Algorithm::RS256, "a", 0);
    let (one, other) = tokio::join!(key(), key());
    assert_eq!(one.unwrap().kid, other.unwrap().kid);
}

#[tokio::test]
async fn rotates() {
    let mut keys = Keys::new(&Seed::new(Some("x")).unwrap(), "a", &ALL, Vec::new());
    let shape = async |keys: &Keys| {
        let list = keys.list().await.unwrap();
        let es256 = list.into_iter().filter(|key| key.alg == Algorithm::ES256);
        es256
            .map(|key| (key.signs, key.published))
            .collect::<Vec<_>>()
    };
    assert_eq!(shape(&keys).await, [(true, true)]);
    let refused = keys.change(KeyAction::Switch, None);
    assert!(matches!(refused, Err(KeyError::NoneNext(_))));
    for (action, expected) in [
        (KeyAction::Publish, &[(true, true), (false, true)][..]),
        (KeyAction::Switch, &[(false, true), (true, true)]),
        (KeyAction::Retire, &[(true, true)]),
        (
            KeyAction::SwitchUnpublished,
            &[(false, true), (true, false)],
        ),
        (KeyAction::Rotate, &[(false, true), (true, true)]),
    ] {
        keys.change(action, None).unwrap();
        assert_eq!(shape(&keys).await, expected, "{action:?}");
    }
}

#[test]
fn every_seed_makes_a_secret_that_is_refused() {
    for seed in [None, Some(""), Some("x")] {
        let secret = Seed::new(seed).unwrap().secret();
        assert!(secret.starts_with(PUBLIC_PREFIX) && secret.len() >= 43);
    }
}

#[test]
fn what_a_deployment_takes_for_its_secret_is_no_seed() {
    let random = "kT2vQ9xZb7LmN4cR8wYdH3jF6sGpA1eU0iOqXtVnBaZ";
    let cut = SECRET.strip_suffix("jrj").unwrap();
    for seed in [SECRET, cut, random, &format!("{SECRET} {random}")] {
        let refused = Seed::new(Some(seed)).map(|_| ()).unwrap_err();
        assert_eq!(refused.at, "seed");
        assert!(!refused.to_string().contains(seed), "{refused}");
    }
    let words = "a seed of many words, which no deployment takes for its secret";
    for seed in ["", "x", "ci-4711", words, PUBLIC_SECRET] {
        assert!(Seed::new(Some(seed)).is_ok(), "{seed}");
    }
}
