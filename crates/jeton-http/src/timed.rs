//! A connection whose client may not take for ever.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    connections::{Activity, Phase},
    limits::{HEAD_TIMEOUT, IDLE_TIMEOUT, SHORTEST_DEADLINE, WRITE_TIMEOUT},
};

/// A stream that fails once its client takes too long, over the head of a request or over reading an
/// answer. hyper has a deadline for the first alone, and that one counts the time between two requests.
pub(crate) struct Timed<S> {
    stream: S,
    activity: Arc<Activity>,
    /// Whether nothing has been waited for yet.
    is_new: bool,
    /// The phase that `reading` is for.
    turn: u64,
    /// Whether something of a request has come in this phase.
    has_begun: bool,
    reading: Deadline,
    /// From when the client would not take more, until it has taken all: not until it takes a byte, or
    /// one that takes a byte a second would keep it for hours.
    writing: Deadline,
}

impl<S> Timed<S> {
    pub(crate) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            is_new: true,
            turn: activity.turn(),
            activity,
            // A new connection is for a request.
            has_begun: true,
            reading: Deadline::default(),
            writing: Deadline::default(),
        }
    }

    /// What comes of a write: what the stream says, or a failure if it waits for too long.
    fn in_time<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_pending() && self.writing.is_over(context, WRITE_TIMEOUT) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

/// A moment by which something must have happened; set when it is first asked for.
///
/// Its timer is not the moment's: it rings every few seconds, finds that there is time left, and is set
/// again. A timer for each request would be set and taken back in vain, and each may wake the runtime by a
/// system call.
#[derive(Default)]
struct Deadline {
    at: Option<Instant>,
    /// Rings within [`SHORTEST_DEADLINE`], so before any moment that is set after it was.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn is_over(&mut self, context: &mut Context<'_>, after: Duration) -> bool {
        let at = *self.at.get_or_insert_with(|| Instant::now() + after);
        let soon = || at.min(Instant::now() + SHORTEST_DEADLINE);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(soon())));
        while timer.as_mut().poll(context).is_ready() {
            if at <= Instant::now() {
                return true;
            }
            timer.as_mut().reset(soon());
        }
        false
    }

    fn clear(&mut self) {
        self.at = None;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let turn = this.activity.turn();
        if turn != this.turn {
            this.turn = turn;
            this.has_begun = false;
            this.reading.clear();
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && !this.has_begun {
            this.has_begun = true;
            this.reading.clear();
        }
        if read.is_pending() && this.is_new {
            this.is_new = false;
            if this.activity.turn() == this.turn {
                this.activity.enter(Phase::Head);
                this.turn = this.activity.turn();
            }
        }
        // A body has a deadline of its own, and our answer is not the client's to hurry with.
        if read.is_ready() || this.activity.phase() != Phase::Head {
            return read;
        }
        let after = if this.has_begun {
            HEAD_TIMEOUT
        } else {
            IDLE_TIMEOUT
        };
        if this.reading.is_over(context, after) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes once all that it has is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.writing.clear();
        }
        self.in_time(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.in_time(context, closed)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn is_over(deadline: &mut Deadline, after: Duration) -> bool {
        poll_fn(|context| Poll::Ready(deadline.is_over(context, after))).await
    }

    #[tokio::test]
    async fn many_requests_have_one_timer() {
        let mut deadline = Deadline::default();
        assert!(!is_over(&mut deadline, IDLE_TIMEOUT).await);
        let rings_at = deadline.timer.as_ref().unwrap().deadline();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(2)).await;
            deadline.clear();
            assert!(!is_over(&mut deadline, HEAD_TIMEOUT).await);
            assert_eq!(deadline.timer.as_ref().unwrap().deadline(), rings_at);
        }
    }

    #[tokio::test]
    async fn a_timer_that_rings_early_is_set_again() {
        let over = Instant::now() + Duration::from_millis(30);
        let mut deadline = Deadline {
            at: Some(over),
            timer: Some(Box::pin(sleep_until(over - Duration::from_millis(20)))),
        };
        let mut asked = 0;
        while !is_over(&mut deadline, HEAD_TIMEOUT).await {
            asked += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(asked > 1);
        assert!(over <= Instant::now());
    }
}
