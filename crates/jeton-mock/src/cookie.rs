//! Cookies, and what becomes of the server's where browsers reach an https issuer by http.

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response,
    header::{COOKIE, SET_COOKIE},
};
use jeton::COOKIE_PREFIXES;

/// RFC 6265bis §4.1.3.2.
const HOST_PREFIX: &str = "__Host-";

/// The cookies of a request (RFC 6265 §5.4), each as it was sent: others of the same host may hold any
/// bytes.
fn pairs(request: &Request<Bytes>) -> impl Iterator<Item = &[u8]> {
    let lines = request.headers().get_all(COOKIE).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b';'))
        .map(<[u8]>::trim_ascii)
}

/// The cookies of a request that are text: names and values.
pub(crate) fn cookies(request: &Request<Bytes>) -> impl Iterator<Item = (&str, &str)> {
    pairs(request).filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='))
}

/// Makes an answer's cookies fit for http. An https issuer's are for https only: where browsers
/// reach it by http, as through a proxy that is left out in a test, they would drop them.
pub(crate) fn without_https(response: &mut Response<Bytes>) {
    let plain: Vec<_> = response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|cookie| {
            let text = cookie.to_str().ok()?;
            let text = text.strip_prefix(HOST_PREFIX).unwrap_or(text);
            HeaderValue::try_from(text.replace("; Secure", "")).ok()
        })
        .collect();
    response.headers_mut().remove(SET_COOKIE);
    for cookie in plain {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Gives a request's cookies the names that the server of an https issuer knows them by.
pub(crate) fn with_https(request: &mut Request<Bytes>) {
    let mut renamed = Vec::new();
    for cookie in pairs(request) {
        if !renamed.is_empty() {
            renamed.extend_from_slice(b"; ");
        }
        let is_ours = |own: &&str| cookie.starts_with(own.as_bytes());
        if COOKIE_PREFIXES.iter().any(is_ours) {
            renamed.extend_from_slice(HOST_PREFIX.as_bytes());
        }
        renamed.extend_from_slice(cookie);
    }
    if !renamed.is_empty()
        && let Ok(cookies) = HeaderValue::from_bytes(&renamed)
    {
        request.headers_mut().insert(COOKIE, cookies);
    }
}
