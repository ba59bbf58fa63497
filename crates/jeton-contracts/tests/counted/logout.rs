//! Tests that a logout hint ends the login that it names and no other, also where its signature is
//! good: whoever has ID tokens made for them, as in a mock, can have any grant named in one.

#![allow(clippy::unwrap_used)]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, StatusCode};
use jeton::{
    Capabilities, Config, Crypto, GrantState, Host, Id128, Ledger, MemoryLedger, MemoryRegistry,
    Server, UnixTime, signing_key,
};
use jeton_contracts::grant;
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime(1_800_000_000);
const ISSUER: &str = "https://issuer.example";
const GRANT: Id128 = Id128([7; 16]);

struct Deployment;

impl Host for Deployment {
    type Registry = MemoryRegistry;
    type Ledger = MemoryLedger;
    type Crypto = NativeCrypto;
    type Fetch = ();
    type People = ();
}

struct Bench {
    config: Config,
    ledger: MemoryLedger,
    server: Server<Deployment>,
}

impl Bench {
    fn new() -> Self {
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some(ISSUER.into()),
            "JETON_SECRET" => Some("jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj".into()),
            "JETON_LOGIN_URL" => Some("https://login.example".into()),
            "JETON_CLIENTS" => Some(
                r#"[{"client_id":"client","token_endpoint_auth_method":"none"},
                    {"client_id":"other","token_endpoint_auth_method":"none"}]"#
                    .into(),
            ),
            _ => None,
        });
        let config = config.unwrap();
        let ledger = MemoryLedger::default();
        let capabilities = Capabilities {
            registry: MemoryRegistry::default(),
            ledger: Some(ledger.clone()),
            crypto: NativeCrypto::new(),
            fetch: (),
            people: (),
        };
        Self {
            server: Server::new(config.clone(), capabilities),
            config,
            ledger,
        }
    }

    async fn get(&self, path: &str) -> (StatusCode, Bytes) {
        let request = Request::get(path).body(Bytes::new()).unwrap();
        let budget = std::future::pending();
        let (head, body) = self.server.handle(request, NOW, budget).await.into_parts();
        (head.status, body)
    }

    /// An ID token of the deployment, with these claims.
    async fn id_token(&self, claims: &Value) -> String {
        let (_, jwks) = self.get("/.well-known/jwks.json").await;
        let jwks: Value = serde_json::from_slice(&jwks).unwrap();
        // The second of three: that of the current epoch.
        let kid = jwks.pointer("/keys/1/kid").unwrap();
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": kid });
        let [header, claims] = [&header, claims].map(|it| URL_SAFE_NO_PAD.encode(it.to_string()));
        let message = format!("{header}.{claims}");
        let crypto = NativeCrypto::new();
        let key = signing_key(&self.config, Algorithm::ES256, NOW).unwrap();
        let (key, _) = crypto.import(&key).await.unwrap();
        let signature = crypto.sign(&key, message.as_bytes()).await.unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A hint with `changes` to the claims of the grant's own ID token: what becomes of the logout, and
    /// whether the grant has ended.
    async fn log_out(&self, changes: Value) -> (Logout, bool) {
        let grant = grant(GRANT, NOW);
        let mut claims = json!({
            "iss": ISSUER, "sub": grant.subject, "aud": "client", "sid": GRANT,
        });
        claims
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let hint = self.id_token(&claims).await;
        let (status, page) = self
            .get(&format!("/end_session?id_token_hint={hint}"))
            .await;
        assert_eq!(status, StatusCode::OK);
        let page = String::from_utf8(page.to_vec()).unwrap();
        let logout = if page.contains("name=\"confirmed\"") {
            Logout::Asks
        } else {
            assert!(page.contains("You are logged out"), "{page}");
            Logout::Done
        };
        let record = self.ledger.read(GRANT).await.unwrap().unwrap();
        (logout, record.state == GrantState::Revoked)
    }
}

/// What a logout answers with.
#[derive(Debug, PartialEq)]
enum Logout {
    /// The page that asks the person.
    Asks,
    /// The page that says it is done.
    Done,
}

#[tokio::test]
async fn a_hint_ends_the_grant_that_it_names_if_that_is_its_own() {
    let bench = Bench::new();
    bench.ledger.open(&grant(GRANT, NOW), NOW).await.unwrap();
    for (changes, outcome) in [
        (json!({ "sub": "somebody else" }), (Logout::Asks, false)),
        (json!({ "aud": "other" }), (Logout::Asks, false)),
        (
            json!({ "iss": "https://other.example" }),
            (Logout::Asks, false),
        ),
        // A grant whose record is gone has ended already.
        (json!({ "sid": Id128([8; 16]) }), (Logout::Done, false)),
        (json!({}), (Logout::Done, true)),
        (json!({}), (Logout::Done, true)),
    ] {
        assert_eq!(bench.log_out(changes.clone()).await, outcome, "{changes}");
    }
}
