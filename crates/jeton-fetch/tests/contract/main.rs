//! The contract of [`jeton::Fetch`], on sockets.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod server;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Fetch as _, Loopback, Outgoing, Reach};
use jeton_fetch::HttpsFetch;
use serde_json::{Value, json};
use tokio::time::timeout;

#[tokio::test]
async fn contract() {
    let server = server::start().await;
    jeton_contracts::fetch(&HttpsFetch::default(), &server.origin()).await;
}

/// workerd takes an interim answer for the last, so the contract has no word of it.
#[tokio::test]
async fn interim_answers_are_passed_over() {
    let server = server::start().await;
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\n\r\nhello";
    let steps = json!([["repeat", interim, 10, 0], ["send", last]]);
    let fetch = HttpsFetch::default();
    let fetched = fetch.send(&request(&server, &steps)).await.unwrap();
    assert_eq!(fetched.body, "hello");
}

/// Nothing of a request outlives it, and what is not asked for is not sent.
#[tokio::test]
async fn a_dropped_request_closes_its_connection() {
    let mut server = server::start().await;
    let fetch = HttpsFetch::default();
    let request = request(&server, &json!([["wait", 60_000]]));
    let sent = fetch.send(&request);
    assert!(timeout(Duration::from_millis(200), sent).await.is_err());
    let head = timeout(Duration::from_secs(5), server.hung_up()).await;
    let head = head.expect("the connection is closed").to_ascii_lowercase();
    assert!(!head.contains("accept-encoding"), "{head}");
    assert!(!head.contains("cookie"), "{head}");
}

fn request(server: &server::Server, steps: &Value) -> Outgoing {
    let script = URL_SAFE_NO_PAD.encode(steps.to_string());
    let url = format!("{}/{script}", server.origin());
    let url = Reach::new("", Loopback::Admitted).url(&url).unwrap();
    Outgoing::get(url, "*/*")
}
