//! The audit of a request: what was decided, for whom and why. The host logs one with each response.

use std::{borrow::Cow, fmt::Write, time::Duration};

use core::net::IpAddr;
use http::{HeaderName, HeaderValue, Response};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    access_token::Audience,
    arrival::{Arrival, RequestId},
    client::ClientId,
    ledger::GrantId,
    refusal::Fault,
    scope::Scope,
    secret_use::SecretUse,
};

/// The response header with the id of the request, by which a person can ask an operator about it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest line of the log, in bytes. A longer one would be split by what collects logs, or sent
/// in part.
pub const LONGEST_LINE: usize = 4096;

/// As many bytes as most lines have.
const USUAL_LINE: usize = 512;

/// How many characters of `detail` are kept in a line that would be too long.
const SHORT_DETAIL: usize = 200;

/// What one request was and what became of it, attached to its response as an extension.
/// Its texts are our own words, what is registered, and what the login application said. Nothing else
/// that was sent is in it, because a credential in the wrong place would be too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The id of the request, which its response has in `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// The address of the client, as the host knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_address: Option<IpAddr>,
    /// The endpoint: `token`, `jwks`, …; absent where no endpoint was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<&'static str>,
    /// The HTTP status sent.
    pub status: u16,
    /// The registered client that the request names, authenticated or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The first six bytes, in hexadecimal, of the SHA-256 of a `client_id` that nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_client: Option<String>,
    /// `grant_type` of a token request that was understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<&'static str>,
    /// The subject, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who acts for the subject with the access token issued: `sub` of its `act`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The grant, once its token proved genuine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// The generation at which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// The ledger stood behind a token it had issued: a backup was restored.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rolled_back: bool,
    /// A code or refresh token was presented that had been redeemed within the window: an impatient
    /// client, or a thief who was quick. Nothing has ended, so this is its only trace.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reused_within_grace: bool,
    /// What became of the person's claims at a refresh by a client that wants fresh ones: `renewed`,
    /// `the same`, or why the answer has those that were there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims_renewal: Option<Cow<'static, str>>,
    /// The trusted issuer of the token that was presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_issuer: Option<String>,
    /// The rule of that issuer that the token met, or came closest to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_rule: Option<String>,
    /// The condition of that rule that it did not meet: the claim and the kind of test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_condition: Option<String>,
    /// The scope of the access token issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// `aud` of the access token issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// `jti` of the access token issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The document that was written or removed: its kind and its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<String>,
    /// The wire error sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// Who is at fault for the error: `request`, `client`, `server` or `store`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Why, in more detail than the client learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'static, str>>,
    /// The store that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<&'static str>,
    /// What is to be noted once the request is answered; in no line of the log.
    #[serde(skip)]
    pub secret_use: Option<SecretUse>,
}

/// When a line of the log was made, which only a host knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time that has passed since 1970-01-01T00:00:00Z.
    pub since_1970: Duration,
}

/// A line of the log, as JSON.
#[derive(Serialize)]
struct LogLine<T> {
    /// RFC 3339, in UTC, with milliseconds.
    time: String,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u128>,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

impl From<Arrival> for Audit {
    /// The audit of a request of which nothing is known but its arrival.
    fn from(arrival: Arrival) -> Self {
        Self {
            request_id: arrival.request_id,
            client_address: arrival.address,
            ..Self::default()
        }
    }
}

impl Audit {
    /// The line that every host logs, one JSON object of at most [`LONGEST_LINE`] bytes. `level` is
    /// `error` where an operator should look, and `info` otherwise. `took` is how long the answer took.
    #[must_use]
    pub fn log_line(&self, made: Moment, took: Duration) -> String {
        let level = if self.status < 500 { "info" } else { "error" };
        let line = |audit: &Self| {
            to_json(&LogLine {
                time: made.rfc_3339(),
                level,
                duration_ms: Some(took.as_millis()),
                what: audit,
            })
        };
        let whole = line(self);
        if whole.len() <= LONGEST_LINE {
            return whole;
        }
        // What is left is bounded: names and ids are.
        let mut short = self.clone();
        short.scope = None;
        short.audience = None;
        for text in [&mut short.detail, &mut short.claims_renewal] {
            *text = text.as_deref().map(|text| shortened(text).into());
        }
        line(&short)
    }

