//! A deadline for the stores.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use worker::Delay;

/// How long a store may take. KV and Durable Objects answer within milliseconds, and from far away
/// within a few hundred.
const DEADLINE: Duration = Duration::from_secs(5);

/// The output of `future`, or `None` if it takes longer than the deadline.
pub(crate) async fn within_deadline<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut delay = pin!(Delay::from(DEADLINE));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => delay.as_mut().poll(context).map(|()| None),
    })
    .await
}
