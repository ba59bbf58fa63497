//! One request and its answer on a connection.

use std::pin::pin;

use bytes::Bytes;
use http::{
    HeaderValue, Request,
    header::{CONNECTION, HOST},
};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jeton::{Arriving, Fetched, LONGEST_HEAD, MOST_HEADERS, Outgoing, Unreachable};
use tokio::io::{AsyncRead, AsyncWrite};
use url::{Position, Url};

/// Sends the request and reads its answer. The same future drives the connection, so that nothing is
/// left behind when it is dropped.
pub(crate) async fn exchange(
    request: &Outgoing,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) -> Result<Fetched, Unreachable> {
    let outgoing = http_request(request).ok_or(Unreachable::NotAUrl)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MOST_HEADERS)
        .max_buf_size(LONGEST_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let answer = async {
        let response = sender.send_request(outgoing).await.map_err(failed)?;
        let (head, mut body) = response.into_parts();
        let mut arriving = Arriving::begin(request, head.status, head.headers)?;
        while let Some(frame) = body.frame().await {
            // A frame without data has trailers, which nobody reads.
            if let Ok(part) = frame.map_err(failed)?.into_data() {
                arriving.push(&part)?;
            }
        }
        Ok(arriving.end())
    };
    let mut answer = pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        // The connection has ended; what it read, or why it ended, is on its way to the answer.
        _ = connection => answer.await,
    }
}

fn http_request(request: &Outgoing) -> Option<Request<Full<Bytes>>> {
    let url = request.url.as_url();
    let mut prepared = Request::new(Full::new(request.body.clone()));
    *prepared.method_mut() = request.method.clone();
    *prepared.uri_mut() = url[Position::BeforePath..].parse().ok()?;
    *prepared.headers_mut() = request.headers.clone();
    prepared.headers_mut().insert(HOST, host(url)?);
    let close = HeaderValue::from_static("close");
    prepared.headers_mut().insert(CONNECTION, close);
    Some(prepared)
}

/// The value of `Host`: the URL's host, and its port where that is not the scheme's (RFC 9110 §7.2).
fn host(url: &Url) -> Option<HeaderValue> {
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    HeaderValue::from_str(authority).ok()
}

/// The reason that hyper's error amounts to.
fn failed(error: hyper::Error) -> Unreachable {
    if error.is_parse_too_large() {
        Unreachable::TooLarge
    } else if error.is_parse() {
        Unreachable::ConnectionFailed("the answer is not HTTP")
    } else {
        Unreachable::ConnectionFailed("broken off")
    }
}
