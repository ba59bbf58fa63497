//! Refreshes against a scripted upstream, each of whose answers takes a moment.

use std::{
    cell::Cell,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use jeton::{
    BUDGET, Capabilities, ClientId, Config, Expected, Fetch, Fetched, Ledger, MemoryFetch,
    MemoryLedger, MemoryRegistry, Outgoing, People, Realm, Server, UnixTime, Unreachable,
    hashed_subject, put_cut_off,
};
use jeton_native::NativeCrypto;
use serde_json::{Value, json};

use super::*;
use crate::{people::LoginPeople, settings::LoginSettings};

mod refused;
mod unanswered;

const NOW: UnixTime = UnixTime(1_800_000_000);
const ISSUER: &str = "https://login.example.org";
const METADATA: &str = "https://login.example.org/.well-known/openid-configuration";
const TOKEN: &str = "https://login.example.org/token";
const USERINFO: &str = "https://login.example.org/userinfo";

/// A way to the upstream that waits once before each answer.
#[derive(Default)]
struct Waiting(MemoryFetch);

impl Fetch for Waiting {
    async fn send(&self, request: &Outgoing) -> Result<Fetched, Unreachable> {
        let answer = self.0.send(request).await;
        let waited = Cell::new(false);
        std::future::poll_fn(|_| {
            if waited.replace(true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        answer
    }
}

struct Scripted;

impl Host for Scripted {
    type Registry = MemoryRegistry;
    type Ledger = MemoryLedger;
    type Crypto = NativeCrypto;
    type Fetch = Waiting;
    type People = LoginPeople;
}

struct Deployment {
    server: Server<Scripted>,
    registry: MemoryRegistry,
}

impl Deployment {
    /// A deployment whose only upstream says of alice what [`Deployment::alice`] is next given.
    fn new(login: &Value) -> Self {
        let mut settings = json!({
            "providers": [{
                "type": "openid", "id": "work", "name": "Work", "issuer": ISSUER,
                "client_id": "us", "client_secret": "secret",
                "claims": { "groups": "${upstream.groups}" },
            }],
        });
        let login = login.as_object().unwrap().clone();
        settings.as_object_mut().unwrap().extend(login);
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some("https://id.example".to_owned()),
            "JETON_SECRET" => {
                Some("jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj".to_owned())
            }
            _ => None,
        });
        let config = config.unwrap();
        let settings = LoginSettings::parse(&settings.to_string(), config.reach()).unwrap();
        let registry = MemoryRegistry::default();
        let capabilities = Capabilities {
            registry: registry.clone(),
            ledger: Some(MemoryLedger::default()),
            crypto: NativeCrypto::new(),
            fetch: Waiting::default(),
            people: LoginPeople(Some(Application::new(settings, &config))),
        };
        let deployment = Self {
            server: Server::new(config, capabilities),
            registry,
        };
        let metadata = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://login.example.org/authorize",
            "token_endpoint": TOKEN,
            "jwks_uri": "https://login.example.org/keys",
            "userinfo_endpoint": USERINFO,
        });
        deployment.fetch().answer_json(METADATA, &metadata);
        deployment.gives("second");
        deployment.alice(json!({ "name": "Alice", "groups": ["staff"] }));
        deployment
    }

    fn fetch(&self) -> &MemoryFetch {
        &self.server.inside().fetch().0
    }

    /// Lets the token endpoint give this refresh token next.
    fn gives(&self, refresh_token: &str) {
        let tokens = json!({
            "access_token": "opens", "token_type": "Bearer", "refresh_token": refresh_token,
        });
        self.fetch().answer_json(TOKEN, &tokens);
    }

    /// Lets an address of the upstream answer with an error.
    fn fails(&self, url: &str, status: u16, body: &str) {
        let json = HeaderValue::from_static("application/json");
        let answer = Fetched {
            status: StatusCode::from_u16(status).unwrap(),
            headers: [(CONTENT_TYPE, json)].into_iter().collect(),
            body: body.to_owned().into(),
        };
        self.fetch().answer(url, Ok(answer));
    }

    fn alice(&self, mut claims: Value) {
        claims["sub"] = "alice".into();
        self.fetch().answer_json(USERINFO, &claims);
    }

    /// Lets alice log in, by the upstream's refresh token `first`.
    fn logged_in(&self, began_at: UnixTime) {
        let login = UpstreamLogin {
            way: "work".to_owned(),
            iss: ISSUER.to_owned(),
            sub: "alice".to_owned(),
            began_at,
            state: State::lasts("first"),
            refused_at: None,
            unanswered_since: None,
        };
        let (inside, subject) = (self.server.inside(), subject());
        let put = document::write(&inside, &subject, &login, &Expected::Anything, began_at);
        assert!(finished(put).unwrap().is_some());
    }

    /// A refresh at `client` so many seconds later, of what was granted at the beginning.
    async fn refresh(&self, client: &str, later: u64) -> Renewed {
        self.try_refresh(client, later).await.unwrap()
    }

    async fn try_refresh(&self, client: &str, later: u64) -> Result<Renewed, Unavailable> {
        let client_id: ClientId = client.parse().unwrap();
        let of = Renewing {
            subject: &subject(),
            client_id: &client_id,
            scope: &"openid profile".parse().unwrap(),
            granted_at: NOW,
            now: NOW + Seconds(later),
        };
        let people = self.server.people();
        people.renewed(self.server.inside(), &of).await
    }

    /// What is kept of alice's login.
    fn kept(&self) -> UpstreamLogin {
        let (inside, subject) = (self.server.inside(), subject());
        let found = finished(document::find(&inside, &subject, NOW)).unwrap();
        found.expect("a login").login
    }

    /// The refresh tokens that the upstream was sent.
    fn spent(&self) -> Vec<String> {
        let sent = self.fetch().sent();
        let sent = sent.iter().filter(|sent| sent.url.as_str() == TOKEN);
        let spent = sent.map(|sent| {
            let mut form = url::form_urlencoded::parse(&sent.body);
            let (_, token) = form.find(|(name, _)| name == "refresh_token").unwrap();
            token.into_owned()
        });
        spent.collect()
    }
}

