//! A server on stores that count, and what is sent to it and read of its answers.

use std::marker::PhantomData;

use bytes::Bytes;
use http::{Request, Response, request::Builder};
use jeton::{
    Arrival, Capabilities, Config, Document, Expected, Host, Key, Ledger, MemoryLedger,
    MemoryRegistry, People, Put, Realm, Registry as _, Server, UnixTime,
};
use jeton_contracts::{Counting, Operations};
use jeton_native::NativeCrypto;
use serde_json::Value;
use url::form_urlencoded;

pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);
pub(crate) const ISSUER: &str = "https://issuer.example";

/// The secret of the configured clients, as `jeton keys new --client` prints one.
pub(crate) const SECRET: &str = "jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy";

/// The hash of `s`, which is the secret of the registered clients.
pub(crate) const SHA256_OF_S: &str = "BDpxh3TFcr2KJa2-sb_NXAJWrhHOz5-cP5JdDlK-r4k";

/// The login application, as a client that is configured.
pub(crate) const LOGIN: &str = r#"{"client_id":"login","client_secret":"jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy","grant_types":[],"login":true}"#;

pub(crate) const LOGIN_URL: (&str, &str) = ("JETON_LOGIN_URL", "https://login.example");

pub(crate) const REDIRECT: &str = "https://app.example/cb";

/// The `code_verifier` of [`CHALLENGE`].
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A deployment of [`ISSUER`] with these settings.
pub(crate) fn config(settings: &[(&str, &str)]) -> Config {
    let config = Config::from_lookup(|name| match name {
        "JETON_ISSUER" => Some(ISSUER.into()),
        // As `jeton keys new` prints one.
        "JETON_SECRET" => Some("jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj".into()),
        _ => {
            let (_, value) = settings.iter().find(|(set, _)| *set == name)?;
            Some((*value).to_owned())
        }
    });
    config.unwrap()
}

/// The host of a [`Bench`] with the ledger `L`, whose people `P` knows.
pub(crate) struct Counted<L = MemoryLedger, P = ()>(PhantomData<(L, P)>);

impl<L: Ledger, P: People> Host for Counted<L, P> {
    type Registry = Counting<MemoryRegistry>;
    type Ledger = Counting<L>;
    type Crypto = NativeCrypto;
    type Fetch = ();
    type People = P;
}

/// A server and its stores.
pub(crate) struct Bench<L: Ledger = MemoryLedger, P: People = ()> {
    pub(crate) server: Server<Counted<L, P>>,
    pub(crate) registry: Counting<MemoryRegistry>,
    pub(crate) ledger: Counting<L>,
}

impl Bench {
    /// A server on empty stores.
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        Self::on(Counting::default(), Counting::default(), settings)
    }
}

impl<L: Ledger + Clone> Bench<L> {
    /// A server on these stores, with nothing in its memory.
    pub(crate) fn on(
        registry: Counting<MemoryRegistry>,
        ledger: Counting<L>,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::with(registry, ledger, (), settings)
    }
}

impl<L: Ledger + Clone, P: People> Bench<L, P> {
    /// The same with these people.
    pub(crate) fn with(
        registry: Counting<MemoryRegistry>,
        ledger: Counting<L>,
        people: P,
        settings: &[(&str, &str)],
    ) -> Self {
        let capabilities = Capabilities {
            registry: registry.clone(),
            ledger: Some(ledger.clone()),
            crypto: NativeCrypto::new(),
            fetch: (),
            people,
        };
        Self {
            server: Server::new(config(settings), capabilities),
            registry,
            ledger,
        }
    }

    /// Writes a document that was not there, uncounted.
    pub(crate) async fn write(&self, key: &Key, document: &Value) {
        let document = Document::new(document.to_string());
        let registry = self.registry.store();
        let put = registry.put(key, &document, &Expected::Absent).await;
        assert_eq!(put.unwrap(), Put::Done);
    }

