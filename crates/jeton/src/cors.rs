//! Answers to pages of other origins (Fetch §3.2).
//!
//! What an answer holds decides who may read it. Public documents and refusals hold nothing that a page
//! could not have by other ways, as any program can send its request: every page may read them, without
//! the browser's cookies. Tokens are for pages of the client's `allowed_origins`. With its cookies a
//! browser lets a page read only where the server names the page's origin and says so; it does for the
//! origins of clients that have their refresh token in a cookie.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
        ALLOW, AUTHORIZATION, COOKIE, ORIGIN, VARY, WWW_AUTHENTICATE,
    },
};

use crate::{
    client::{Client, Delivery},
    config::Config,
};

/// Which pages of other origins may call an endpoint and read its answers (Fetch §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrossOrigin {
    /// All, of a public document.
    Document,
    /// All may call and read refusals; the rest is for pages of the client's `allowed_origins`.
    Client,
    /// All: a browser does not add the access token by itself, as it would a cookie, so a page that
    /// sends one has it.
    Bearer,
    /// None: the endpoint is for other servers, or a browser comes to it by navigation.
    Refused,
}

/// How a browser came to send a request (Fetch Metadata Request Headers §2.3).
pub(crate) const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

const ANY: HeaderValue = HeaderValue::from_static("*");

/// The headers of an answer that a page may read besides those that every page may (Fetch §3.2.3).
const EXPOSED: HeaderValue =
    HeaderValue::from_static("ETag, Location, Retry-After, WWW-Authenticate, X-Request-Id");

/// Lets every page read the answer, whatever the request was: no cache need keep one for each origin.
pub(crate) fn open_document(response: &mut Response<Bytes>) {
    allow_origin(response.headers_mut(), ANY);
}

/// Lets every page read the answer, and pages of configured clients with a cookie also where the
/// browser sent its cookies along. A request that was refused may have named no client, so only the
/// configured ones are known here.
pub(crate) fn open_to_pages(response: &mut Response<Bytes>, request: &HeaderMap, config: &Config) {
    match origin_with_cookies(request, config) {
        Some(origin) => allow_credentials(response.headers_mut(), origin),
        None => allow_origin(response.headers_mut(), ANY),
    }
    let vary = response.headers_mut().entry(VARY);
    vary.or_insert(HeaderValue::from_static("Origin"));
}

/// Lets pages of the client's `allowed_origins` read the answer, and send the cookie of its refresh
/// token where it is in one.
pub(crate) fn open_to_pages_of(
    client: &Client,
    response: &mut Response<Bytes>,
    request: &HeaderMap,
) {
    let Some(origin) = request.get(ORIGIN) else {
        return;
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    let delivery = &client.refresh.delivery;
    if !is_listed(origin, delivery.allowed_origins()) {
        return;
    }
    match delivery {
        Delivery::Cookie { .. } => allow_credentials(headers, origin.clone()),
        Delivery::Body { .. } => allow_origin(headers, origin.clone()),
    }
}

/// Whether who may read the answer has been said.
pub(crate) fn is_open(response: &Response<Bytes>) -> bool {
    response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
}

/// Takes the Basic challenge off an answer where a browser would ask the person for a password: to a page
/// whose browser uses its cookies, which would wait for that (Fetch §4.6), and to a navigation, as by the
/// form of any page. `invalid_client` is 400 then, as RFC 6749 §5.2 has it where nobody tried to
/// authenticate by `Authorization`.
pub(crate) fn ask_for_no_password(response: &mut Response<Bytes>, request: &HeaderMap) {
    let challenge = response.headers().get(WWW_AUTHENTICATE);
    let is_basic = challenge.is_some_and(|challenge| challenge.as_bytes().starts_with(b"Basic "));
    let may_use_cookies = response
        .headers()
        .contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS);
    let is_with_cookies = may_use_cookies || request.contains_key(COOKIE);
    let is_of_page = request.contains_key(ORIGIN) && is_with_cookies;
    let is_navigation = request
        .get(SEC_FETCH_MODE)
        .is_some_and(|mode| mode == "navigate");
    let would_ask = (is_of_page || is_navigation) && !request.contains_key(AUTHORIZATION);
    if is_basic && would_ask {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response.headers_mut().remove(WWW_AUTHENTICATE);
    }
}

