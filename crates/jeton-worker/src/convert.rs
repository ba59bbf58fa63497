//! Conversion between the runtime's requests and responses and the core's.
//!
//! Written against `web_sys` because the `worker` crate's own conversion reads every header and
//! `cf` property and streams every body, which costs more than signing the token.

use std::{cell::RefCell, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use jeton::{BODY_TIMEOUT, REQUEST_HEADERS, REQUEST_ID, separate_cookies, within};
use jeton_cloudflare::task;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, ResponseInit};

use crate::body;

/// The runtime's request as the core's, with the headers that the core reads.
pub(crate) async fn request(
    request: &web_sys::Request,
) -> Result<http::Request<Bytes>, Unreadable> {
    let mut converted = http::Request::new(Bytes::new());
    *converted.method_mut() = Method::from_bytes(request.method().as_bytes())?;
    *converted.uri_mut() = path_and_query(&request.url())?;
    let headers = request.headers();
    for name in &REQUEST_HEADERS {
        // Two headers of one name arrive as one, joined by ", ".
        let Some(mut value) = headers.get(name.as_str())? else {
            continue;
        };
        if name == header::COOKIE {
            value = separate_cookies(&value).into_owned();
        }
        converted
            .headers_mut()
            .insert(name, HeaderValue::from_maybe_shared(Bytes::from(value))?);
    }
    let time_is_up = task::sleep(Duration::from_secs(BODY_TIMEOUT.0));
    *converted.body_mut() = within(time_is_up, body::read(request))
        .await
        .ok_or(Unreadable::TooSlow)??;
    Ok(converted)
}

/// The `Origin` among the headers of a request that could not be converted, as far as it can be.
pub(crate) fn origin(headers: &Headers) -> Result<HeaderMap, JsValue> {
    let origin = headers.get(header::ORIGIN.as_str())?;
    let origin = origin.and_then(|origin| HeaderValue::try_from(origin).ok());
    let headers = origin.map(|origin| (header::ORIGIN, origin));
    Ok(headers.into_iter().collect())
}

/// The path and query of an absolute URL (origin form, RFC 9112 §3.2.1). The core knows its own host.
fn path_and_query(url: &str) -> Result<Uri, http::uri::InvalidUri> {
    let path = url
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').and_then(|slash| rest.get(slash..)))
        .unwrap_or("/");
    path.split('#').next().unwrap_or("/").parse()
}

/// Why a request cannot be converted: it broke off, did not come in time, or a part of it is not valid
/// for the `http` crate. The texts are for the log and hold nothing that was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the method is none of HTTP")]
    Method(#[from] http::method::InvalidMethod),
    #[error("the path or the query is not one of a URL")]
    Target(#[from] http::uri::InvalidUri),
    #[error("a header is not one of HTTP")]
    Header(#[from] header::InvalidHeaderValue),
    #[error("the request broke off")]
    BrokeOff,
    #[error("the body did not come in time")]
    TooSlow,
}

impl Unreadable {
    /// The same status as by a native host's HTTP server.
    pub(crate) fn response(&self) -> http::Response<Bytes> {
        let (status, description) = match self {
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
            _ => (StatusCode::BAD_REQUEST, "the request cannot be read"),
        };
        error_response(status, "invalid_request", description)
    }
}

impl From<JsValue> for Unreadable {
    /// What was thrown says no more, or quotes what was sent.
    fn from(_: JsValue) -> Self {
        Self::BrokeOff
    }
}

/// An error response that is made without the core.
pub(crate) fn error_response(
    status: StatusCode,
    code: &'static str,
    description: &'static str,
) -> http::Response<Bytes> {
    let body = format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The core's response as the runtime's. The body is handed over as one buffer: a stream would be pulled
/// chunk by chunk.
pub(crate) fn response(response: &http::Response<Bytes>) -> Result<Response, JsValue> {
    // The runtime keeps the buffer, so it gets one of its own. Without a body it gets none: a 304 with
    // an empty buffer is a `TypeError`.
    let body = match response.body() {
        body if body.is_empty() => None,
        body => Some(Uint8Array::from(body.as_ref())),
    };
    let converted = Response::new_with_opt_js_u8_array_and_init(body.as_ref(), &head(response)?)?;
    if let Some(id) = response
        .headers()
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
    {
        converted.headers().set(REQUEST_ID.as_str(), id)?;
    }
    Ok(converted)
}

thread_local! {
    /// Status and headers of the last response, converted, to be used again: token responses differ only
    /// in their body and in the id of their request. Never those that set a cookie, which may hold a token.
    static LAST_HEAD: RefCell<Option<(StatusCode, HeaderMap, ResponseInit)>> =
        const { RefCell::new(None) };
}

fn head(response: &http::Response<Bytes>) -> Result<ResponseInit, JsValue> {
    let mut own = response.headers().clone();
    own.remove(REQUEST_ID);
    let kept = LAST_HEAD.with_borrow(|last| match last {
        Some((status, headers, head)) if *status == response.status() && *headers == own => {
            Some(head.clone())
        }
        _ => None,
    });
    if let Some(head) = kept {
        return Ok(head);
    }
    let headers = Headers::new()?;
    for (name, value) in &own {
        headers.append(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))?;
    }
    let head = ResponseInit::new();
    head.set_status(response.status().as_u16());
    head.set_headers(&headers);
    if !own.contains_key(header::SET_COOKIE) {
        LAST_HEAD.set(Some((response.status(), own, head.clone())));
    }
    Ok(head)
}
