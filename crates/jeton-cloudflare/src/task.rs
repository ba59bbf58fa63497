//! The future of one request, or of one call of an object, run as a JavaScript promise.
//!
//! `wasm_bindgen_futures` would do, at a price: all requests of the isolate wait in one queue that
//! is emptied through `queueMicrotask`, a tenth of a token's CPU time; and a request that is
//! aborted keeps its memory for as long as the isolate lives. Here a future is polled by the promise that it
//! waited for, so it only ever runs in the turn of its own request.
//!
//! # Time
//! A request waits for its body, for its stores and for signatures, and each wait has a limit. A timer for
//! each would be made and cleared for nothing, so a task has one at most: the first [`sleep`] that is
//! waited for sets it, and when it rings, whatever is waited for then sets the next. It rings within
//! [`LONGEST_TIMER`], so before any of these limits.
//!
//! # Requests that are dropped
//! That a client has gone away the runtime tells only where its body is read, which fails. Else it lets
//! go of the promise, and nothing polls the task again; its timer does not ring either. What is left
//! is the future, some ten kilobytes, and the body. So tasks are forgotten by age, and beyond a
//! number the oldest. What the runtime itself keeps of a request is the platform's.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use jeton::{Seconds, UnixTime};
use js_sys::{Date, Promise};
use wasm_bindgen::{
    JsValue,
    prelude::{Closure, wasm_bindgen},
};

use crate::within::DEADLINE;

/// After how long a request that has not ended is taken for dropped: its body may take ten seconds, and
/// its stores four.
const LONGEST: Seconds = Seconds(20);

/// The most requests at a time. With more of them, the oldest is taken for dropped: so many do not wait
/// in an isolate unless somebody sends and hangs up, and its memory is 128 MB.
const MOST: usize = 2_000;

/// The longest that a timer is set for: no longer than the shortest limit, that of one try at a store, so
/// that one timer serves them all.
const LONGEST_TIMER: Duration = DEADLINE;

thread_local! {
    /// The tasks that have not ended, each by its number, in the order of their numbers.
    static TASKS: RefCell<VecDeque<(u32, Rc<Task>)>> = const { RefCell::new(VecDeque::new()) };
    static NEXT_ID: Cell<u32> = const { Cell::new(0) };
    /// The task that is being polled.
    static CURRENT: RefCell<Option<Rc<Task>>> = const { RefCell::new(None) };
    static TURN: Cell<Turn> = const { Cell::new(Turn::Another) };
    static POLL: Closure<dyn FnMut(JsValue)> = Closure::new(|id: JsValue| {
        if let Some(id) = id.as_f64() {
            poll(id as u32);
        }
    });
    static RING: Closure<dyn FnMut(u32)> = Closure::new(|id| {
        if let Some(task) = task(id) {
            task.timer.set(None);
        }
        poll(id);
    });
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(ring: &Closure<dyn FnMut(u32)>, milliseconds: f64, id: u32) -> f64;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: f64);
}

/// The future of one request, until it has ended.
struct Task {
    id: u32,
    future: RefCell<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Waker,
    since: UnixTime,
    /// The timer that is set.
    timer: Cell<Option<f64>>,
}

/// A future that is ready at a time, in milliseconds since 1970. Outside of a task it never is.
#[derive(Debug)]
pub struct Sleep(f64);

/// A future that is ready once `length` has gone by from now. For use in a task, and for limits that are
/// no shorter than that of one try at a store.
#[must_use]
pub fn sleep(length: Duration) -> Sleep {
    Sleep(Date::now() + milliseconds(length))
}

/// The time by the clock of whatever asks: in a Durable Object, that object's own.
pub(crate) fn now() -> UnixTime {
    UnixTime((Date::now() / 1000.0) as u64)
}

fn milliseconds(length: Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let left = self.0 - Date::now();
        if left <= 0.0 {
            return Poll::Ready(());
        }
        CURRENT.with_borrow(|task| {
            if let Some(task) = task
                && task.timer.get().is_none()
            {
                let until = left.min(milliseconds(LONGEST_TIMER));
                let timer = RING.with(|ring| set_timeout(ring, until, task.id));
                task.timer.set(Some(timer));
            }
        });
        Poll::Pending
    }
}

