//! Storage operations per request: the table of `ARCHITECTURE.md`, asserted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use bytes::Bytes;
use http::{Request, StatusCode};
use jeton::MemoryLedger;
use jeton::{
    Capabilities, Config, Document, Expected, Host, Key, MemoryRegistry, Realm, Registry, Seconds,
    Server, UnixTime,
};
use jeton_contracts::Counting;
use jeton_native::NativeCrypto;

/// As `jeton keys new` prints one.
const SECRET: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

/// Of the configured client, as `jeton client new` prints one.
const STATIC_SECRET: &str = "jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy";

const NOW: UnixTime = UnixTime(1_800_000_000);

struct Counted;

impl Host for Counted {
    type Registry = Counting<MemoryRegistry>;
    type Ledger = MemoryLedger;
    type Crypto = NativeCrypto;
    type Fetch = ();
}

struct Bench {
    store: Counting<MemoryRegistry>,
    server: Server<Counted>,
}

impl Bench {
    async fn new() -> Self {
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some("https://issuer.example".into()),
            "JETON_SECRET" => Some(SECRET.into()),
            "JETON_CLIENTS" => Some(format!(
                r#"[{{"client_id":"static","client_secret":"{}","grant_types":["client_credentials"]}}]"#,
                STATIC_SECRET
            )),
            _ => None,
        });
        let store = Counting::new(MemoryRegistry::default());
        let record = r#"{"client_id":"stored","client_secrets":[{"sha256":"BDpxh3TFcr2KJa2-sb_NXAJWrhHOz5-cP5JdDlK-r4k"}],"grant_types":["client_credentials"]}"#;
        let key = Key::client(&Realm::default(), &"stored".parse().unwrap());
        let document = Document::new(record);
        let put = store.store().put(&key, &document, &Expected::Absent).await;
        put.unwrap();
        let capabilities = Capabilities {
            registry: store.clone(),
            ledger: None,
            crypto: NativeCrypto::new(),
            fetch: (),
        };
        let server = Server::new(config.unwrap(), capabilities);
        Self { store, server }
    }

    async fn token(&self, id: &str, secret: &str, now: UnixTime) -> StatusCode {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let request = Request::post("/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(body));
        self.server
            .handle(request.unwrap(), now, std::future::pending())
            .await
            .status()
    }

    async fn get(&self, path: &str) -> StatusCode {
        let request = Request::get(path).body(Bytes::new()).unwrap();
        self.server
            .handle(request, NOW, std::future::pending())
            .await
            .status()
    }

    fn assert_reads(&self, expected: u32, what: &str) {
        assert_eq!(self.store.take().registry_reads, expected, "{what}");
    }
}

#[tokio::test]
async fn client_credentials() {
    let bench = Bench::new().await;
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
    assert_eq!(
        bench.token("static", STATIC_SECRET, NOW).await,
        StatusCode::OK
    );
    bench.assert_reads(0, "a configured client");
}

#[tokio::test]
async fn unknown_clients() {
    let bench = Bench::new().await;
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
    bench.store.take();
    assert_eq!(bench.token("stored", "s", NOW).await, StatusCode::OK);
    bench.assert_reads(0, "a flood does not push a known client out");
}

#[tokio::test]
async fn requests_that_touch_no_store() {
    let bench = Bench::new().await;
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
