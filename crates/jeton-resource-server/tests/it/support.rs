//! An issuer without a network, a clock that stands, and keys.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton_resource_server::{
    Algorithm, BoxFuture, Builder, Claims, Code, Credentials, Error, Http, HttpError,
    ResourceServer,
};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

pub(crate) const ISSUER: &str = "https://tokens.example";
pub(crate) const AUDIENCE: &str = "https://api.example/v1";
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    base64url(Sha256::digest(bytes))
}

/// A key that signs.
pub(crate) struct Key {
    pub(crate) alg: Algorithm,
    pub(crate) private: EncodingKey,
    pub(crate) public: Value,
}

impl Key {
    pub(crate) fn es256(kid: &str) -> Self {
        let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::ec(Algorithm::ES256, "P-256", kid, &pkcs8)
    }

    pub(crate) fn es384(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        Self::ec(Algorithm::ES384, "P-384", kid, &pair)
    }

    fn ec(alg: Algorithm, curve: &str, kid: &str, pair: &EcdsaKeyPair) -> Self {
        let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
        Self {
            alg,
            private: EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()),
            public: json!({
                "kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y), "kid": kid,
            }),
        }
    }

    pub(crate) fn eddsa(kid: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = base64url(pair.public_key().as_ref());
        Self {
            alg: Algorithm::EdDSA,
            private: EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()),
            public: json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid }),
        }
    }

    /// The key of RFC 7515 §A.2.1.
    pub(crate) fn rsa(alg: Algorithm) -> Self {
        let jwk: Value = serde_json::from_str(include_str!("rfc7515-a2.json")).unwrap();
        let private = EncodingKey::from_rsa_der(&rsa_private_key(&jwk));
        let public = json!({ "kty": "RSA", "n": jwk["n"], "e": jwk["e"], "kid": "rsa" });
        Self {
            alg,
            private,
            public,
        }
    }

    /// The public half without a name, as it stands in a proof.
    pub(crate) fn bare(&self) -> Value {
        let mut jwk = self.public.clone();
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    }

    /// Its thumbprint; of P-256 alone.
    pub(crate) fn jkt(&self) -> String {
        let (x, y) = (
            self.public["x"].as_str().unwrap(),
            self.public["y"].as_str().unwrap(),
        );
        sha256(format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#
        ))
    }

    /// A JWS of these texts.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", base64url(header), base64url(payload));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.private, self.alg);
        format!("{message}.{}", signature.unwrap())
    }

    /// An access token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&header(self, json!({})).to_string(), &claims.to_string())
    }
}

/// The usual header, with these members instead. Null leaves one out.
pub(crate) fn header(key: &Key, changes: Value) -> Value {
    let alg = format!("{:?}", key.alg);
    merged(
        json!({ "alg": alg, "typ": "at+jwt", "kid": key.public["kid"] }),
        changes,
    )
}

/// The claims of a good token, with these instead. Null leaves one out.
pub(crate) fn claims(changes: Value) -> Value {
    let usual = json!({
        "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW, "jti": "1",
        "client_id": "app", "scope": "read profile",
    });
    merged(usual, changes)
}

