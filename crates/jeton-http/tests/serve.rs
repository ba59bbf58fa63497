//! A server on a socket, and clients that know nothing of it.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use jeton_http::{
    BodyTimedOut, Dropped, Listening, Scheme, SelfSigned, SelfSignedError, TrustedProxies, serve,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// More bytes than the sockets between a server and a client that does not read will hold.
const LARGE: usize = 16 * 1024 * 1024;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// `/drop` is not answered, `/address` with the client's, `/large` with more than a socket holds, and
/// everything else with the scheme it came by.
async fn start(tls: Option<SelfSigned>) -> Running {
    start_behind(tls, "").await
}

async fn start_behind(tls: Option<SelfSigned>, proxies: &str) -> Running {
    let proxies: TrustedProxies = proxies.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let handle = |request: Request<Bytes>, address: Option<IpAddr>| async move {
        if BodyTimedOut::is_said_of(&request) {
            return Ok(BodyTimedOut::response());
        }
        match request.uri().path() {
            "/drop" => Err(Dropped),
            "/address" => {
                let address = address.map(|address| address.to_string());
                Ok(Response::new(address.unwrap_or_default().into()))
            }
            "/large" => Ok(Response::new(vec![b'a'; LARGE].into())),
            _ => Ok(Response::new(Scheme::of(&request).as_str().into())),
        }
    };
    let task = tokio::spawn(async move {
        let listening = Listening {
            listener: listener.into(),
            tls,
            proxies,
        };
        serve(listening, handle, async {
            let _ = stopped.await;
        })
        .await;
    });
    Running {
        address,
        stop,
        task,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A client that trusts `ca_pem` and nothing else.
    async fn connect_tls(
        &self,
        ca_pem: &str,
        name: &str,
        protocols: &[&str],
    ) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let name = ServerName::try_from(name).unwrap().to_owned();
        TlsConnector::from(Arc::new(config))
            .connect(name, self.connect().await)
            .await
    }
}

/// Everything that comes back, until the connection ends.
async fn get(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> io::Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[track_caller]
fn assert_answer(answer: io::Result<String>, scheme: &str) {
    let answer = answer.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(&format!("\r\n\r\n{scheme}")), "{answer}");
}

#[tokio::test]
async fn without_tls() {
    let server = start(None).await;
    assert_answer(get(server.connect().await, "/").await, "http");
}

#[tokio::test]
async fn a_dropped_answer_closes_the_connection() {
    let tls = SelfSigned::new(["localhost"]).unwrap();
    for server in [start(None).await, start(Some(tls)).await] {
        assert_eq!(get(server.connect().await, "/drop").await.unwrap(), "");
        assert_answer(get(server.connect().await, "/").await, "http");
    }
}

#[tokio::test]
async fn one_port_speaks_both() {
    let tls = SelfSigned::new(["jeton.test", "192.0.2.7", "[2001:db8::1]"]).unwrap();
    let ca = tls.ca_pem().to_owned();
    let server = start(Some(tls)).await;

    assert_answer(get(server.connect().await, "/").await, "http");
    for name in [
        "localhost",
        "jeton.test",
        "JETON.test",
        "127.0.0.1",
        "::1",
        "192.0.2.7",
        "2001:db8::1",
    ] {
        let stream = server.connect_tls(&ca, name, &[]).await;
        assert_answer(get(stream.expect(name), "/").await, "https");
    }
    for name in ["example.com", "sub.jeton.test", "192.0.2.8"] {
        let error = server.connect_tls(&ca, name, &[]).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{name}: {error}");
    }

    let stream = server.connect_tls(&ca, "localhost", &[]).await.unwrap();
    // Without TLS's own goodbye, as when a network breaks.
    let error = get(stream, "/drop").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
}

