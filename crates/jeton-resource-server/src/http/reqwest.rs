use std::error::Error;

use bytes::{Bytes, BytesMut};
use reqwest::redirect::Policy;

use super::{BoxFuture, Http, HttpError, MAX_ANSWER, TIMEOUT};

/// Requests by `reqwest`, from a runtime of tokio.
#[derive(Clone, Debug)]
pub struct Reqwest(reqwest::Client);

impl Reqwest {
    /// A client that follows no redirects.
    ///
    /// # Errors
    /// The machine has no certificate authorities that can be read.
    pub fn new() -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder().redirect(Policy::none());
        builder.timeout(TIMEOUT).build().map(Self)
    }
}

impl Http for Reqwest {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, HttpError>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(failed)?;
            let mut response = self.0.execute(request).await.map_err(failed)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(failed)? {
                if body.len().saturating_add(chunk.len()) > MAX_ANSWER {
                    return Err(HttpError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            let mut answer = http::Response::new(body.freeze());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = response.headers().clone();
            Ok(answer)
        })
    }
}

/// The reason at the bottom: the texts above it have the URL.
fn failed(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::Timeout;
    }
    let error = error.without_url();
    let mut reason: &dyn Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    HttpError::Unreachable(reason.to_string())
}
