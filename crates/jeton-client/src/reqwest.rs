//! The usual transport, by `reqwest`, and the clock of `tokio`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};

use crate::{
    error::Error,
    runtime::{BoxFuture, Clock, Http, HttpError, MAX_ANSWER},
};

/// [`Http`] by `reqwest`. Needs a runtime of `tokio`.
#[derive(Debug, Clone)]
pub struct ReqwestHttp(reqwest::Client);

impl ReqwestHttp {
    /// With a connection pool of its own.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new() -> Result<Self, Error> {
        Self::from_builder(reqwest::Client::builder())
    }

    /// With what is set here, a proxy or certificates, but without following redirects.
    ///
    /// # Errors
    /// What is set does not go together.
    pub fn from_builder(builder: reqwest::ClientBuilder) -> Result<Self, Error> {
        builder
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map(Self)
            .map_err(|error| Error::configuration(format!("reqwest: {}", reason(error))))
    }
}

impl Http for ReqwestHttp {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(lost)?;
            let mut answer = self.0.execute(request).await.map_err(lost)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = answer.chunk().await.map_err(lost)? {
                if body.len() + chunk.len() > MAX_ANSWER {
                    return Err(HttpError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            let mut response = Response::new(body.freeze());
            *response.status_mut() = answer.status();
            *response.headers_mut() = std::mem::take(answer.headers_mut());
            Ok(response)
        })
    }
}

fn lost(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::Timeout;
    }
    HttpError::Unreachable(reason(error))
}

/// The innermost reason, without the URL: its query is not for messages.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

/// The system's time, and the timers of `tokio`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
