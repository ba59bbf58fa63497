//! What is compiled as functions of its own: futures, and how values are read.

use core::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use serde::{Deserialize, Deserializer};

/// The output of `future`. A compiler makes one function of all futures that are awaited in one place only: of all
/// endpoints, then. A Worker's runtime compiles a function when it is first called, so its first token would wait
/// for the code of everything else.
///
/// The future stays where it is pinned: moved once more, it would take that much more of a stack.
pub fn apart<F: Future>(mut future: Pin<&mut F>) -> impl Future<Output = F::Output> {
    poll_fn(move |context| poll(future.as_mut(), context))
}

#[inline(never)]
fn poll<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(context)
}

/// A value by code of its own: of a member that few documents have.
#[inline(never)]
pub(crate) fn deserialize_apart<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}
