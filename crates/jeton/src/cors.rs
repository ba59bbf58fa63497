//! Cross-origin requests (Fetch §3.2) from pages.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, VARY,
    },
};

use crate::client::{Client, Delivery};

/// Lets pages of the client's `allowed_origins` read the response, and send the cookie of its
/// refresh token where it is in one.
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

/// The response to a preflight. A preflight names no client, so every origin may send its request,
/// without credentials; whether a page may read the response is decided with that request. Requests
/// with the cookie are plain forms and need no preflight.
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
