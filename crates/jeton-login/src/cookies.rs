//! The cookies of a request (RFC 6265 §5.4).

use http::{HeaderMap, header::COOKIE};
use jeton::Cookie;

/// The cookies, as `NAME=VALUE`. One that is no text is left out alone: another application on the host may have
/// set it, and what it says must not hide ours.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| std::str::from_utf8(pair.trim_ascii()).ok())
}

/// The value of a cookie of ours; one that was sent twice has none, because one of the two was planted.
pub(crate) fn value<'a>(headers: &'a HeaderMap, cookie: &Cookie) -> Option<&'a str> {
    let mut values =
        pairs(headers).filter_map(|pair| pair.strip_prefix(cookie.name())?.strip_prefix('='));
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
