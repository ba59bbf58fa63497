use serde_json::{Map, Value, json};

use super::*;
use crate::{
    session::testing::{BACK, KEY, Site, arrives, memory, token},
    testing::{self, BEGIN, Server, lost, pass},
    token::TokenResponse,
};

fn query(url: &Url) -> Map<String, Value> {
    url.query_pairs()
        .map(|(name, value)| (name.into_owned(), json!(value)))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_login() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.session(&store).resource("https://api.example");
    let url = session.login_with(&[("prompt", "login")]).await.unwrap();
    let asked = query(&url);
    assert!(
        url.as_str()
            .starts_with("https://tokens.example/authorize?tenant=1&response_type=code&")
    );
    for (name, value) in [
        ("client_id", "billing"),
        ("redirect_uri", BACK),
        ("scope", "openid read"),
        ("code_challenge_method", "S256"),
        ("resource", "https://api.example"),
        ("prompt", "login"),
    ] {
        assert_eq!(asked[name], value);
    }
    let claims = session.callback(&site.consent(&url)).await.unwrap();
    assert_eq!(claims["sub"], "ada");
    let sent = &site.server.seen()[0];
    let verifier = sent.parameter("code_verifier").unwrap();
    assert_eq!(asked["code_challenge"], encode(&Sha256::digest(&verifier)));
    assert_eq!(sent.parameter("client_id").as_deref(), Some("billing"));
    assert_eq!(
        sent.parameter("resource").as_deref(),
        Some("https://api.example")
    );
    let access = session.access_token().await.unwrap();
    assert_eq!(
        (access.access_token(), access.scope()),
        ("a0", Some("openid read"))
    );
    assert_eq!(session.id_claims().await.unwrap(), claims);
    // Another process has it too.
    assert_eq!(token(&site.session(&store)).await.unwrap(), "a0");
    assert_eq!(site.refreshes(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_counts_once_and_for_the_login_it_is_of() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.session(&store);
    let check = async |url: &str, expected| {
        let code = session
            .callback(url)
            .await
            .map(drop)
            .map_err(|error| error.code());
        assert_eq!(code, expected, "{url}");
    };
    check(
        &format!("{BACK}?code=c0de&state=x"),
        Err(Code::StateMismatch),
    )
    .await;
    check(&format!("{BACK}?code=c0de"), Err(Code::StateMismatch)).await;
    // Nobody writes the store by guessing.
    assert!(store.get("logins/session").await.unwrap().is_none());
    let begun = session.login().await.unwrap();
    let before = store.get("logins/session").await.unwrap();
    check(&format!("{BACK}?code=x&state=x"), Err(Code::StateMismatch)).await;
    assert!(store.get("logins/session").await.unwrap() == before);
    drop(begun);
    let [first, second] = [
        session.login().await.unwrap(),
        session.login().await.unwrap(),
    ];
    let [first, second] = [site.consent(&first), site.consent(&second)];
    check(&second, Ok(())).await;
    check(&second, Err(Code::StateMismatch)).await;
    // The nonce that the server knows is the second's.
    check(&first, Err(Code::NonceMismatch)).await;
    assert_eq!(token(&session).await.as_deref(), Ok("a0"));
}

#[tokio::test(start_paused = true)]
async fn a_login_is_there_after_the_network_was_away() {
    let (site, store) = (Site::new(arrives), memory());
    let url = site.session(&store).login().await.unwrap();
    let away = Server::new(|_, _| lost()).runtime();
    let client = crate::Client::builder(testing::ISSUER, "billing")
        .http_shared(away.http)
        .clock_shared(away.clock)
        .random_shared(away.random)
        .build()
        .unwrap();
    let other = client.session(store.clone(), KEY, BACK, "openid").unwrap();
    let back = site.consent(&url);
    let error = other.callback(&back).await.unwrap_err();
    assert_eq!(error.code(), Code::Unreachable);
    assert!(site.session(&store).callback(&back).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_login_that_was_begun_long_ago() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.session(&store);
    let url = site.consent(&session.login().await.unwrap());
    pass(1801.0).await;
    assert_eq!(
        session.callback(&url).await.unwrap_err().code(),
        Code::LoginExpired
    );
}

#[tokio::test(start_paused = true)]
async fn eight_logins_may_be_under_way() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.session(&store);
    let mut urls = Vec::new();
    for _ in 0..9 {
        urls.push(session.login().await.unwrap());
    }
    let first = session.callback(&site.consent(&urls[0])).await.unwrap_err();
    assert_eq!(first.code(), Code::StateMismatch);
    assert!(session.callback(&site.consent(&urls[1])).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn answers_that_do_not_fit() {
    let mut metadata = testing::metadata();
    metadata["authorization_response_iss_parameter_supported"] = json!(true);
    let site = Site::new(arrives);
    for (metadata, answer, code) in [
        (
            &testing::metadata(),
            "code=c&iss=https://evil.example",
            Code::IssuerMismatch,
        ),
        (
            &testing::metadata(),
            "error=access_denied",
            Code::AccessDenied,
        ),
        (
            &testing::metadata(),
            "error=invalid_scope",
            Code::InvalidScope,
        ),
        (
            &testing::metadata(),
            "error=login_required",
            Code::AccessDenied,
        ),
        (
            &testing::metadata(),
            "error=server_error",
            Code::ServerError,
        ),
        (&testing::metadata(), "code=", Code::InvalidResponse),
        (&testing::metadata(), "code=c&code=d", Code::InvalidResponse),
        (&metadata, "code=c", Code::IssuerMismatch),
        (&metadata, "error=access_denied", Code::IssuerMismatch),
    ] {
        let client = site
            .server
            .client()
            .metadata(serde_json::from_value(metadata.clone()).unwrap());
        let session = client
            .build()
            .unwrap()
            .session(memory(), KEY, BACK, "openid")
            .unwrap();
        let state = query(&session.login().await.unwrap())["state"]
            .as_str()
            .unwrap()
            .to_owned();
        let error = session
            .callback(&format!("{BACK}?{answer}&state={state}"))
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{answer}");
        assert!(!error.to_string().contains(&state));
    }
    assert_eq!(site.requests("/token"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_the_browser_keeps() {
    let (site, store) = (Site::new(arrives), memory());
    let begun = site.session(&store).login_sealed(&[]).await.unwrap();
    let url = site.consent(&begun.url);
    let session = site.session(&store);
    let code = async |transaction: &str| {
        session
            .callback_sealed(&url, transaction)
            .await
            .map_err(|error| error.code())
    };
    session.login_sealed(&[]).await.unwrap();
    let other = session.login_sealed(&[]).await.unwrap().transaction;
    for wrong in ["", "x", &format!("A{}", begun.transaction), &other] {
        assert_eq!(code(wrong).await, Err(Code::StateMismatch));
    }
    let elsewhere = session.clone().named("eve");
    assert!(
        elsewhere
            .callback_sealed(&url, &begun.transaction)
            .await
            .is_err()
    );
    assert_eq!(code(&begun.transaction).await.unwrap()["sub"], "ada");
    assert_eq!(token(&session).await.as_deref(), Ok("a0"));
}

#[tokio::test(start_paused = true)]
async fn another_key_is_no_login_and_nothing_is_overwritten() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    let client = site.server.client().build().unwrap();
    let other = client
        .session(store.clone(), b"another key, of 16", BACK, "openid")
        .unwrap();
    let error = other.access_token().await.unwrap_err();
    assert_eq!(error.code(), Code::NotLoggedIn);
    assert!(error.to_string().contains("cannot be opened"), "{error}");
    assert_eq!(
        other.id_claims().await.unwrap_err().code(),
        Code::NotLoggedIn
    );
    assert_eq!(token(&session).await.as_deref(), Ok("a0"));
    assert_eq!(token(&site.session(&store)).await.as_deref(), Ok("a0"));
}

#[tokio::test(start_paused = true)]
async fn a_logout() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site
        .logged_in(&store)
        .await
        .after_logout("https://app.example");
    let done = session.logout().await.unwrap();
    assert!(!format!("{done:?}").contains("id_token_hint"), "{done:?}");
    let asked = query(&done.url.unwrap());
    assert_eq!(asked["post_logout_redirect_uri"], "https://app.example");
    assert!(asked["id_token_hint"].as_str().unwrap().split('.').count() == 3);
    assert_eq!(done.unrevoked, None);
    let revoked = site.server.seen().pop().unwrap();
    assert_eq!(revoked.parameter("token").as_deref(), Some("r0"));
    assert!(store.get("session/session").await.unwrap().is_none());
    for session in [session, site.session(&store)] {
        assert_eq!(token(&session).await, Err(Code::NotLoggedIn));
    }
}

#[tokio::test(start_paused = true)]
async fn a_logout_removes_first() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    let mut logout = Box::pin(session.logout());
    while site.requests("/revoke") == 0 {
        assert!(futures_util::poll!(&mut logout).is_pending());
    }
    assert!(store.get("session/session").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_logout_while_the_server_is_away() {
    let server = Server::new(|_, _| lost());
    let client = server.client().build().unwrap();
    let store = memory();
    let session = client.session(store.clone(), KEY, BACK, "read").unwrap();
    let response = json!({"access_token": "a", "refresh_token": "r", "token_type": "Bearer"});
    let response = TokenResponse::parse(response.as_object().unwrap(), BEGIN, None).unwrap();
    session.begin(response, None).await.unwrap();
    let done = session.logout().await.unwrap();
    assert_eq!(done.unrevoked.unwrap().code(), Code::Unreachable);
    assert!(store.get("session/session").await.unwrap().is_none());
}
