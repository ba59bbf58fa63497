//! The rules for an answer that all implementations of [`super::Fetch`] share.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use super::{
    exchange::{Fetched, Outgoing},
    unreachable::Unreachable,
};

/// The most bytes of all names and values of an answer's headers together.
pub const LONGEST_HEAD: usize = 16 * 1024;

/// The most headers of an answer.
pub const MOST_HEADERS: usize = 100;

/// An answer that is being received. It refuses what every implementation of [`super::Fetch`] must
/// refuse: redirects, and more headers or body than allowed.
#[derive(Debug)]
pub struct Arriving {
    status: StatusCode,
    headers: HeaderMap,
    body: BytesMut,
    limit: usize,
}

impl Arriving {
    /// An answer of which only the head has been received.
    ///
    /// # Errors
    /// It is a redirect, or will be too large.
    pub fn begin(
        request: &Outgoing,
        status: StatusCode,
        headers: HeaderMap,
    ) -> Result<Self, Unreachable> {
        if status.is_informational() {
            return Err(Unreachable::Status(status));
        }
        if status.is_redirection() {
            return Err(Unreachable::Redirected(status));
        }
        let head: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if head > LONGEST_HEAD || headers.len() > MOST_HEADERS {
            return Err(Unreachable::TooLarge);
        }
        if announced(&headers).is_some_and(|length| length > request.limit as u64) {
            return Err(Unreachable::TooLarge);
        }
        Ok(Self {
            status,
            headers,
            body: BytesMut::new(),
            limit: request.limit,
        })
    }

    /// Adds the next part of the body.
    ///
    /// # Errors
    /// The body is too large.
    pub fn push(&mut self, part: &[u8]) -> Result<(), Unreachable> {
        if part.len() > self.limit.saturating_sub(self.body.len()) {
            return Err(Unreachable::TooLarge);
        }
        self.body.extend_from_slice(part);
        Ok(())
    }

    /// The whole answer, once its body has ended.
    #[must_use]
    pub fn end(self) -> Fetched {
        Fetched {
            status: self.status,
            headers: self.headers,
            body: Bytes::from(self.body),
        }
    }
}

/// The length that `Content-Length` announces, if it can be read. A body that is longer all the same
/// is cut off by [`Arriving::push`].
fn announced(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(http::header::CONTENT_LENGTH)?;
    length.to_str().ok()?.trim().parse().ok()
}
