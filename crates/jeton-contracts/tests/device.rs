//! Devices and the people who connect them, by the addresses that they come from: what limits count, and
//! whom they stop. Each host's address is another matter, so the server is called here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::net::IpAddr;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::{
    Arrival, Capabilities, Config, Host, MemoryLedger, MemoryRegistry, Seconds, Server, UnixTime,
};
use jeton_contracts::{Counting, Operations};
use jeton_native::NativeCrypto;
use serde_json::Value;
use url::form_urlencoded;

const NOW: UnixTime = UnixTime(1_800_000_000);
const ISSUER: &str = "https://issuer.example";
const SECRET: &str = "jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy";

struct Counted;

impl Host for Counted {
    type Registry = MemoryRegistry;
    type Ledger = Counting<MemoryLedger>;
    type Crypto = NativeCrypto;
    type Fetch = ();
}

struct Bench {
    server: Server<Counted>,
    ledger: Counting<MemoryLedger>,
}

/// From where and when a request is sent.
#[derive(Clone, Copy)]
struct Sent(Option<&'static str>, UnixTime);

const HOME: Sent = Sent(Some("192.0.2.1"), NOW);

impl Bench {
    fn new() -> Self {
        let device = "urn:ietf:params:oauth:grant-type:device_code";
        let clients = format!(
            r#"[{{"client_id":"login","client_secret":"{SECRET}","grant_types":[],"login":true}},
                {{"client_id":"tv","token_endpoint_auth_method":"none","grant_types":["{device}"]}},
                {{"client_id":"radio","token_endpoint_auth_method":"none","grant_types":["{device}"]}},
                {{"client_id":"box","client_secret":"{SECRET}","grant_types":["{device}"]}}]"#
        );
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some(ISSUER.into()),
            "JETON_SECRET" => Some("jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj".into()),
            "JETON_LOGIN_URL" => Some("https://login.example".into()),
            "JETON_CLIENTS" => Some(clients.clone()),
            _ => None,
        });
        let ledger = Counting::new(MemoryLedger::default());
        let capabilities = Capabilities {
            registry: MemoryRegistry::default(),
            ledger: Some(ledger.clone()),
            crypto: NativeCrypto::new(),
            fetch: (),
        };
        Self {
            server: Server::new(config.unwrap(), capabilities),
            ledger,
        }
    }

    async fn send(
        &self,
        request: http::request::Builder,
        body: String,
        from: Sent,
    ) -> Response<Bytes> {
        let Sent(address, at) = from;
        let arrival = Arrival {
            address: address.map(|address| address.parse::<IpAddr>().unwrap()),
            ..at.into()
        };
        let request = request.body(Bytes::from(body)).unwrap();
        let never = std::future::pending();
        self.server.handle(request, arrival, never).await
    }

    async fn post(
        &self,
        path: &str,
        cookie: &str,
        form: &[(&str, &str)],
        from: Sent,
    ) -> Response<Bytes> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie);
        self.send(request, body.extend_pairs(form).finish(), from)
            .await
    }

    async fn begin(&self, client: &str, from: Sent) -> Response<Bytes> {
        let form = [("client_id", client), ("client_secret", SECRET)];
        let form = if client == "box" {
            &form[..]
        } else {
            &form[..1]
        };
        self.post("/device_authorization", "", form, from).await
    }

    async fn user_code(&self, from: Sent) -> String {
        let response = self.begin("tv", from).await;
        let device: Value = serde_json::from_slice(response.body()).unwrap();
        device["user_code"].as_str().unwrap().to_owned()
    }

    /// A person who has logged in to connect a device.
    async fn person(&self, subject: &str, from: Sent) -> Person<'_> {
        let get = |uri: &str, cookie: &str| {
            let request = Request::get(uri).header("cookie", cookie);
            self.send(request, String::new(), from)
        };
        let response = get("/device", "").await;
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let (_, sealed) = response.headers()["location"]
            .to_str()
            .unwrap()
            .split_once("request=")
            .unwrap();
        let form = [
            ("client_id", "login"),
            ("client_secret", SECRET),
            ("request", sealed),
            ("subject", subject),
        ];
        let accepted = self.post("/authorize/accept", "", &form, from).await;
        let accepted: Value = serde_json::from_slice(accepted.body()).unwrap();
        let (_, ticket) = accepted["redirect_to"]
            .as_str()
            .unwrap()
            .split_once("ticket=")
            .unwrap();
        Person {
            bench: self,
            cookie,
            ticket: ticket.to_owned(),
            from,
        }
    }
}

struct Person<'a> {
    bench: &'a Bench,
    cookie: String,
    ticket: String,
    from: Sent,
}

/// What a person is told of a code.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// It is a device's, which may be approved.
    Found,
    /// It is not known.
    Wrong,
    /// Too many were tried.
    Wait,
}

impl Person<'_> {
    async fn send(&self, form: &[(&str, &str)]) -> (StatusCode, String) {
        let form = [&[("ticket", self.ticket.as_str())], form].concat();
        let response = self
            .bench
            .post("/device", &self.cookie, &form, self.from)
            .await;
        let page = String::from_utf8(response.body().to_vec()).unwrap();
        (response.status(), page)
    }

    async fn type_in(&self, user_code: &str) -> Told {
        match self.send(&[("user_code", user_code)]).await {
            (StatusCode::TOO_MANY_REQUESTS, _) => Told::Wait,
            (_, page) if page.contains("value=\"approve\"") => Told::Found,
            (_, page) => {
                assert!(page.contains("not known"), "{page}");
                Told::Wrong
            }
        }
    }
}

