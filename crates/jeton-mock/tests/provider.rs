//! The mock as a Rust test sees it: without a socket, with one, and many at once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, header};
use jeton_mock::{
    Algorithm, ClaimRule, ClientRecord, ClientSpec, ClockSpec, Effect, Endpoint, Fault, Filter,
    IssuerSpec, KeyAction, MintRequest, MockIssuer, MockProvider, OAuthError, TokenFault,
    TokenKind, User,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// How long a test waits for what should come at once.
const PATIENCE: Duration = Duration::from_secs(5);

const FORM: &str = "application/x-www-form-urlencoded";

async fn post(mock: &MockProvider, url: &str, body: &str) -> Response<Bytes> {
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, FORM)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    mock.handle(request).await.unwrap()
}

async fn token(mock: &MockProvider, issuer: &MockIssuer, more: &str) -> Value {
    let body = format!("grant_type=client_credentials&client_id=c&client_secret=s{more}");
    let response = post(mock, &issuer.token_endpoint(), &body).await;
    serde_json::from_slice(response.body()).unwrap()
}

fn claims(token: &Value) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn is_active(mock: &MockProvider, issuer: &MockIssuer, token: &Value) -> bool {
    let token = token.as_str().unwrap();
    let body = format!("client_id=c&client_secret=s&token={token}");
    let response = post(mock, &issuer.introspection_endpoint(), &body).await;
    let answer: Value = serde_json::from_slice(response.body()).unwrap();
    answer["active"].as_bool().unwrap()
}