/// The number of a task, by which its waker knows it: wakers must be `Send`, and tasks are not.
struct TaskId(u32);

impl Wake for TaskId {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Polls the task in this turn if that is there for it, else in one of its own, because the caller may
    /// not have finished what it is doing.
    fn wake_by_ref(self: &Arc<Self>) {
        if let Turn::Free = TURN.get() {
            TURN.set(Turn::For(self.0));
            return;
        }
        let turn = Promise::resolve(&JsValue::from(self.0));
        POLL.with(|poll| {
            let _ = turn.then(poll);
        });
    }
}

/// What this turn of JavaScript's event loop is there for.
#[derive(Clone, Copy)]
enum Turn {
    /// Something that is not ours to interrupt.
    Another,
    /// A task, if one is woken.
    Free,
    /// The task that was woken.
    For(u32),
}

/// Wakes a task by a promise that has settled, and polls it at once: another promise for that would cost
/// each wait a second turn. For use at the bottom of the stack, in the function that the promise calls.
pub(crate) fn wake_in_this_turn(waker: Waker) {
    TURN.set(Turn::Free);
    waker.wake();
    if let Turn::For(id) = TURN.replace(Turn::Another) {
        poll(id);
    }
}

/// A promise that settles as `future` does, which is polled now and whenever it is woken.
pub fn promise(
    now: UnixTime,
    future: impl Future<Output = Result<JsValue, JsValue>> + 'static,
) -> Promise {
    let mut future = Some(future);
    Promise::new(&mut |resolve, reject| {
        // A promise calls its executor once.
        let Some(future) = future.take() else { return };
        forget_dropped(now);
        let id = NEXT_ID.get();
        NEXT_ID.set(id.wrapping_add(1));
        let task = Rc::new(Task {
            id,
            future: RefCell::new(Box::pin(async move {
                // Neither function throws.
                let _ = match future.await {
                    Ok(value) => resolve.call1(&JsValue::UNDEFINED, &value),
                    Err(thrown) => reject.call1(&JsValue::UNDEFINED, &thrown),
                };
            })),
            waker: Waker::from(Arc::new(TaskId(id))),
            since: now,
            timer: Cell::new(None),
        });
        TASKS.with_borrow_mut(|tasks| tasks.push_back((id, task)));
        poll(id);
    })
}

/// The task of that number, unless it has ended.
fn task(id: u32) -> Option<Rc<Task>> {
    TASKS.with_borrow(|tasks| {
        let (_, task) = tasks.get(place(tasks, id)?)?;
        Some(Rc::clone(task))
    })
}

fn place(tasks: &VecDeque<(u32, Rc<Task>)>, id: u32) -> Option<usize> {
    tasks.binary_search_by_key(&id, |(id, _)| *id).ok()
}

fn poll(id: u32) {
    // A task that has ended may still be woken.
    let Some(task) = task(id) else {
        return;
    };
    let mut context = Context::from_waker(&task.waker);
    CURRENT.set(Some(Rc::clone(&task)));
    let polled = task.future.borrow_mut().as_mut().poll(&mut context);
    CURRENT.set(None);
    if polled.is_ready() {
        if let Some(timer) = task.timer.take() {
            clear_timeout(timer);
        }
        // Outside of the borrow, because dropping a future runs its own code.
        drop(TASKS.with_borrow_mut(|tasks| tasks.remove(place(tasks, id)?)));
    }
}

fn forget_dropped(now: UnixTime) {
    // Each outside of the borrow, because dropping a future runs its own code.
    while let Some(dropped) = take_dropped(now) {
        drop(dropped);
    }
}

/// The oldest task, if it is to be forgotten. Ids follow the time at which requests came.
fn take_dropped(now: UnixTime) -> Option<Rc<Task>> {
    TASKS.with_borrow_mut(|tasks| {
        let full = tasks.len() >= MOST;
        let (_, oldest) = tasks.front()?;
        let forgotten = full || now.since(oldest.since) > LONGEST;
        let (_, oldest) = forgotten.then(|| tasks.pop_front())??;
        Some(oldest)
    })
}
