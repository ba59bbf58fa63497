//! Claims that are kept beside a grant: what storing and reading them costs, and what becomes of a login
//! whose claims the store has lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{cell::RefCell, rc::Rc};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::{
    Advance, Attachment, AttachmentId, Attempt, Capabilities, Config, Decision, Grant, GrantId,
    Host, Ledger, Marker, MemoryLedger, MemoryRegistry, Opened, Seconds, Server, Step, Unavailable,
    UnixTime,
};
use jeton_contracts::{Counting, Operations};
use jeton_native::NativeCrypto;
use serde_json::{Value, json};
use url::form_urlencoded;

const NOW: UnixTime = UnixTime(1_800_000_000);
const ISSUER: &str = "https://issuer.example";
const SECRET: &str = "jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy";
const REDIRECT: &str = "https://app.example/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A ledger whose attachments can be damaged.
#[derive(Clone, Default)]
struct Damaged {
    ledger: MemoryLedger,
    /// What it answers in the place of every attachment; `None`: what was kept.
    instead: Rc<RefCell<Option<Option<String>>>>,
    /// Until when each attachment was to be kept.
    ends: Rc<RefCell<Vec<UnixTime>>>,
}

impl Ledger for Damaged {
    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable> {
        let instead = self.instead.borrow().clone();
        match instead {
            Some(instead) => Ok(instead),
            None => self.ledger.kept(id).await,
        }
    }

    async fn open(&self, grant: &Grant, now: UnixTime) -> Result<Opened, Unavailable> {
        self.ledger.open(grant, now).await
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        self.ledger.advance(step).await
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        self.ledger.decide(id, decision, attempt, now).await
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        self.ledger.read(id).await
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        self.ledger.revoke(id).await
    }

    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        self.ends.borrow_mut().push(until);
        self.ledger.keep(attachment, until, now).await
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        self.ledger.claim(marker, value, expires, now).await
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        self.ledger.holder(marker, now).await
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        self.ledger.count(marker, expires, now).await
    }

    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable> {
        self.ledger.uncount(marker, now).await
    }
}

struct Counted;

impl Host for Counted {
    type Registry = MemoryRegistry;
    type Ledger = Counting<Damaged>;
    type Crypto = NativeCrypto;
    type Fetch = ();
}

struct Bench {
    server: Server<Counted>,
    ledger: Counting<Damaged>,
}