/// What a client that blocks its thread gets.
fn get_blocking(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

/// The test's only thread is in the client, so another one has to answer.
#[tokio::test]
async fn a_blocking_client_is_answered_in_an_async_test() {
    let mock = MockProvider::start().await.unwrap();
    let address = mock.address().unwrap();
    assert!(address.ip().is_loopback());
    let issuer = mock.issuer("blocking").unwrap();
    let answer = get_blocking(address, "/blocking/.well-known/jwks.json");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let asked = issuer.take(&Filter::endpoint(Endpoint::Jwks)).await;
    assert!(asked.unwrap().is_some());
}

#[test]
fn starts_without_a_runtime_and_stops_when_dropped() {
    let mock = MockProvider::start_blocking().unwrap();
    let address = mock.address().unwrap();
    let answer = get_blocking(address, "/health");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(mock);
    let deadline = Instant::now() + PATIENCE;
    while listens(address) {
        assert!(Instant::now() < deadline, "still listening");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Also where a runtime is entered already.
#[tokio::test]
async fn starts_blocking_within_a_runtime() {
    let mock = MockProvider::start_blocking().unwrap();
    assert!(listens(mock.address().unwrap()));
}

#[tokio::test]
async fn says_why_it_does_not_start() {
    let first = MockProvider::start().await.unwrap();
    let port = first.address().unwrap().port();
    let taken = MockProvider::builder().port(port).start().await;
    let message = taken.unwrap_err().to_string();
    assert!(
        message.starts_with(&format!("127.0.0.1:{port}: ")),
        "{message}"
    );
    let unsound = MockProvider::builder().client(ClientSpec::new("web"));
    let message = unsound.start_blocking().unwrap_err().to_string();
    assert!(message.starts_with("clients[0]: "), "{message}");
}

#[test]
fn speaks_tls_with_a_certificate_to_trust() {
    let mock = MockProvider::builder().https().start_blocking().unwrap();
    assert!(mock.ca_pem().unwrap().starts_with("-----BEGIN CERTIFICATE"));
    assert!(
        mock.default_issuer()
            .url()
            .starts_with("https://localhost:")
    );
    // The same port, in the clear.
    let answer = get_blocking(mock.address().unwrap(), "/_mock/ca.pem");
    assert!(answer.ends_with(mock.ca_pem().unwrap()), "{answer}");
}

#[test]
fn no_secret_is_in_debug() {
    let builder = MockProvider::builder()
        .seed("hush-seed")
        .client(ClientSpec::new("web").secret("hush-client"))
        .settings([("JETON_SECRET".to_owned(), "hush-setting".to_owned())]);
    let shown = format!("{builder:?}");
    assert!(shown.contains("JETON_SECRET") && shown.contains("web"));
    assert!(!shown.contains("hush"), "{shown}");
    let mock = MockProvider::builder().build().unwrap();
    let issuer = mock.issuer("here").unwrap();
    assert_eq!(
        format!("{issuer:?}"),
        r#"MockIssuer("http://localhost:9400/here")"#
    );
    assert!(format!("{mock:?}").contains("http://localhost:9400"));
}

#[tokio::test]
async fn what_was_put_can_be_removed() {
    let mock = MockProvider::builder().strict().build().unwrap();
    let issuer = mock.default_issuer();
    let error = async || token(&mock, &issuer, "").await["error"].clone();

    assert_eq!(error().await, "invalid_client");
    issuer.put_client(ClientSpec::new("c").secret("s")).unwrap();
    assert_eq!(error().await, Value::Null);
    issuer
        .add_fault(Fault::named("slow_down").unwrap())
        .unwrap();
    assert_eq!(error().await, "slow_down");
    issuer.clear_faults().unwrap();
    assert_eq!(error().await, Value::Null);
    assert!(issuer.remove_client("c").unwrap());
    assert!(!issuer.remove_client("c").unwrap());
    assert_eq!(error().await, "invalid_client");

    issuer.put_user(User::new("zoe")).unwrap();
    assert!(issuer.remove_user("zoe").unwrap());
    assert!(!issuer.remove_user("zoe").unwrap());

    let keys = issuer
        .change_keys_of(Algorithm::EdDSA, KeyAction::Publish)
        .await
        .unwrap();
    let next = keys.iter().filter(|key| key.published && !key.signs);
    let next: Vec<_> = next.map(|key| key.alg).collect();
    assert_eq!(next, [Algorithm::EdDSA]);

    let never = Filter::endpoint(Endpoint::DeviceAuthorization);
    let none = issuer.take_within(&never, Duration::from_millis(1)).await;
    assert!(none.unwrap().is_none());
}

#[test]
fn says_what_no_issuer_can_have() {
    let mock = MockProvider::builder()
        .signing_algs([Algorithm::ES256])
        .build()
        .unwrap();
    let client = ClientRecord {
        id_token_signed_response_alg: Some("RS256".to_owned()),
        ..ClientSpec::new("web").secret("s").into()
    };
    let refused = mock.default_issuer().put_client(client).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "id_token_signed_response_alg: expected one of the issuer's signing_algs"
    );
    let refused = mock.issuer("a b").unwrap_err().to_string();
    assert!(
        refused.starts_with("issuer: expected a name of 1 to 128 characters of "),
        "{refused}"
    );
}

#[tokio::test]
async fn a_fault_that_cannot_be_written_is_refused() {
    let mock = MockProvider::builder().build().unwrap();
    let issuer = mock.default_issuer();
    let fault = Fault::new(Effect::slow(Duration::from_secs(61)));
    let message = issuer.add_fault(fault.clone()).unwrap_err().to_string();
    assert!(message.starts_with("fault: expected an OAuth error code or one of status-NNN, "));
    assert!(message.ends_with(", not slow-61s"), "{message}");
    let described = MockProvider::builder().fault(fault).build();
    let message = described.unwrap_err().to_string();
    assert!(message.starts_with("faults[0].fault: "), "{message}");
    assert!(Fault::named("slow-61s").is_err());
}

#[tokio::test]
async fn claim_rules_over_the_handle() {
    let misspelt = || ClaimRule::new().userinfo("a", "${clientid}");
    let refused = MockProvider::builder().claim_rule(misspelt()).build();
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("claims[0].userinfo.a: expected a template of "),
        "{said}"
    );

    let mock = MockProvider::builder().build().unwrap();
    let issuer = mock.default_issuer();
    let said = issuer.add_claim_rule(misspelt()).unwrap_err().to_string();
    assert!(
        said.starts_with("userinfo.a: expected a template of "),
        "{said}"
    );
    let one = ClaimRule::new().access_token("a", "${uuid:a}");
    let id = issuer.add_claim_rule(one).unwrap();
    issuer
        .add_claim_rule(ClaimRule::new().access_token("b", 1))
        .unwrap();
    assert!(issuer.remove_claim_rule(id).unwrap());
    assert!(!issuer.remove_claim_rule(id).unwrap());
    let answer = token(&mock, &issuer, "").await;
    let said = claims(&answer["access_token"]);
    assert_eq!((&said["a"], &said["b"]), (&json!(null), &json!(1)));
    issuer.clear_claim_rules().unwrap();
    let answer = token(&mock, &issuer, "").await;
    assert_eq!(claims(&answer["access_token"])["b"], json!(null));
}

#[tokio::test]
async fn operations_over_the_handle() {
    let mock = MockProvider::builder()
        .seed("a test")
        .user(User::new("zoe").name("Zoë"))
        .claim_rule(ClaimRule::new().client_id("c").access_token("tenant", "t1"))
        .build()
        .unwrap();
    let issuer = mock.issuer("this-test").unwrap();
    assert_eq!(issuer.url(), "http://localhost:9400/this-test");

    let first = token(&mock, &issuer, "").await;
    assert_eq!(claims(&first["access_token"])["tenant"], "t1");
    assert!(is_active(&mock, &issuer, &first["access_token"]).await);
    issuer.advance(Duration::from_secs(3601)).unwrap();
    assert!(!is_active(&mock, &issuer, &first["access_token"]).await);

    let id = issuer
        .add_fault(Fault::new(OAuthError::from_code("invalid_grant").unwrap()).times(1))
        .unwrap();
    assert_eq!(token(&mock, &issuer, "").await["error"], "invalid_grant");
    assert!(token(&mock, &issuer, "").await["access_token"].is_string());
    assert!(issuer.remove_fault(id).unwrap());
    assert!(!issuer.remove_fault(id).unwrap());

    issuer
        .add_fault(Fault::new(TokenFault::Expired).token(TokenKind::AccessToken))
        .unwrap();
    let expired = token(&mock, &issuer, "").await;
    assert!(!is_active(&mock, &issuer, &expired["access_token"]).await);

    let entry = issuer
        .take(&Filter::endpoint(Endpoint::Token))
        .await
        .unwrap();
    let entry = entry.unwrap();
    assert_eq!(entry.client_id.as_deref(), Some("c"));
    assert_eq!(entry.parameters["client_secret"], "[redacted]");

    let keys = issuer.change_keys(KeyAction::Rotate).await.unwrap();
    assert_eq!(keys.iter().filter(|key| key.signs).count(), 3);
    let minted = issuer
        .mint(
            &MintRequest::new()
                .claim("sub", "m")
                .claim("exp", Value::Null),
        )
        .await
        .unwrap();
    assert!(!format!("{minted:?}").contains(&minted.token));
    let minted = claims(&json!(minted.token));
    assert_eq!(minted["sub"], "m");
    assert!(minted.get("exp").is_none() && minted["iss"] == issuer.url());

    issuer.reset().unwrap();
    assert!(issuer.journal(&Filter::default()).unwrap().is_empty());
    assert_eq!(issuer.clock().unwrap().offset, 0);
    let after = token(&mock, &issuer, "").await;
    assert!(is_active(&mock, &issuer, &after["access_token"]).await);
}

#[tokio::test]
async fn a_dropped_connection_is_an_error() {
    let mock = MockProvider::builder()
        .fault(Fault::new(Effect::Drop).endpoint(Endpoint::Jwks))
        .build()
        .unwrap();
    let request = Request::get(mock.default_issuer().jwks_uri());
    let request = request.body(Bytes::new()).unwrap();
    assert!(mock.handle(request).await.is_err());
}

/// Two hundred tests at once, each with an issuer, a clock, a user, a client, a fault and a
/// journal of its own: what one does, no other sees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_tests_in_parallel() {
    let mock = std::sync::Arc::new(MockProvider::builder().build().unwrap());
    let mut tests = JoinSet::new();
    for number in 0..200_u64 {
        let mock = std::sync::Arc::clone(&mock);
        tests.spawn(async move { one_of_many(&mock, number).await });
    }
    let done = tests.join_all().await;
    assert_eq!(done.len(), 200);
}

