//! Cross-origin requests (Fetch §3.2) to the token endpoint and `/userinfo`.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, VARY,
    },
};

use crate::client::{Client, Delivery};

/// Lets pages of the client's origins read the answer, and where its refresh token is in a cookie,
/// send it.
pub(crate) fn allow(response: &mut Response<Bytes>, client: &Client, origin: Option<&str>) {
    let Some(origin) = origin else {
        return;
    };
    let delivery = &client.refresh.delivery;
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if !delivery.allowed_origins().iter().any(|own| own == origin) {
        return;
    }
    let Ok(origin) = HeaderValue::try_from(origin) else {
        return;
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if matches!(delivery, Delivery::Cookie { .. }) {
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
}

/// The answer to a preflight. It names no client, so it allows every origin to *ask*, without
/// credentials; whether a page may read the answer is decided there. Requests that carry the cookie
/// are plain forms and need no preflight.
pub(crate) fn preflight(methods: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
