//! A deployment whose upstreams are scripts.

use std::task::{Context, Poll, Waker};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use jeton::{
    Capabilities, Config, Fetched, Host, MemoryFetch, MemoryLedger, MemoryRegistry, Server,
    UnixTime,
};
use jeton_native::NativeCrypto;
use serde_json::{Value, json};

use super::{CameBack, Pace, Upstreams, Way, With};
use crate::{person::Person, trouble::Trouble};

pub(super) const NOW: UnixTime = UnixTime(1_800_000_000);

/// Names and values.
type Form = Vec<(String, String)>;

pub(super) struct Scripted;

impl Host for Scripted {
    type Registry = MemoryRegistry;
    type Ledger = MemoryLedger;
    type Crypto = NativeCrypto;
    type Fetch = MemoryFetch;
    type People = ();
}

/// A server, and what it knows of its upstreams.
pub(super) struct Deployment {
    pub(super) server: Server<Scripted>,
    pub(super) upstreams: Upstreams,
}

impl Deployment {
    pub(super) fn new() -> Self {
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some("https://id.example".to_owned()),
            "JETON_SECRET" => {
                Some("jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj".to_owned())
            }
            _ => None,
        });
        let capabilities = Capabilities {
            registry: MemoryRegistry::default(),
            ledger: Some(MemoryLedger::default()),
            crypto: NativeCrypto::new(),
            fetch: MemoryFetch::default(),
            people: (),
        };
        Self {
            server: Server::new(config.unwrap(), capabilities),
            upstreams: Upstreams::new(Pace::Login),
        }
    }

    pub(super) fn with(&self, now: UnixTime) -> With<'_, Scripted> {
        With {
            server: self.server.inside(),
            upstreams: &self.upstreams,
            pace: Pace::Login,
            reach: self.server.config().reach(),
            now,
        }
    }

    pub(super) fn way(&self, record: &Value) -> Result<Way, String> {
        let mut wrong = Vec::new();
        let reach = self.server.config().reach();
        let way = super::parse(record.clone().into(), reach, &mut wrong);
        match wrong.first() {
            None => Ok(way.unwrap()),
            Some(wrong) => Err(wrong.to_string()),
        }
    }

    pub(super) fn json(&self, url: &str, document: &Value) {
        self.server.inside().fetch().answer_json(url, document);
    }

    pub(super) fn answer(
        &self,
        url: &str,
        status: u16,
        content_type: &str,
        body: impl Into<Bytes>,
    ) {
        let content_type = HeaderValue::from_str(content_type).unwrap();
        let answer = Fetched {
            status: StatusCode::from_u16(status).unwrap(),
            headers: [(CONTENT_TYPE, content_type)].into_iter().collect(),
            body: body.into(),
        };
        self.server.inside().fetch().answer(url, Ok(answer));
    }

    /// The last request to `url`, as its `Authorization` and its form.
    pub(super) fn sent_to(&self, url: &str) -> Option<(Option<String>, Form)> {
        let sent = self.server.inside().fetch().sent();
        let last = sent.into_iter().rfind(|sent| sent.url.as_str() == url)?;
        let authorization = last.headers.get("authorization");
        let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
        let form = url::form_urlencoded::parse(&last.body);
        Some((authorization, form.into_owned().collect()))
    }

    pub(super) fn asked(&self, url: &str) -> usize {
        let sent = self.server.inside().fetch().sent();
        sent.iter().filter(|sent| sent.url.as_str() == url).count()
    }
}

impl Way {
    /// The person as a refresh token shows them.
    pub(super) async fn renewed<H: Host>(
        &self,
        with: &With<'_, H>,
        iss: &str,
        sub: &str,
        refresh_token: &str,
    ) -> Result<Person, Trouble> {
        let tokens = self.refreshed(with, refresh_token).await?;
        self.owner(with, iss, sub, tokens).await
    }
}

/// The value of a future that waits for nothing: scripts answer at once.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// A future of a native host: several threads take turns with it.
fn sent_between_threads<T: Send>(future: T) -> T {
    future
}

#[test]
fn logins_move_between_threads_where_their_host_does() {
    let deployment = Deployment::new();
    let record = json!({
        "type": "openid", "id": "work", "name": "Work", "issuer": "https://login.example.org",
        "client_id": "us", "client_secret": "secret",
    });
    let (way, with) = (deployment.way(&record).unwrap(), deployment.with(NOW));
    let renewed = sent_between_threads(way.renewed(&with, "iss", "sub", "token"));
    let trouble = now(renewed).unwrap_err().to_string();
    assert_eq!(
        trouble,
        "metadata: the connection failed: not in the script"
    );
    let logout = sent_between_threads(way.logout_url(&with, "https://id.example", "s"));
    assert_eq!(now(logout), None);
    let came_back = CameBack {
        redirect_uri: "https://id.example",
        nonce: "n",
        code_verifier: "v",
        max_age: None,
        began_at: NOW,
        code: Some("c"),
        error: None,
        iss: None,
    };
    let person = sent_between_threads(way.person(&with, &came_back));
    assert!(now(person).is_err());
}

/// A key of an upstream.
pub(super) struct TestKey {
    pair: EcdsaKeyPair,
    pub(super) kid: String,
}

impl TestKey {
    pub(super) fn new(kid: &str) -> Self {
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            kid: kid.to_owned(),
        }
    }

    pub(super) fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "kid": self.kid,
            "x": encode(&point[1..33]), "y": encode(&point[33..]),
        })
    }

    /// The point that is published, as bytes.
    pub(super) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(super) fn header(&self) -> Value {
        json!({ "alg": "ES256", "kid": self.kid })
    }

    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let random = SystemRandom::new();
        let signature = self.pair.sign(&random, message.as_bytes()).unwrap();
        format!("{message}.{}", encode(signature.as_ref()))
    }
}

/// What is signed of a JWT.
pub(super) fn message(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes()),
    )
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
