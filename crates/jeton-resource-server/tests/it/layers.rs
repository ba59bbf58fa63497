//! The layer of tower, and the extractor of axum.

use std::time::Duration;

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{FromRef, State},
    routing::get,
};
use http::{Request, Response, StatusCode};
use jeton_resource_server::{Claims, ClientCertificate, Error, Need, ResourceServer};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    binding::{bound, proof},
    support::{AUDIENCE, ISSUER, KEY, Key, NOW, World, claims, sha256},
};

#[derive(Clone, FromRef)]
struct App {
    server: ResourceServer,
}

async fn read(claims: Claims, State(server): State<ResourceServer>) -> Result<Json<Claims>, Error> {
    server.require(&claims, &Need::new().scope(["read"]))?;
    Ok(Json(claims))
}

async fn write(Extension(claims): Extension<Claims>, again: Claims) -> Json<Claims> {
    assert_eq!(claims, again);
    Json(again)
}

fn app(server: &ResourceServer) -> Router {
    let needs_write = server.layer(Need::new().scope(["write"]));
    let inner = Router::new()
        .route("/read", get(read))
        .route("/write", get(write).layer(needs_write));
    Router::new()
        .nest("/v1", inner)
        .merge(server.metadata_router())
        .with_state(App {
            server: server.clone(),
        })
}

fn request(path: &str, authorization: &str) -> http::request::Builder {
    Request::get(path).header("authorization", authorization)
}

async fn send(app: &Router, request: http::request::Builder) -> Response<Body> {
    app.clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000)
        .await
        .unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn extractor_and_layer() {
    let world = World::new();
    let app = app(&world.server());
    let token = KEY.token(&claims(json!({})));
    let bearer = format!("Bearer {token}");
    let response = send(&app, request("/v1/read", &bearer)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(text(response).await.contains(r#""sub":"alice""#));
    for path in ["/v1/read", "/v1/write", "/v1/read?access_token=x"] {
        let response = send(&app, Request::get(path)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let exposed = "WWW-Authenticate, DPoP-Nonce";
        assert_eq!(response.headers()["access-control-expose-headers"], exposed);
        assert_eq!(text(response).await, "");
    }
    let response = send(&app, request("/v1/write", &bearer)).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains(r#"scope="write""#), "{challenge}");
    assert!(text(response).await.contains("insufficient_scope"));
    let twice = request("/v1/write", &bearer).header("authorization", &bearer);
    assert_eq!(send(&app, twice).await.status(), StatusCode::BAD_REQUEST);
    let token = KEY.token(&claims(json!({ "scope": "write" })));
    let response = send(&app, request("/v1/write", &format!("Bearer {token}"))).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()["access-control-expose-headers"],
        "WWW-Authenticate, DPoP-Nonce"
    );
    let none = send(&app, request("/v1/read", &format!("Bearer {token}"))).await;
    assert_eq!(none.status(), StatusCode::FORBIDDEN);

    let response = send(
        &app,
        Request::get("/.well-known/oauth-protected-resource/v1"),
    )
    .await;
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(text(response).await.contains("https://api.example/v1"));
}

#[tokio::test]
async fn the_path_that_the_client_signed() {
    let world = World::new();
    let server = world.builder().dpop_nonce_secret([1; 32]).build().unwrap();
    let app = app(&server);
    let holder = Key::es256("holder");
    let token = bound(&holder);
    let nonce = server.dpop_nonce().unwrap();
    let sent = proof(&holder, &token, json!({}), json!({ "nonce": nonce }));
    let dpop = format!("DPoP {token}");
    let spoofed = request("/v1/read?a=b", &dpop)
        .header("host", "evil.example")
        .header("dpop", sent);
    assert_eq!(send(&app, spoofed).await.status(), StatusCode::OK);
    let response = send(&app, request("/v1/read", &dpop)).await;
    assert_eq!(response.headers()["dpop-nonce"], nonce);

    let token = KEY.token(&claims(
        json!({ "scope": "write", "cnf": { "jkt": holder.jkt() } }),
    ));
    let htu = json!({ "nonce": nonce, "htu": "https://api.example/v1/write" });
    let sent = proof(&holder, &token, json!({}), htu);
    let response = send(
        &app,
        request("/v1/write", &format!("DPoP {token}")).header("dpop", sent),
    )
    .await;
    // The layer hands out the next nonce with the answer.
    assert_eq!(
        (response.status(), &response.headers()["dpop-nonce"]),
        (StatusCode::OK, &nonce.parse().unwrap())
    );
}

#[tokio::test]
async fn each_server_verifies_for_itself() {
    let world = World::new();
    let server = world.server();
    let builder = ResourceServer::builder(ISSUER, "urn:other");
    let other = builder
        .http(world.clone())
        .clock(|| Duration::from_secs(NOW));
    let other = other.build().unwrap();
    // Behind the layer of another server the extractor does not believe its claims.
    let app = Router::new()
        .route("/v1/read", get(read))
        .layer(other.layer(Need::new()))
        .with_state(App { server });
    let token = KEY.token(&claims(json!({ "aud": "urn:other" })));
    let response = send(&app, request("/v1/read", &format!("Bearer {token}"))).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let token = KEY.token(&claims(json!({ "aud": ["urn:other", AUDIENCE] })));
    let response = send(&app, request("/v1/read", &format!("Bearer {token}"))).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn two_layers_of_one_server_use_a_proof_once() {
    let server = World::new().server();
    let app = |inner: &str| {
        Router::new()
            .route("/v1/read", get(read))
            .layer(server.layer(Need::new().scope([inner])))
            .layer(server.layer(Need::new()))
            .with_state(App {
                server: server.clone(),
            })
    };
    let holder = Key::es256("holder");
    let token = bound(&holder);
    for (scope, status) in [("read", StatusCode::OK), ("write", StatusCode::FORBIDDEN)] {
        let sent = proof(&holder, &token, json!({}), json!({ "jti": scope }));
        let request = request("/v1/read", &format!("DPoP {token}")).header("dpop", sent);
        assert_eq!(send(&app(scope), request).await.status(), status);
    }
}

#[tokio::test]
async fn the_certificate_of_the_connection() {
    let app = app(&World::new().server());
    let token = KEY.token(&claims(json!({ "cnf": { "x5t#S256": sha256("der") } })));
    let bearer = format!("Bearer {token}");
    let with = |der: &[u8]| request("/v1/read", &bearer).extension(ClientCertificate(der.to_vec()));
    assert_eq!(send(&app, with(b"der")).await.status(), StatusCode::OK);
    assert_eq!(
        send(&app, with(b"another")).await.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        send(&app, request("/v1/read", &bearer)).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn any_service_of_http() {
    let layer = World::new().server().layer(Need::new());
    let service = layer.layer(service_fn(async |request: Request<()>| {
        let claims = request.extensions().get::<Claims>().unwrap().clone();
        Ok::<_, std::convert::Infallible>(Response::new(claims.sub.unwrap().into_bytes()))
    }));
    let token = KEY.token(&claims(json!({})));
    let with = |authorization: &str| request("/", authorization).body(()).unwrap();
    let response = service
        .clone()
        .oneshot(with(&format!("Bearer {token}")))
        .await
        .unwrap();
    assert_eq!(response.body(), b"alice");
    let response = service.oneshot(with("Bearer a")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}
