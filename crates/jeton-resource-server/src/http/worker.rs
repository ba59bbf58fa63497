use std::{fmt::Display, pin::pin};

use bytes::{Bytes, BytesMut};
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use worker::{
    AbortController, Delay, Fetch as WorkerFetch, Headers, Method, Request, RequestInit,
    RequestRedirect, send::SendFuture,
};

use super::{BoxFuture, Http, HttpError, MAX_ANSWER, TIMEOUT};

/// Requests by the `fetch` of Cloudflare Workers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fetch;

impl Http for Fetch {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, HttpError>> {
        Box::pin(SendFuture::new(async move {
            let abort = AbortController::default();
            let signal = abort.signal();
            let answer = pin!(answer(request, &signal));
            match select(answer, pin!(Delay::from(TIMEOUT))).await {
                Either::Left((answer, _)) => answer,
                Either::Right(_) => {
                    abort.abort();
                    Err(HttpError::Timeout)
                }
            }
        }))
    }
}

async fn answer(
    request: http::Request<Bytes>,
    signal: &worker::AbortSignal,
) -> Result<http::Response<Bytes>, HttpError> {
    let (parts, body) = request.into_parts();
    // Not by the conversion of `worker`, which panics on what is no text.
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        let value = value.to_str().map_err(unreachable)?;
        headers.append(name.as_str(), value).map_err(unreachable)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(parts.method.as_str().to_owned()));
    init.with_redirect(RequestRedirect::Manual);
    init.with_headers(headers);
    if !body.is_empty() {
        init.with_body(Some(js_sys::Uint8Array::from(&*body).into()));
    }
    let uri = parts.uri.to_string();
    let request = Request::new_with_init(&uri, &init).map_err(unreachable)?;
    let fetch = WorkerFetch::Request(request);
    let mut response = fetch.send_with_signal(signal).await.map_err(unreachable)?;
    let mut read = BytesMut::new();
    if let Ok(mut chunks) = response.stream() {
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(unreachable)?;
            if read.len().saturating_add(chunk.len()) > MAX_ANSWER {
                return Err(HttpError::TooLarge);
            }
            read.extend_from_slice(&chunk);
        }
    }
    let mut answer = http::Response::builder().status(response.status_code());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    answer.body(read.freeze()).map_err(unreachable)
}

fn unreachable(error: impl Display) -> HttpError {
    HttpError::Unreachable(error.to_string())
}
