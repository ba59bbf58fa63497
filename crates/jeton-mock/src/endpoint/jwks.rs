//! `/.well-known/jwks.json`, also as `/jwks`: marked as a mock's, without the keys that are not
//! published.

use bytes::Bytes;
use http::{Request, Response};
use jeton::MOCK_MEMBER;
use serde_json::Value;

use crate::{address::without_alias, json, visit::Visit};

pub(super) async fn respond(visit: &Visit<'_>, mut request: Request<Bytes>) -> Response<Bytes> {
    without_alias(request.uri_mut(), "/jwks", visit.asked.endpoint);
    let mut response = visit.serve(request).await;
    let Some(mut set) = json::read(&response) else {
        return response;
    };
    // Members that a reader does not know it ignores (RFC 7517 §5).
    set.insert(MOCK_MEMBER.to_owned(), Value::Bool(true));
    let hidden = visit.at.issuer.hidden_keys().await;
    if let Some(keys) = set.get_mut("keys").and_then(Value::as_array_mut) {
        keys.retain(|key| {
            let kid = key.get("kid").and_then(Value::as_str);
            kid.is_none_or(|kid| !hidden.iter().any(|own| own == kid))
        });
    }
    json::write(&mut response, &set);
    response
}
