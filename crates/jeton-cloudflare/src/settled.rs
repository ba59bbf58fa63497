//! Awaiting JavaScript promises.
//!
//! `JsFuture` makes two JavaScript functions for each promise and leaves them to the garbage collector.
//! Here they are made once and used again, which saves a twentieth of a token's CPU time.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};

use crate::task;

/// The value that `promise` is fulfilled with. The caller knows its type from the specification of the
/// function that it called.
///
/// # Errors
/// The promise is rejected: the value that it is rejected with.
pub async fn settled<T: JsCast>(promise: Promise) -> Result<T, JsValue> {
    let callbacks = FREE
        .with_borrow_mut(Vec::pop)
        .unwrap_or_else(Callbacks::new);
    let _ = promise.then2(&callbacks.fulfilled, &callbacks.rejected);
    Settled(Some(callbacks)).await.map(JsCast::unchecked_into)
}

thread_local! {
    /// Callbacks that can be used again: their promise has settled.
    static FREE: RefCell<Vec<Callbacks>> = const { RefCell::new(Vec::new()) };
}

type Callback = Closure<dyn FnMut(JsValue)>;

/// The two functions that a promise calls, and the state that they write to.
struct Callbacks {
    state: Rc<RefCell<State>>,
    fulfilled: Callback,
    rejected: Callback,
}

#[derive(Default)]
struct State {
    outcome: Option<Result<JsValue, JsValue>>,
    waker: Option<Waker>,
}

impl Callbacks {
    fn new() -> Self {
        let state = Rc::<RefCell<State>>::default();
        Self {
            fulfilled: callback(&state, Ok),
            rejected: callback(&state, Err),
            state,
        }
    }
}

fn callback(
    state: &Rc<RefCell<State>>,
    outcome: fn(JsValue) -> Result<JsValue, JsValue>,
) -> Callback {
    let state = Rc::clone(state);
    Closure::new(move |value| {
        let waker = {
            let mut state = state.borrow_mut();
            state.outcome = Some(outcome(value));
            state.waker.take()
        };
        if let Some(waker) = waker {
            task::wake_in_this_turn(waker);
        }
    })
}

/// The future of a promise. It holds its callbacks until one of them is called. If it is dropped
/// before, so are they: they must not be called for the next promise.
struct Settled(Option<Callbacks>);

impl Future for Settled {
    type Output = Result<JsValue, JsValue>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(callbacks) = &self.0 else {
            return Poll::Pending;
        };
        let outcome = {
            let mut state = callbacks.state.borrow_mut();
            let outcome = state.outcome.take();
            if outcome.is_none() {
                state.waker = Some(context.waker().clone());
            }
            outcome
        };
        match outcome {
            None => Poll::Pending,
            Some(outcome) => {
                FREE.with_borrow_mut(|free| free.extend(self.0.take()));
                Poll::Ready(outcome)
            }
        }
    }
}