fn subject() -> String {
    hashed_subject(ISSUER, "alice")
}

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What a future comes to that waits only for the upstream.
fn finished<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..100 {
        if let Poll::Ready(value) = poll(future.as_mut()) {
            return value;
        }
    }
    panic!("it waits for more");
}

#[track_caller]
fn renewed(answer: Renewed) -> Value {
    match answer {
        Renewed::Claims(claims) => Value::Object(claims),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn expect_unchanged(answer: Renewed, expected: &str) {
    match answer {
        Renewed::Unchanged(why) => assert_eq!(why, expected),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn expect_refused(answer: Renewed, expected: &str) {
    match answer {
        Renewed::Refused(why) => assert_eq!(why, expected),
        other => panic!("{other:?}"),
    }
}

/// That the client is to ask again, and why.
#[track_caller]
fn expect_busy(answer: Result<Renewed, Unavailable>, expected: &str) {
    assert_eq!(answer.unwrap_err().to_string(), expected);
}

#[track_caller]
fn expect_unanswered(answer: Renewed, expected: &str) {
    match answer {
        Renewed::Unanswered(why) => assert_eq!(why, expected),
        other => panic!("{other:?}"),
    }
}

const LEASED: &str = "upstream login: another refresh is asking the provider";

#[test]
fn each_refresh_spends_the_token_that_the_one_before_was_given() {
    let deployment = Deployment::new(&json!({
        "claims": [{ "match": { "client_id": "shop" }, "claims": { "at": "${client_id}" } }],
    }));
    expect_unchanged(finished(deployment.refresh("shop", 0)), NO_TOKEN);
    deployment.logged_in(NOW);
    let said = renewed(finished(deployment.refresh("shop", 0)));
    let expected = json!({ "name": "Alice", "groups": ["staff"], "at": "shop" });
    assert_eq!(said, expected, "by the rules of a login");
    deployment.gives("third");
    deployment.alice(json!({ "name": "Alicia" }));
    let said = renewed(finished(deployment.refresh("desk", 0)));
    assert_eq!(said, json!({ "name": "Alicia" }));
    finished(deployment.refresh("shop", 0));
    assert_eq!(deployment.spent(), ["first", "second", "third"]);
}

#[test]
fn a_refresh_proves_who_we_are_as_a_code_exchange_does() {
    let d = URL_SAFE_NO_PAD.encode([7; 32]);
    let ways = json!([{
        "type": "openid", "id": "work", "name": "Work", "issuer": ISSUER, "client_id": "us",
        "private_key": { "kty": "EC", "crv": "P-256", "d": d },
    }]);
    let deployment = Deployment::new(&json!({ "providers": ways }));
    deployment.logged_in(NOW);
    renewed(finished(deployment.refresh("shop", 0)));
    let sent = deployment.fetch().sent();
    let sent = sent.iter().find(|sent| sent.url.as_str() == TOKEN).unwrap();
    let form: Vec<_> = url::form_urlencoded::parse(&sent.body).collect();
    let assertion = form.iter().find(|(name, _)| name == "client_assertion");
    let (_, assertion) = assertion.expect("an assertion");
    let claims = assertion.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!([&claims["iss"], &claims["aud"]], ["us", ISSUER]);
}

#[test]
fn of_two_at_once_one_asks() {
    let deployment = Deployment::new(&json!({}));
    deployment.logged_in(NOW);
    let mut first = pin!(deployment.refresh("shop", 0));
    // Until it has been given its tokens, whatever it asks.
    while deployment.spent().is_empty() {
        assert!(poll(first.as_mut()).is_pending());
    }
    expect_busy(finished(deployment.try_refresh("desk", 1)), LEASED);
    renewed(finished(first));
    renewed(finished(deployment.refresh("desk", 1)));
    assert_eq!(deployment.spent(), ["first", "second"], "each once");
}

#[test]
fn two_that_have_read_the_same_do_not_both_ask() {
    let deployment = Deployment::new(&json!({}));
    deployment.logged_in(NOW);
    let (inside, subject) = (deployment.server.inside(), subject());
    let found = finished(document::find(&inside, &subject, NOW)).unwrap();
    let found = found.unwrap();
    let write = || {
        let put = document::put(&inside, &subject, &found.login, found.version.clone(), NOW);
        finished(put).unwrap()
    };
    assert!(write().is_some());
    assert!(write().is_none(), "another stands");
}

#[test]
fn a_refresh_that_is_dropped_leaves_its_lease_which_lapses() {
    let deployment = Deployment::new(&json!({}));
    deployment.logged_in(NOW);
    {
        let mut dropped = pin!(deployment.refresh("shop", 0));
        while deployment.spent().is_empty() {
            assert!(poll(dropped.as_mut()).is_pending());
        }
    }
    expect_busy(finished(deployment.try_refresh("shop", 9)), LEASED);
    renewed(finished(deployment.refresh("shop", 10)));
    assert_eq!(deployment.spent(), ["first", "first"]);
}

#[test]
fn what_the_upstream_has_ended_stays_ended_until_the_person_logs_in() {
    for code in ["invalid_grant", "bad_refresh_token"] {
        let deployment = Deployment::new(&json!({}));
        deployment.logged_in(NOW);
        deployment.fails(TOKEN, 400, &json!({ "error": code }).to_string());
        let why = format!("the provider's token endpoint answered {code}");
        expect_refused(finished(deployment.refresh("shop", 0)), &why);
        deployment.gives("second");
        let ended = "their login at the provider ended";
        expect_refused(finished(deployment.refresh("desk", 60)), ended);
        assert_eq!(deployment.spent(), ["first"], "the token is forgotten");
        deployment.logged_in(NOW + Seconds(70));
        renewed(finished(deployment.refresh("shop", 80)));
    }
}

#[test]
fn who_is_taken_off_the_list_of_the_deployment_is_logged_in_nowhere() {
    let staff = json!({ "allow": { "claims": { "groups": ["staff"] } } });
    let deployment = Deployment::new(&staff);
    deployment.logged_in(NOW);
    renewed(finished(deployment.refresh("shop", 0)));
    deployment.alice(json!({ "groups": ["guests"] }));
    let why = "the person is not in the allow of the deployment";
    expect_refused(finished(deployment.refresh("shop", 60)), why);
    deployment.alice(json!({ "groups": ["staff"] }));
    let ended = "their login at the provider ended";
    expect_refused(finished(deployment.refresh("desk", 120)), ended);
}

#[test]
fn who_is_taken_off_the_list_of_a_client_is_logged_in_elsewhere() {
    let staff =
        json!({ "clients": { "shop": { "allow": { "claims": { "groups": ["staff"] } } } } });
    let deployment = Deployment::new(&staff);
    deployment.logged_in(NOW);
    deployment.alice(json!({ "groups": ["guests"] }));
    let why = "the person is not in the allow of the client";
    expect_refused(finished(deployment.refresh("shop", 0)), why);
    renewed(finished(deployment.refresh("desk", 0)));
    deployment.alice(json!({ "groups": ["staff"] }));
    renewed(finished(deployment.refresh("shop", 0)));
}

#[test]
fn a_login_before_a_cut_off_or_of_somebody_else_is_none() {
    let deployment = Deployment::new(&json!({}));
    deployment.logged_in(NOW);
    let cut_off = jeton::CutOff::subject(&subject());
    let realm = Realm::default();
    let before = NOW + Seconds(1);
    finished(put_cut_off(&deployment.registry, &realm, &cut_off, before)).unwrap();
    expect_unchanged(finished(deployment.refresh("shop", 10)), NO_TOKEN);
    deployment.logged_in(NOW + Seconds(20));
    renewed(finished(deployment.refresh("shop", 30)));

    // Whoever writes the store can move a document, but not say whose it is.
    let inside = deployment.server.inside();
    let ledger = inside.ledger().unwrap();
    let moved = finished(ledger.personal(&document::key_of(&subject()), NOW)).unwrap();
    let bob = hashed_subject(ISSUER, "bob");
    let (key, until) = (document::key_of(&bob), NOW + Seconds(1000));
    let put = ledger.put_personal(&key, moved.as_ref(), &Expected::Anything, until, NOW);
    finished(put).unwrap();
    assert!(
        finished(document::find(&inside, &bob, NOW))
            .unwrap()
            .is_none()
    );
}

#[test]
fn nothing_of_it_can_be_read_in_the_store() {
    let deployment = Deployment::new(&json!({}));
    deployment.logged_in(NOW);
    let inside = deployment.server.inside();
    let ledger = inside.ledger().unwrap();
    let document = finished(ledger.personal(&document::key_of(&subject()), NOW)).unwrap();
    let text = document.unwrap().as_str().to_owned();
    for part in ["first", "alice", "work", "login.example.org"] {
        assert!(!text.contains(part), "{part}");
    }
}

#[test]
fn all_exchanges_together_leave_the_stores_their_time() {
    let deployment = Deployment::new(&json!({}));
    deployment.logged_in(NOW);
    renewed(finished(deployment.refresh("shop", 0)));
    let sent = deployment.fetch().sent();
    assert_eq!(sent.len(), 3, "metadata, tokens, claims");
    let waits: u128 = sent.iter().map(|sent| sent.deadline.as_millis()).sum();
    assert!(waits + 1000 < u128::from(BUDGET.0) * 1000, "{waits}");
}
