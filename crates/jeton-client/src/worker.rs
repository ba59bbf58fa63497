//! The transport and the clock of Cloudflare Workers.
//!
//! In Workers a request cannot wait for what another began: there each gets its own token where none
//! stands, and only tokens that stand are shared.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use worker::{
    Date, Delay, Fetch, Headers, Method, RequestInit, RequestRedirect, js_sys::Uint8Array,
    send::SendFuture,
};

use crate::runtime::{BoxFuture, Clock, Http, HttpError, MAX_ANSWER};

/// [`Http`] by `fetch`.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkerHttp;

impl Http for WorkerHttp {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        Box::pin(SendFuture::new(fetch(request)))
    }
}

async fn fetch(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let lost = |error: worker::Error| HttpError::Unreachable(error.to_string());
    let headers = Headers::new();
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(|_| unsent())?;
        headers.append(name.as_str(), value).map_err(lost)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method().as_str().to_owned()))
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    if !request.body().is_empty() {
        init.with_body(Some(Uint8Array::from(&request.body()[..]).into()));
    }
    let url = request.uri().to_string();
    let request = worker::Request::new_with_init(&url, &init).map_err(lost)?;
    let mut answer = Fetch::Request(request).send().await.map_err(lost)?;
    let status = StatusCode::from_u16(answer.status_code()).map_err(|_| unsent())?;
    let mut body = BytesMut::new();
    // An answer that can have no body, as a 204, has no stream.
    if let Ok(mut stream) = answer.stream() {
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(lost)?;
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = status;
    for (name, value) in answer.headers() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

fn unsent() -> HttpError {
    HttpError::Unreachable("what `fetch` does not carry".to_owned())
}

/// The time of the Worker, which stands still while nothing is awaited, and its timers.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkerClock;

impl Clock for WorkerClock {
    fn now(&self) -> Duration {
        Duration::from_millis(Date::now().as_millis())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // Built where it is awaited: a `Delay` is of the request that makes it.
        Box::pin(SendFuture::new(async move { Delay::from(duration).await }))
    }
}