#[tokio::test]
async fn devices_are_limited_for_a_client_in_a_network() {
    let bench = Bench::new();
    let check = async |client, address, seconds, expected| {
        let from = Sent(address, NOW + Seconds(seconds));
        let response = bench.begin(client, from).await;
        assert_eq!(response.status(), expected, "{client} from {address:?}");
        response
    };
    let (home, ok) = (Some("2001:db8:0:100::1"), StatusCode::OK);
    for _ in 0..300 {
        check("tv", home, 0, ok).await;
    }
    bench.ledger.take();
    let neighbour = Some("2001:db8:0:1ff::2");
    for address in [home, neighbour] {
        let refused = check("tv", address, 599, StatusCode::TOO_MANY_REQUESTS).await;
        assert_eq!(refused.headers()["retry-after"], "60");
        assert_eq!(refused.headers()["access-control-allow-origin"], "*");
        let body: Value = serde_json::from_slice(refused.body()).unwrap();
        assert_eq!(body["error"], "temporarily_unavailable");
    }
    let counted = Operations {
        ledger_writes: 2,
        ..Operations::default()
    };
    assert_eq!(bench.ledger.take(), counted, "nothing is stored for them");

    check("tv", Some("2001:db8:0:200::1"), 0, ok).await;
    check("tv", Some("192.0.2.1"), 0, ok).await;
    check("tv", None, 0, ok).await;
    check("radio", home, 0, ok).await;
    check("tv", home, 600, ok).await;
    for _ in 0..301 {
        check("box", home, 0, ok).await;
        check("tv", None, 0, ok).await;
    }
    for _ in 302..10_000 {
        bench.begin("tv", Sent(None, NOW)).await;
    }
    check("tv", None, 0, StatusCode::TOO_MANY_REQUESTS).await;
    check("tv", Some("192.0.2.2"), 0, ok).await;
}

#[tokio::test]
async fn only_wrong_codes_count() {
    let bench = Bench::new();
    let user_code = bench.user_code(HOME).await;
    let alice = bench.person("alice", HOME).await;
    for _ in 0..9 {
        assert_eq!(alice.type_in("BBBB-BBBB").await, Told::Wrong);
    }
    for _ in 0..20 {
        assert_eq!(alice.type_in(&user_code).await, Told::Found);
    }
    assert_eq!(alice.type_in("1234").await, Told::Wrong, "the tenth");
    assert_eq!(alice.type_in("BBBB-BBBB").await, Told::Wait);
    let again = bench.person("alice", Sent(Some("192.0.2.2"), NOW)).await;
    assert_eq!(again.type_in(&user_code).await, Told::Wait, "wherever");
    let later = bench
        .person("alice", Sent(HOME.0, NOW + Seconds(600)))
        .await;
    assert_eq!(later.type_in("BBBB-BBBB").await, Told::Wrong, "anew");
}

#[tokio::test]
async fn who_guesses_stops_nobody_else() {
    let bench = Bench::new();
    let user_code = bench.user_code(HOME).await;
    for number in 0..30 {
        let guesser = bench.person(&format!("guesser {number}"), HOME).await;
        let mut told = Vec::new();
        while told.last() != Some(&Told::Wait) {
            told.push(guesser.type_in("BBBB-BBBB").await);
        }
        let expected = if number < 10 { 10 } else { 3 };
        assert_eq!(told.len(), expected + 1, "guesser {number}");
    }
    let alice = bench.person("alice", HOME).await;
    assert_eq!(alice.type_in("BBBB-BBBB").await, Told::Wrong, "mistyped");
    assert_eq!(alice.type_in(&user_code).await, Told::Found);
    let elsewhere = bench.person("bob", Sent(Some("198.51.100.1"), NOW)).await;
    for _ in 0..5 {
        assert_eq!(elsewhere.type_in("BBBB-BBBB").await, Told::Wrong);
    }
}

#[tokio::test]
async fn operations_of_connecting_a_device() {
    let bench = Bench::new();
    bench.begin("tv", HOME).await;
    let check = |reads, writes, what: &str| {
        let expected = Operations {
            ledger_reads: reads,
            ledger_writes: writes,
            ..Operations::default()
        };
        assert_eq!(bench.ledger.take(), expected, "{what}");
    };
    check(0, 3, "the count, the grant and its user code");
    let user_code = bench.user_code(Sent(None, NOW)).await;
    check(0, 3, "where no address is known");
    let alice = bench.person("alice", HOME).await;
    check(0, 0, "logging in");
    alice.type_in("BBBB-BBBB").await;
    check(1, 2, "a wrong code");
    let (_, page) = alice.send(&[("user_code", &user_code)]).await;
    check(2, 4, "a right one, of which both counts are taken back");
    let (_, confirmation) = page.split_once("name=\"confirmation\" value=\"").unwrap();
    let (confirmation, _) = confirmation.split_once('"').unwrap();
    let form = [("confirmation", confirmation), ("decision", "approve")];
    let (_, page) = alice.send(&form).await;
    assert!(page.contains("Device connected"), "{page}");
    check(0, 2, "the decision, and that the login has made it");
}
