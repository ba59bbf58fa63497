//! HTTP exchanges with servers of others: which URLs may be reached ([`Reach`]), the exchange that a
//! host makes ([`Fetch`]), and the cache of documents above it ([`Documents`]).

mod address;
mod arriving;
mod documents;
mod exchange;
mod json;
mod memory;
mod reach;
mod unreachable;

pub use arriving::{Arriving, LONGEST_HEAD, MOST_HEADERS};
pub use documents::{Documents, Found};
pub use exchange::{Fetch, Fetched, Outgoing};
pub use json::get_json;
pub use memory::MemoryFetch;
pub use reach::{ForeignUrl, Loopback, Reach};
pub use unreachable::Unreachable;

#[cfg(test)]
fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
    use std::task::{Context, Poll, Waker};

    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
