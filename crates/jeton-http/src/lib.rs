//! An HTTP/1.1 server for the hosts that listen themselves. In production a reverse proxy does TLS and
//! HTTP/2; [`SelfSigned`] is for the mock.

use std::{future::Future, io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::TokioIo,
    server::graceful::{GracefulShutdown, Watcher},
};
use jeton::{BODY_LIMIT, within};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    connections::{Activity, Connections, Phase, Place, Source},
    limits::{BODY_TIMEOUT, BUFFER, DRAIN_LIMIT, HEAD_TIMEOUT, SHUTDOWN_TIMEOUT},
    timed::Timed,
    tls::Stream,
};

mod connections;
mod limits;
mod listener;
mod proxies;
mod timed;
mod tls;

pub use listener::{Listener, NotListening};
pub use proxies::{InvalidProxies, TrustedProxies};
pub use tls::{SelfSigned, SelfSignedError};

/// The error by which a handler has the connection closed without a response: so a client sees what a
/// broken network looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was dropped")]
pub struct Dropped;

/// Says of a request, as an extension, that its body did not come in time. What is handed over has none,
/// and is to be answered with [`response`](Self::response).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyTimedOut;

impl BodyTimedOut {
    /// Why such a request is refused.
    pub const WHY: &str = "the body did not come in time";

    /// Whether this is said of a request that [`serve`] handed over.
    pub fn is_said_of<B>(request: &Request<B>) -> bool {
        request.extensions().get::<Self>().is_some()
    }

    /// The answer: 408 (RFC 9110 §15.5.9). The connection is closed after it.
    #[must_use]
    pub fn response() -> Response<Bytes> {
        let body =
            serde_json::json!({ "error": "invalid_request", "error_description": Self::WHY });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

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

/// The way by which clients reach this process.
pub struct Listening {
    /// Where connections come in.
    pub listener: Listener,
    /// Connections that begin with a TLS handshake are served over TLS, and all others without.
    pub tls: Option<SelfSigned>,
    /// Who is believed about the addresses of clients.
    pub proxies: TrustedProxies,
}

/// Answers each request on `listening` with `handle` until `shutdown` is ready, then finishes those in
/// flight. `handle` is given the address of the client as well.
///
/// Takes a function rather than a `Server`, because the compiler sees that the future is `Send` only
/// where the stores are concrete types.
///
/// Never fails once it runs: a connection that fails is dropped, and a failed `accept` (too many open
/// files) is tried again. Nor can clients keep others out: each has so much time, and where there are as
/// many connections as there may be, one that waits for its client goes for a new one.
pub async fn serve<H, F>(listening: Listening, handle: H, shutdown: impl Future<Output = ()>)
where
    H: Fn(Request<Bytes>, Option<IpAddr>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Bytes>, Dropped>> + Send + 'static,
{
    let Listening {
        listener,
        tls,
        proxies,
    } = listening;
    // Else a client that asks and does not read has us make megabytes of answers.
    listener.set_send_buffer(BUFFER);
    let connections = Connections::new(limits::most_connections());
    let service = Service {
        proxies: Arc::new(proxies),
        handle,
    };
    let graceful = GracefulShutdown::new();
    let (stopping, stopped) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let peer = peer.ip().to_canonical();
        let place = tokio::select! {
            place = connections.admit(service.source(peer)) => place,
            () = &mut shutdown => break,
        };
        // Small answers must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let number = place.number();
        let client = Client {
            place,
            peer,
            watcher: graceful.watcher(),
        };
        let service = service.clone();
        let task = match &tls {
            None => tokio::spawn(service.serve(stream, Scheme::Http, client)),
            Some(tls) => tokio::spawn(service.open(tls.open(stream), client, stopped.clone())),
        };
        connections.allow_to_end(number, task.abort_handle());
    }
    drop((listener, stopping));
    let _ = timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
}

/// A client that is connected.
struct Client {
    place: Place,
    peer: IpAddr,
    watcher: Watcher,
}

/// What all connections have in common.
#[derive(Clone)]
struct Service<H> {
    proxies: Arc<TrustedProxies>,
    handle: H,
}

impl<H, F> Service<H>
where
    H: Fn(Request<Bytes>, Option<IpAddr>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Bytes>, Dropped>> + Send + 'static,
{
    fn source(&self, peer: IpAddr) -> Source {
        if self.proxies.contain(peer) {
            Source::Proxy(peer)
        } else {
            Source::client(peer)
        }
    }

    /// Serves a connection once it is open. At shutdown nobody waits for a client that has not finished
    /// its handshake.
    async fn open(
        self,
        opening: impl Future<Output = io::Result<Stream>>,
        client: Client,
        mut stopped: watch::Receiver<()>,
    ) {
        client.place.activity.enter(Phase::Head);
        let opened = tokio::select! {
            opened = timeout(HEAD_TIMEOUT, opening) => opened,
            _ = stopped.changed() => return,
        };
        match opened {
            Ok(Ok(Stream::Plain(stream))) => self.serve(stream, Scheme::Http, client).await,
            Ok(Ok(Stream::Tls(stream))) => self.serve(stream, Scheme::Https, client).await,
            // A client that does not trust the certificate, or took too long.
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// Serves a connection until it ends.
    async fn serve<S>(self, stream: S, scheme: Scheme, client: Client)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Client {
            place,
            peer,
            watcher,
        } = client;
        let activity = &place.activity;
        let stream = Timed::new(stream, Arc::clone(activity));
        let service = service_fn(|request| self.respond(request, scheme, peer, activity));
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service);
        let _ = watcher.watch(connection).await;
    }

    /// The response to a request, once its body is read. An error closes the connection: hyper has no
    /// other way to leave a request unanswered.
    async fn respond(
        &self,
        request: Request<Incoming>,
        scheme: Scheme,
        peer: IpAddr,
        activity: &Activity,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (mut head, body) = request.into_parts();
        // Most bodies come with their head, and are not waited for.
        let time_is_up = async {
            activity.enter(Phase::Body);
            sleep(BODY_TIMEOUT).await;
        };
        let read = within(time_is_up, read_body(body)).await;
        let late = read.is_none();
        let body = read.unwrap_or_else(|| Ok(Bytes::new()))?;
        if late {
            head.extensions.insert(BodyTimedOut);
        }
        if scheme == Scheme::Https {
            head.extensions.insert(scheme);
        }
        let address = self.proxies.client(peer, &head.headers);
        activity.enter(Phase::Answer);
        let answering = pin!((self.handle)(Request::from_parts(head, body), address));
        let response = answering.await;
        activity.enter(Phase::Head);
        let mut response = response.map_err(|Dropped| io::ErrorKind::ConnectionAborted)?;
        if late {
            // What still comes belongs to that body.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        Ok(response.map(Full::new))
    }
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
