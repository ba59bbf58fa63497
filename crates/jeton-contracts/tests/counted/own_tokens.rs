//! Tests that a text that is not a token of ours costs no cryptography, at endpoints where anybody may
//! send one.

#![allow(clippy::unwrap_used)]

use std::{cell::Cell, rc::Rc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, StatusCode};
use jeton::{
    Capabilities, Config, Crypto, CryptoError, Host, MemoryLedger, MemoryRegistry, PrivateKey,
    PublicKey, Server, UnixTime,
};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde_json::Value;

/// As `jeton keys new` prints one.
const SECRET: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

const NOW: UnixTime = UnixTime(1_800_000_000);

/// Counts keys imported and signatures verified.
#[derive(Default)]
struct Watched {
    crypto: NativeCrypto,
    operations: Rc<Cell<usize>>,
}

impl Watched {
    fn count(&self) {
        self.operations.set(self.operations.get() + 1);
    }
}

impl Crypto for Watched {
    type Key = <NativeCrypto as Crypto>::Key;

    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        self.crypto.fill(bytes)
    }

    async fn import(&self, key: &PrivateKey) -> Result<(Self::Key, PublicKey), CryptoError> {
        self.count();
        self.crypto.import(key).await
    }

    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.crypto.sign(key, message).await
    }

    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        self.count();
        self.crypto.verify(algorithm, key, message, signature).await
    }
}

struct Deployment;

impl Host for Deployment {
    type Registry = MemoryRegistry;
    type Ledger = MemoryLedger;
    type Crypto = Watched;
    type Fetch = ();
    type People = ();
}

struct Bench {
    server: Server<Deployment>,
    operations: Rc<Cell<usize>>,
}

impl Bench {
    fn new() -> Self {
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some("https://issuer.example".into()),
            "JETON_SECRET" => Some(SECRET.into()),
            "JETON_LOGIN_URL" => Some("https://login.example".into()),
            _ => None,
        });
        let crypto = Watched::default();
        let operations = Rc::clone(&crypto.operations);
        let capabilities = Capabilities {
            registry: MemoryRegistry::default(),
            ledger: Some(MemoryLedger::default()),
            crypto,
            fetch: (),
            people: (),
        };
        let server = Server::new(config.unwrap(), capabilities);
        Self { server, operations }
    }

    /// Status and operations of a request that presents `token` at `/userinfo`, or as a hint at
    /// `/end_session`.
    async fn present(&self, token: &str) -> [(StatusCode, usize); 2] {
        let bearer = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
        let hint = Request::get(format!("/end_session?id_token_hint={token}"));
        let mut costs = Vec::new();
        for request in [bearer, hint] {
            self.operations.set(0);
            let request = request.body(Bytes::new()).unwrap();
            let status = self
                .server
                .handle(request, NOW, std::future::pending())
                .await
                .status();
            costs.push((status, self.operations.get()));
        }
        costs.try_into().unwrap()
    }

    async fn kid(&self) -> String {
        let request = Request::get("/.well-known/jwks.json");
        let request = request.body(Bytes::new()).unwrap();
        let jwks = self
            .server
            .handle(request, NOW, std::future::pending())
            .await;
        let jwks: Value = serde_json::from_slice(jwks.body()).unwrap();
        let kid = jwks.pointer("/keys/0/kid").and_then(Value::as_str);
        kid.unwrap().to_owned()
    }
}

fn forged(header: &str) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (header, claims) = (encode(header.as_bytes()), encode(b"{}"));
    format!("{header}.{claims}.{}", encode(&[1; 64]))
}

#[tokio::test]
async fn what_cannot_be_ours_costs_no_key_and_no_signature() {
    const FREE: [(StatusCode, usize); 2] =
        // A logout whose hint is none of ours asks, as one without a hint does.
        [(StatusCode::UNAUTHORIZED, 0), (StatusCode::OK, 0)];
    let bench = Bench::new();
    for token in ["x", "a.b.c", "jat_x"] {
        assert_eq!(bench.present(token).await, FREE, "{token}");
    }
    // Every token of ours names its key and its type.
    for header in [
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","typ":"at+jwt"}"#,
        r#"{"alg":"ES256","typ":"JWT"}"#,
        r#"{"alg":"ES256","kid":"a"}"#,
        r#"{"alg":"ES256","typ":"x","kid":"a"}"#,
    ] {
        assert_eq!(bench.present(&forged(header)).await, FREE, "{header}");
    }
}

#[tokio::test]
async fn what_may_be_ours_costs_one_signature() {
    let bench = Bench::new();
    let kid = bench.kid().await;
    let token = |typ: &str| forged(&format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"{kid}"}}"#));
    let (refused, asks) = (StatusCode::UNAUTHORIZED, StatusCode::OK);
    let access_token = bench.present(&token("at+jwt")).await;
    assert_eq!(access_token, [(refused, 1), (asks, 0)]);
    let id_token = bench.present(&token("JWT")).await;
    assert_eq!(id_token, [(refused, 0), (asks, 1)]);
}
