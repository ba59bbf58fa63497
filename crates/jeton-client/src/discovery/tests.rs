use futures_util::future::join_all;
use serde_json::json;

use super::*;
use crate::testing::{self, ISSUER, Reply, Server, lost, pass};

const FIRST: &str = "/.well-known/oauth-authorization-server/t";
const SECOND: &str = "/t/.well-known/openid-configuration";

fn discovery(server: &Server, issuer: &str) -> Discovery {
    let url = Url::parse(issuer).unwrap();
    Discovery::new(server.runtime(), issuer.to_owned(), &url, None).unwrap()
}

fn document(issuer: &str) -> Reply {
    testing::json(
        200,
        json!({"issuer": issuer, "token_endpoint": "https://tokens.example/token"}),
    )
}

/// What comes of the answers at the two places, and how many requests.
async fn check(
    first: fn() -> Reply,
    second: fn() -> Reply,
    expected: Result<(), Code>,
    requests: usize,
) {
    let server = Server::new(move |request, _| match request.uri().path() {
        FIRST => first(),
        SECOND => second(),
        other => panic!("{other}"),
    });
    let found = discovery(&server, "https://tokens.example/t")
        .metadata()
        .await;
    assert_eq!(found.map(drop).map_err(|error| error.code()), expected);
    assert_eq!(server.seen().len(), requests);
}

#[tokio::test(start_paused = true)]
async fn where_it_is() {
    let ours = || document("https://tokens.example/t");
    let others = || document("https://tokens.example");
    let missing = || testing::json(404, "");
    let page = || testing::json(200, "<html>");
    let plain = || {
        let issuer = "https://tokens.example/t";
        testing::json(
            200,
            json!({"issuer": issuer, "token_endpoint": "http://tokens.example/t"}),
        )
    };
    check(ours, || panic!(), Ok(()), 1).await;
    check(missing, ours, Ok(()), 2).await;
    check(page, ours, Ok(()), 2).await;
    check(missing, missing, Err(Code::NoMetadata), 2).await;
    check(|| testing::json(302, ""), missing, Err(Code::NoMetadata), 2).await;
    check(page, missing, Err(Code::InvalidMetadata), 2).await;
    check(others, ours, Err(Code::IssuerMismatch), 1).await;
    check(missing, others, Err(Code::IssuerMismatch), 2).await;
    check(plain, ours, Err(Code::InvalidMetadata), 1).await;
    check(lost, ours, Err(Code::Unreachable), 3).await;
    check(|| testing::json(500, ""), ours, Err(Code::ServerError), 3).await;
    check(|| testing::json(429, ""), ours, Err(Code::RateLimited), 1).await;
    check(
        || testing::json(200, "x".repeat(300_000)),
        missing,
        Err(Code::InvalidMetadata),
        2,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn is_fetched_once_an_hour() {
    let server = Server::new(|_, _| document(ISSUER));
    let discovery = discovery(&server, ISSUER);
    let all = || async { join_all((0..100).map(|_| discovery.metadata())).await };
    assert!(all().await.iter().all(Result::is_ok));
    pass(3599.0).await;
    assert!(all().await.iter().all(Result::is_ok));
    assert_eq!(server.seen().len(), 1);
    pass(2.0).await;
    assert!(all().await.iter().all(Result::is_ok));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_old_stands_while_there_is_no_new() {
    let server = Server::new(|_, number| match number {
        0 => document(ISSUER),
        _ => document("https://evil.example"),
    });
    let discovery = discovery(&server, ISSUER);
    for seconds in [0.0, 3601.0, 1.0, 31.0] {
        pass(seconds).await;
        assert_eq!(discovery.metadata().await.unwrap().issuer, ISSUER);
    }
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn given_metadata_is_the_issuers() {
    let given = json!({"issuer": "https://evil.example"});
    let url = Url::parse(ISSUER).unwrap();
    let given = serde_json::from_value(given).unwrap();
    let made = Discovery::new(testing::runtime(), ISSUER.to_owned(), &url, Some(given));
    assert_eq!(made.unwrap_err().code(), Code::IssuerMismatch);
}
