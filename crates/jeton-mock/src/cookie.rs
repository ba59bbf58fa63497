//! Cookies, and what becomes of the server's where browsers reach an https issuer by http.

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response,
    header::{COOKIE, SET_COOKIE},
};
use jeton::COOKIE_PREFIXES;

/// RFC 6265bis §4.1.3.2.
const HOST_PREFIX: &str = "__Host-";

/// The cookies of a request (RFC 6265 §5.4): names and values.
pub(crate) fn cookies(request: &Request<Bytes>) -> impl Iterator<Item = (&str, &str)> {
    request
        .headers()
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
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
    let lines = request.headers().get_all(COOKIE).iter();
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    if lines.is_empty() {
        return;
    }
    let renamed = |cookie: &str| {
        if COOKIE_PREFIXES.iter().any(|own| cookie.starts_with(own)) {
            format!("{HOST_PREFIX}{cookie}")
        } else {
            cookie.to_owned()
        }
    };
    let cookies = lines.iter().flat_map(|line| line.split(';'));
    let cookies: Vec<_> = cookies.map(|it| renamed(it.trim())).collect();
    if let Ok(cookies) = HeaderValue::try_from(cookies.join("; ")) {
        request.headers_mut().insert(COOKIE, cookies);
    }
}
