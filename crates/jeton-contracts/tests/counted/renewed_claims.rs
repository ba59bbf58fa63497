//! Claims that are fresh at a refresh: who is asked, what becomes of the answer, and what it costs.

use std::{cell::RefCell, future::poll_fn, pin::pin, rc::Rc, task::Poll};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::{
    Audit, Connecting, Host, Inside, MemoryLedger, People, Renewed, Renewing, Seconds, Unavailable,
    UnixTime,
};
use jeton_contracts::{Counting, Operations};
use serde_json::{Map, Value, json};

use crate::bench::{
    self, Answer as _, LOGIN, LOGIN_URL, NOW, REDIRECT, SECRET, VERIFIER, authorization, text,
};

type Bench = bench::Bench<MemoryLedger, Script>;

/// What people are next said to be, and who was asked about.
#[derive(Clone)]
struct Script(Rc<RefCell<(Renewed, Vec<String>)>>);

impl People for Script {
    async fn renewed<H: Host>(
        &self,
        _: Inside<'_, H>,
        of: &Renewing<'_>,
    ) -> Result<Renewed, Unavailable> {
        let answer = {
            let (answer, asked) = &mut *self.0.borrow_mut();
            let Renewing {
                subject,
                client_id,
                scope,
                granted_at,
                now,
            } = of;
            assert_eq!(*granted_at, NOW);
            asked.push(format!(
                "{subject} {client_id} {scope} {}",
                now.since(NOW).0
            ));
            answer.clone()
        };
        tokio::task::yield_now().await;
        Ok(answer)
    }

    async fn connecting<H: Host>(
        &self,
        server: Inside<'_, H>,
        of: &Connecting<'_>,
    ) -> Result<Renewed, Unavailable> {
        ().connecting(server, of).await
    }
}

impl Script {
    fn say(&self, answer: Renewed) {
        self.0.borrow_mut().0 = answer;
    }

    /// Who was asked about since this was last called.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().1)
    }
}

fn claims(claims: &Value) -> Renewed {
    Renewed::Claims(claims.as_object().cloned().unwrap_or_else(Map::new))
}

/// A deployment with a client that wants fresh claims, `fresh`, and one that does not, `plain`.
fn deployment() -> (Bench, Script) {
    let app = |id: &str, more: &str| {
        format!(
            r#"{{"client_id":"{id}","client_secret":"{SECRET}","redirect_uris":["{REDIRECT}"],
                "grant_types":["authorization_code","refresh_token"],
                "scope":"openid email offline_access","id_token_claims":["email","groups"]{more}}}"#
        )
    };
    let fresh = app("fresh", r#","renew_claims":true"#);
    let clients = format!("[{LOGIN},{},{fresh}]", app("plain", ""));
    let script = Script(Rc::new(RefCell::new((
        claims(&json!({ "email": "new@example" })),
        Vec::new(),
    ))));
    let bench = Bench::with(
        Counting::default(),
        Counting::default(),
        script.clone(),
        &[LOGIN_URL, ("JETON_CLIENTS", &clients)],
    );
    (bench, script)
}

impl Bench {
    /// The tokens of a login of alice at `client`.
    async fn logged_in(&self, client: &str) -> Value {
        let said =
            json!({ "email": "old@example", "groups": ["a"], "acr": "high", "amr": ["otp"] });
        let said = said.to_string();
        let alice = [("subject", "alice"), ("claims", said.as_str())];
        let (back, cookie) = self.log_in(&authorization(client), &alice, NOW).await;
        let back = Request::get(back).header("cookie", cookie);
        let code = self.send(back, "", NOW).await.parameter("code");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", VERIFIER),
        ];
        let tokens = self.token(client, &form, NOW).await.json();
        self.ledger.take();
        tokens
    }

    async fn token(&self, client: &str, form: &[(&str, &str)], now: UnixTime) -> Response<Bytes> {
        let client = [("client_id", client), ("client_secret", SECRET)];
        let form = [&client, form].concat();
        self.submit(Request::post("/token"), &form, now).await
    }

    /// Refreshes so many seconds later.
    async fn refresh(&self, client: &str, tokens: &Value, later: u64) -> Response<Bytes> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(tokens, "refresh_token")),
        ];
        self.token(client, &form, NOW + Seconds(later)).await
    }

    /// What `/userinfo` says.
    async fn userinfo(&self, tokens: &Value, later: u64) -> Value {
        let bearer = format!("Bearer {}", text(tokens, "access_token"));
        let request = Request::get("/userinfo").header("authorization", bearer);
        let said = self.send(request, "", NOW + Seconds(later)).await.json();
        self.ledger.take();
        said
    }

    fn assert(&self, ledger_reads: u32, ledger_writes: u32, what: &str) {
        let expected = Operations {
            ledger_reads,
            ledger_writes,
            ..Operations::default()
        };
        assert_eq!(self.ledger.take(), expected, "{what}");
    }
}