impl Bench {
    fn new() -> Self {
        let app = |id: &str, more: &str| {
            format!(
                r#"{{"client_id":"{id}","client_secret":"{SECRET}","redirect_uris":["{REDIRECT}"],
                    "grant_types":["authorization_code","refresh_token"],
                    "scope":"openid email offline_access"{more}}}"#
            )
        };
        let login = format!(
            r#"{{"client_id":"login","client_secret":"{SECRET}","grant_types":[],"login":true}}"#
        );
        let device = r#"{"client_id":"tv","token_endpoint_auth_method":"none",
            "grant_types":["urn:ietf:params:oauth:grant-type:device_code"],"scope":"openid"}"#;
        let clients = [
            login,
            app("plain", r#","userinfo_claims":["email"]"#),
            app("groups", r#","id_token_claims":["groups"]"#),
            device.to_owned(),
        ];
        let clients = format!("[{}]", clients.join(","));
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some(ISSUER.into()),
            "JETON_SECRET" => Some("jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj".into()),
            "JETON_LOGIN_URL" => Some("https://login.example".into()),
            "JETON_CLIENTS" => Some(clients.clone()),
            _ => None,
        });
        let ledger = Counting::new(Damaged::default());
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

    async fn send(&self, request: http::request::Builder, body: String, now: UnixTime) -> Answer {
        let request = request.body(Bytes::from(body)).unwrap();
        let never = std::future::pending();
        Answer(self.server.handle(request, now, never).await)
    }

    async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)], now: UnixTime) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie);
        self.send(request, body.extend_pairs(form).finish(), now)
            .await
    }

    async fn get(&self, uri: &str, header: (&str, &str), now: UnixTime) -> Answer {
        let request = Request::get(uri).header(header.0, header.1);
        self.send(request, String::new(), now).await
    }

    /// The address that a login with these claims goes on at, and the browser's cookie.
    async fn accepted(&self, begin: &str, claims: &Value) -> (String, String) {
        let begun = self.get(begin, ("accept", "*/*"), NOW).await;
        let request = begun.parameter("request");
        let claims = claims.to_string();
        let form = [
            ("client_id", "login"),
            ("client_secret", SECRET),
            ("request", &request),
            ("subject", "alice"),
            ("claims", &claims),
        ];
        let accepted = self.post("/authorize/accept", "", &form, NOW).await.json();
        let back = accepted["redirect_to"].as_str().unwrap();
        (
            back.strip_prefix(ISSUER).unwrap().to_owned(),
            begun.cookie(),
        )
    }

    async fn code(&self, client: &str, claims: &Value) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", client),
                ("response_type", "code"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        let (back, cookie) = self.accepted(&format!("/authorize?{query}"), claims).await;
        let arrived = self.get(&back, ("cookie", &cookie), NOW).await;
        arrived.parameter("code")
    }

    async fn token(&self, client: &str, form: &[(&str, &str)], now: UnixTime) -> Answer {
        let client = [("client_id", client), ("client_secret", SECRET)];
        self.post("/token", "", &[&client, form].concat(), now)
            .await
    }

    async fn exchange(&self, client: &str, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        self.token(client, &form, NOW).await
    }

    async fn refresh(&self, client: &str, tokens: &Value, now: UnixTime) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ];
        self.token(client, &form, now).await
    }

    async fn userinfo(&self, tokens: &Value, now: UnixTime) -> Answer {
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        self.get("/userinfo", ("authorization", &bearer), now).await
    }

    /// The device code of a device that a person with these claims has approved.
    async fn approved_device(&self, claims: &Value) -> String {
        let form = [("client_id", "tv")];
        let device = self.post("/device_authorization", "", &form, NOW).await;
        let device = device.json();
        let (back, cookie) = self.accepted("/device", claims).await;
        let page = self.get(&back, ("cookie", &cookie), NOW).await;
        let ticket = page.field("ticket");
        let user_code = device["user_code"].as_str().unwrap();
        let form = [("ticket", ticket.as_str()), ("user_code", user_code)];
        let page = self.post("/device", &cookie, &form, NOW).await;
        let confirmation = page.field("confirmation");
        let approval = [
            ("confirmation", confirmation.as_str()),
            ("decision", "approve"),
        ];
        let page = self
            .post("/device", &cookie, &[&form[..], &approval].concat(), NOW)
            .await;
        assert!(page.page().contains("Device connected"));
        device["device_code"].as_str().unwrap().to_owned()
    }

    async fn poll(&self, device_code: &str) -> Answer {
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

struct Answer(Response<Bytes>);

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap_or(Value::Null)
    }

    fn page(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    fn cookie(&self) -> String {
        let cookie = self.0.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    fn parameter(&self, name: &str) -> String {
        let location = self.0.headers()["location"].to_str().unwrap();
        let url = url::Url::parse(location).unwrap();
        let (_, value) = url.query_pairs().find(|(own, _)| own == name).unwrap();
        value.into_owned()
    }

    /// The value of a field of the page's form.
    fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.page().split_once(&mark).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

/// As many groups as no record holds.
fn groups() -> Value {
    json!({ "groups": vec!["a group of ten or more"; 100], "acr": "2", "email": "a@example" })
}

#[tokio::test]
async fn long_claims_cost_a_write_and_a_read_where_they_are_needed() {
    let bench = Bench::new();
    let code = bench.code("plain", &json!({ "groups": ["a"] })).await;
    bench.assert(0, 1, "a login with few claims");
    bench.exchange("plain", &code).await;
    bench.assert(0, 1, "its code");

    let code = bench.code("plain", &groups()).await;
    bench.assert(0, 2, "a login with many claims");
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
    bench.assert(0, 2, "few claims, of which a token has one");
    let mut claims = groups();
    claims["others"] = claims["groups"].take();
    claims["groups"] = json!(["a"]);
    let code = bench.code("groups", &claims).await;
    bench.assert(0, 2, "the login");
    let tokens = bench.exchange("groups", &code).await.json();
    bench.assert(2, 2, "many claims, of which a token has one");
    let later = bench.refresh("groups", &tokens, NOW + Seconds(60)).await;
    assert_eq!(later.0.status(), StatusCode::OK);
    bench.assert(2, 1, "and its refresh");
}

#[tokio::test]
async fn a_device_has_the_claims_of_the_login_beside_its_grant() {
    let bench = Bench::new();
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
    bench.assert(2, 4, "a right user code");
    let confirmation = page.field("confirmation");
    let approval = [
        ("confirmation", confirmation.as_str()),
        ("decision", "approve"),
    ];
    let form = [&form[..], &approval].concat();
    let page = bench.post("/device", &cookie, &form, NOW).await;
    assert!(page.page().contains("Device connected"));
    bench.assert(1, 3, "the approval reads them and keeps them anew");
}

/// A store that fails to answer with claims does so before anything moved: whoever tries again as they are
/// told has their tokens, however late.
#[tokio::test]
async fn a_store_that_fails_to_read_claims_costs_nobody_a_login() {
    let bench = Bench::new();
    let damage = bench.ledger.store().instead.clone();
    let claims = json!({ "groups": ["a"], "others": groups()["groups"] });
    let unavailable = |answer: Answer| {
        assert_eq!(answer.0.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.0.headers()["retry-after"], "1");
    };

    let code = bench.code("groups", &claims).await;
    damage.replace(Some(None));
    unavailable(bench.exchange("groups", &code).await);
    damage.replace(None);
    let first = bench.exchange("groups", &code).await;
    assert_eq!(first.0.status(), StatusCode::OK, "the same code");

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
    assert_eq!(later.0.status(), StatusCode::OK, "no theft");
    assert_ne!(later.json()["refresh_token"], tokens["refresh_token"]);

    let device = bench.approved_device(&claims).await;
    damage.replace(Some(None));
    unavailable(bench.poll(&device).await);
    damage.replace(None);
    assert_eq!(bench.poll(&device).await.0.status(), StatusCode::OK);
}

/// What nobody redeems leaves nothing behind, as with the record of a grant.
#[tokio::test]
async fn claims_are_kept_shortly_until_their_code_is_redeemed() {
    let bench = Bench::new();
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
        let bench = Bench::new();
        let claims = json!({ "groups": ["a"], "others": groups()["groups"] });
        let code = bench.code("groups", &claims).await;
        let tokens = bench.exchange("groups", &code).await.json();
        let damage = &bench.ledger.store().instead;
        damage.replace(Some(instead));
        for answer in [
            bench.refresh("groups", &tokens, NOW + Seconds(1)).await,
            bench.userinfo(&tokens, NOW + Seconds(1)).await,
        ] {
            assert_eq!(answer.0.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.json()["error"], "temporarily_unavailable");
            let audit = answer.0.extensions().get::<jeton::Audit>().unwrap();
            let logged = audit.detail.as_deref().unwrap();
            assert!(logged.contains(detail), "{logged}");
        }
        damage.replace(None);
        let again = bench.refresh("groups", &tokens, NOW + Seconds(2)).await;
        assert_eq!(again.0.status(), StatusCode::OK, "within the window");
    }
}