async fn one_of_many(mock: &MockProvider, number: u64) {
    let name = format!("test-{number}");
    let issuer = mock
        .put_issuer(
            &name,
            IssuerSpec {
                clock: Some(ClockSpec {
                    set: Some(1_000_000 + 100_000 * number),
                    freeze: Some(true),
                    ..ClockSpec::default()
                }),
                ..IssuerSpec::default()
            },
        )
        .unwrap();
    issuer
        .add_claim_rule(ClaimRule::new().access_token("test", number))
        .unwrap();
    // Each test's fault acts on another of its requests.
    let nth = u32::try_from(number % 5).unwrap() + 1;
    issuer
        .add_fault(Fault::named("slow_down").unwrap().nth(nth))
        .unwrap();
    let mut first = None;
    for request in 1..=5 {
        let answer = token(mock, &issuer, "").await;
        if request == nth {
            assert_eq!(answer["error"], "slow_down", "{name}");
        } else {
            let token = &answer["access_token"];
            let claims = claims(token);
            assert_eq!(claims["test"], number, "{name}");
            assert_eq!(claims["iat"], 1_000_000 + 100_000 * number, "{name}");
            assert_eq!(claims["iss"], issuer.url());
            first.get_or_insert_with(|| token.clone());
        }
        tokio::task::yield_now().await;
    }
    let first = first.unwrap();
    assert!(is_active(mock, &issuer, &first).await, "{name}");
    let neighbour = mock
        .issuer(&format!("test-{}", (number + 1) % 200))
        .unwrap();
    // Another issuer's key signed it, and another's clock judges it.
    assert!(!is_active(mock, &neighbour, &first).await, "{name}");
    issuer.advance(Duration::from_secs(3600)).unwrap();
    assert!(!is_active(mock, &issuer, &first).await, "{name}");
    let tokens = issuer.journal(&Filter::endpoint(Endpoint::Token)).unwrap();
    assert_eq!(tokens.len(), 5, "{name}");
    let failed: Vec<_> = (1..)
        .zip(&tokens)
        .filter(|(_, entry)| entry.error.is_some())
        .map(|(number, _)| number)
        .collect();
    assert_eq!(failed, [nth], "{name}");
}
