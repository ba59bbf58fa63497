//! The mock's own pages.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::ALLOW};
use jeton::BODY_LIMIT;

use crate::{at::At, debugger, json::json_error, login, spec::Endpoint};

pub(super) async fn respond(
    at: &At<'_>,
    endpoint: Endpoint,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    if request.body().len() > BODY_LIMIT {
        let text = format!("the body is larger than {BODY_LIMIT} bytes");
        return json_error(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", &text);
    }
    match (endpoint, request.method()) {
        (Endpoint::Login, &Method::GET) => login::show(at, request).await,
        (Endpoint::Login, &Method::POST) => login::submit(at, request).await,
        (Endpoint::Logout, &Method::GET) => login::log_out(at, request),
        (Endpoint::Debugger, &Method::GET | &Method::POST) => debugger::respond(at, request).await,
        (Endpoint::Logout, _) => not_allowed("GET"),
        _ => not_allowed("GET, POST"),
    }
}

fn not_allowed(allow: &'static str) -> Response<Bytes> {
    let mut response = json_error(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        &format!("the endpoint answers {allow} only"),
    );
    let allow = HeaderValue::from_static(allow);
    response.headers_mut().insert(ALLOW, allow);
    response
}
