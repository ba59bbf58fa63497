//! One exchange with somebody else's server: request, answer, and the trait that hosts implement.

use core::{fmt, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT, USER_AGENT},
};

use super::{reach::ForeignUrl, unreachable::Unreachable};

/// The part of a host that sends requests to servers of others. `()` reaches nobody.
///
/// # Contract
/// - Speaks only to what [`ForeignUrl::admits`]: where a name is resolved here, once, all its
///   addresses are checked and one of those checked is connected to. A host whose platform resolves
///   names says in its documentation what fences it.
/// - Follows no redirect: an answer of 3xx is [`Unreachable::Redirected`].
/// - Ends within [`Outgoing::deadline`], which counts from the call to the last byte of the answer,
///   and hands over no more than [`Outgoing::limit`] bytes of body: more is an error, never a part.
///   The head of an answer is bounded by [`LONGEST_HEAD`](super::LONGEST_HEAD).
/// - Sends the request once: the caller knows what may be tried again. Takes no proxy from the
///   environment, keeps no cookies, remembers no answer.
/// - Asks for no compression. An answer that is compressed all the same is handed over as it came
///   or decoded, as the platform does; the limit counts what is handed over.
/// - May be dropped at any time; the exchange then ends, by its deadline at the latest.
///
/// The other server is a stranger: its answer is data to be checked, and no word of it belongs in a
/// log or in an answer of ours.
#[allow(async_fn_in_trait)]
pub trait Fetch {
    /// The answer to `request`, whatever its status but 3xx.
    ///
    /// # Errors
    /// There was no whole answer in time, or one that the contract refuses.
    async fn send(&self, request: &Outgoing) -> Result<Fetched, Unreachable>;
}

/// The [`Fetch`] of a deployment that needs no other server.
impl Fetch for () {
    async fn send(&self, _: &Outgoing) -> Result<Fetched, Unreachable> {
        Err(Unreachable::Nobody)
    }
}

/// A request to somebody else's server. Its headers and body may hold credentials, so `Debug` shows
/// neither.
#[derive(Clone)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The URL it goes to.
    pub url: ForeignUrl,
    /// The headers, without `Host`, `Content-Length` and those of the connection: the [`Fetch`] adds
    /// these.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// The most bytes of body that the answer may have.
    pub limit: usize,
    /// How long the whole exchange may take.
    pub deadline: Duration,
}

impl Outgoing {
    /// The most bytes of a document: many times the size of a large provider's JWK Set.
    pub const LIMIT: usize = 100 * 1024;

    /// How long fetching a document may take. A client waits meanwhile, and its request has
    /// [`BUDGET`](crate::BUDGET) for everything.
    pub const DEADLINE: Duration = Duration::from_secs(3);

    /// A GET of `url` within [`Self::LIMIT`] and [`Self::DEADLINE`]; `accept` is the media type wanted.
    #[must_use]
    pub fn get(url: ForeignUrl, accept: &'static str) -> Self {
        // Some servers refuse a request that does not say whose it is.
        let headers = [
            (ACCEPT, HeaderValue::from_static(accept)),
            (USER_AGENT, HeaderValue::from_static("jeton")),
        ];
        Self {
            method: Method::GET,
            url,
            headers: headers.into_iter().collect(),
            body: Bytes::new(),
            limit: Self::LIMIT,
            deadline: Self::DEADLINE,
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The answer of somebody else's server. It may hold tokens, so `Debug` shows only its status.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The status, never 1xx or 3xx.
    pub status: StatusCode,
    /// The headers: `Content-Type` and `Content-Length`, which the core reads; perhaps others.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
