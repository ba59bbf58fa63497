//! What is fetched seldom and used often: metadata and keys.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{
    FutureExt,
    future::{Shared, WeakShared},
};

use crate::{error::Failure, http::BoxFuture, outbound::LONGEST_PAUSE};

/// Between two attempts to renew what there is, in seconds.
const PAUSE: u64 = 10;

/// Between two attempts where there is nothing yet, in seconds.
const PAUSE_WITHOUT: u64 = 1;

type Flight<T> = BoxFuture<'static, Result<Arc<T>, Failure>>;

/// A value that is fetched by whoever first finds it old, while the others use what there is.
///
/// There is no task in the background: a library cannot know where to start one, and a Worker has
/// none. The flight belongs to those who wait for it, so it goes on when one of them is cancelled, and
/// when all are, the next begins anew.
pub(crate) struct Cached<T> {
    /// In seconds.
    max_age: u64,
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Option<Arc<T>>,
    fetched_at: u64,
    /// Whether what it led to was found wrong.
    doubted: bool,
    /// Nothing is fetched before then.
    next_at: u64,
    /// Nothing is fetched for an unknown key before then.
    next_renewal_at: u64,
    failure: Option<Failure>,
    flight: Option<WeakShared<Flight<T>>>,
}

/// Whether it is too early. A time that is further away than any pause is from before the clock was
/// put back, and counts no more.
fn waits(now: u64, until: u64) -> bool {
    now < until && until - now <= LONGEST_PAUSE
}

/// The pauses that a flight has begun. Where all who waited for it go away before its answer, they are
/// as before: nobody has learnt anything, and the next is to ask.
struct Pauses<T: Send + Sync + 'static> {
    cached: Arc<Cached<T>>,
    before: (u64, u64),
    during: (u64, u64),
    settled: bool,
}

impl<T: Send + Sync + 'static> Drop for Pauses<T> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let mut state = self.cached.state();
        if (state.next_at, state.next_renewal_at) == self.during {
            (state.next_at, state.next_renewal_at) = self.before;
        }
    }
}

/// What to do for a value.
enum Next<T> {
    Use(Result<Arc<T>, Failure>),
    Wait(Shared<Flight<T>>),
}

impl<T: Send + Sync + 'static> Cached<T> {
    pub(crate) fn new(max_age: u64) -> Arc<Self> {
        let state = State {
            value: None,
            fetched_at: 0,
            doubted: false,
            next_at: 0,
            next_renewal_at: 0,
            failure: None,
            flight: None,
        };
        Arc::new(Self {
            max_age,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, if it is not old. Neither waits nor asks anybody.
    pub(crate) fn fresh(&self, now: u64) -> Option<Arc<T>> {
        let state = self.state();
        // Not from the future, but for requests that overtake each other.
        let from = state.fetched_at.saturating_sub(LONGEST_PAUSE);
        let fresh = (from..state.fetched_at.saturating_add(self.max_age)).contains(&now);
        state.value.clone().filter(|_| fresh && !state.doubted)
    }

    /// What there is led to nothing, so it is old from now on.
    pub(crate) fn doubt(&self) {
        self.state().doubted = true;
    }

    /// The value; fetched first, where there is none or where this one is to renew it.
    pub(crate) async fn get(
        self: &Arc<Self>,
        now: u64,
        fetch: impl FnOnce() -> BoxFuture<'static, Result<T, Failure>>,
    ) -> Result<Arc<T>, Failure> {
        if let Some(value) = self.fresh(now) {
            return Ok(value);
        }
        // Dropped after the lock: whoever drops a flight last locks the state.
        let flight;
        let next = {
            let mut state = self.state();
            flight = state.flight.as_ref().and_then(WeakShared::upgrade);
            match (state.value.clone(), &flight, &state.failure) {
                (Some(value), Some(_), _) => Next::Use(Ok(value)),
                (Some(value), None, _) if waits(now, state.next_at) => Next::Use(Ok(value)),
                (None, Some(flight), _) => Next::Wait(flight.clone()),
                (None, None, Some(failure)) if waits(now, state.next_at) => {
                    Next::Use(Err(failure.clone()))
                }
                _ => Next::Wait(self.start(&mut state, now, 0, fetch())),
            }
        };
        drop(flight);
        match next {
            Next::Use(value) => value,
            Next::Wait(flight) => flight.await,
        }
    }

    /// The value fetched anew because `old` lacks something, and not more often than every ten
    /// seconds; else what there is, which may be `old`.
    pub(crate) async fn renewed(
        self: &Arc<Self>,
        old: &Arc<T>,
        now: u64,
        fetch: impl FnOnce() -> BoxFuture<'static, Result<T, Failure>>,
    ) -> Result<Arc<T>, Failure> {
        let flight = {
            let mut state = self.state();
            match &state.value {
                Some(value) if !Arc::ptr_eq(value, old) => return Ok(Arc::clone(value)),
                _ => {}
            }
            match state.flight.as_ref().and_then(WeakShared::upgrade) {
                Some(flight) => flight,
                None if waits(now, state.next_renewal_at)
                    || state.failure.is_some() && waits(now, state.next_at) =>
                {
                    let failure = state.failure.clone();
                    return failure.map_or_else(|| Ok(Arc::clone(old)), Err);
                }
                None => self.start(&mut state, now, PAUSE, fetch()),
            }
        };
        let value = flight.await?;
        let failure = self.state().failure.clone();
        failure.map_or(Ok(value), Err)
    }

    /// Begins a flight, after which no other is for an unknown key for `renewal_pause` seconds.
    fn start(
        self: &Arc<Self>,
        state: &mut State<T>,
        now: u64,
        renewal_pause: u64,
        fetch: BoxFuture<'static, Result<T, Failure>>,
    ) -> Shared<Flight<T>> {
        let pause = if state.value.is_some() {
            PAUSE
        } else {
            PAUSE_WITHOUT
        };
        let before = (state.next_at, state.next_renewal_at);
        state.next_at = now.saturating_add(pause);
        if renewal_pause > 0 {
            state.next_renewal_at = now.saturating_add(renewal_pause);
        }
        let mut pauses = Pauses {
            cached: Arc::clone(self),
            before,
            during: (state.next_at, state.next_renewal_at),
            settled: false,
        };
        let flight: Flight<T> = Box::pin(async move {
            let fetched = fetch.await;
            pauses.settled = true;
            pauses.cached.settle(now, fetched)
        });
        let flight = flight.shared();
        // On a Worker what one request waits for cannot be waited for by another: each fetches for
        // itself, and only the pauses hold them back.
        if !cfg!(target_arch = "wasm32") {
            state.flight = flight.downgrade();
        }
        flight
    }

    /// Keeps what was fetched; or what there was, where that failed.
    fn settle(&self, now: u64, fetched: Result<T, Failure>) -> Result<Arc<T>, Failure> {
        let mut state = self.state();
        state.flight = None;
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                state.value = Some(Arc::clone(&value));
                state.fetched_at = now;
                state.doubted = false;
                state.failure = None;
                Ok(value)
            }
            Err(failure) => {
                if let Some(seconds) = failure.retry_after {
                    let until = now.saturating_add(seconds);
                    state.next_at = state.next_at.max(until);
                    state.next_renewal_at = state.next_renewal_at.max(until);
                }
                state.failure = Some(failure.clone());
                state.value.clone().ok_or(failure)
            }
        }
    }
}
