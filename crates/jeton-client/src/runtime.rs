//! What the client cannot do itself: HTTP, the time, and randomness.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Request, Response};

use crate::error::{Code, Error, Unavailable};

/// A future in a box, as the traits of this crate answer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The most that is read of an answer: 256 kB.
pub const MAX_ANSWER: usize = 256 * 1024;

/// One HTTP exchange.
///
/// An implementation follows no redirect (the answer is the redirect itself) and stops reading where
/// a body passes [`MAX_ANSWER`]. It needs no timeout: the client gives up by its own clock and drops
/// the future. On wasm, where the futures of JavaScript are not `Send`, `worker::send::SendFuture`
/// makes them so.
pub trait Http: Send + Sync {
    /// Sends a request and reads the whole answer, whatever its status.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>>;
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection, or it broke. The text says why, and holds nothing of the request.
    #[error("{0}")]
    Unreachable(String),
    /// The transport gave up waiting.
    #[error("no answer in time")]
    Timeout,
    /// The answer is larger than [`MAX_ANSWER`].
    #[error("the answer is larger than 256 kB")]
    TooLarge,
}

/// The time, and waiting.
pub trait Clock: Send + Sync {
    /// The time since 1970-01-01T00:00:00Z.
    fn now(&self) -> Duration;

    /// Is ready when so much time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Where random bytes come from: they must be as a cryptographic key needs them.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// There are none to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable>;
}

/// Random bytes of the operating system, on wasm of `crypto.getRandomValues`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        getrandom::fill(bytes).map_err(|error| Unavailable(error.to_string()))
    }
}

/// The three of them.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub(crate) http: Arc<dyn Http>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}

impl Runtime {
    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// The time in whole seconds, as claims have it.
    pub(crate) fn seconds(&self) -> u64 {
        self.now().as_secs()
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// Waits so long, a quarter more or less: so that not all come at once.
    pub(crate) async fn sleep_about(&self, duration: Duration) -> Result<(), Error> {
        let duration = self.about(duration)?;
        self.sleep(duration).await;
        Ok(())
    }

    pub(crate) fn about(&self, duration: Duration) -> Result<Duration, Error> {
        Ok(duration.mul_f64(self.between(0.75, 1.25)?))
    }

    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.random
            .fill(&mut bytes)
            .map_err(|error| Error::configuration(format!("no random bytes: {error}")))?;
        Ok(bytes)
    }

    /// 256 random bits in 43 characters that may stand in a URL.
    pub(crate) fn unguessable(&self) -> Result<String, Error> {
        Ok(URL_SAFE_NO_PAD.encode(self.bytes::<32>()?))
    }

    pub(crate) fn between(&self, low: f64, high: f64) -> Result<f64, Error> {
        let part = f64::from(u32::from_be_bytes(self.bytes()?)) / f64::from(u32::MAX);
        Ok(low + (high - low) * part)
    }

    /// Sends a request, and waits for its answer no longer than `limit`.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> Result<Response<Bytes>, Error> {
        let what = format!("{} {}", request.method(), without_query(request.uri()));
        // The answer is looked at first: one that came while nobody waited counts.
        let answer = match select(self.http.send(request), self.clock.sleep(limit)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(HttpError::Timeout),
        };
        match answer {
            Ok(answer) if answer.body().len() > MAX_ANSWER => Err(HttpError::TooLarge),
            other => other,
        }
        .map_err(|error| {
            let code = match error {
                HttpError::Unreachable(_) => Code::Unreachable,
                HttpError::Timeout => Code::Timeout,
                HttpError::TooLarge => Code::InvalidResponse,
            };
            Error::new(code, format!("{what}: {error}"))
        })
    }
}

/// The URL as it may stand in a message.
fn without_query(uri: &http::Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!(
        "{}://{authority}{}",
        uri.scheme_str().unwrap_or(""),
        uri.path()
    )
}
