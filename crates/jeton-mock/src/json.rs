//! Answers in JSON: made, read and changed.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// An error response (RFC 6749 §5.2).
pub(crate) fn json_error(status: StatusCode, error: &str, description: &str) -> Response<Bytes> {
    let body = json!({ "error": error, "error_description": description });
    json_response(status, &body)
}

/// A response that no cache keeps.
pub(crate) fn json_response(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    // What is passed here are structs and maps with text for keys: serialization cannot fail.
    let mut response = Response::new(Bytes::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer of an issuer that cannot be made.
pub(crate) fn unusable(error: &dyn std::fmt::Display) -> Response<Bytes> {
    json_error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        &error.to_string(),
    )
}

/// The object in the body of a good answer.
pub(crate) fn read(response: &Response<Bytes>) -> Option<Map<String, Value>> {
    if response.status() != StatusCode::OK {
        return None;
    }
    serde_json::from_slice(response.body()).ok()
}

/// Puts an object into the body.
pub(crate) fn write(response: &mut Response<Bytes>, body: &Map<String, Value>) {
    *response.body_mut() = Bytes::from(serde_json::to_vec(body).unwrap_or_default());
}

/// Changes the object in the body, if there is one.
pub(crate) fn edit(response: &mut Response<Bytes>, change: impl FnOnce(&mut Map<String, Value>)) {
    let Ok(mut body) = serde_json::from_slice(response.body()) else {
        return;
    };
    change(&mut body);
    write(response, &body);
}