pub(crate) fn merged(mut document: Value, changes: Value) -> Value {
    let members = document.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap().clone() {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    document
}

/// DER of an RSA private key (RFC 8017 §A.1.2).
fn rsa_private_key(jwk: &Value) -> Vec<u8> {
    let length = |length: usize| match length {
        0..128 => vec![u8::try_from(length).unwrap()],
        128..256 => vec![0x81, u8::try_from(length).unwrap()],
        _ => [&[0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    };
    let integer = |bytes: Vec<u8>| {
        let padded = if bytes[0] < 128 {
            bytes
        } else {
            [vec![0], bytes].concat()
        };
        [vec![2], length(padded.len()), padded].concat()
    };
    let mut numbers = integer(vec![0]);
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        numbers.extend(integer(
            URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap(),
        ));
    }
    [vec![0x30], length(numbers.len()), numbers].concat()
}

/// A key that is made once, for what needs no key of its own.
pub(crate) static KEY: LazyLock<Key> = LazyLock::new(|| Key::es256("first"));

/// One that the issuer does not have.
pub(crate) static STRANGER: LazyLock<Key> = LazyLock::new(|| Key::es256("stranger"));

/// A request that the issuer got.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

/// What it answers at a path.
#[derive(Clone)]
pub(crate) enum Answer {
    Json(Value),
    Page(u16, &'static str),
    Headers(u16, Vec<(&'static str, String)>),
    Nothing(HttpError),
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    asked: Vec<Asked>,
}

/// The issuer, and the time.
#[derive(Clone)]
pub(crate) struct World {
    now: Arc<AtomicU64>,
    state: Arc<Mutex<State>>,
    /// How many may be answered; each answer takes one.
    gate: Arc<Semaphore>,
}

impl World {
    /// An issuer with `KEY`, by OpenID discovery and RFC 8414.
    pub(crate) fn new() -> Self {
        let world = Self {
            now: Arc::new(AtomicU64::new(NOW)),
            state: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let metadata = json!({
            "issuer": ISSUER,
            "jwks_uri": format!("{ISSUER}/jwks"),
            "introspection_endpoint": format!("{ISSUER}/introspect"),
        });
        world.answers(
            "/.well-known/oauth-authorization-server",
            Answer::Json(metadata),
        );
        world.keys(&[&KEY]);
        world
    }

    pub(crate) fn answers(&self, path: &str, answer: Answer) {
        self.state
            .lock()
            .unwrap()
            .answers
            .insert(path.to_owned(), answer);
    }

    pub(crate) fn keys(&self, keys: &[&Key]) {
        let keys: Vec<_> = keys.iter().map(|key| key.public.clone()).collect();
        self.answers("/jwks", Answer::Json(json!({ "keys": keys })));
    }

    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let state = self.state.lock().unwrap();
        state
            .asked
            .iter()
            .filter(|asked| asked.path == path)
            .cloned()
            .collect()
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.lock().unwrap().asked.len()
    }

    /// No answers any more, until [`open`](Self::open).
    pub(crate) fn close(&self) {
        self.gate.forget_permits(usize::MAX);
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(1_000_000);
    }

    pub(crate) fn at(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
    }

    pub(crate) fn builder(&self) -> Builder {
        let now = Arc::clone(&self.now);
        ResourceServer::builder(ISSUER, AUDIENCE)
            .http(self.clone())
            .clock(move || Duration::from_secs(now.load(Ordering::Relaxed)))
    }

    pub(crate) fn server(&self) -> ResourceServer {
        self.builder().build().unwrap()
    }
}

impl Http for World {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path().to_owned();
            let answer = {
                let mut state = self.state.lock().unwrap();
                state.asked.push(Asked {
                    path: path.clone(),
                    headers: parts.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                });
                state.answers.get(&path).cloned()
            };
            self.gate.acquire().await.unwrap().forget();
            let response = |status, body: String| {
                let mut response = Response::new(Bytes::from(body));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                response
            };
            match answer.unwrap_or(Answer::Page(404, "not found")) {
                Answer::Json(document) => Ok(response(200, document.to_string())),
                Answer::Page(status, page) => Ok(response(status, page.to_owned())),
                Answer::Headers(status, headers) => {
                    let mut response = response(status, String::new());
                    for (name, value) in headers {
                        response.headers_mut().insert(name, value.parse().unwrap());
                    }
                    Ok(response)
                }
                Answer::Nothing(error) => Err(error),
            }
        })
    }
}

pub(crate) async fn verify(server: &ResourceServer, token: &str) -> Result<Claims, Error> {
    let authorization = format!("Bearer {token}");
    server
        .verify(&Credentials::new().authorization(&authorization))
        .await
}

/// Refused, with this code.
pub(crate) async fn refused(server: &ResourceServer, token: &str, code: Code) -> Error {
    let error = verify(server, token).await.expect_err("it was taken");
    assert_eq!(error.code(), code, "{error}");
    error
}
