use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use worker::Delay;

/// How long a store may take. Both answer in milliseconds, from far away in a few hundred.
const DEADLINE: Duration = Duration::from_secs(5);

/// What `future` gives, or `None` if that takes too long.
pub(crate) async fn within_deadline<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut delay = pin!(Delay::from(DEADLINE));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => delay.as_mut().poll(context).map(|()| None),
    })
    .await
}
