//! HTTPS to a server of this machine, whose authority only these tests trust.

use std::time::Duration;

use jeton::{Loopback, Reach};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use super::*;

/// A server with a certificate for `name`: its port, and the authority that it is signed by.
async fn server(name: &str) -> (u16, RootCertStore) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca.self_signed(&ca_key).unwrap().into()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()])
        .unwrap()
        .signed_by(&key, &Issuer::new(ca, ca_key))
        .unwrap();
    let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.into()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust it hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (port, roots)
}

async fn get(fetch: &HttpsFetch, url: &str) -> Result<Fetched, Unreachable> {
    let url = Reach::new("", Loopback::Admitted).url(url)?;
    fetch.send(&Outgoing::get(url, "application/json")).await
}

fn trusting(roots: RootCertStore) -> HttpsFetch {
    HttpsFetch {
        tls: OnceLock::from(connector(roots).unwrap()),
        ..HttpsFetch::default()
    }
}

#[tokio::test]
async fn https_is_spoken_with_who_has_a_valid_certificate() {
    const INVALID: Unreachable = Unreachable::ConnectionFailed("the certificate is not valid");
    let (port, roots) = server("localhost").await;
    let by_name = format!("https://localhost:{port}/");
    let fetch = trusting(roots.clone());
    assert_eq!(get(&fetch, &by_name).await.unwrap().body, "{}");
    // Of a pooled or resumed session nothing is asked again, and it works all the same.
    assert_eq!(get(&fetch, &by_name).await.unwrap().body, "{}");

    // Not for that name.
    let by_address = format!("https://127.0.0.1:{port}/");
    assert_eq!(get(&fetch, &by_address).await, Err(INVALID));
    // Of an authority that nobody knows.
    assert_eq!(get(&HttpsFetch::default(), &by_name).await, Err(INVALID));

    let (port, roots) = server("127.0.0.1").await;
    let by_address = format!("https://127.0.0.1:{port}/");
    let fetch = trusting(roots);
    assert_eq!(get(&fetch, &by_address).await.unwrap().body, "{}");
}

#[tokio::test]
async fn plain_http_is_no_https() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{}").await;
    });
    let url = format!("https://localhost:{port}/");
    assert_eq!(
        get(&HttpsFetch::default(), &url).await,
        Err(Unreachable::ConnectionFailed("no TLS"))
    );
}

#[tokio::test]
async fn a_name_waits_for_its_turn_to_be_looked_up() {
    let fetch = HttpsFetch::default();
    let lookups = Arc::clone(&fetch.lookups);
    let all = lookups.acquire_many_owned(MOST_LOOKUPS as u32).await;
    let url = Reach::new("", Loopback::Admitted)
        .url("http://localhost:1/")
        .unwrap();
    let hurried = Outgoing {
        deadline: Duration::from_millis(50),
        ..Outgoing::get(url, "application/json")
    };
    assert_eq!(fetch.send(&hurried).await, Err(Unreachable::TooSlow));
    drop(all);
    assert_eq!(
        fetch.send(&hurried).await,
        Err(Unreachable::ConnectionFailed("nobody listens"))
    );
    assert_eq!(fetch.lookups.available_permits(), MOST_LOOKUPS);
}

/// hyper and Lambda move requests between threads.
#[test]
fn its_futures_are_send() {
    fn assert_send(_: impl Send) {}
    let url = Reach::new("", Loopback::Refused)
        .url("https://login.example.org")
        .unwrap();
    assert_send(HttpsFetch::default().send(&Outgoing::get(url, "*/*")));
}
