//! What goes over a socket: the transport by `reqwest`, and its middleware.

#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use http::Request;
use jeton_client::{Http, HttpError, MAX_ANSWER, reqwest::ReqwestHttp};
use support::{answer, serve};

async fn post(url: &str) -> Result<http::Response<Bytes>, HttpError> {
    let request = Request::post(url)
        .body(Bytes::from_static(b"not here"))
        .unwrap();
    ReqwestHttp::new().unwrap().send(request).await
}

#[tokio::test]
async fn answers_as_they_are() {
    let origin = serve(|asked| match &*asked.path {
        "/moved" => answer(302, "location: /elsewhere\r\n", ""),
        "/large" => answer(200, "", &"x".repeat(MAX_ANSWER + 1)),
        "/full" => answer(200, "", &"x".repeat(MAX_ANSWER)),
        "/lost" => None,
        _ => answer(404, "x-a: b\r\n", &asked.body),
    })
    .await;
    let missing = post(&format!("{origin}/")).await.unwrap();
    assert_eq!(
        (missing.status().as_u16(), &missing.body()[..]),
        (404, &b"not here"[..])
    );
    assert_eq!(missing.headers()["x-a"], "b");
    let moved = post(&format!("{origin}/moved")).await.unwrap();
    assert_eq!(
        (moved.status().as_u16(), &moved.headers()["location"]),
        (302, &"/elsewhere".parse().unwrap())
    );
    assert_eq!(
        post(&format!("{origin}/full")).await.unwrap().body().len(),
        MAX_ANSWER
    );
    let large = post(&format!("{origin}/large")).await;
    assert_eq!(large.unwrap_err(), HttpError::TooLarge);
}

#[tokio::test]
async fn what_is_out_of_reach() {
    let origin = serve(|_| None).await;
    for url in [
        &*format!("{origin}/?hunter2"),
        "http://127.0.0.1:1/?hunter2",
    ] {
        let error = post(url).await.unwrap_err();
        assert!(matches!(error, HttpError::Unreachable(_)), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[cfg(feature = "reqwest-middleware")]
mod middleware {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use jeton_client::{
        Client, Error,
        middleware::{TokenMiddleware, same_origin},
    };
    use serde_json::json;

    use super::*;

    async fn client(answer: fn(usize) -> Option<String>) -> (Client, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let issuer = serve(move |_| answer(counter.fetch_add(1, Ordering::Relaxed))).await;
        let metadata = json!({"issuer": issuer, "token_endpoint": format!("{issuer}/token")});
        let client =
            Client::builder(&issuer, "app").metadata(serde_json::from_value(metadata).unwrap());
        (client.build().unwrap(), asked)
    }

    fn http(client: Client) -> reqwest_middleware::ClientWithMiddleware {
        let http = reqwest::Client::builder()
            .redirect(same_origin())
            .build()
            .unwrap();
        reqwest_middleware::ClientBuilder::new(http)
            .with(TokenMiddleware::new(client))
            .build()
    }

    #[tokio::test]
    async fn stays_at_its_origin() {
        let (client, _) = client(|_| {
            answer(
                200,
                "",
                r#"{"access_token":"t","token_type":"Bearer","expires_in":300}"#,
            )
        })
        .await;
        let other = serve(|_| panic!("a request to another origin")).await;
        let origin = serve(move |asked| match &*asked.path {
            "/away" => answer(307, &format!("location: {other}/\r\n"), ""),
            "/near" => answer(307, "location: /here\r\n", ""),
            "/round" => answer(307, "location: /round\r\n", ""),
            _ => answer(200, "", "here"),
        })
        .await;
        let http = http(client);
        let status = async |path: &str| {
            let answer = http.get(format!("{origin}{path}")).send().await;
            answer.map(|answer| answer.status().as_u16()).ok()
        };
        assert_eq!(status("/away").await, Some(307));
        assert_eq!(status("/near").await, Some(200));
        assert_eq!(status("/round").await, None);
    }

    #[tokio::test]
    async fn without_a_token_there_is_no_request() {
        let (client, asked) = client(|_| answer(400, "", r#"{"error":"invalid_scope"}"#)).await;
        let api = serve(|_| panic!("a request without a token")).await;
        let error = http(client).get(api).send().await.unwrap_err();
        let reqwest_middleware::Error::Middleware(error) = error else {
            panic!("{error}");
        };
        let error = error.downcast::<Error>().unwrap();
        assert_eq!(error.code().as_str(), "invalid_scope");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
