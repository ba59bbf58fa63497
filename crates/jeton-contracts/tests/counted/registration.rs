//! Clients that register themselves, by the address that they come from and the time: what is counted, what
//! ends, and what it costs. Each host's address and clock are another matter, so the server is called here.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use jeton::{
    Capabilities, Host, ManagementToken, MemoryLedger, MemoryRegistry, Seconds, Server, UnixTime,
};
use jeton_native::NativeCrypto;
use serde_json::{Value, json};

use crate::bench::{Answer as _, Bench, HOME, LOGIN_URL, NOW, SECRET, Sent, config, text};

const DAY: Seconds = Seconds(86_400);

/// A client of whom people log in.
fn app() -> Value {
    json!({"redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "none"})
}

/// A deployment where everybody may register, with this ceiling; and a client that gives tokens for it.
fn deployment(ceiling: &str) -> Bench {
    let registrar = json!({
        "client_id": "registrar", "client_secret": SECRET, "scope": "jeton:register",
        "grant_types": ["client_credentials"],
        "registration_ceiling": {
            "count": 2, "client_lifetime": 60,
            "grant_types": ["authorization_code", "client_credentials"],
        },
    });
    Bench::new(&[
        LOGIN_URL,
        ("JETON_CLIENTS", &json!([registrar]).to_string()),
        ("JETON_REGISTRATION", ceiling),
    ])
}

impl Bench {
    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
        from: Sent,
    ) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send(request, body, from).await
    }

    async fn register(
        &self,
        metadata: &Value,
        token: Option<&str>,
        from: Sent,
    ) -> Result<Value, StatusCode> {
        let response = self
            .call(Method::POST, "/register", token, Some(metadata), from)
            .await;
        if response.status() != StatusCode::CREATED {
            return Err(response.status());
        }
        Ok(response.json())
    }

    async fn token_of(&self, client: &str, secret: &str, now: UnixTime) -> Result<String, Value> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", secret),
        ];
        let body = self
            .submit(Request::post("/token"), &form, now)
            .await
            .json();
        match body["access_token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => Err(body["error"].clone()),
        }
    }
}

#[tokio::test]
async fn open_registration_is_limited_for_a_network_and_ends() {
    let bench = deployment("{}");
    let register = async |from| bench.register(&app(), None, from).await;
    let first = register(HOME).await.unwrap();
    let ninety_days = (NOW + Seconds(90 * DAY.0)).0;
    assert_eq!(first["client_expires_at"], ninety_days);
    for _ in 1..100 {
        assert!(register(HOME).await.is_ok());
    }
    assert_eq!(register(HOME).await, Err(StatusCode::TOO_MANY_REQUESTS));
    // What is no client does not count, and nobody else is stopped.
    let elsewhere = Sent(Some("192.0.2.2"), NOW);
    let nothing = bench.register(&json!({}), None, elsewhere).await;
    assert_eq!(nothing, Err(StatusCode::BAD_REQUEST));
    for _ in 0..100 {
        assert!(register(elsewhere).await.is_ok());
    }
    assert!(register(elsewhere).await.is_err());
    // An IPv6 network is one, whatever address in it is sent from.
    for host in ["2001:db8:1:200::1", "2001:db8:1:2ff::2"] {
        for _ in 0..50 {
            assert!(register(Sent(Some(host), NOW)).await.is_ok());
        }
    }
    assert!(
        register(Sent(Some("2001:db8:1:201::3"), NOW))
            .await
            .is_err()
    );
    assert!(register(Sent(HOME.0, NOW + DAY)).await.is_ok());
    let token = bench.token_of("registrar", SECRET, NOW).await.unwrap();
    assert!(
        bench.register(&app(), Some(&token), HOME).await.is_ok(),
        "a token is not counted so"
    );
}

