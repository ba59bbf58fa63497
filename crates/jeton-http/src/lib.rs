//! An HTTP/1.1 server for the hosts that listen themselves. In production a reverse proxy does TLS and
//! HTTP/2; [`SelfSigned`] is for the mock.

use std::{future::Future, io, pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use jeton::{BODY_LIMIT, BODY_TIMEOUT};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
    time::timeout,
};

use crate::tls::Stream;

mod tls;

pub use tls::{SelfSigned, SelfSignedError};

/// How long a client may take over its headers, and over its body.
const READ_TIMEOUT: Duration = Duration::from_secs(BODY_TIMEOUT.0);

/// How long requests in flight may take to finish once the server is to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How many bytes of a body that is too large are read and dropped. A client that is cut off while it
/// still sends may never see the response.
const DRAIN_LIMIT: usize = 1024 * 1024;

/// The error by which a handler has the connection closed without a response: so a client sees what a
/// broken network looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was dropped")]
pub struct Dropped;

/// The scheme by which a request reached this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS, or with TLS that a reverse proxy ended.
    Http,
    /// With TLS that ended here.
    Https,
}

impl Scheme {
    /// The scheme of a request that [`serve`] handed over. Only `Https` is an extension of the
    /// request: plain requests pay nothing for it.
    pub fn of<B>(request: &Request<B>) -> Self {
        request
            .extensions()
            .get::<Self>()
            .copied()
            .unwrap_or(Self::Http)
    }

    /// The scheme as in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Answers each request on `listener` with `handle` until `shutdown` is ready, then finishes those in
/// flight. With `tls`, connections that begin with a TLS handshake are served over TLS, and all others
/// without.
///
/// Takes a function rather than a `Server`, because the compiler sees that the future is `Send` only
/// where the stores are concrete types.
///
/// Never fails once it runs: a connection that fails is dropped, and a failed `accept` (too many open
/// files) is tried again.
pub async fn serve<H, F>(
    listener: TcpListener,
    tls: Option<SelfSigned>,
    handle: H,
    shutdown: impl Future<Output = ()>,
) where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Bytes>, Dropped>> + Send + 'static,
{
    let connections = Connections {
        graceful: GracefulShutdown::new(),
        handle,
    };
    // Not among the connections: at shutdown nobody waits for a client that has not sent a request.
    let mut handshakes = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                // Small answers must not wait for an acknowledgement.
                let _ = stream.set_nodelay(true);
                match &tls {
                    None => connections.spawn(stream, Scheme::Http),
                    Some(tls) => {
                        handshakes.spawn(timeout(READ_TIMEOUT, tls.open(stream)));
                    }
                }
            }
            Some(Ok(opened)) = handshakes.join_next() => match opened {
                Ok(Ok(Stream::Plain(stream))) => connections.spawn(stream, Scheme::Http),
                Ok(Ok(Stream::Tls(stream))) => connections.spawn(stream, Scheme::Https),
                // A client that does not trust the certificate, or took too long.
                Ok(Err(_)) | Err(_) => {}
            },
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    drop(handshakes);
    let _ = timeout(SHUTDOWN_TIMEOUT, connections.graceful.shutdown()).await;
}

/// The connections under way, and the function that answers their requests.
struct Connections<H> {
    graceful: GracefulShutdown,
    handle: H,
}

impl<H, F> Connections<H>
where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Bytes>, Dropped>> + Send + 'static,
{
    fn spawn<S>(&self, stream: S, scheme: Scheme)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let handle = self.handle.clone();
        let service = service_fn(move |request| {
            let handle = handle.clone();
            async move { respond(request, scheme, handle).await }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(READ_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(self.graceful.watch(connection));
    }
}

/// The response to a request, once its body is read. An error closes the connection: hyper has no other
/// way to leave a request unanswered.
async fn respond<H, F>(
    request: Request<Incoming>,
    scheme: Scheme,
    handle: H,
) -> io::Result<Response<Full<Bytes>>>
where
    H: Fn(Request<Bytes>) -> F,
    F: Future<Output = Result<Response<Bytes>, Dropped>>,
{
    let (mut head, body) = request.into_parts();
    let body = timeout(READ_TIMEOUT, read_body(body))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if scheme == Scheme::Https {
        head.extensions.insert(scheme);
    }
    let response = handle(Request::from_parts(head, body))
        .await
        .map_err(|Dropped| io::Error::from(io::ErrorKind::ConnectionAborted))?;
    Ok(response.map(Full::new))
}

/// The body, cut at one byte over [`BODY_LIMIT`].
async fn read_body(mut body: Incoming) -> io::Result<Bytes> {
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

/// A future that is ready when the process is asked to stop: SIGTERM (an orchestrator) or SIGINT (Ctrl-C).
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
