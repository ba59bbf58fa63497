//! Which documents go by themselves.

use jeton::{Document, Expected, Key, Kind, Realm, Registry, UnixTime};

use super::client;

/// When the clients of the test expire, and when those go that registered themselves: a day later.
const EXPIRY: UnixTime = UnixTime(4_000_000_000);
const GOES: UnixTime = UnixTime(4_000_086_400);

/// The contract of keeping documents, for a store of which `sweep` takes away what may go at a given time:
/// all of it.
pub async fn registry_keeping(registry: &impl Registry, sweep: impl AsyncFn(UnixTime)) {
    let put_at = async |key: &Key, document: &Document| {
        let put = registry.put(key, document, &Expected::Anything).await;
        put.unwrap();
    };
    let put = async |name: &str, members: &str| {
        let key = client(&Realm::default(), name);
        let document = Document::new(format!(r#"{{"client_id":"{name}"{members}}}"#));
        put_at(&key, &document).await;
        key
    };
    let expiry = format!(r#","client_expires_at":{}"#, EXPIRY.0);
    let registered = format!(r#"{expiry},"registration":{{"tokens":[]}}"#);
    let goes = put("kept, registered itself", &registered).await;
    let prolonged = put("kept, prolonged", &registered).await;
    put("kept, prolonged", &registered.replace("000,", "001,")).await;
    let taken_over = put("kept, taken over", &registered).await;
    put("kept, taken over", &expiry).await;
    let mut of_an_api = goes.clone();
    of_an_api.collection.kind = Kind::Api;
    let document = registry.get(&goes).await.unwrap().unwrap();
    put_at(&of_an_api, &document).await;
    let stay = [
        taken_over,
        of_an_api,
        put("kept, for good", r#","registration":{}"#).await,
        put("kept, of an operator", &expiry).await,
        put("kept, unreadable", &format!("{registered}}}")).await,
    ];

    let stands = async |key: &Key| registry.standing(key).await.unwrap().is_some();
    sweep(UnixTime(GOES.0 - 1)).await;
    assert!(stands(&goes).await, "too early by a second");
    sweep(GOES).await;
    assert!(!stands(&goes).await, "a day after it expired");
    assert!(stands(&prolonged).await, "by what was written last");
    sweep(UnixTime(GOES.0 + 1)).await;
    assert!(!stands(&prolonged).await);
    sweep(UnixTime(2 * GOES.0)).await;
    for key in &stay {
        assert!(stands(key).await, "{key} stays until it is deleted");
        let deleted = registry.delete(key, &Expected::Anything).await;
        deleted.unwrap();
    }
}