#[tokio::test]
async fn where_the_address_is_unknown_more_may_register() {
    let bench = deployment(r#"{"count":1}"#);
    let register = async |from| bench.register(&app(), None, from).await;
    assert!(register(HOME).await.is_ok());
    assert!(register(HOME).await.is_err());
    let unknown = Sent(None, NOW);
    for _ in 0..10_000 {
        assert!(register(unknown).await.is_ok());
    }
    assert_eq!(register(unknown).await, Err(StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test]
async fn a_client_registers_as_many_in_a_day_as_its_ceiling_says() {
    let bench = deployment("{}");
    let token = async |now| bench.token_of("registrar", SECRET, now).await.unwrap();
    let register = async |metadata: Value, now| {
        let token = token(now).await;
        let from = Sent(HOME.0, now);
        let registered = bench.register(&metadata, Some(&token), from).await;
        registered.map(|_| ())
    };
    assert_eq!(register(json!({}), NOW).await, Err(StatusCode::BAD_REQUEST));
    assert_eq!(register(app(), NOW).await, Ok(()));
    assert_eq!(register(app(), NOW).await, Ok(()));
    let used_up = Err(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(register(app(), NOW).await, used_up, "by whatever token");
    let last = NOW + Seconds(DAY.0 - 1);
    assert_eq!(register(app(), last).await, used_up);
    assert_eq!(register(app(), NOW + DAY).await, Ok(()));
}

#[tokio::test]
async fn a_token_that_is_handed_out_registers_as_many_as_its_ceiling_says() {
    let bench = deployment("{}");
    let token = async || {
        let token = ManagementToken {
            scope: "jeton:register".parse().unwrap(),
            lifetime: Seconds::from_days(29),
            registration: Some(serde_json::from_value(json!({"count": 1})).unwrap()),
        };
        bench.server.management_token(token, NOW).await.unwrap()
    };
    let [one, other] = [token().await, token().await];
    let register = async |token: &str, now| {
        let from = Sent(HOME.0, now);
        let registered = bench.register(&app(), Some(token), from).await;
        registered.map(|_| ())
    };
    assert_eq!(register(&one, NOW).await, Ok(()));
    let late = NOW + Seconds(29 * DAY.0 - 1);
    for now in [NOW, NOW + DAY, late] {
        let again = register(&one, now).await;
        assert_eq!(again, Err(StatusCode::UNAUTHORIZED), "{now:?}");
    }
    assert_eq!(register(&other, late).await, Ok(()));
}

#[tokio::test]
async fn a_client_past_its_end_is_gone_with_its_registration() {
    let bench = deployment("{}");
    let token = bench.token_of("registrar", SECRET, NOW).await.unwrap();
    let machine = json!({
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post",
    });
    let client = bench.register(&machine, Some(&token), HOME).await.unwrap();
    assert_eq!(client["client_expires_at"], NOW.0 + 60);
    assert_eq!(client["client_secret_expires_at"], NOW.0 + 60);
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let own = text(&client, "registration_access_token");
    let path = format!("/register/{id}");
    let read = async |now| {
        let from = Sent(None, now);
        let response = bench.call(Method::GET, &path, Some(own), None, from).await;
        response.status()
    };
    let last = NOW + Seconds(59);
    assert!(bench.token_of(id, secret, last).await.is_ok());
    assert_eq!(read(last).await, StatusCode::OK);
    let end = NOW + Seconds(60);
    assert_eq!(
        bench.token_of(id, secret, end).await,
        Err("invalid_client".into())
    );
    assert_eq!(read(end).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_superseded_token_is_good_for_ten_minutes() {
    let bench = deployment("{}");
    let client = bench.register(&app(), None, HOME).await.unwrap();
    let path = format!("/register/{}", text(&client, "client_id"));
    let first = text(&client, "registration_access_token");
    let mut metadata = app();
    metadata["client_id"] = client["client_id"].clone();
    let put = async |token: &str, now| {
        let from = Sent(HOME.0, now);
        let response = bench.call(Method::PUT, &path, Some(token), Some(&metadata), from);
        let response = response.await;
        let body = response.json();
        let next = body["registration_access_token"].as_str();
        next.map(str::to_owned).ok_or(response.status())
    };
    let read = async |token: &str, now| {
        let from = Sent(HOME.0, now);
        let response = bench
            .call(Method::GET, &path, Some(token), None, from)
            .await;
        response.status()
    };
    let later = NOW + Seconds(3600);
    assert_eq!(read(first, later).await, StatusCode::OK, "the newest");
    let next = put(first, later).await.unwrap();
    // Whoever repeats the change gets no more time by it.
    let last = later + Seconds(599);
    assert_eq!(put(first, last).await.as_ref(), Ok(&next));
    let end = later + Seconds(600);
    assert_eq!(put(first, end).await, Err(StatusCode::UNAUTHORIZED));
    assert_eq!(read(first, end).await, StatusCode::UNAUTHORIZED);
    assert_eq!(read(&next, end).await, StatusCode::OK);
}

#[tokio::test]
async fn what_registration_costs() {
    let bench = deployment("{}");
    let token = bench.token_of("registrar", SECRET, NOW).await.unwrap();
    bench.operations();
    let client = bench.register(&app(), Some(&token), HOME).await.unwrap();
    // The cut-off of the token's client; whether the token was revoked; the count.
    assert_eq!(bench.operations(), [1, 1, 1, 1]);
    bench.register(&app(), None, HOME).await.unwrap();
    assert_eq!(bench.operations(), [0, 1, 0, 1]);
    bench.register(&json!({}), None, HOME).await.unwrap_err();
    assert_eq!(bench.operations(), [0, 0, 0, 0]);

    let path = format!("/register/{}", text(&client, "client_id"));
    let own = text(&client, "registration_access_token").to_owned();
    let call = async |method, token: &str, body: Option<&Value>| {
        bench.call(method, &path, Some(token), body, HOME).await
    };
    assert_eq!(call(Method::GET, &own, None).await.status(), StatusCode::OK);
    assert_eq!(bench.operations(), [1, 0, 0, 0]);
    let wrong = format!("jra_{}", "A".repeat(43));
    let refused = call(Method::GET, &wrong, None).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bench.operations(), [1, 0, 0, 0]);
    // What cannot be such a token costs nothing, and is told the same.
    for other in ["jra_other", own.trim_start_matches("jra_"), &token] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let response = call(method, other, Some(&app())).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(response.body(), refused.body());
            assert_eq!(bench.operations(), [0, 0, 0, 0]);
        }
    }
    let mut next = app();
    next["client_id"] = client["client_id"].clone();
    let replaced = call(Method::PUT, &own, Some(&next)).await;
    let replaced = replaced.json();
    assert_eq!(bench.operations(), [1, 1, 0, 0]);
    let newest = text(&replaced, "registration_access_token").to_owned();
    // Its first use ends the one before.
    call(Method::GET, &newest, None).await;
    assert_eq!(bench.operations(), [1, 1, 0, 0]);
    call(Method::GET, &newest, None).await;
    assert_eq!(bench.operations(), [1, 0, 0, 0]);
    assert_eq!(
        call(Method::DELETE, &newest, None).await.status(),
        StatusCode::NO_CONTENT
    );
    // No cut-off: it would stay for good.
    assert_eq!(bench.operations(), [1, 1, 0, 0]);
    // An id that was not made here is none, and costs nothing.
    let mut forged = text(&client, "client_id").to_owned();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    let path = format!("/register/{forged}");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let response = bench
            .call(method, &path, Some(&newest), Some(&app()), HOME)
            .await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.body(), refused.body());
        assert_eq!(bench.operations(), [0, 0, 0, 0]);
    }
}

struct WithoutRegistry;

impl Host for WithoutRegistry {
    type Registry = Option<MemoryRegistry>;
    type Ledger = MemoryLedger;
    type Crypto = NativeCrypto;
    type Fetch = ();
    type People = ();
}

#[tokio::test]
async fn without_a_registry_nobody_registers_and_the_metadata_says_so() {
    let server = |registry: Option<MemoryRegistry>| {
        let config = config(&[("JETON_REGISTRATION", "{}")]);
        Server::<WithoutRegistry>::new(
            config,
            Capabilities {
                registry,
                ledger: Some(MemoryLedger::default()),
                crypto: NativeCrypto::new(),
                fetch: (),
                people: (),
            },
        )
    };
    let ask = async |server: &Server<WithoutRegistry>, request: http::request::Builder| {
        let request = request.body(Bytes::from_static(b"{}")).unwrap();
        server.handle(request, NOW, std::future::pending()).await
    };
    let named = async |server: &Server<WithoutRegistry>| {
        let request = Request::get("/.well-known/oauth-authorization-server");
        let metadata = ask(server, request).await.json();
        metadata["registration_endpoint"].clone()
    };
    let without = server(None);
    assert_eq!(named(&without).await, Value::Null);
    for request in [Request::post("/register"), Request::get("/register/jc_x")] {
        let request = request.header("content-type", "application/json");
        assert_eq!(
            ask(&without, request).await.status(),
            StatusCode::NOT_IMPLEMENTED
        );
    }
    let with = server(Some(MemoryRegistry::default()));
    assert_eq!(named(&with).await, "https://issuer.example/register");
}
