//! Devices and the people who connect them, by the addresses that they come from: what limits count, and
//! whom they stop. Each host's address is another matter, so the server is called here.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::Seconds;
use jeton_contracts::Operations;

use crate::bench::{Answer as _, Bench, HOME, LOGIN, LOGIN_URL, NOW, SECRET, Sent, text};

/// A deployment with three devices, of which `box` authenticates.
fn deployment() -> Bench {
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let clients = format!(
        r#"[{LOGIN},
            {{"client_id":"tv","token_endpoint_auth_method":"none","grant_types":["{device}"]}},
            {{"client_id":"radio","token_endpoint_auth_method":"none","grant_types":["{device}"]}},
            {{"client_id":"box","client_secret":"{SECRET}","grant_types":["{device}"]}}]"#
    );
    Bench::new(&[LOGIN_URL, ("JETON_CLIENTS", &clients)])
}

impl Bench {
    async fn begin(&self, client: &str, from: Sent) -> Response<Bytes> {
        let form = [("client_id", client), ("client_secret", SECRET)];
        let form = if client == "box" {
            &form[..]
        } else {
            &form[..1]
        };
        self.submit(Request::post("/device_authorization"), form, from)
            .await
    }

    async fn user_code(&self, from: Sent) -> String {
        let device = self.begin("tv", from).await.json();
        text(&device, "user_code").to_owned()
    }

    /// A person who has logged in to connect a device.
    async fn person(&self, subject: &str, from: Sent) -> Person<'_> {
        let person = [("subject", subject)];
        let (back, cookie) = self.log_in("/device", &person, from).await;
        let (_, ticket) = back.split_once("ticket=").unwrap();
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
        let request = Request::post("/device").header("cookie", &self.cookie);
        let response = self.bench.submit(request, &form, self.from).await;
        (response.status(), response.page().to_owned())
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
    let bench = deployment();
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
        assert_eq!(refused.json()["error"], "temporarily_unavailable");
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
    let bench = deployment();
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
    let bench = deployment();
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
    let bench = deployment();
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
    check(
        0,
        3,
        "the decision, the index, and that the login has made it",
    );
}
