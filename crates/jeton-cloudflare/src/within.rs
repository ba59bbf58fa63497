//! A deadline for the stores.

use std::time::Duration;

use jeton::{BUDGET, within};
use worker::Delay;

/// How long a store may take over one try: half of a request's budget, so that a first try that hangs
/// leaves time for a second. KV and Durable Objects answer within milliseconds, and from far away
/// within a few hundred.
const DEADLINE: Duration = Duration::from_secs(BUDGET.0 / 2);

/// The output of `future`, or `None` if it takes longer than the deadline.
pub(crate) async fn within_deadline<T>(future: impl Future<Output = T>) -> Option<T> {
    within(Delay::from(DEADLINE), future).await
}