/// The answer to an OPTIONS request: the methods that the endpoint answers (RFC 9110 §9.3.7), and where
/// the request is a preflight to an endpoint that pages may call, that they may (Fetch §3.2.2).
pub(crate) fn options(
    cross_origin: CrossOrigin,
    allow: &'static str,
    request: &HeaderMap,
    config: &Config,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(allow));
    let Some(method) = preflighted(request) else {
        return response;
    };
    match cross_origin {
        CrossOrigin::Refused => return response,
        CrossOrigin::Document => open_document(&mut response),
        CrossOrigin::Client | CrossOrigin::Bearer => open_to_pages(&mut response, request, config),
    }
    allow_request(response.headers_mut(), allow, method, request);
    response
}

/// The answer to a preflight to where nothing is: the page may send its request, so that it can read that
/// it has the path wrong. `None` for other requests.
pub(crate) fn preflight_to_nowhere(
    method: &Method,
    request: &HeaderMap,
    config: &Config,
) -> Option<Response<Bytes>> {
    let asked = preflighted(request).filter(|_| *method == Method::OPTIONS)?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    open_to_pages(&mut response, request, config);
    allow_request(response.headers_mut(), "GET", asked, request);
    Some(response)
}

/// The method of the request that an OPTIONS request asks for, if it is a preflight.
fn preflighted(request: &HeaderMap) -> Option<&HeaderValue> {
    let method = request.get(ACCESS_CONTROL_REQUEST_METHOD);
    method.filter(|_| request.contains_key(ORIGIN))
}

/// Lets a page send the request that it asks for, by any method and with any headers. A preflight names
/// no client, so whether the page may read the answer is decided with the request itself; a method that
/// the endpoint does not answer is refused then, and the page can see it. The headers are repeated,
/// because `*` does not mean `Authorization`, and with cookies means nothing (Fetch §3.2.3).
fn allow_request(
    headers: &mut HeaderMap,
    allow: &'static str,
    method: &HeaderValue,
    request: &HeaderMap,
) {
    let is_token = Method::from_bytes(method.as_bytes()).is_ok();
    let methods = match method.to_str() {
        Ok(other) if is_token && !allow.split(", ").any(|own| own == other) => {
            HeaderValue::try_from(format!("{allow}, {other}"))
        }
        _ => Ok(HeaderValue::from_static(allow)),
    };
    if let Ok(methods) = methods {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    // In several lines perhaps, as of any list (RFC 9110 §5.3).
    for names in request.get_all(ACCESS_CONTROL_REQUEST_HEADERS) {
        if names.to_str().is_ok() {
            headers.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    // Caches keep no answer to OPTIONS unless they are told to: then one for each request.
    let depends_on = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    headers.insert(VARY, HeaderValue::from_static(depends_on));
}

/// The `Origin` of the request, if it is one of a configured client that has a cookie.
fn origin_with_cookies(request: &HeaderMap, config: &Config) -> Option<HeaderValue> {
    let origin = request.get(ORIGIN)?;
    let mut clients = config.clients().iter().filter(|client| !client.disabled);
    let is_known = clients.any(|client| match &client.refresh.delivery {
        Delivery::Cookie { allowed_origins } => is_listed(origin, allowed_origins),
        Delivery::Body { .. } => false,
    });
    is_known.then(|| origin.clone())
}

fn is_listed(origin: &HeaderValue, allowed: &[String]) -> bool {
    allowed.iter().any(|own| origin == own.as_str())
}

fn allow_origin(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

fn allow_credentials(headers: &mut HeaderMap, origin: HeaderValue) {
    allow_origin(headers, origin);
    let allowed = HeaderValue::from_static("true");
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
}
