//! One request's future, run as a JavaScript promise.
//!
//! `wasm_bindgen_futures` would do, at a price: all requests of the isolate wait in one queue that
//! is emptied through `queueMicrotask`, a tenth of a token's CPU time; and a request that is
//! aborted keeps its memory for as long as the isolate lives. Here each wake is a promise of its
//! own, so a future only ever runs in the turn of its own request.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Wake, Waker},
};

use jeton::{Seconds, UnixTime};
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::Closure};

/// After how long a request that has not ended is taken for dropped: the runtime never tells.
const LONGEST: Seconds = Seconds(15 * 60);

/// From how many requests at a time on it is worth looking for dropped ones.
const MANY: usize = 256;

thread_local! {
    static TASKS: RefCell<BTreeMap<u32, Rc<Task>>> = const { RefCell::new(BTreeMap::new()) };
    static NEXT_ID: Cell<u32> = const { Cell::new(0) };
    static POLL: Closure<dyn FnMut(JsValue)> = Closure::new(|id: JsValue| {
        if let Some(id) = id.as_f64() {
            poll(id as u32);
        }
    });
}

/// The future of one request, until it has ended.
struct Task {
    future: RefCell<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Waker,
    since: UnixTime,
}

/// The number of a task, by which its waker knows it: wakers must be `Send`, and tasks are not.
struct TaskId(u32);

impl Wake for TaskId {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Polls the task in a turn of its own, because the caller may not have finished what it is doing.
    fn wake_by_ref(self: &Arc<Self>) {
        let turn = Promise::resolve(&JsValue::from(self.0));
        POLL.with(|poll| {
            let _ = turn.then(poll);
        });
    }
}

/// A promise that settles as `future` does, which is polled now and whenever it is woken.
pub(crate) fn promise(
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
            future: RefCell::new(Box::pin(async move {
                // Neither function throws.
                let _ = match future.await {
                    Ok(value) => resolve.call1(&JsValue::UNDEFINED, &value),
                    Err(thrown) => reject.call1(&JsValue::UNDEFINED, &thrown),
                };
            })),
            waker: Waker::from(Arc::new(TaskId(id))),
            since: now,
        });
        TASKS.with_borrow_mut(|tasks| tasks.insert(id, task));
        poll(id);
    })
}

fn poll(id: u32) {
    // A task that has ended may still be woken.
    let Some(task) = TASKS.with_borrow(|tasks| tasks.get(&id).map(Rc::clone)) else {
        return;
    };
    let mut context = Context::from_waker(&task.waker);
    let polled = task.future.borrow_mut().as_mut().poll(&mut context);
    if polled.is_ready() {
        TASKS.with_borrow_mut(|tasks| tasks.remove(&id));
    }
}

fn forget_dropped(now: UnixTime) {
    let dropped: Vec<_> = TASKS.with_borrow_mut(|tasks| {
        if tasks.len() < MANY {
            return Vec::new();
        }
        tasks
            .extract_if(.., |_, task| now.since(task.since) > LONGEST)
            .collect()
    });
    // Outside of the borrow, because dropping a future runs its own code.
    drop(dropped);
}
