use super::*;
use crate::registry::{
    Collection, Cursor, Document, Expected, Key, MemoryRegistry, Page, Put, Realm,
    cache::{
        bounds::CAPACITY,
        tests::{NOW, finish, put, store},
    },
};

const ISSUER: &str = "https://ci.example";

fn document(issuer: &str, name: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}","rules":[{{"name":"{name}","conditions":[{{"claim":"sub","equals":"a"}}],"client_id":"job"}}]}}"#
    )
}

fn issuers<R: Registry>(configured: &[TrustedIssuer], registry: R) -> TrustedIssuers<R> {
    TrustedIssuers::new(configured, store(registry), Seconds(60))
}

/// The name of the rule that is found.
fn rule(issuers: &TrustedIssuers<impl Registry>, issuer: &str, now: UnixTime) -> Option<String> {
    let found = finish(issuers.find(issuer, now)).unwrap()?;
    Some(found.rules[0].name.clone())
}

fn register(registry: &impl Registry, issuer: &str, name: &str) {
    let key = Key::trust(&Realm::default(), issuer);
    put(registry, &key, &document(issuer, name));
}

#[test]
fn the_key_is_a_hash_of_the_issuer() {
    // printf https://ci.example | openssl dgst -sha256 -binary | basenc --base64url
    let key = Key::trust(&Realm::default(), ISSUER);
    assert_eq!(
        key.to_string(),
        r#"trust "-22-M2eMXywckVoZCUNuzWNVd6utU7M6p-wptdW3wMA""#
    );
}

#[test]
fn a_configured_issuer_wins_over_a_registered_one() {
    let registry = MemoryRegistry::default();
    register(&registry, ISSUER, "registered");
    register(&registry, "https://other.example", "other");
    let configured = TrustedIssuer::from_record(&document(ISSUER, "configured")).unwrap();
    let issuers = issuers(&[configured], registry);
    assert_eq!(rule(&issuers, ISSUER, NOW).as_deref(), Some("configured"));
    let other = rule(&issuers, "https://other.example", NOW);
    assert_eq!(other.as_deref(), Some("other"));
    assert_eq!(rule(&issuers, "https://ci.example/", NOW), None);
}

#[test]
fn an_issuer_is_remembered_as_long_as_a_client_is() {
    let issuers = issuers(&[], MemoryRegistry::default());
    assert_eq!(rule(&issuers, ISSUER, NOW), None);
    register(issuers.store.registry(), ISSUER, "first");
    assert_eq!(rule(&issuers, ISSUER, NOW + Seconds(4)), None);
    let first = rule(&issuers, ISSUER, NOW + Seconds(5));
    assert_eq!(first.as_deref(), Some("first"));
    register(issuers.store.registry(), ISSUER, "second");
    let first = rule(&issuers, ISSUER, NOW + Seconds(64));
    assert_eq!(first.as_deref(), Some("first"));
    let second = rule(&issuers, ISSUER, NOW + Seconds(65));
    assert_eq!(second.as_deref(), Some("second"));
}

#[test]
fn made_up_issuers_push_out_none_that_is_registered() {
    let issuers = issuers(&[], MemoryRegistry::default());
    register(issuers.store.registry(), ISSUER, "first");
    assert_eq!(rule(&issuers, ISSUER, NOW).as_deref(), Some("first"));
    register(issuers.store.registry(), ISSUER, "second");
    for n in 0..=CAPACITY {
        assert_eq!(rule(&issuers, &format!("https://{n}.example"), NOW), None);
    }
    assert_eq!(issuers.registered.len(), (1, 1), "a full map starts anew");
    assert_eq!(rule(&issuers, ISSUER, NOW).as_deref(), Some("first"));
}

/// A store that is out of reach.
struct Broken;

impl Registry for Broken {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        Err(Unavailable::new("broken", key))
    }

    async fn put(&self, key: &Key, _: &Document, _: &Expected) -> Result<Put, Unavailable> {
        Err(Unavailable::new("broken", key))
    }

    async fn delete(&self, key: &Key, _: &Expected) -> Result<Put, Unavailable> {
        Err(Unavailable::new("broken", key))
    }

    async fn list(&self, _: &Collection, _: Option<&Cursor>) -> Result<Page, Unavailable> {
        Ok(Page::default())
    }
}

#[test]
fn what_is_no_issuer_reaches_no_store() {
    let issuers = issuers(&[], Broken);
    let longest = format!("https://{}", "a".repeat(247));
    let longer = format!("{longest}a");
    for text in ["", " ", "https://a b", "müller", &longer, "spiffe://a/b"] {
        assert_eq!(finish(issuers.find(text, NOW)).unwrap(), None, "{text}");
    }
    for text in ["a", &longest, "spiffe://a.example"] {
        assert!(finish(issuers.find(text, NOW)).is_err(), "{text}");
    }
}

#[test]
fn a_document_that_cannot_be_read_is_unavailable_and_named() {
    let issuers = issuers(&[], MemoryRegistry::default());
    let key = Key::trust(&Realm::default(), ISSUER);
    for (text, expected) in [
        (r#"{"issuer":"#.to_owned(), "line 1, column 10: no JSON"),
        (
            document("https://else.example", "a"),
            "its issuer is another",
        ),
        (
            document(ISSUER, "a").replace("equals", "matches"),
            "rules[0].conditions[0].matches: no such member; there are ",
        ),
        (
            document(ISSUER, "a").replace(r#"{"claim":"sub","equals":"a"}"#, ""),
            "rule \"a\": conditions: at least one",
        ),
    ] {
        put(issuers.store.registry(), &key, &text);
        let error = finish(issuers.find(ISSUER, NOW)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("registry: {key}: ")), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    register(issuers.store.registry(), ISSUER, "good");
    let good = rule(&issuers, ISSUER, NOW);
    assert_eq!(good.as_deref(), Some("good"), "a failure is not remembered");
}
