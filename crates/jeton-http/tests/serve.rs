//! A server on a socket, and clients that know nothing of it.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use jeton_http::{Dropped, Scheme, SelfSigned, SelfSignedError, serve};
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

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// `/drop` is not answered; everything else is, with the scheme it came by.
async fn start(tls: Option<SelfSigned>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let handle = |request: Request<Bytes>| async move {
        match request.uri().path() {
            "/drop" => Err(Dropped),
            _ => Ok(Response::new(Scheme::of(&request).as_str().into())),
        }
    };
    let task = tokio::spawn(async move {
        serve(listener, tls, handle, async {
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
