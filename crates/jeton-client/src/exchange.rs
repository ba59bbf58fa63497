//! What answers of an OAuth server mean.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::error::{Code, Error};

/// How far the server's clock may be from ours before an error says so.
const SKEW: Duration = Duration::from_secs(30);

/// The longest that a `Retry-After` is obeyed: a mistake in it must not silence a client for good.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// An answer that is no success: an [`Error`], and the word that an OAuth server gave for it.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    pub(crate) word: Option<String>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, word: None }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

/// An error response (RFC 6749 §5.2).
#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
    #[serde(default)]
    error_description: Option<Value>,
}

/// Reads a JSON object: `serde` would take a list of the members' values for one as well.
pub(crate) fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    let object: Map<String, Value> = serde_json::from_slice(json).ok()?;
    T::deserialize(Value::Object(object)).ok()
}

/// The JSON object of a successful answer of `endpoint`.
pub(crate) fn object(
    endpoint: &str,
    answer: &Response<Bytes>,
    now: Duration,
    sent: &[String],
) -> Result<Map<String, Value>, Refusal> {
    succeeded(endpoint, answer, now, sent)?;
    read(answer.body()).ok_or_else(|| {
        let error = Error::response(format!("the {endpoint} answered no JSON object"));
        error.with_status(answer.status().as_u16()).into()
    })
}

/// Whether `endpoint` did what it was asked; `sent` are the values that no message may repeat.
pub(crate) fn succeeded(
    endpoint: &str,
    answer: &Response<Bytes>,
    now: Duration,
    sent: &[String],
) -> Result<(), Refusal> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let said: Option<ErrorResponse> = read(answer.body());
    let word = said.as_ref().map(|said| said.error.clone());
    let (code, message) = code(endpoint, status, word.as_deref());
    let description = said
        .and_then(|said| said.error_description)
        .and_then(|text| description(text.as_str()?, sent));
    let error = Error::new(code, message)
        .with_status(status.as_u16())
        .with_retry_after(retry_after(answer.headers(), now))
        .with_description(description)
        .with_note(skew(answer.headers(), now));
    Err(Refusal { error, word })
}

fn code(endpoint: &str, status: StatusCode, word: Option<&str>) -> (Code, String) {
    if status == StatusCode::TOO_MANY_REQUESTS {
        let message = format!("the {endpoint} wants fewer requests");
        return (Code::RateLimited, message);
    }
    if status.is_server_error() {
        let code = match (status, word) {
            (StatusCode::SERVICE_UNAVAILABLE, _) | (_, Some("temporarily_unavailable")) => {
                Code::TemporarilyUnavailable
            }
            _ => Code::ServerError,
        };
        return (
            code,
            format!("the {endpoint} failed with {}", status.as_u16()),
        );
    }
    match word.and_then(of_word) {
        Some(code) => (code, format!("the {endpoint} refuses: {}", code.as_str())),
        None => {
            let code = match word {
                Some(_) if status.is_client_error() => Code::InvalidRequest,
                _ => Code::InvalidResponse,
            };
            let status = status.as_u16();
            (
                code,
                format!("the {endpoint} answered {status}, for no reason known here"),
            )
        }
    }
}

/// What an error code of the server is here: those of RFC 6749 §4.1.2.1 and §5.2, RFC 8628 and 8707.
pub(crate) fn of_word(word: &str) -> Option<Code> {
    [
        Code::InvalidClient,
        Code::UnauthorizedClient,
        Code::InvalidScope,
        Code::InvalidTarget,
        Code::InvalidRequest,
        Code::UnsupportedGrantType,
        Code::AccessDenied,
        Code::ServerError,
        Code::TemporarilyUnavailable,
        Code::InvalidGrant,
        Code::ExpiredToken,
    ]
    .into_iter()
    .find(|code| code.as_str() == word)
}

/// A description as RFC 6749 §5.2 allows it, that repeats nothing of what was sent.
pub(crate) fn description(text: &str, sent: &[String]) -> Option<String> {
    let printable = text
        .bytes()
        .all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let repeats = sent.iter().any(|value| text.contains(value.as_str()));
    (printable && !repeats && !text.is_empty() && text.len() <= 500).then(|| text.to_owned())
}

/// `Retry-After` (RFC 9110 §10.2.3), at most an hour.
pub(crate) fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let after = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        // By the server's clock, where it tells the time.
        Err(_) => date(value)?.saturating_sub(server_time(headers).unwrap_or(now)),
    };
    Some(after.min(LONGEST_PAUSE))
}

