//! A server that reads, writes, and has a door that is open.

use anyhow::{Context, Result};
use axum::{
    Extension, Json, Router,
    extract::{FromRef, State},
    routing::{get, post},
};
use jeton_resource_server::{Claims, Error, Need, ResourceServer};
use tokio::net::TcpListener;

#[derive(Clone, FromRef)]
struct App {
    server: ResourceServer,
}

/// Behind the layer.
async fn read(Extension(claims): Extension<Claims>) -> Json<Claims> {
    Json(claims)
}

/// By the extractor; what it needs is said in the handler.
async fn write(
    claims: Claims,
    State(server): State<ResourceServer>,
) -> Result<Json<Claims>, Error> {
    server.require(&claims, &Need::new().scope(["write"]))?;
    Ok(Json(claims))
}

/// Serves until this program ends, at the URL that is answered.
pub(crate) async fn axum(server: ResourceServer) -> Result<String> {
    let needs_read = server.layer(Need::new().scope(["read"]));
    let app = Router::new()
        .route("/read", get(read).layer(needs_read))
        .route("/write", post(write))
        .route("/open", get(|| async { "open" }))
        .merge(server.metadata_router())
        .with_state(App { server });
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port")?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("http://{address}"))
}
