//! `/.well-known/jwks.json`, also as `/jwks`: without the keys that are not published.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::{address::without_alias, json, visit::Visit};

pub(super) async fn respond(visit: &Visit<'_>, mut request: Request<Bytes>) -> Response<Bytes> {
    without_alias(request.uri_mut(), "/jwks", visit.asked.endpoint);
    let mut response = visit.serve(request).await;
    let hidden = visit.at.issuer.hidden_keys().await;
    if !hidden.is_empty() {
        json::edit(&mut response, |set| {
            if let Some(keys) = set.get_mut("keys").and_then(Value::as_array_mut) {
                keys.retain(|key| {
                    let kid = key.get("kid").and_then(Value::as_str);
                    kid.is_none_or(|kid| !hidden.iter().any(|own| own == kid))
                });
            }
        });
    }
    response
}