fn renewal_of(response: &Response<Bytes>) -> String {
    let audit = response.extensions().get::<Audit>().unwrap();
    audit.claims_renewal.as_deref().unwrap_or("none").to_owned()
}

/// The claims of the ID token of an answer.
fn id_token(response: &Response<Bytes>) -> Value {
    let tokens = response.json();
    let claims = text(&tokens, "id_token").split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[tokio::test]
async fn the_tokens_of_a_refresh_say_what_is_true_then() {
    let (bench, script) = deployment();
    let tokens = bench.logged_in("fresh").await;
    assert_eq!(script.asked(), [""; 0], "a login says it itself");

    let first = bench.refresh("fresh", &tokens, 60).await;
    bench.assert(1, 1, "the grant is read, and moves");
    assert_eq!(
        script.asked(),
        ["alice fresh openid email offline_access 60"]
    );
    assert_eq!(renewal_of(&first), "renewed");
    let said = id_token(&first);
    assert_eq!(said["email"], "new@example");
    assert_eq!(said["groups"], Value::Null, "what is said no more is gone");
    assert_eq!(said["acr"], "high", "of the login");
    assert_eq!(said["amr"], json!(["otp"]));
    for tokens in [&tokens, &first.json()] {
        let said = bench.userinfo(tokens, 60).await;
        assert_eq!(said["email"], "new@example");
    }

    script.say(claims(&json!({ "email": "newer@example", "acr": "none" })));
    let retried = bench.refresh("fresh", &tokens, 63).await;
    assert_eq!(id_token(&retried)["email"], "new@example");
    let retried = bench.refresh("fresh", &first.json(), 63).await;
    assert_eq!(id_token(&retried)["email"], "new@example");
    assert_eq!(script.asked(), [""; 0], "a retry is told the same");
    bench.assert(2, 2, "nothing beyond the failed conditions");

    let second = bench.refresh("fresh", &first.json(), 90).await;
    assert_eq!(id_token(&second)["email"], "newer@example");
    assert_eq!(id_token(&second)["acr"], "high");
    script.asked();
    bench.ledger.take();

    let third = bench.refresh("fresh", &second.json(), 120).await;
    assert_eq!(renewal_of(&third), "the same");
    bench.assert(1, 1, "the same claims cost no more");
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn whoever_does_not_want_it_is_not_asked_about() {
    let (bench, script) = deployment();
    let tokens = bench.logged_in("plain").await;
    let answer = bench.refresh("plain", &tokens, 60).await;
    bench.assert(0, 1, "a refresh like any other");
    assert_eq!(script.asked(), [""; 0]);
    assert_eq!(renewal_of(&answer), "none");
    assert_eq!(id_token(&answer)["email"], "old@example");
}

#[tokio::test]
async fn many_claims_are_kept_beside_the_grant_and_few_again_in_it() {
    let (bench, script) = deployment();
    let tokens = bench.logged_in("fresh").await;
    let many = json!({ "groups": vec!["a group of ten or more"; 100], "email": "new@example" });
    script.say(claims(&many));
    let first = bench.refresh("fresh", &tokens, 60).await;
    bench.assert(1, 2, "they are kept before the grant moves");
    assert_eq!(id_token(&first)["groups"], many["groups"]);
    assert_eq!(id_token(&first)["acr"], "high");
    let retried = bench.refresh("fresh", &tokens, 63).await;
    assert_eq!(
        retried.json()["refresh_token"],
        first.json()["refresh_token"]
    );
    assert_eq!(id_token(&retried)["groups"], many["groups"]);
    bench.ledger.take();

    let second = bench.refresh("fresh", &first.json(), 90).await;
    assert_eq!(renewal_of(&second), "the same");
    bench.assert(3, 1, "the grant twice and what is beside it");

    script.say(claims(&json!({ "email": "few@example" })));
    let third = bench.refresh("fresh", &second.json(), 120).await;
    assert_eq!(id_token(&third)["email"], "few@example");
    assert_eq!(id_token(&third)["groups"], Value::Null);
    let fourth = bench.refresh("fresh", &third.json(), 150).await;
    assert_eq!(fourth.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_cannot_be_known_leaves_what_was_said() {
    let (bench, script) = deployment();
    let tokens = bench.logged_in("fresh").await;
    script.say(Renewed::Unchanged("nobody is asked".into()));
    let first = bench.refresh("fresh", &tokens, 60).await;
    assert_eq!(renewal_of(&first), "nobody is asked");
    assert_eq!(id_token(&first)["email"], "old@example");
    let first = first.json();
    assert_ne!(first["refresh_token"], tokens["refresh_token"]);
    bench.ledger.take();

    // A grant moves with what is known alone.
    script.say(Renewed::Unanswered("token: 503".into()));
    for later in [120, 121, 200] {
        let answer = bench.refresh("fresh", &first, later).await;
        bench.assert(2, 0, "the grant is read, and once more for its answer");
        assert_eq!(renewal_of(&answer), "token: 503");
        assert_eq!(id_token(&answer)["email"], "old@example");
        assert_eq!(answer.json()["refresh_token"], first["refresh_token"]);
    }
    script.say(claims(&json!({ "email": "new@example" })));
    let answer = bench.refresh("fresh", &first, 201).await;
    assert_eq!(id_token(&answer)["email"], "new@example");
    assert_ne!(answer.json()["refresh_token"], first["refresh_token"]);
}

#[tokio::test]
async fn claims_that_a_login_would_be_refused_with_are_refused() {
    let (bench, script) = deployment();
    let tokens = bench.logged_in("fresh").await;
    let too_long = json!({ "groups": vec!["a group of ten or more"; 300] });
    let reserved = json!({ "sub": "bob" });
    let answers = [
        (too_long, "the claims are too long for a token"),
        (
            reserved,
            "the claims have sub, which the server alone says, however it is written",
        ),
    ];
    for (answer, why) in answers {
        script.say(claims(&answer));
        let refused = bench.refresh("fresh", &tokens, 60).await;
        assert_eq!(refused.json()["error"], "invalid_grant");
        let audit = refused.extensions().get::<Audit>().unwrap();
        let why = format!("the person may no longer be logged in: {why}");
        assert_eq!(audit.detail.as_deref(), Some(why.as_str()));
        bench.assert(1, 0, "the grant does not move");
    }
}

#[tokio::test]
async fn whoever_does_not_know_overtakes_nobody_who_does() {
    let (bench, script) = deployment();
    let tokens = bench.logged_in("fresh").await;
    script.say(claims(&json!({ "email": "new@example" })));
    let mut knows = pin!(bench.refresh("fresh", &tokens, 60));
    // Until it was told: its step is still to come.
    poll_fn(|context| Poll::Ready(knows.as_mut().poll(context).is_pending())).await;
    script.say(Renewed::Unanswered("token: 503".into()));
    let mut late = pin!(bench.refresh("fresh", &tokens, 60));
    poll_fn(|context| Poll::Ready(late.as_mut().poll(context).is_pending())).await;
    let early = bench.refresh("fresh", &tokens, 60).await;
    assert_eq!(renewal_of(&early), "token: 503");
    assert_eq!(id_token(&early)["email"], "old@example");

    let knows = knows.await;
    assert_eq!(renewal_of(&knows), "renewed");
    assert_eq!(id_token(&knows)["email"], "new@example");
    let late = late.await;
    assert_eq!(renewal_of(&late), "another refresh was answered first");
    assert_eq!(id_token(&late)["email"], "new@example");
    assert_eq!(late.json()["refresh_token"], knows.json()["refresh_token"]);
}

#[tokio::test]
async fn of_two_at_once_one_says_that_the_claims_are_new() {
    let (bench, _) = deployment();
    let tokens = bench.logged_in("fresh").await;
    let refresh = || bench.refresh("fresh", &tokens, 60);
    let (first, second) = tokio::join!(refresh(), refresh());
    let mut said = [renewal_of(&first), renewal_of(&second)];
    said.sort();
    assert_eq!(said, ["another refresh was answered first", "renewed"]);
    assert_eq!(
        first.json()["refresh_token"],
        second.json()["refresh_token"]
    );
    for answer in [&first, &second] {
        assert_eq!(id_token(answer)["email"], "new@example");
    }
}

#[tokio::test]
async fn who_may_no_longer_be_logged_in_gets_nothing() {
    let (bench, script) = deployment();
    let tokens = bench.logged_in("fresh").await;
    script.say(Renewed::Refused("they are on no list".into()));
    let refused = bench.refresh("fresh", &tokens, 60).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["error"], "invalid_grant");
    assert!(
        !refused.page().contains("list"),
        "the client is not told why"
    );
    let audit = refused.extensions().get::<Audit>().unwrap();
    let why = "the person may no longer be logged in: they are on no list";
    assert_eq!(audit.detail.as_deref(), Some(why));
    assert_eq!(audit.subject.as_deref(), Some("alice"));
    bench.assert(1, 0, "the grant does not move");

    // Once they may again, the same refresh token is as good as before.
    script.say(claims(&json!({ "email": "new@example" })));
    let answer = bench.refresh("fresh", &tokens, 90).await;
    assert_eq!(id_token(&answer)["email"], "new@example");
}

#[tokio::test]
async fn a_grant_that_has_ended_asks_nobody() {
    let (bench, script) = deployment();
    let tokens = bench.logged_in("fresh").await;
    let first = bench.refresh("fresh", &tokens, 60).await.json();
    bench.refresh("fresh", &first, 90).await;
    script.asked();
    // Of a generation long superseded: the grant ends.
    let reused = bench.refresh("fresh", &tokens, 200).await;
    assert_eq!(reused.json()["error"], "invalid_grant");
    let ended = bench.refresh("fresh", &first, 201).await;
    assert_eq!(ended.json()["error"], "invalid_grant");
    let forged = json!({ "refresh_token": format!("{}A", text(&first, "refresh_token")) });
    bench.refresh("fresh", &forged, 202).await;
    assert_eq!(script.asked(), [""; 0]);
}
