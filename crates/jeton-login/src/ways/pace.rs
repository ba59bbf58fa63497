//! How long an upstream may take: a person waits longer at a login than a program at a refresh.

use core::time::Duration;

use http::Method;
use jeton::{BUDGET, Fetch, Fetched, Outgoing, Unreachable};

/// What is being done, by which an upstream has more or less time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// A person logs in: each exchange has its own deadline.
    Login,
    /// A client refreshes: all exchanges together end within the budget of that request, with time left for
    /// its stores.
    Refresh,
}

/// A refresh token is exchanged. What takes most of the time: given up too early, a token would be lost that
/// the upstream has made, and the one before be good no more.
const EXCHANGE: Duration = Duration::from_millis(1800);

/// Metadata, keys, `/userinfo` or a page of an API is read.
pub(super) const READING: Duration = Duration::from_millis(400);

/// The longest a refresh waits for an OpenID provider: for metadata, tokens, the tenant's metadata, its keys,
/// and claims; or for GitHub: tokens, the person, their addresses and two pages of organizations.
const LONGEST: u128 = EXCHANGE.as_millis() + 4 * READING.as_millis();

const _: () = assert!(
    LONGEST + 500 < BUDGET.0 as u128 * 1000,
    "the stores of a refresh have half a second",
);

/// A way to upstreams, none of whose exchanges takes longer than the pace allows.
pub(super) struct Paced<'a, F> {
    fetch: &'a F,
    pace: Pace,
}

impl<'a, F> Paced<'a, F> {
    pub(super) const fn new(fetch: &'a F, pace: Pace) -> Self {
        Self { fetch, pace }
    }
}

impl<F: Fetch> Fetch for Paced<'_, F> {
    async fn send(&self, request: &Outgoing) -> Result<Fetched, Unreachable> {
        let longest = match self.pace {
            Pace::Login => return self.fetch.send(request).await,
            Pace::Refresh if request.method == Method::POST => EXCHANGE,
            Pace::Refresh => READING,
        };
        let request = Outgoing {
            deadline: request.deadline.min(longest),
            ..request.clone()
        };
        self.fetch.send(&request).await
    }
}
