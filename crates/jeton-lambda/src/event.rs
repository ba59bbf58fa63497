//! Events of a gateway, read as the HTTP requests that they stand for.
//!
//! Whatever the event says, the result is a request or a [`Malformed`]: nothing here panics.

use std::net::{IpAddr, SocketAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header, uri::PathAndQuery,
};
use jeton::RequestId;
use lambda_http::aws_lambda_events::{alb::AlbTargetGroupRequest, apigw::ApiGatewayV2httpRequest};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// The characters that are percent-encoded in a query. Not `%`: gateways differ in what they decode.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');
/// The characters that are percent-encoded in a path.
const PATH: &AsciiSet = &QUERY.add(b'?').add(b'`').add(b'{').add(b'}');

/// The kind of gateway that sent an event, on which the form of the answer depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gateway {
    /// An HTTP API or a function URL, payload format 2.0.
    Version2,
    /// A load balancer's target group, with or without multi-value headers.
    Alb,
}

/// What the gateway says of a request besides: an extension of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The client's.
    pub(crate) address: Option<IpAddr>,
    /// The gateway's own, as in its access log.
    pub(crate) request_id: Option<RequestId>,
}

/// An event of a known gateway.
pub(crate) enum Event {
    Version2(Box<ApiGatewayV2httpRequest>),
    Alb(Box<AlbTargetGroupRequest>),
}

/// Why an event is not an HTTP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// Among them the events of REST APIs, and header lines or methods that HTTP does not allow.
    #[error(
        "the event is none of an HTTP API (payload format 2.0), a function URL or a load balancer"
    )]
    Event,
    #[error("the path or the query is not one of a URL")]
    Target,
    #[error("the cookies are not a header")]
    Cookies,
    #[error("the body is not base64")]
    Body,
}

impl Event {
    /// The gateway and the request. For an unknown event the gateway is a guess: the one with the
    /// simplest answer, which all of them understand.
    pub(crate) fn parse(json: &str) -> (Gateway, Result<Request<Bytes>, Malformed>) {
        match Self::recognize(json) {
            Some(Self::Version2(event)) => (Gateway::Version2, version2(*event)),
            Some(Self::Alb(event)) => (Gateway::Alb, alb(*event)),
            None => (Gateway::Version2, Err(Malformed::Event)),
        }
    }

    fn recognize(json: &str) -> Option<Self> {
        if let Ok(event) = serde_json::from_str(json) {
            return Some(Self::Version2(event));
        }
        serde_json::from_str(json).ok().map(Self::Alb)
    }
}

/// The request in an event of payload format 2.0.
fn version2(event: ApiGatewayV2httpRequest) -> Result<Request<Bytes>, Malformed> {
    let query = event.raw_query_string.unwrap_or_default();
    let mut headers = event.headers;
    if let Some(cookies) = event.cookies
        && !cookies.is_empty()
    {
        let cookies = HeaderValue::from_str(&cookies.join("; ")).map_err(|_| Malformed::Cookies)?;
        headers.insert(header::COOKIE, cookies);
    }
    let context = event.request_context;
    let address = context.http.source_ip.as_deref().map(str::parse);
    let request_id = context.request_id.as_deref().map(str::parse);
    let caller = Caller {
        address: address.and_then(Result::ok),
        request_id: request_id.and_then(Result::ok),
    };
    let target = target(&event.raw_path.unwrap_or_default(), &query)?;
    let body = body(event.body, event.is_base64_encoded)?;
    Ok(request(context.http.method, target, headers, body, caller))
}

/// The request in a load balancer's event. With multi-value headers its single-value fields are absent,
/// and the other way round.
fn alb(event: AlbTargetGroupRequest) -> Result<Request<Bytes>, Malformed> {
    let parameters = if event.multi_value_query_string_parameters.is_empty() {
        event.query_string_parameters
    } else {
        event.multi_value_query_string_parameters
    };
    let query: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let headers = if event.multi_value_headers.is_empty() {
        event.headers
    } else {
        event.multi_value_headers
    };
    let caller = Caller {
        address: last_forwarded(&headers),
        request_id: None,
    };
    let target = target(&event.path.unwrap_or_default(), &query.join("&"))?;
    let body = body(event.body, event.is_base64_encoded)?;
    Ok(request(event.http_method, target, headers, body, caller))
}

/// The address that the load balancer has added to `X-Forwarded-For`: the last. What stands before it the
/// client may have written.
fn last_forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").iter().next_back()?;
    let last = line.to_str().ok()?.rsplit(',').next()?.trim();
    // With its port, where the load balancer is told to keep that.
    let with_port = || last.parse::<SocketAddr>().map(|address| address.ip());
    last.parse().or_else(|_| with_port()).ok()
}

fn target(path: &str, query: &str) -> Result<Uri, Malformed> {
    let mut target = utf8_percent_encode(path, PATH).to_string();
    if target.is_empty() {
        target.push('/');
    }
    if !target.starts_with('/') {
        return Err(Malformed::Target);
    }
    if !query.is_empty() {
        target.push('?');
        target.extend(utf8_percent_encode(query, QUERY));
    }
    match PathAndQuery::from_maybe_shared(target) {
        Ok(target) => Ok(Uri::from(target)),
        Err(_) => Err(Malformed::Target),
    }
}

fn body(text: Option<String>, is_base64_encoded: bool) -> Result<Bytes, Malformed> {
    let text = text.unwrap_or_default();
    if is_base64_encoded {
        let bytes = STANDARD.decode(text).map_err(|_| Malformed::Body)?;
        Ok(Bytes::from(bytes))
    } else {
        Ok(Bytes::from(text))
    }
}

fn request(
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    caller: Caller,
) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request.extensions_mut().insert(caller);
    request
}

impl Malformed {
    /// The answer, which the server completes.
    pub(crate) fn response(self) -> Response<Bytes> {
        let body = serde_json::json!({ "error": "invalid_request", "error_description": self.to_string() });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests;
