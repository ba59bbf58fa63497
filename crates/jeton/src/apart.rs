//! Futures that are compiled as functions of their own.

use core::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

/// What `future` gives. A compiler makes one function of all futures that are awaited in one place only: of all
/// endpoints, then. A Worker's runtime compiles a function when it is first called, so its first token would wait
/// for the code of everything else.
pub async fn apart<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| poll(future.as_mut(), context)).await
}

#[inline(never)]
fn poll<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(context)
}
