//! `/.well-known/jwks.json`, also as `/jwks`: marked as a mock's, with the certificates of keys that were
//! given, and without the keys that are not published.

use bytes::Bytes;
use http::{Request, Response};
use jeton::MOCK_MEMBER;
use serde_json::Value;

use crate::{address::without_alias, json, platform, visit::Visit};

pub(super) async fn respond(visit: &Visit<'_>, mut request: Request<Bytes>) -> Response<Bytes> {
    without_alias(request.uri_mut(), "/jwks", visit.asked.endpoint);
    let path = request.uri().path().to_owned();
    if let Some(known) = platform::known_keys_path(visit) {
        *request.uri_mut() = known;
    }
    let mut response = visit.serve(request).await;
    let Some(mut set) = json::read(&response) else {
        return response;
    };
    // Members that a reader does not know it ignores (RFC 7517 §5).
    set.insert(MOCK_MEMBER.to_owned(), Value::Bool(true));
    if let Some(keys) = set.get_mut("keys").and_then(Value::as_array_mut) {
        visit.at.issuer.show_keys(keys).await;
    }
    platform::keys(visit, &path, &mut set);
    json::write(&mut response, &set);
    response
}
