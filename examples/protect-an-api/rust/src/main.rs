//! An API in axum that checks its tokens by jeton-resource-server.
//!
//! Run with:
//!
//! ```sh
//! ISSUER=https://tokens.example.com API=https://orders.example.com PORT=8080 cargo run
//! ```

use std::{env, error::Error};

use axum::{
    Json, Router,
    http::StatusCode,
    routing::{get, post},
};
use jeton_resource_server::{Claims, Need, ResourceServer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

async fn read(claims: Claims) -> Json<Value> {
    Json(json!({ "orders": ["1 jeton"], "for": claims.sub }))
}

async fn write() -> StatusCode {
    StatusCode::CREATED
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = ResourceServer::builder(env::var("ISSUER")?, env::var("API")?)
        .scopes(["orders:read", "orders:write"])
        .build()?;
    let needs = |scope: &str| api.layer(Need::new().scope([scope]));
    let app = Router::new()
        .route("/orders", get(read).layer(needs("orders:read")))
        .route("/orders", post(write).layer(needs("orders:write")))
        .merge(api.metadata_router())
        .with_state(api.clone());

    let address = format!("127.0.0.1:{}", env::var("PORT")?);
    axum::serve(TcpListener::bind(address).await?, app).await?;
    Ok(())
}
