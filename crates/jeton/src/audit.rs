//! The audit of a request: what was decided, for whom and why. The host logs one with each response.

use std::borrow::Cow;

use serde::Serialize;

use crate::{client::ClientId, ledger::GrantId, refusal::Fault, time::UnixTime};

/// What one request was and what became of it, attached to its response as an extension. Never
/// holds a secret or a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The endpoint: `token`, `jwks`, …; absent where no endpoint was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<&'static str>,
    /// The HTTP status sent.
    pub status: u16,
    /// The client, once authenticated, or the one it claimed to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// `grant_type` of a token request that was understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<&'static str>,
    /// The subject, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
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
    /// `jti` of the access token issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
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
}

/// The audit as a line of the log.
#[derive(Serialize)]
struct LogLine<'a> {
    time: UnixTime,
    level: &'static str,
    #[serde(flatten)]
    audit: &'a Audit,
}

impl Audit {
    /// The line every host logs: one JSON object, `level` being `error` where an operator should
    /// look and `info` otherwise.
    #[must_use]
    pub fn log_line(&self, now: UnixTime) -> String {
        let level = if self.status < 500 { "info" } else { "error" };
        let line = LogLine {
            time: now,
            level,
            audit: self,
        };
        // Strings and numbers only: serialization cannot fail.
        serde_json::to_string(&line).unwrap_or_default()
    }
}