    /// Registers a client, uncounted.
    pub(crate) async fn write_client(&self, record: &Value) {
        let id = text(record, "client_id").parse().unwrap();
        self.write(&Key::client(&Realm::default(), &id), record)
            .await;
    }

    pub(crate) async fn send(
        &self,
        request: Builder,
        body: impl Into<Bytes>,
        arrival: impl Into<Arrival>,
    ) -> Response<Bytes> {
        let request = request.body(body.into()).unwrap();
        let never = std::future::pending();
        self.server.handle(request, arrival, never).await
    }

    /// Sends a form.
    pub(crate) async fn submit(
        &self,
        request: Builder,
        form: &[(&str, &str)],
        arrival: impl Into<Arrival>,
    ) -> Response<Bytes> {
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request, encoded(form), arrival).await
    }

    /// Logs somebody in who was sent to `begin`, as the login application says in `person`: where they go
    /// on, and their browser's cookie.
    pub(crate) async fn log_in(
        &self,
        begin: &str,
        person: &[(&str, &str)],
        arrival: impl Into<Arrival> + Copy,
    ) -> (String, String) {
        let begun = self.send(Request::get(begin), "", arrival).await;
        let request = begun.parameter("request");
        let form = [
            ("client_id", "login"),
            ("client_secret", SECRET),
            ("request", &request),
        ];
        let form = [&form, person].concat();
        let accept = Request::post("/authorize/accept");
        let accepted = self.submit(accept, &form, arrival).await.json();
        let back = text(&accepted, "redirect_to").strip_prefix(ISSUER).unwrap();
        (back.to_owned(), begun.cookie())
    }

    /// The operations since this was last called: reads and writes of the registry, then of the ledger.
    pub(crate) fn operations(&self) -> [u32; 4] {
        let Operations {
            registry_reads,
            registry_writes,
            ..
        } = self.registry.take();
        let Operations {
            ledger_reads,
            ledger_writes,
            ..
        } = self.ledger.take();
        [registry_reads, registry_writes, ledger_reads, ledger_writes]
    }
}

/// The address at which `client` sends people who are to log in.
pub(crate) fn authorization(client: &str) -> String {
    let query = encoded(&[
        ("client_id", client),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    format!("/authorize?{query}")
}

fn encoded(form: &[(&str, &str)]) -> String {
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(form).finish()
}

/// A text in JSON.
pub(crate) fn text<'a>(json: &'a Value, member: &str) -> &'a str {
    json[member].as_str().unwrap_or_else(|| panic!("{json}"))
}

/// From where and when a request is sent.
#[derive(Clone, Copy)]
pub(crate) struct Sent(pub(crate) Option<&'static str>, pub(crate) UnixTime);

pub(crate) const HOME: Sent = Sent(Some("192.0.2.1"), NOW);

impl From<Sent> for Arrival {
    fn from(Sent(address, at): Sent) -> Self {
        Self {
            address: address.map(|address| address.parse().unwrap()),
            ..at.into()
        }
    }
}

/// What tests read of an answer.
pub(crate) trait Answer {
    /// Its JSON, `null` if it has none.
    fn json(&self) -> Value;
    fn page(&self) -> &str;
    /// The value of a field of the page's form.
    fn field(&self, name: &str) -> String;
    /// The cookie that it sets, as a browser sends it.
    fn cookie(&self) -> String;
    /// A parameter of the address that it leads to.
    fn parameter(&self, name: &str) -> String;
}

impl Answer for Response<Bytes> {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body()).unwrap_or(Value::Null)
    }

    fn page(&self) -> &str {
        std::str::from_utf8(self.body()).unwrap()
    }

    fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.page().split_once(&mark).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    fn cookie(&self) -> String {
        let cookie = self.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    fn parameter(&self, name: &str) -> String {
        let location = self.headers()["location"].to_str().unwrap();
        let url = url::Url::parse(location).unwrap();
        let (_, value) = url.query_pairs().find(|(own, _)| own == name).unwrap();
        value.into_owned()
    }
}
