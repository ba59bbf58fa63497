use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{future::join_all, poll};

use super::*;
use crate::{
    Authentication, Client, Code,
    testing::{Reply, Server, json, lost, pass, token},
};

/// A server whose n-th token is called so, and lives a hundred seconds.
fn counting() -> Server {
    Server::new(|_, number| token(&format!("t{number}"), 100))
}

fn client(server: &Server) -> Client {
    let secret = Authentication::client_secret("hunter2");
    server.client().authentication(secret).build().unwrap()
}

async fn get(client: &Client) -> Result<String, Error> {
    let token = client.token(&TokenRequest::new()).await?;
    Ok(token.access_token().to_owned())
}

async fn code(client: &Client) -> Code {
    get(client).await.unwrap_err().code()
}

#[tokio::test(start_paused = true)]
async fn asks_as_rfc_6749_has_it_and_once() {
    let server = counting();
    let client = client(&server);
    let request = TokenRequest::new()
        .scope("write read")
        .resource("https://api.example");
    for _ in 0..3 {
        let token = client.token(&request).await.unwrap();
        assert_eq!(
            (token.access_token(), token.scope()),
            ("t0", Some("read write"))
        );
    }
    let [seen] = &server.seen()[..] else {
        panic!("asked again")
    };
    assert_eq!(
        (seen.method.as_str(), &*seen.url),
        ("POST", "https://tokens.example/token")
    );
    assert_eq!(
        seen.body,
        "grant_type=client_credentials&scope=read+write&resource=https%3A%2F%2Fapi.example"
    );
    assert!(seen.headers["authorization"].is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_at_once_are_one_request() {
    let server = counting();
    let client = client(&server);
    let all = || async { join_all((0..10_000).map(|_| get(&client))).await };
    assert!(all().await.iter().all(|token| token.as_deref() == Ok("t0")));
    pass(100.0).await;
    assert!(all().await.iter().all(|token| token.as_deref() == Ok("t1")));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_refreshes_while_the_others_go_on() {
    let server = counting();
    let client = client(&server);
    get(&client).await.unwrap();
    // From 80 to 90 s on, by chance.
    pass(79.0).await;
    assert_eq!(get(&client).await.unwrap(), "t0");
    pass(11.5).await;
    let tokens = join_all((0..10_000).map(|_| get(&client))).await;
    let refreshed = tokens
        .iter()
        .filter(|token| token.as_deref() == Ok("t1"))
        .count();
    assert_eq!((refreshed, server.seen().len()), (1, 2));
    assert_eq!(get(&client).await.unwrap(), "t1");
}

#[tokio::test(start_paused = true)]
async fn kinds_of_token_are_kept_apart() {
    let server = counting();
    let client = client(&server);
    let ask = async |request: TokenRequest| {
        client
            .token(&request)
            .await
            .unwrap()
            .access_token()
            .to_owned()
    };
    assert_eq!(ask(TokenRequest::new().scope("a b")).await, "t0");
    assert_eq!(ask(TokenRequest::new().scope("b a")).await, "t0");
    assert_eq!(ask(TokenRequest::new().scope("a")).await, "t1");
    assert_eq!(
        ask(TokenRequest::new().scope("a").resource("urn:x")).await,
        "t2"
    );
    assert_eq!(
        ask(TokenRequest::new().scope("a").resource("urn:y")).await,
        "t3"
    );
}

#[tokio::test(start_paused = true)]
async fn remembers_a_thousand_kinds() {
    let server = counting();
    let client = client(&server);
    let ask = async |scope: usize| {
        let request = TokenRequest::new().scope(&scope.to_string());
        client.token(&request).await.unwrap();
        server.seen().len()
    };
    for scope in 0..=KINDS {
        ask(scope).await;
    }
    assert_eq!(ask(KINDS).await, KINDS + 1);
    assert_eq!(ask(1).await, KINDS + 1);
    assert_eq!(ask(0).await, KINDS + 2);
    assert_eq!(lock(&client.manager().0).entries.len(), KINDS);
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_asked_for_again_with_another_proof() {
    let server = Server::new(|_, number| match number {
        0 => lost(),
        1 => json(502, "<html>"),
        _ => token("t", 100),
    });
    let key = crate::SigningKey::generate(&crate::OsRandom).unwrap();
    let client = server
        .client()
        .authentication(Authentication::private_key_jwt(key.clone()))
        .dpop(key)
        .build()
        .unwrap();
    assert_eq!(get(&client).await.unwrap(), "t");
    let seen = server.seen();
    let mut proofs: Vec<_> = seen
        .iter()
        .map(|seen| seen.parameter("client_assertion"))
        .collect();
    proofs.extend(
        seen.iter()
            .map(|seen| Some(seen.headers["dpop"].to_str().unwrap().to_owned())),
    );
    proofs.sort();
    proofs.dedup();
    assert_eq!(proofs.len(), 6);
    let between = |index: usize| (seen[index].at - seen[index - 1].at).as_millis();
    assert!((150..=260).contains(&between(1)), "{}", between(1));
    assert!((750..=1300).contains(&between(2)), "{}", between(2));
}

#[tokio::test(start_paused = true)]
async fn gives_up_after_two_retries() {
    let check = async |reply: fn() -> Reply, requests, expected| {
        let server = Server::new(move |_, _| reply());
        assert_eq!(code(&client(&server)).await, expected);
        assert_eq!(server.seen().len(), requests);
    };
    check(lost, 3, Code::Unreachable).await;
    check(|| json(500, ""), 3, Code::ServerError).await;
    check(|| json(503, ""), 3, Code::TemporarilyUnavailable).await;
    check(|| token("t", 100).after(10.5), 3, Code::Timeout).await;
    check(
        || json(401, r#"{"error":"invalid_client"}"#),
        1,
        Code::InvalidClient,
    )
    .await;
    check(|| json(200, "{}"), 1, Code::InvalidResponse).await;
    check(|| json(429, ""), 1, Code::RateLimited).await;
    check(
        || json(307, "").header("location", "https://evil.example"),
        1,
        Code::InvalidResponse,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn waits_a_little_where_the_server_asks_for_it() {
    let server = Server::new(|_, number| match number {
        0 => json(429, "").header("retry-after", "4"),
        _ => token("t", 100),
    });
    assert_eq!(get(&client(&server)).await.unwrap(), "t");
    assert!(server.seen()[1].at >= Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn leaves_the_server_alone_where_it_asks_for_longer() {
    let server = Server::new(|_, number| match number {
        0 => json(503, "").header("retry-after", "60"),
        _ => token("t", 100),
    });
    let client = client(&server);
    let error = get(&client).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    pass(50.0).await;
    let other = client
        .token(&TokenRequest::new().scope("other"))
        .await
        .unwrap_err();
    assert_eq!(other.code(), Code::TemporarilyUnavailable);
    let left = other.retry_after().unwrap().as_secs_f64();
    assert!((9.0..=10.0).contains(&left), "{left}");
    assert_eq!(server.seen().len(), 1);
    pass(9.0).await;
    assert_eq!(get(&client).await.unwrap(), "t");
    assert!(server.seen()[1].at >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn the_token_that_stands_is_used_while_the_server_is_away() {
    let server = Server::new(|_, number| match number {
        0 => token("t0", 1000),
        _ => lost(),
    });
    let client = client(&server);
    get(&client).await.unwrap();
    pass(901.0).await;
    let mut requests = Vec::new();
    for _ in 0..6 {
        assert_eq!(get(&client).await.unwrap(), "t0");
        // Not at once again.
        assert_eq!(get(&client).await.unwrap(), "t0");
        requests.push(server.seen().len());
        pass(1.3).await;
    }
    // 1 s, then 2, then 4.
    assert!(requests[0] == 4 && requests[5] <= 13, "{requests:?}");
    pass(100.0).await;
    assert_eq!(code(&client).await, Code::Unreachable);
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_caller_is_told_at_once() {
    let server = Server::new(|_, number| match number {
        0 => token("t0", 100),
        _ => json(401, r#"{"error":"invalid_client"}"#),
    });
    let client = client(&server);
    get(&client).await.unwrap();
    pass(91.0).await;
    assert_eq!(code(&client).await, Code::InvalidClient);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_takes_nobody_along() {
    let server = Server::new(|_, number| token(&format!("t{number}"), 100).after(1.0));
    let client = client(&server);
    let (mut first, mut second) = (Box::pin(get(&client)), Box::pin(get(&client)));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    drop(first);
    assert_eq!(second.await.unwrap(), "t0");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waited_for_is_not_given_out_of_date() {
    let server = counting();
    let client = client(&server);
    let mut first = Box::pin(get(&client));
    assert!(poll!(&mut first).is_pending());
    drop(first);
    pass(1000.0).await;
    assert_eq!(get(&client).await.unwrap(), "t1");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_forgotten_if_it_still_stands() {
    let server = counting();
    let client = client(&server);
    let request = TokenRequest::new();
    let first = client.token(&request).await.unwrap();
    client.discard(&request, &first);
    assert_eq!(get(&client).await.unwrap(), "t1");
    client.discard(&request, &first);
    assert_eq!(get(&client).await.unwrap(), "t1");
}

#[tokio::test(start_paused = true)]
async fn a_nonce_is_tried_once() {
    let obstinate = std::sync::Arc::new(AtomicBool::new(false));
    let server = Server::new({
        let obstinate = obstinate.clone();
        move |request, number| {
            let proof = request.headers()["dpop"].to_str().unwrap();
            let claims = crate::jws::Jwt::parse(proof).unwrap().claims;
            if claims.get("nonce").is_some() && !obstinate.load(Ordering::Relaxed) {
                let answer = r#"{"access_token":"t","token_type":"DPoP","expires_in":100}"#;
                return json(200, answer).header("dpop-nonce", "n-next");
            }
            let nonce = format!("n{number}");
            json(400, r#"{"error":"use_dpop_nonce"}"#).header("dpop-nonce", &nonce)
        }
    });
    let key = crate::SigningKey::generate(&crate::OsRandom).unwrap();
    let client = server.client().dpop(key).build().unwrap();
    assert_eq!(get(&client).await.unwrap(), "t");
    assert_eq!(server.seen().len(), 2);
    pass(100.0).await;
    assert_eq!(get(&client).await.unwrap(), "t");
    // The nonce of the last answer was good.
    assert_eq!(server.seen().len(), 3);
    pass(100.0).await;
    obstinate.store(true, Ordering::Relaxed);
    assert_eq!(code(&client).await, Code::NonceMismatch);
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_another_request_learnt_is_tried_too() {
    let server = Server::new(|request, _| {
        let proof = request.headers()["dpop"].to_str().unwrap();
        if crate::jws::Jwt::parse(proof)
            .unwrap()
            .claims
            .contains_key("nonce")
        {
            return json(
                200,
                r#"{"access_token":"t","token_type":"DPoP","expires_in":100}"#,
            );
        }
        json(400, r#"{"error":"use_dpop_nonce"}"#).header("dpop-nonce", "n")
    });
    let key = crate::SigningKey::generate(&crate::OsRandom).unwrap();
    let client = server.client().dpop(key).build().unwrap();
    let requests = ["a", "b", "c"].map(|scope| TokenRequest::new().scope(scope));
    let tokens = join_all(requests.iter().map(|request| client.token(request))).await;
    assert!(tokens.iter().all(Result::is_ok), "{tokens:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_is_in_an_error_or_printed() {
    let server = Server::new(|request, _| {
        let header = request.headers()["authorization"].to_str().unwrap();
        let body = serde_json::json!({"error": "invalid_client", "error_description": header});
        json(401, body)
    });
    let client = client(&server);
    let error = get(&client).await.unwrap_err();
    assert_eq!(error.description(), None);
    for printed in [format!("{error:?} {error}"), format!("{client:?}")] {
        let secrets = ["hunter2", "YmlsbGluZzpodW50ZXIy"];
        assert!(
            secrets.iter().all(|secret| !printed.contains(secret)),
            "{printed}"
        );
    }
}
