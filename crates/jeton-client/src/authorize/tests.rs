use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    MemoryStore, OsRandom, SigningKey,
    jws::Jwt,
    testing::{self, BEGIN, Server},
    token::TokenResponse,
};

const API: &str = "https://api.example/read?a=1";

fn server() -> Server {
    Server::new(|request, number| {
        let kind = request.headers().get(DPOP).map_or("Bearer", |_| "DPoP");
        testing::json(
            200,
            json!({"access_token": format!("t{number}"), "token_type": kind, "expires_in": 100}),
        )
    })
}

async fn authorized(
    authorizer: &Authorizer,
    before: Option<&Authorization>,
) -> (Authorization, HeaderMap) {
    let mut headers = HeaderMap::new();
    headers.insert(DPOP, HeaderValue::from_static("of an earlier try"));
    let url = Url::parse(API).unwrap();
    let authorization = authorizer
        .authorize(&Method::GET, &url, &mut headers, before)
        .await
        .unwrap();
    (authorization, headers)
}

fn nonce(error: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let challenge = format!(r#"DPoP algs="ES256", error="{error}""#);
    headers.insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
    headers.insert("dpop-nonce", HeaderValue::from_static("n"));
    headers
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once() {
    let authorizer = Authorizer::from(server().client().build().unwrap());
    let none = HeaderMap::new();
    let (mut first, headers) = authorized(&authorizer, None).await;
    assert_eq!(headers[header::AUTHORIZATION], "Bearer t0");
    assert!(headers[header::AUTHORIZATION].is_sensitive());
    assert!(!headers.contains_key(DPOP));
    assert!(!authorizer.retry(&mut first, StatusCode::OK, &none));
    assert!(!authorizer.retry(&mut first, StatusCode::FORBIDDEN, &none));
    assert!(authorizer.retry(&mut first, StatusCode::UNAUTHORIZED, &none));
    let (mut second, headers) = authorized(&authorizer, Some(&first)).await;
    assert_eq!(headers[header::AUTHORIZATION], "Bearer t1");
    assert!(!authorizer.retry(&mut second, StatusCode::UNAUTHORIZED, &none));
    assert!(!format!("{second:?}").contains("t1"));
}

#[tokio::test(start_paused = true)]
async fn an_api_that_refuses_every_token_asks_for_one_in_ten_seconds() {
    let server = server();
    let authorizer = Authorizer::from(server.client().build().unwrap());
    let none = HeaderMap::new();
    for at in 0..20 {
        let (mut first, _) = authorized(&authorizer, None).await;
        if authorizer.retry(&mut first, StatusCode::UNAUTHORIZED, &none) {
            let (mut second, _) = authorized(&authorizer, Some(&first)).await;
            assert!(
                !authorizer.retry(&mut second, StatusCode::UNAUTHORIZED, &none),
                "{at}"
            );
        }
        testing::pass(0.5).await;
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_nonce_and_then_a_token() {
    let key = SigningKey::generate(&OsRandom).unwrap();
    let authorizer = Authorizer::from(server().client().dpop(key).build().unwrap());
    let claims = |headers: &HeaderMap| Jwt::parse(headers[DPOP].to_str().unwrap()).unwrap().claims;
    let (mut first, headers) = authorized(&authorizer, None).await;
    assert_eq!(headers[header::AUTHORIZATION], "DPoP t0");
    assert_eq!(claims(&headers)["htu"], "https://api.example/read");
    assert!(claims(&headers).contains_key("ath"));
    assert!(authorizer.retry(
        &mut first,
        StatusCode::UNAUTHORIZED,
        &nonce("use_dpop_nonce")
    ));
    let (mut second, headers) = authorized(&authorizer, Some(&first)).await;
    assert_eq!(
        (&headers[header::AUTHORIZATION], &claims(&headers)["nonce"]),
        (&HeaderValue::from_static("DPoP t0"), &json!("n"))
    );
    assert!(authorizer.retry(
        &mut second,
        StatusCode::UNAUTHORIZED,
        &nonce("invalid_token")
    ));
    let (mut third, headers) = authorized(&authorizer, Some(&second)).await;
    assert_eq!(headers[header::AUTHORIZATION], "DPoP t1");
    for error in ["use_dpop_nonce", "invalid_token"] {
        assert!(!authorizer.retry(&mut third, StatusCode::UNAUTHORIZED, &nonce(error)));
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_person() {
    let client = server().client().build().unwrap();
    let store = Arc::new(MemoryStore::new());
    let session = client
        .session(store, &[7; 32], "https://app.example", "read")
        .unwrap();
    let answer = json!({"access_token": "a", "refresh_token": "r", "token_type": "Bearer"});
    let answer = TokenResponse::parse(answer.as_object().unwrap(), BEGIN, None).unwrap();
    session.begin(answer, None).await.unwrap();
    let authorizer = Authorizer::from(session);
    let (mut first, headers) = authorized(&authorizer, None).await;
    assert_eq!(headers[header::AUTHORIZATION], "Bearer a");
    assert!(authorizer.retry(&mut first, StatusCode::UNAUTHORIZED, &HeaderMap::new()));
    let (_, headers) = authorized(&authorizer, Some(&first)).await;
    assert_eq!(headers[header::AUTHORIZATION], "Bearer t0");
}
