//! HTTP/1.1 for the hosts that listen themselves. TLS and HTTP/2 are the reverse proxy's.

use std::{future::Future, io, pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use jeton::{Audit, BODY_LIMIT};
use tokio::{net::TcpListener, time::timeout};

/// How long a client may take over its headers, and over its body.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests in flight may take to finish once shutdown was asked for.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of a body that is too large is read and dropped. A client that is cut off while it
/// still sends may never see the answer.
const DRAIN_LIMIT: usize = 1024 * 1024;

/// Answers each request on `listener` with `handle` until `shutdown` is ready, then finishes those
/// in flight.
///
/// A function rather than a `Server`, because only where the stores are concrete types does the
/// compiler see that the future is `Send`.
///
/// # Errors
/// None once it runs: a connection that fails is dropped, and a failed `accept` (too many open
/// files) is tried again.
pub async fn serve<H, F>(listener: TcpListener, handle: H, shutdown: impl Future<Output = ()>)
where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Small answers must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let handle = handle.clone();
        let service = service_fn(move |request| {
            let handle = handle.clone();
            async move { answer(request, handle).await }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(READ_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(graceful.watch(connection));
    }
    drop(listener);
    let _ = timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
}

async fn answer<H, F>(request: Request<Incoming>, handle: H) -> io::Result<Response<Full<Bytes>>>
where
    H: Fn(Request<Bytes>) -> F,
    F: Future<Output = Response<Bytes>>,
{
    let (head, body) = request.into_parts();
    let body = timeout(READ_TIMEOUT, read(body))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let response = handle(Request::from_parts(head, body)).await;
    if let Some(audit) = response.extensions().get::<Audit>() {
        jeton_native::log_request(audit);
    }
    Ok(response.map(Full::new))
}

/// The body, cut at one byte over the limit.
async fn read(mut body: Incoming) -> io::Result<Bytes> {
    let mut collected = BytesMut::new();
    let mut received = 0;
    while received <= DRAIN_LIMIT {
        let Some(frame) = body.frame().await else {
            break;
        };
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else {
            continue;
        };
        received += data.len();
        let room = BODY_LIMIT + 1 - collected.len();
        collected.extend_from_slice(data.get(..room).unwrap_or(&data));
    }
    Ok(collected.freeze())
}

/// Ready when the process is asked to stop: SIGTERM (an orchestrator) or SIGINT (Ctrl-C).
///
/// # Errors
/// The operating system refuses a signal handler.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
