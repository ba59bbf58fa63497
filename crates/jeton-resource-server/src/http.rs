//! Requests to the authorization server.

use std::{future::Future, pin::Pin, time::Duration};

use bytes::Bytes;

#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
mod reqwest;
#[cfg(all(feature = "worker", target_arch = "wasm32"))]
mod worker;

#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
pub use self::reqwest::Reqwest;
#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub use self::worker::Fetch;

/// A future in a box, as the traits of this crate answer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The most that is read of an answer: 256 kB.
pub const MAX_ANSWER: usize = 256 * 1024;

/// The longest that a request may take, with the body of its answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// One HTTP exchange with the authorization server.
///
/// An implementation follows no redirect (the answer is the redirect itself), stops reading where a
/// body passes [`MAX_ANSWER`], and gives up after [`TIMEOUT`]. On wasm, where the futures of
/// JavaScript are not `Send`, `worker::send::SendFuture` makes them so.
pub trait Http: Send + Sync {
    /// Sends a request and reads the whole answer, whatever its status.
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, HttpError>>;
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection, or it broke. The text says why, and holds nothing of the request.
    #[error("{0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// The answer is larger than [`MAX_ANSWER`].
    #[error("the answer is larger than 256 kB")]
    TooLarge,
}
