//! A deadline for the stores.

use std::time::Duration;

use jeton::{BUDGET, within};
use worker::Delay;

/// How long a store may take over one try. Two have a second less than the request, so that a first one
/// that hangs leaves time for a second, and the answer is the store's, which says what is wrong. KV and
/// Durable Objects answer within milliseconds, and from far away within a few hundred.
pub(crate) const DEADLINE: Duration = Duration::from_millis(BUDGET.0.saturating_sub(1) * 1000 / 2);

/// The output of `future`, or `None` if it takes longer than the deadline. By a timer of its own, so that
/// objects can wait too, which are no tasks.
pub(crate) async fn within_deadline<T>(future: impl Future<Output = T>) -> Option<T> {
    within(Delay::from(DEADLINE), future).await
}
