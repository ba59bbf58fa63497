//! What a host knows of a request besides its bytes: when it came, and from where.

use core::net::IpAddr;
use std::{fmt, future::poll_fn, pin::pin, str::FromStr, task::Poll};

use serde::Serialize;

use crate::time::{Seconds, UnixTime};

/// How long the stores may take over one request, all their calls together. Short enough that a client
/// which is told so and tries again does that within the default window of a refresh token, ten seconds
/// after the first try.
pub const BUDGET: Seconds = Seconds(4);

/// How long a client may take over the body of a request, where a host reads it itself.
pub const BODY_TIMEOUT: Seconds = Seconds(10);

/// The arrival of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When the request was whole, its body read. It is judged by this time alone.
    pub at: UnixTime,
    /// The address of the client: the platform's word, or that of a proxy which is configured as
    /// trusted. Never what a header says otherwise.
    pub address: Option<IpAddr>,
    /// The id by which the platform, or the host, knows the request.
    pub request_id: Option<RequestId>,
}

/// The id of a request: 1 to 64 characters of visible ASCII without quotes and backslashes, so that it
/// can stand in a header, in a line of the log and on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RequestId(String);

/// The text is not the id of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id of a request is 1 to 64 characters of visible ASCII without quotes and backslashes")]
pub struct InvalidRequestId;

impl RequestId {
    /// The id as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    fn from_str(text: &str) -> Result<Self, InvalidRequestId> {
        let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRequestId)
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<UnixTime> for Arrival {
    /// An arrival of which only the time is known.
    fn from(at: UnixTime) -> Self {
        Self {
            at,
            address: None,
            request_id: None,
        }
    }
}

/// The output of `future`, or `None` if `budget` is ready before it. What is slow is dropped; the
/// budget is polled only while that waits. For hosts too: what they wait for has limits of its own.
pub async fn within<T>(
    budget: impl Future<Output = ()>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut budget = pin!(budget);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => budget.as_mut().poll(context).map(|()| None),
    })
    .await
}
