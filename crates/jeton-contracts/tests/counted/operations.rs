//! Storage operations per request: the table of `ARCHITECTURE.md`, asserted.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::{Capabilities, Key, Realm, Seconds, SecretUse, Server, UnixTime};
use jeton_contracts::Operations;
use jeton_native::NativeCrypto;
use serde_json::{Value, json};

use crate::bench::{Answer as _, Bench, NOW, SECRET, SHA256_OF_S, config, text};

/// The configured client, `static`, which may manage clients.
fn clients() -> String {
    let client = json!({
        "client_id": "static", "client_secret": SECRET, "grant_types": ["client_credentials"],
        "scope": "jeton:clients jeton:clients:read",
    });
    json!([client]).to_string()
}

/// A deployment of which `stored` is a registered client.
async fn deployment() -> Bench {
    let bench = Bench::new(&[("JETON_CLIENTS", &clients())]);
    bench.write_client(&client("stored")).await;
    bench
}

fn client(id: &str) -> Value {
    json!({
        "client_id": id, "client_secrets": [{ "sha256": SHA256_OF_S }],
        "grant_types": ["client_credentials"],
    })
}

impl Bench {
    async fn token(&self, id: &str, secret: &str, now: UnixTime) -> StatusCode {
        self.answer(id, secret, now).await.status()
    }

    /// The use of a secret that the answer to a token request leaves to be noted.
    async fn to_note(&self, id: &str, secret: &str, now: UnixTime) -> Option<SecretUse> {
        let mut response = self.answer(id, secret, now).await;
        response.extensions_mut().remove()
    }

    async fn answer(&self, id: &str, secret: &str, now: UnixTime) -> Response<Bytes> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        self.submit(Request::post("/token"), &form, now).await
    }

    /// The header of requests of `static` to the management interface.
    async fn bearer(&self, now: UnixTime) -> String {
        let tokens = self.answer("static", SECRET, now).await.json();
        format!("Bearer {}", text(&tokens, "access_token"))
    }

    /// The days of last use of the stored client's secrets, as they are listed.
    async fn days(&self, now: UnixTime) -> Vec<Value> {
        let request = Request::get("/manage/clients/stored/secrets")
            .header("authorization", self.bearer(now).await);
        let listed = self.send(request, "", now).await.json();
        let secrets = listed["secrets"].as_array().unwrap().iter();
        secrets
            .map(|secret| secret["last_used_on"].clone())
            .collect()
    }

    async fn get(&self, path: &str) -> StatusCode {
        self.send(Request::get(path), "", NOW).await.status()
    }

    /// Asserts that no ledger was touched, then that `notes` were written to it.
    async fn assert_notes(&self, notes: impl IntoIterator<Item = SecretUse>, what: &str) {
        assert_eq!(self.ledger.take(), Operations::default(), "{what}: before");
        let mut expected = Operations::default();
        for used in notes {
            expected.ledger_writes += 1;
            self.server.note(used).await;
        }
        assert_eq!(self.ledger.take(), expected, "{what}");
    }

    fn assert_reads(&self, expected: u32, what: &str) {
        assert_eq!(self.registry.take().registry_reads, expected, "{what}");
    }
}

#[tokio::test]
async fn client_credentials() {
    let bench = deployment().await;
    assert_eq!(bench.token("stored", "s", NOW).await, StatusCode::OK);
    bench.assert_reads(1, "cold");
    assert_eq!(bench.token("stored", "s", NOW).await, StatusCode::OK);
    assert_eq!(
        bench.token("stored", "x", NOW).await,
        StatusCode::UNAUTHORIZED
    );
    bench.assert_reads(0, "warm");
    assert_eq!(
        bench.token("stored", "s", NOW + Seconds(59)).await,
        StatusCode::OK
    );
    bench.assert_reads(0, "at the end of JETON_REGISTRY_MAX_AGE");
    assert_eq!(
        bench.token("stored", "s", NOW + Seconds(60)).await,
        StatusCode::OK
    );
    bench.assert_reads(1, "after JETON_REGISTRY_MAX_AGE");
    assert_eq!(bench.token("static", SECRET, NOW).await, StatusCode::OK);
    bench.assert_reads(0, "a configured client");
}

#[tokio::test]
async fn a_client_is_read_with_the_apis_that_it_names() {
    let bench = deployment().await;
    let apis = ["https://a.example", "https://b.example"];
    let named = apis.map(|identifier| json!({ "identifier": identifier }));
    let mut buyer = client("buyer");
    buyer["apis"] = json!(named);
    bench.write_client(&buyer).await;
    for (identifier, api) in apis.into_iter().zip(&named) {
        let key = Key::api(&Realm::default(), identifier);
        bench.write(&key, api).await;
    }
    assert_eq!(bench.token("buyer", "s", NOW).await, StatusCode::OK);
    bench.assert_reads(3, "cold: the client and two APIs");
    assert_eq!(bench.token("buyer", "s", NOW).await, StatusCode::OK);
    bench.assert_reads(0, "warm");
}

