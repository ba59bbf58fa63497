//! Claims that are kept beside a grant: what storing and reading them costs, and what becomes of a login
//! whose claims the store has lost.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::{Seconds, UnixTime};
use jeton_contracts::{Counting, Operations};
use serde_json::{Value, json};

use crate::bench::{
    self, Answer as _, LOGIN, LOGIN_URL, NOW, REDIRECT, SECRET, VERIFIER, authorization, text,
};

mod damaged;

use damaged::Damaged;

type Bench = bench::Bench<Damaged>;

fn deployment() -> Bench {
    let app = |id: &str, more: &str| {
        format!(
            r#"{{"client_id":"{id}","client_secret":"{SECRET}","redirect_uris":["{REDIRECT}"],
                    "grant_types":["authorization_code","refresh_token"],
                    "scope":"openid email offline_access"{more}}}"#
        )
    };
    let device = r#"{"client_id":"tv","token_endpoint_auth_method":"none",
            "grant_types":["urn:ietf:params:oauth:grant-type:device_code"],"scope":"openid"}"#;
    let clients = [
        LOGIN.to_owned(),
        app("plain", r#","userinfo_claims":["email"]"#),
        app("groups", r#","id_token_claims":["groups"]"#),
        device.to_owned(),
    ];
    let clients = format!("[{}]", clients.join(","));
    Bench::on(
        Counting::default(),
        Counting::default(),
        &[LOGIN_URL, ("JETON_CLIENTS", &clients)],
    )
}

impl Bench {
    async fn post(
        &self,
        path: &str,
        cookie: &str,
        form: &[(&str, &str)],
        now: UnixTime,
    ) -> Response<Bytes> {
        let request = Request::post(path).header("cookie", cookie);
        self.submit(request, form, now).await
    }

    async fn get(&self, uri: &str, header: (&str, &str), now: UnixTime) -> Response<Bytes> {
        let request = Request::get(uri).header(header.0, header.1);
        self.send(request, "", now).await
    }

    /// The address that a login with these claims goes on at, and the browser's cookie.
    async fn accepted(&self, begin: &str, claims: &Value) -> (String, String) {
        let claims = claims.to_string();
        let alice = [("subject", "alice"), ("claims", claims.as_str())];
        self.log_in(begin, &alice, NOW).await
    }

    async fn code(&self, client: &str, claims: &Value) -> String {
        let (back, cookie) = self.login(client, claims).await;
        let arrived = self.get(&back, ("cookie", &cookie), NOW).await;
        arrived.parameter("code")
    }

    /// The address that a login at that client goes on at, and the browser's cookie.
    async fn login(&self, client: &str, claims: &Value) -> (String, String) {
        self.accepted(&authorization(client), claims).await
    }

    async fn token(&self, client: &str, form: &[(&str, &str)], now: UnixTime) -> Response<Bytes> {
        let client = [("client_id", client), ("client_secret", SECRET)];
        self.post("/token", "", &[&client, form].concat(), now)
            .await
    }

    async fn exchange(&self, client: &str, code: &str) -> Response<Bytes> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        self.token(client, &form, NOW).await
    }

    async fn refresh(&self, client: &str, tokens: &Value, now: UnixTime) -> Response<Bytes> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(tokens, "refresh_token")),
        ];
        self.token(client, &form, now).await
    }

    async fn userinfo(&self, tokens: &Value, now: UnixTime) -> Response<Bytes> {
        let bearer = format!("Bearer {}", text(tokens, "access_token"));
        self.get("/userinfo", ("authorization", &bearer), now).await
    }

    /// The device code of a device that a person with these claims has approved.
    async fn approved_device(&self, claims: &Value) -> String {
        let form = [("client_id", "tv")];
        let device = self.post("/device_authorization", "", &form, NOW).await;
        let device = device.json();
        let asked = self.asked(&device["user_code"], claims).await;
        let page = self.approve(&asked).await;
        assert!(page.page().contains("Device connected"));
        text(&device, "device_code").to_owned()
    }

    /// What a person with these claims is asked about a device: the browser's cookie, and the form.
    async fn asked(
        &self,
        user_code: &Value,
        claims: &Value,
    ) -> (String, [(&'static str, String); 3]) {
        let (back, cookie) = self.accepted("/device", claims).await;
        let page = self.get(&back, ("cookie", &cookie), NOW).await;
        let ticket = page.field("ticket");
        let user_code = user_code.as_str().unwrap();
        let form = [("ticket", ticket.as_str()), ("user_code", user_code)];
        let page = self.post("/device", &cookie, &form, NOW).await;
        let form = [
            ("ticket", ticket),
            ("confirmation", page.field("confirmation")),
            ("decision", "approve".to_owned()),
        ];
        (cookie, form)
    }

    async fn approve(
        &self,
        (cookie, form): &(String, [(&'static str, String); 3]),
    ) -> Response<Bytes> {
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.post("/device", cookie, &form, NOW).await
    }

    async fn poll(&self, device_code: &str) -> Response<Bytes> {
        let form = [
            ("client_id", "tv"),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device_code),
        ];
        self.post("/token", "", &form, NOW).await
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

/// As many groups as no record holds.
fn groups() -> Value {
    json!({ "groups": vec!["a group of ten or more"; 100], "acr": "2", "email": "a@example" })
}

#[tokio::test]
async fn long_claims_cost_a_write_and_a_read_where_they_are_needed() {
    let bench = deployment();
    let code = bench.code("plain", &json!({ "groups": ["a"] })).await;
    bench.assert(0, 2, "a login with few claims");
    bench.exchange("plain", &code).await;
    bench.assert(0, 1, "its code");

    let code = bench.code("plain", &groups()).await;
    bench.assert(0, 3, "a login with many claims");
    let tokens = bench.exchange("plain", &code).await.json();
    bench.assert(
        2,
        2,
        "its code: they are read and kept on before the grant moves",
    );
    let tokens = bench.refresh("plain", &tokens, NOW + Seconds(60)).await;
    bench.assert(1, 1, "a refresh, where no token has one of them");
    let info = bench.userinfo(&tokens.json(), NOW + Seconds(60)).await;
    assert_eq!(info.json()["email"], "a@example");
    bench.assert(2, 0, "/userinfo: the grant and its claims");

    let code = bench.code("groups", &json!({ "groups": ["a"] })).await;
    bench.exchange("groups", &code).await;
    bench.assert(0, 3, "few claims, of which a token has one");
    let mut claims = groups();
    claims["others"] = claims["groups"].take();
    claims["groups"] = json!(["a"]);
    let code = bench.code("groups", &claims).await;
    bench.assert(0, 3, "the login");
    let tokens = bench.exchange("groups", &code).await.json();
    bench.assert(2, 2, "many claims, of which a token has one");
    let later = bench.refresh("groups", &tokens, NOW + Seconds(60)).await;
    assert_eq!(later.status(), StatusCode::OK);
    bench.assert(2, 1, "and its refresh");
}

#[tokio::test]
async fn a_device_has_the_claims_of_the_login_beside_its_grant() {
    let bench = deployment();
    let form = [("client_id", "tv")];
    let device = bench.post("/device_authorization", "", &form, NOW).await;
    let user_code = device.json()["user_code"].as_str().unwrap().to_owned();
    bench.assert(0, 3, "the device");
    let (back, cookie) = bench.accepted("/device", &groups()).await;
    bench.assert(0, 1, "the login keeps them");
    let page = bench.get(&back, ("cookie", &cookie), NOW).await;
    let ticket = page.field("ticket");
    let form = [("ticket", ticket.as_str()), ("user_code", &user_code)];
    let page = bench.post("/device", &cookie, &form, NOW).await;
    bench.assert(
        3,
        4,
        "a right user code, and the claims that say whose account it is",
    );
    let confirmation = page.field("confirmation");
    let approval = [
        ("confirmation", confirmation.as_str()),
        ("decision", "approve"),
    ];
    let form = [&form[..], &approval].concat();
    let page = bench.post("/device", &cookie, &form, NOW).await;
    assert!(page.page().contains("Device connected"));
    bench.assert(1, 4, "the approval reads them and keeps them anew");
}

/// A store that fails to answer with claims does so before anything moved: whoever tries again as they are
/// told has their tokens, however late.
#[tokio::test]
async fn a_store_that_fails_to_read_claims_costs_nobody_a_login() {
    let bench = deployment();
    let damage = bench.ledger.store().instead.clone();
    let claims = json!({ "groups": ["a"], "others": groups()["groups"] });
    let unavailable = |answer: Response<Bytes>| {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()["retry-after"], "1");
    };

    let code = bench.code("groups", &claims).await;
    damage.replace(Some(None));
    unavailable(bench.exchange("groups", &code).await);
    damage.replace(None);
    let first = bench.exchange("groups", &code).await;
    assert_eq!(first.status(), StatusCode::OK, "the same code");

    damage.replace(Some(None));
    let tokens = first.json();
    for seconds in [100, 105, 130, 1000] {
        unavailable(
            bench
                .refresh("groups", &tokens, NOW + Seconds(seconds))
                .await,
        );
    }
    damage.replace(None);
    let later = bench.refresh("groups", &tokens, NOW + Seconds(2000)).await;
    assert_eq!(later.status(), StatusCode::OK, "no theft");
    assert_ne!(later.json()["refresh_token"], tokens["refresh_token"]);

    let device = bench.approved_device(&claims).await;
    damage.replace(Some(None));
    unavailable(bench.poll(&device).await);
    damage.replace(None);
    assert_eq!(bench.poll(&device).await.status(), StatusCode::OK);
}

/// What nobody redeems leaves nothing behind, as with the record of a grant.
#[tokio::test]
async fn claims_are_kept_shortly_until_their_code_is_redeemed() {
    let bench = deployment();
    let claims = groups();
    let code = bench.code("plain", &claims).await;
    let ends = &bench.ledger.store().ends;
    // A request, its ticket and its code, and no more.
    assert_eq!(ends.take(), [NOW + Seconds(35 * 60 + 60)]);
    let tokens = bench.exchange("plain", &code).await.json();
    let grant_ends = NOW + Seconds::from_days(90);
    assert_eq!(ends.take(), [grant_ends]);
    bench.refresh("plain", &tokens, NOW + Seconds(60)).await;
    assert_eq!(ends.take(), [], "no step touches them");

    let code = bench.code("plain", &claims).await;
    ends.take();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let late = bench.token("plain", &form, NOW + Seconds(60)).await;
    assert_eq!(late.json()["error"], "invalid_grant");
    assert_eq!(ends.take(), [], "a code that has expired keeps nothing on");

    let device = bench.approved_device(&claims).await;
    assert_eq!(ends.take(), [NOW + Seconds(35 * 60), NOW + Seconds(600)]);
    bench.poll(&device).await;
    assert_eq!(ends.take().len(), 1);
}

/// Never tokens or answers without claims that were decided by.
#[tokio::test]
async fn claims_that_the_store_has_lost_are_an_unavailable_store() {
    for (instead, detail) in [
        (None, "it is gone"),
        (Some(r#"{"groups":["root"]}"#.to_owned()), "another text"),
    ] {
        let bench = deployment();
        let claims = json!({ "groups": ["a"], "others": groups()["groups"] });
        let code = bench.code("groups", &claims).await;
        let tokens = bench.exchange("groups", &code).await.json();
        let damage = &bench.ledger.store().instead;
        damage.replace(Some(instead));
        for answer in [
            bench.refresh("groups", &tokens, NOW + Seconds(1)).await,
            bench.userinfo(&tokens, NOW + Seconds(1)).await,
        ] {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.json()["error"], "temporarily_unavailable");
            let audit = answer.extensions().get::<jeton::Audit>().unwrap();
            let logged = audit.detail.as_deref().unwrap();
            assert!(logged.contains(detail), "{logged}");
        }
        damage.replace(None);
        let again = bench.refresh("groups", &tokens, NOW + Seconds(2)).await;
        assert_eq!(again.status(), StatusCode::OK, "within the window");
    }
}

/// There is no grant that the list of its person lacks.
#[tokio::test]
async fn a_login_that_cannot_be_indexed_opens_no_grant() {
    let bench = deployment();
    let unindexed = bench.ledger.store().unindexed.clone();
    let (back, cookie) = bench.login("plain", &json!({})).await;
    unindexed.set(true);
    bench.ledger.take();
    let page = bench.get(&back, ("cookie", &cookie), NOW).await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    bench.assert(0, 1, "the index was tried, and nothing else");
    unindexed.set(false);
    let arrived = bench.get(&back, ("cookie", &cookie), NOW).await;
    let code = arrived.parameter("code");
    assert_eq!(bench.exchange("plain", &code).await.status(), 200);

    let form = [("client_id", "tv")];
    let device = bench.post("/device_authorization", "", &form, NOW).await;
    let device = device.json();
    let asked = bench.asked(&device["user_code"], &json!({})).await;
    unindexed.set(true);
    let page = bench.approve(&asked).await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    let device = text(&device, "device_code");
    let poll = bench.poll(device).await.json();
    assert_eq!(poll["error"], "authorization_pending");
    unindexed.set(false);
    let page = bench.approve(&asked).await;
    assert!(page.page().contains("Device connected"));
}
