//! Requests to an API, by the integrations.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use jeton_client::{
    Authorizer, Error,
    middleware::{TokenMiddleware, same_origin},
    tower::AuthorizeLayer,
};
use reqwest_middleware::ClientBuilder;
use serde_json::{Value, json};
use tower_layer::Layer;
use tower_service::Service;

/// A request by `reqwest` with its middleware.
pub(crate) async fn by_reqwest(
    authorizer: Authorizer,
    method: Method,
    url: &str,
    body: Option<String>,
) -> Result<Value> {
    let client = reqwest::Client::builder().redirect(same_origin()).build()?;
    let client = ClientBuilder::new(client)
        .with(TokenMiddleware::new(authorizer))
        .build();
    let mut request = client.request(method, url);
    if let Some(body) = body {
        request = request.body(body);
    }
    let answer = request.send().await.map_err(|error| match error {
        reqwest_middleware::Error::Middleware(error) => error,
        reqwest_middleware::Error::Reqwest(error) => error.into(),
    })?;
    let (status, headers) = (answer.status().as_u16(), described(answer.headers()));
    Ok(json!({"status": status, "headers": headers, "body": answer.text().await?}))
}

/// A request by a client of `hyper` with the layer of `tower`.
pub(crate) async fn by_tower(
    authorizer: Authorizer,
    method: Method,
    url: &str,
    body: Option<String>,
) -> Result<Value> {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut service = AuthorizeLayer::new(authorizer).layer(client);
    let body = Full::from(body.unwrap_or_default());
    let request = Request::builder().method(method).uri(url).body(body)?;
    let answer = service
        .call(request)
        .await
        .map_err(|error| match error.downcast::<Error>() {
            Ok(error) => (*error).into(),
            Err(error) => anyhow::Error::from_boxed(error),
        })?;
    let (status, headers) = (answer.status().as_u16(), described(answer.headers()));
    let body = answer.into_body().collect().await?.to_bytes();
    let body = String::from_utf8(body.to_vec()).context("the body is no text")?;
    Ok(json!({"status": status, "headers": headers, "body": body}))
}

/// The error of the library, where it is one.
pub(crate) fn of_the_library(error: &anyhow::Error) -> Option<&Error> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

fn described(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