/// What is to be said of clocks that differ.
pub(crate) fn skew(headers: &HeaderMap, now: Duration) -> Option<String> {
    let server = server_time(headers)?;
    let off = now.abs_diff(server);
    let seconds = off.as_secs();
    match now.cmp(&server) {
        _ if off <= SKEW => None,
        std::cmp::Ordering::Less => {
            Some(format!("the clock here is {seconds} s behind the server's"))
        }
        _ => Some(format!(
            "the clock here is {seconds} s ahead of the server's"
        )),
    }
}

fn server_time(headers: &HeaderMap) -> Option<Duration> {
    date(headers.get(header::DATE)?.to_str().ok()?)
}

fn date(text: &str) -> Option<Duration> {
    let time: SystemTime = httpdate::parse_http_date(text).ok()?;
    time.duration_since(UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const THEN: Duration = Duration::from_secs(784_111_777);

    fn refused(status: u16, headers: &[(&str, &str)], body: &'static str) -> Error {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let answer = answer.body(Bytes::from_static(body.as_bytes())).unwrap();
        let sent = ["hunter2".to_owned()];
        object("token endpoint", &answer, THEN, &sent)
            .unwrap_err()
            .error
    }

    #[test]
    fn codes() {
        let check =
            |status, body, code| assert_eq!(refused(status, &[], body).code(), code, "{body}");
        check(401, r#"{"error":"invalid_client"}"#, Code::InvalidClient);
        check(400, r#"{"error":"invalid_grant"}"#, Code::InvalidGrant);
        check(400, r#"{"error":"invalid_target"}"#, Code::InvalidTarget);
        check(400, r#"{"error":"something_else"}"#, Code::InvalidRequest);
        check(400, "<html>", Code::InvalidResponse);
        check(404, "{}", Code::InvalidResponse);
        check(302, "", Code::InvalidResponse);
        check(500, r#"{"error":"invalid_client"}"#, Code::ServerError);
        check(502, "<html>", Code::ServerError);
        check(503, "", Code::TemporarilyUnavailable);
        check(429, r#"{"error":"invalid_client"}"#, Code::RateLimited);
        check(200, "[]", Code::InvalidResponse);
        check(400, r#"["invalid_client"]"#, Code::InvalidResponse);
        check(200, "no JSON", Code::InvalidResponse);
    }

    #[test]
    fn a_description_is_printable_and_tells_nothing() {
        let check = |body, expected| {
            let error = refused(400, &[], body);
            assert_eq!(error.description(), expected, "{body}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        };
        check(
            r#"{"error":"invalid_scope","error_description":"scope: unknown"}"#,
            Some("scope: unknown"),
        );
        check(
            r#"{"error":"invalid_scope","error_description":"line\nbreak"}"#,
            None,
        );
        check(r#"{"error":"invalid_scope","error_description":"é"}"#, None);
        check(
            r#"{"error":"invalid_scope","error_description":"is hunter2 wrong?"}"#,
            None,
        );
        check(
            r#"{"error":"invalid_scope","error_description":{"a":1}}"#,
            None,
        );
        check(r#"{"error":"hunter2","error_description":"x"}"#, Some("x"));
    }

    #[test]
    fn when_to_come_again() {
        let check = |value, expected: Option<u64>| {
            let error = refused(429, &[("retry-after", value)], "");
            assert_eq!(
                error.retry_after(),
                expected.map(Duration::from_secs),
                "{value}"
            );
        };
        check("7", Some(7));
        check("Sun, 06 Nov 1994 08:49:47 GMT", Some(10));
        check("Sun, 06 Nov 1994 08:49:30 GMT", Some(0));
        check("99999999999", Some(3600));
        check("soon", None);
    }

    #[test]
    fn a_clock_that_is_off_is_named() {
        let message = |date| refused(400, &[("date", date)], "").to_string();
        let behind = message("Sun, 06 Nov 1994 08:51:37 GMT");
        assert!(
            behind.ends_with("; the clock here is 120 s behind the server's"),
            "{behind}"
        );
        let ahead = message("Sun, 06 Nov 1994 08:48:37 GMT");
        assert!(
            ahead.ends_with("; the clock here is 60 s ahead of the server's"),
            "{ahead}"
        );
        assert!(!message("Sun, 06 Nov 1994 08:50:07 GMT").contains("clock"));
    }
}