#[tokio::test]
async fn http_2_is_not_offered() {
    let tls = SelfSigned::new([""; 0]).unwrap();
    let ca = tls.ca_pem().to_owned();
    let server = start(Some(tls)).await;
    let both = server
        .connect_tls(&ca, "localhost", &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(server.connect_tls(&ca, "localhost", &["h2"]).await.is_err());
}

#[tokio::test]
async fn every_start_has_its_own_authority() {
    let earlier = SelfSigned::new(["localhost"]).unwrap();
    let server = start(Some(SelfSigned::new(["localhost"]).unwrap())).await;
    let stream = server.connect_tls(earlier.ca_pem(), "localhost", &[]);
    assert!(stream.await.is_err());
}

#[test]
fn what_is_no_host() {
    for host in ["", "http://localhost", "a b", "localhost:9400", "*.test"] {
        let error = SelfSigned::new([host]).err();
        assert!(matches!(error, Some(SelfSignedError::Host(_))), "{host}");
    }
}

/// Browsers open connections ahead, and may never use them.
#[tokio::test]
async fn shutdown_does_not_wait_for_silence() {
    let server = start(Some(SelfSigned::new(["localhost"]).unwrap())).await;
    let silent = server.connect().await;
    assert_answer(get(server.connect().await, "/").await, "http");
    server.stop.send(()).unwrap();
    timeout(Duration::from_secs(5), server.task)
        .await
        .expect("still running")
        .unwrap();
    drop(silent);
}

#[tokio::test]
async fn the_address_is_the_peers_or_what_a_trusted_proxy_says() {
    let check = async |server: &Running, header: &str, expected: &str| {
        let mut stream = server.connect().await;
        let request =
            format!("GET /address HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_all(stream).await;
        let (_, address) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(address, expected);
    };
    let forwarded = "x-forwarded-for: 203.0.113.9, 192.0.2.7\r\n";
    let server = start(None).await;
    check(&server, "", "127.0.0.1").await;
    check(&server, forwarded, "").await;
    let behind = start_behind(None, "127.0.0.0/8").await;
    check(&behind, forwarded, "192.0.2.7").await;
}

/// Everything that comes until the connection ends, however it does.
async fn read_all(mut stream: impl AsyncRead + Unpin) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// What a connection ends with, and after how many seconds, once `sent` was written to it.
async fn ending(server: &Running, sent: &[u8]) -> (String, u64) {
    let mut stream = server.connect().await;
    stream.write_all(sent).await.unwrap();
    let begin = Instant::now();
    let answer = timeout(Duration::from_secs(60), read_all(stream)).await;
    (answer.expect("still open"), begin.elapsed().as_secs())
}

#[tokio::test]
async fn each_part_of_a_request_has_ten_seconds() {
    let server = start(None).await;
    let (nothing, head, body) = tokio::join!(
        ending(&server, b""),
        ending(&server, b"GET / HTTP/1.1\r\nhost: a\r\n"),
        ending(
            &server,
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\na"
        ),
    );
    assert_eq!(nothing, (String::new(), 10));
    assert_eq!(head, (String::new(), 10));
    let (answer, after) = body;
    assert_eq!(after, 10);
    assert!(
        answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{answer}"
    );
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(
        answer.contains("{\"error\":\"invalid_request\","),
        "{answer}"
    );
}

/// Bytes that come now and then do not make it longer.
#[tokio::test]
async fn a_head_that_drips_has_ten_seconds() {
    let server = start(None).await;
    let mut stream = server.connect().await;
    let begin = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    while stream.write_all(b"a: b\r\n").await.is_ok() && begin.elapsed().as_secs() < 30 {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(
        (10..13).contains(&begin.elapsed().as_secs()),
        "{:?}",
        begin.elapsed()
    );
}

/// hyper has no deadline for it.
#[tokio::test]
async fn who_does_not_read_is_dropped_after_ten_seconds() {
    let server = start(None).await;
    let mut stream = server.connect().await;
    let requests = "GET /large HTTP/1.1\r\nhost: a\r\n\r\n".repeat(3);
    stream.write_all(requests.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let mut received = vec![0; LARGE];
    let mut count = 0;
    while let Ok(read @ 1..) = stream.read(&mut received).await {
        count += read;
    }
    assert!(count < LARGE, "{count} bytes came");
}

/// Long enough for a proxy that keeps its connections for a minute.
#[tokio::test]
async fn between_two_requests_there_is_more_time() {
    let server = start(None).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let both = get(stream, "/").await.unwrap();
    assert_eq!(both.matches("HTTP/1.1 200 OK").count(), 2, "{both}");
}

#[tokio::test]
async fn a_head_has_64_kb() {
    let server = start(None).await;
    let head = |bytes: usize| {
        let start = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\na: ";
        format!("{start}{}", "a".repeat(bytes - start.len()))
    };
    let whole = format!("{}\r\n\r\n", head(60 * 1024));
    let (answer, _) = ending(&server, whole.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    // Not a byte more, which a closed connection would answer with a reset.
    let (answer, after) = ending(&server, head(64 * 1024).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(after, 0);
    let headers = "a: b\r\n".repeat(101);
    let request = format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
    let (answer, _) = ending(&server, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}