#[tokio::test]
async fn an_id_that_only_looks_like_ours_costs_no_read() {
    let bench = deployment().await;
    let request = Request::post("/manage/clients")
        .header("authorization", bench.bearer(NOW).await)
        .header("content-type", "application/json");
    let metadata = r#"{"grant_types":["client_credentials"]}"#;
    let made = bench.send(request, metadata, NOW).await.json();
    let id = text(&made, "client_id");
    let last = if id.ends_with('A') { "B" } else { "A" };
    let forged = format!("{}{last}", &id[..id.len() - 1]);
    bench.registry.take();
    let refused = bench.token(&forged, "s", NOW).await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
    bench.assert_reads(0, "our key, and a code that is wrong");
    let refused = bench.token("jc_made-up", "s", NOW).await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
    bench.assert_reads(1, "an id of anybody");
}

#[tokio::test]
async fn the_day_of_a_secrets_last_use() {
    let bench = deployment().await;
    let today = bench.to_note("stored", "s", NOW).await;
    assert!(today.is_some());
    bench.assert_notes(today, "the first token of a day").await;
    for (id, secret, now) in [
        ("stored", "s", NOW + Seconds(60)),
        ("stored", "x", NOW),
        ("nobody", "s", NOW),
        ("static", SECRET, NOW),
    ] {
        let more = bench.to_note(id, secret, now).await;
        assert_eq!(more, None, "{id} {secret} {now:?}");
    }
    let tomorrow = NOW + Seconds::from_days(1);
    let tomorrow = bench.to_note("stored", "s", tomorrow).await;
    assert!(tomorrow.is_some());
    bench.assert_notes(tomorrow, "the next day").await;
    let capabilities = Capabilities {
        registry: bench.registry.clone(),
        ledger: None,
        crypto: NativeCrypto::new(),
        fetch: (),
        people: (),
    };
    let config = config(&[("JETON_CLIENTS", &clients())]);
    let without_a_ledger = Bench {
        server: Server::new(config, capabilities),
        ..bench
    };
    let note = without_a_ledger.to_note("stored", "s", NOW).await;
    assert_eq!(note, None);
}

#[tokio::test]
async fn a_list_of_secrets() {
    let bench = deployment().await;
    let day = Seconds::from_days(1);
    let listed = async |now, [registry_reads, ledger_reads]: [u32; 2]| {
        let days = bench.days(now).await;
        let read = [
            bench.registry.take().registry_reads,
            bench.ledger.take().ledger_reads,
        ];
        assert_eq!(read, [registry_reads, ledger_reads], "{now:?}");
        days
    };
    assert_eq!(listed(NOW, [2, 1 + 31]).await, [Value::Null]);
    let used = bench.to_note("stored", "s", NOW).await;
    bench.assert_notes(used, "the first use").await;
    bench.registry.take();
    assert_eq!(listed(NOW, [1, 1 + 1]).await, ["2027-01-15"]);
    assert_eq!(listed(NOW + day, [2, 1 + 2]).await, ["2027-01-15"]);
}

#[tokio::test]
async fn unknown_clients() {
    let bench = deployment().await;
    assert_eq!(
        bench.token("nobody", "x", NOW).await,
        StatusCode::UNAUTHORIZED
    );
    bench.assert_reads(1, "the first time");
    assert_eq!(
        bench.token("nobody", "x", NOW).await,
        StatusCode::UNAUTHORIZED
    );
    bench.assert_reads(0, "remembered as unknown");
    for n in 0..20_000 {
        bench.token(&format!("nobody-{n}"), "x", NOW).await;
    }
    bench.assert_reads(20_000, "a flood of ids");
    let known = bench.token("stored", "s", NOW).await;
    assert_eq!(known, StatusCode::OK);
    bench.assert_reads(1, "cold");
    for n in 0..20_000 {
        bench.token(&format!("somebody-{n}"), "x", NOW).await;
    }
    bench.registry.take();
    assert_eq!(bench.token("stored", "s", NOW).await, StatusCode::OK);
    bench.assert_reads(0, "a flood does not push a known client out");
}

#[tokio::test]
async fn requests_that_touch_no_store() {
    let bench = deployment().await;
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/health",
    ] {
        assert_eq!(bench.get(path).await, StatusCode::OK, "{path}");
    }
    assert_eq!(bench.get("/nowhere").await, StatusCode::NOT_FOUND);
    let overlong = bench.token(&"x".repeat(256), "x", NOW).await;
    assert_eq!(overlong, StatusCode::UNAUTHORIZED);
    bench.assert_reads(0, "none of these");
}