    /// Makes this the audit of `response`: notes its status here, and the id of the request there, with what
    /// is to be done once it is sent. For the core's responses, and for those that a host makes of a request
    /// that it cannot read.
    pub fn attach_to<B>(mut self, response: &mut Response<B>) {
        self.status = response.status().as_u16();
        if let Some(id) = &self.request_id
            && let Ok(id) = HeaderValue::from_str(id.as_str())
        {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        if let Some(used) = self.secret_use.take() {
            response.extensions_mut().insert(used);
        }
        response.extensions_mut().insert(self);
    }

    /// Notes the id of a client that is not registered.
    pub(crate) fn note_unknown_client(&mut self, id: &str) {
        let mut hash = String::with_capacity(12);
        for byte in Sha256::digest(id).iter().take(6) {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        self.unknown_client = Some(hash);
    }
}

impl Moment {
    /// The line for what belongs to no request, with `level` `error`. The message is bounded like a
    /// reason; nothing that was sent may be in it.
    #[must_use]
    pub fn error_line(self, message: &str) -> String {
        let line = |message: &str| {
            to_json(&LogLine {
                time: self.rfc_3339(),
                level: "error",
                duration_ms: None,
                what: Message { message },
            })
        };
        let whole = line(message);
        if whole.len() <= LONGEST_LINE {
            return whole;
        }
        line(&shortened(message))
    }

    fn rfc_3339(self) -> String {
        let milliseconds = i64::try_from(self.since_1970.as_millis()).unwrap_or(i64::MAX);
        let timestamp = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX);
        format!("{timestamp:.3}")
    }
}

/// Strings and numbers only: serialization cannot fail, and makes text.
fn to_json(value: &impl Serialize) -> String {
    let mut line = Vec::with_capacity(USUAL_LINE);
    let _ = serde_json::to_writer(&mut line, value);
    String::from_utf8(line).unwrap_or_default()
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SHORT_DETAIL).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: Moment = Moment {
        since_1970: Duration::from_millis(1_893_456_000_042),
    };

    #[test]
    fn a_line_has_time_and_duration() {
        let audit = Audit {
            status: 200,
            ..Audit::default()
        };
        assert_eq!(
            audit.log_line(MADE, Duration::from_micros(7_900)),
            r#"{"time":"2030-01-01T00:00:00.042Z","level":"info","duration_ms":7,"status":200}"#
        );
        assert_eq!(
            MADE.error_line("no"),
            r#"{"time":"2030-01-01T00:00:00.042Z","level":"error","message":"no"}"#
        );
    }

    #[test]
    fn a_line_is_bounded_whatever_is_granted() {
        let control = "\u{1}";
        let audit = Audit {
            request_id: "r".repeat(64).parse().ok(),
            client_address: "2001:db8:1111:2222:3333:4444:5555:6666".parse().ok(),
            endpoint: Some("authorize_request"),
            status: 503,
            client_id: "\"".repeat(255).parse().ok(),
            grant_type: Some("urn:ietf:params:oauth:grant-type:device_code"),
            subject: Some(control.repeat(255)),
            scope: "s".repeat(60_000).parse().ok(),
            audience: Some(Audience::new(vec!["a".repeat(60_000), "b".to_owned()])),
            jti: Some("j".repeat(22)),
            error: Some("temporarily_unavailable"),
            fault: Some(Fault::Store),
            detail: Some(control.repeat(60_000).into()),
            claims_renewal: Some("c".repeat(60_000).into()),
            store: Some("durable_object"),
            ..Audit::default()
        };
        let took = Duration::from_secs(4);
        let line = audit.log_line(MADE, took);
        assert!(line.len() <= LONGEST_LINE, "{}", line.len());
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            line["client_address"],
            "2001:db8:1111:2222:3333:4444:5555:6666"
        );
        assert!(MADE.error_line(&control.repeat(60_000)).len() <= LONGEST_LINE);
        let audit = Audit {
            detail: None,
            claims_renewal: None,
            subject: None,
            scope: "read".parse().ok(),
            ..audit
        };
        let audit = Audit {
            audience: None,
            ..audit
        };
        assert!(audit.log_line(MADE, took).contains(r#""scope":"read""#));
    }
}
