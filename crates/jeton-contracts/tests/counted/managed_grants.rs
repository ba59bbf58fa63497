//! What people have granted, as the management interface lists and ends it: which grants it shows, and the
//! storage operations of `ARCHITECTURE.md`.

use http::{Method, Request, StatusCode};
use jeton::{
    Grant, GrantId, GrantState, INDEX_PAGE, Id128, Ledger as _, Seconds, SubjectKey, UnixTime,
};
use serde_json::{Value, json};

use crate::bench::{Answer as _, Bench, LOGIN_URL, NOW, SECRET, text};

const ALICE: &str = "alice";

/// A deployment of which `client` is a registered client, to which everything here is granted; and the
/// bearer of a token that manages grants.
struct Managed {
    bench: Bench,
    bearer: String,
}

impl Managed {
    async fn new() -> Self {
        let manager = json!({
            "client_id": "manager", "client_secret": SECRET, "grant_types": ["client_credentials"],
            "scope": "jeton:grants",
        });
        let clients = json!([manager]).to_string();
        let bench = Bench::new(&[LOGIN_URL, ("JETON_CLIENTS", &clients)]);
        let client = json!({
            "client_id": "client", "token_endpoint_auth_method": "none",
            "redirect_uris": ["https://app.example/cb"], "scope": "openid read write",
        });
        bench.write_client(&client).await;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "manager"),
            ("client_secret", SECRET),
        ];
        let tokens = bench.submit(Request::post("/token"), &form, NOW).await;
        let bearer = format!("Bearer {}", text(&tokens.json(), "access_token"));
        Self { bench, bearer }
    }

    async fn manage(&self, method: Method, path: &str, now: UnixTime) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/manage/grants{path}"))
            .header("authorization", &self.bearer);
        let answer = self.bench.send(request, "", now).await;
        (answer.status(), answer.json())
    }

    async fn list(&self, query: &str, now: UnixTime) -> Value {
        let (status, page) = self.manage(Method::GET, query, now).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page
    }

    /// Opens a grant of Alice's, whose code was redeemed, changed by `change`; it is in her index.
    async fn open(&self, byte: u8, change: impl FnOnce(&mut Grant)) -> GrantId {
        let mut grant = Grant {
            subject: Some(ALICE.to_owned()),
            generation: 1,
            redeemed_at: Some(NOW),
            ..jeton_contracts::grant(Id128([byte; 16]), NOW)
        };
        change(&mut grant);
        let ledger = self.bench.ledger.store();
        self.index(grant.id).await;
        ledger.open(&grant, NOW).await.unwrap();
        grant.id
    }

    async fn index(&self, id: GrantId) {
        let (alice, until) = (SubjectKey::of(ALICE), NOW + Seconds(1000));
        let ledger = self.bench.ledger.store();
        ledger.index(&alice, id, until, NOW).await.unwrap();
    }
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| text(item, "grant_id").to_owned())
        .collect()
}

#[tokio::test]
async fn a_list_has_what_may_have_tokens() {
    let managed = Managed::new().await;
    let live = managed.open(1, |_| {}).await;
    let fresh = managed.open(2, |grant| grant.generation = 0).await;
    let _ = managed
        .open(3, |grant| grant.state = GrantState::Revoked)
        .await;
    let _ = managed.open(4, |grant| grant.expires_at = NOW).await;
    let of_bob = |grant: &mut Grant| grant.subject = Some("bob".to_owned());
    let _ = managed.open(5, of_bob).await;
    let pending = |grant: &mut Grant| grant.state = GrantState::Pending;
    let _ = managed.open(6, pending).await;
    managed.index(Id128([7; 16])).await;
    // A client that removed its registration leaves nothing but its tombstone.
    let of_none = |grant: &mut Grant| grant.client_id = "gone".parse().unwrap();
    let _ = managed.open(8, of_none).await;

    let page = managed.list("?subject=alice", NOW).await;
    assert_eq!(ids(&page), [live.to_string(), fresh.to_string()]);
    let expected = json!({
        "grant_id": live,
        "client_id": "client",
        "scope": "openid read write",
        "audiences": ["https://a.example", "https://b.example"],
        "created_at": NOW,
        "last_used_at": NOW,
        "idle_expires_at": NOW + Seconds(60),
        "expires_at": NOW + Seconds(1000),
    });
    assert_eq!(page["items"][0], expected);
    assert_eq!(page["next"], Value::Null);
    let later = NOW + Seconds(60);
    let page = managed.list("?subject=alice", later).await;
    assert_eq!(
        ids(&page),
        [live.to_string()],
        "a code that nobody redeemed in time has no tokens"
    );
    let bobs = managed.list("?subject=bob", NOW).await;
    assert_eq!(ids(&bobs), [""; 0], "his own index lacks it");
}

#[tokio::test]
async fn a_page_reads_its_index_and_its_grants() {
    let managed = Managed::new().await;
    let all = INDEX_PAGE as u8 + 3;
    for byte in 0..all {
        managed.open(byte, |_| {}).await;
    }
    managed.bench.operations();
    let first = managed.list("?subject=alice", NOW).await;
    let page = INDEX_PAGE as u32;
    // The cut-offs of the manager, of Alice and of the client, and whether she is a client; the client;
    // whether the token was revoked, the index, and each grant.
    assert_eq!(managed.bench.operations(), [5, 0, 2 + page, 0], "cold");
    let next = first["next"].as_str().unwrap();
    let second = managed
        .list(&format!("?subject=alice&after={next}"), NOW)
        .await;
    assert_eq!(managed.bench.operations(), [0, 0, 2 + 3, 0], "warm");
    let mut listed = ids(&first);
    listed.extend(ids(&second));
    let expected = (0..all).map(|byte| Id128([byte; 16]).to_string());
    assert_eq!(listed, expected.collect::<Vec<_>>());
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn ending_one_or_all() {
    let managed = Managed::new().await;
    let [one, other] = [managed.open(1, |_| {}).await, managed.open(2, |_| {}).await];
    managed.list("?subject=alice", NOW).await;
    managed.bench.operations();
    // Whether the token was revoked is asked each time.
    for what in ["ended", "ended again"] {
        let end = managed
            .manage(Method::DELETE, &format!("/{one}"), NOW)
            .await;
        assert_eq!(end, (StatusCode::NO_CONTENT, Value::Null));
        assert_eq!(managed.bench.operations(), [0, 0, 2, 1], "{what}");
    }
    let page = managed.list("?subject=alice", NOW).await;
    assert_eq!(ids(&page), [other.to_string()]);
    managed.bench.operations();

    for query in [
        "?subject=alice&client_id=client",
        "?subject=alice",
        "?client_id=client",
    ] {
        let end = managed.manage(Method::DELETE, query, NOW).await;
        assert_eq!(end, (StatusCode::NO_CONTENT, Value::Null));
        assert_eq!(managed.bench.operations(), [1, 1, 1, 0], "{query}");
        let page = managed.list("?subject=alice", NOW).await;
        assert_eq!(ids(&page), [""; 0]);
        managed.bench.operations();
    }
}
