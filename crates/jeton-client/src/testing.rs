//! What unit tests give the client: a server that is a function, a clock that runs only while all
//! wait, and random bytes that are the same each time.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use url::form_urlencoded;

use crate::{
    Client, ClientBuilder,
    error::Unavailable,
    runtime::{BoxFuture, Clock, Http, HttpError, Random, Runtime},
};

pub(crate) const ISSUER: &str = "https://tokens.example";

/// When the clock of a test begins.
pub(crate) const BEGIN: Duration = Duration::from_secs(1_800_000_000);

#[derive(Debug)]
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Duration {
        BEGIN + self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(count.to_be_bytes())[..chunk.len()]);
        }
        Ok(())
    }
}

/// An answer, and how long it takes.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Result<Response<Bytes>, HttpError>,
    delay: Duration,
}

impl Reply {
    pub(crate) fn after(mut self, seconds: f64) -> Self {
        self.delay = Duration::from_secs_f64(seconds);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(answer) = &mut self.answer {
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        self
    }
}

pub(crate) fn json(status: u16, body: impl ToString) -> Reply {
    let answer = Response::builder().status(status);
    Reply {
        answer: Ok(answer.body(Bytes::from(body.to_string())).unwrap()),
        delay: Duration::from_millis(10),
    }
}

pub(crate) fn lost() -> Reply {
    Reply {
        answer: Err(HttpError::Unreachable("connection reset".to_owned())),
        delay: Duration::ZERO,
    }
}

type Answer = dyn Fn(&Request<Bytes>, usize) -> Reply + Send + Sync;

/// A server that answers by a function of the request and its number.
#[derive(Clone)]
pub(crate) struct Server {
    answer: Arc<Answer>,
    seen: Arc<Mutex<Vec<Seen>>>,
    clock: Arc<TestClock>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// How long after the beginning it came.
    pub(crate) at: Duration,
}

impl Seen {
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(&self.body);
        let (_, value) = pairs.find(|(found, _)| found == name)?;
        Some(value.into_owned())
    }
}

impl Server {
    pub(crate) fn new(
        answer: impl Fn(&Request<Bytes>, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            seen: Arc::default(),
            clock: Arc::new(TestClock(Instant::now())),
        }
    }

    pub(crate) fn runtime(&self) -> Runtime {
        Runtime {
            http: Arc::new(self.clone()),
            clock: self.clock.clone(),
            random: Arc::new(Counting::default()),
        }
    }

    /// A client of this server's, whose metadata is known.
    pub(crate) fn client(&self) -> ClientBuilder {
        let runtime = self.runtime();
        Client::builder(ISSUER, "billing")
            .http_shared(runtime.http)
            .clock_shared(runtime.clock)
            .random_shared(runtime.random)
            .metadata(serde_json::from_value(metadata()).unwrap())
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Http for Server {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        Box::pin(async move {
            let number = {
                let mut seen = self.seen.lock().unwrap();
                seen.push(Seen {
                    method: request.method().clone(),
                    url: request.uri().to_string(),
                    headers: request.headers().clone(),
                    body: request.body().clone(),
                    at: self.clock.now() - BEGIN,
                });
                seen.len() - 1
            };
            let reply = (self.answer)(&request, number);
            tokio::time::sleep(reply.delay).await;
            reply.answer
        })
    }
}

pub(crate) fn metadata() -> Value {
    serde_json::json!({
        "issuer": ISSUER,
        "token_endpoint": "https://tokens.example/token",
        "authorization_endpoint": "https://tokens.example/authorize?tenant=1",
        "device_authorization_endpoint": "https://tokens.example/device",
        "revocation_endpoint": "https://tokens.example/revoke",
        "end_session_endpoint": "https://tokens.example/logout",
        "jwks_uri": "https://tokens.example/keys",
    })
}

pub(crate) fn runtime() -> Runtime {
    Server::new(|_, _| lost()).runtime()
}

/// A token of this text that lives so long.
pub(crate) fn token(text: &str, lifetime: u64) -> Reply {
    let body =
        serde_json::json!({"access_token": text, "token_type": "Bearer", "expires_in": lifetime});
    json(200, body)
}

pub(crate) async fn pass(seconds: f64) {
    tokio::time::advance(Duration::from_secs_f64(seconds)).await;
}
