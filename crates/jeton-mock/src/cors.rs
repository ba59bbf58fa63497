//! Pages of any origin may call a lenient mock (Fetch §3.2), with the browser's cookies as well: a library
//! sends them where its users say `credentials: 'include'`, and nobody's secrets lie here.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
        ORIGIN, VARY,
    },
};

/// The answer to a preflight (Fetch §3.2.2), if the request is one. A lenient mock lets every page
/// send every request and read every answer.
pub(crate) fn preflight(request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let asked = request.headers();
    let method = asked.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    let origin = asked.get(ORIGIN)?;
    if request.method() != Method::OPTIONS {
        return None;
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    allow(headers, origin.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    // In several lines perhaps, as of any list (RFC 9110 §5.3); `*` would not mean `Authorization`.
    for names in asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    Some(response)
}

/// Lets the page of `origin` read an answer, whatever the server has said of it, and what a mock says in
/// its headers.
pub(crate) fn open_to_page(headers: &mut HeaderMap, origin: HeaderValue) {
    allow(headers, origin);
    let exposed = HeaderValue::from_static("jeton-mock-waived, jeton-mock-fault, jeton-mock-hint");
    headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// With cookies a browser takes the page's own origin alone for an answer, not `*` (Fetch §3.2.5).
fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let allowed = HeaderValue::from_static("true");
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
    headers.append(VARY, HeaderValue::from_static("Origin"));
}
