//! Requests to the authorization server, and what its answers say of the clock here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::{
    clock::Clock,
    error::Failure,
    http::{Http, HttpError, MAX_ANSWER},
};

/// From this many seconds on a difference of clocks is worth a word.
const WORTH_A_WORD: i64 = 30;

/// The longest that a server's `Retry-After` is heeded, in seconds.
pub(crate) const LONGEST_PAUSE: u64 = 300;

/// The transport, with the clock.
pub(crate) struct Outbound {
    pub(crate) http: Option<Arc<dyn Http>>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How far the clock here is ahead of the server's, in seconds, by its last answer.
    ahead: AtomicI64,
}

impl Outbound {
    pub(crate) fn new(http: Option<Arc<dyn Http>>, clock: Arc<dyn Clock>) -> Self {
        let ahead = AtomicI64::new(0);
        Self { http, clock, ahead }
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }

    /// What there is to say of the clock here, if the server's says something else.
    pub(crate) fn note(&self) -> Option<String> {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let seconds = ahead.unsigned_abs();
        match ahead {
            WORTH_A_WORD.. if ahead > WORTH_A_WORD => Some(format!(
                "the clock here is {seconds} s ahead of the server's"
            )),
            _ if ahead < -WORTH_A_WORD => {
                Some(format!("the clock here is {seconds} s behind the server's"))
            }
            _ => None,
        }
    }

    /// The answer to a request for `what`, whatever its status.
    pub(crate) async fn send(
        &self,
        what: &str,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, Failure> {
        let Some(http) = &self.http else {
            return Err(Failure::network("there is no transport to ask by"));
        };
        let answer = http.send(request).await.map_err(|error| match error {
            HttpError::TooLarge => Failure::server(format!("{what}: {error}")),
            _ => Failure::network(format!("{what}: {error}")),
        })?;
        if answer.body().len() > MAX_ANSWER {
            return Err(Failure::server(format!("{what}: {}", HttpError::TooLarge)));
        }
        if let Some(date) = date(answer.headers()) {
            let ahead = i64::try_from(self.now()).unwrap_or(i64::MAX) - date;
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// The body of the answer to a `GET` for `what`, which has to be 200.
    pub(crate) async fn get(&self, what: &str, url: &str) -> Result<Bytes, Failure> {
        let request = Request::get(url).header(header::ACCEPT, "application/json");
        let request = request.body(Bytes::new());
        let request = request.map_err(|_| Failure::server(format!("{what}: no URL")))?;
        body(what, self.send(what, request).await?)
    }
}

/// The body of an answer that has to be 200.
pub(crate) fn body(what: &str, answer: Response<Bytes>) -> Result<Bytes, Failure> {
    let status = answer.status();
    if status == StatusCode::OK {
        return Ok(answer.into_body());
    }
    let mut failure = Failure::server(format!("{what}: status {}", status.as_u16()));
    let busy = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    if busy.contains(&status) {
        let header = answer.headers().get(header::RETRY_AFTER);
        let seconds = header.and_then(|value| value.to_str().ok());
        let seconds = seconds.and_then(|seconds| seconds.parse::<u64>().ok());
        failure.retry_after = seconds.map(|seconds| seconds.min(LONGEST_PAUSE));
    }
    Err(failure)
}

/// The body of such an answer as JSON.
pub(crate) fn json<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, Failure> {
    // Its own text is dropped: it quotes the answer.
    serde_json::from_slice(body)
        .map_err(|_| Failure::server(format!("{what}: not what it has to be")))
}

fn date(headers: &HeaderMap) -> Option<i64> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let since = httpdate::parse_http_date(date)
        .ok()?
        .duration_since(UNIX_EPOCH);
    i64::try_from(since.ok()?.as_secs()).ok()
}

/// The URL, if it may be asked: `https`, or `http` on this machine; without a fragment.
pub(crate) fn allowed(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let loopback = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    };
    let secure = url.scheme() == "https" || url.scheme() == "http" && loopback;
    (secure && url.fragment().is_none()).then_some(url)
}
