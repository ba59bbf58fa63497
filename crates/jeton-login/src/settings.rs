//! `JETON_LOGIN`: the JSON object by which a deployment has its own login application.

use std::collections::BTreeMap;

use jeton::{ClientId, Mode, Reach, Seconds};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    allow::{Allow, AllowRecord},
    ways::{Way, WayRecord},
};

/// The settings of the login application, parsed and checked.
#[derive(Clone, Debug)]
pub struct LoginSettings {
    /// The ways to log in, in the order in which people see them. Never empty; no two have an id in common.
    pub(crate) ways: Vec<Way>,
    /// Who may log in, whatever way they come; each way may ask for more.
    pub(crate) allow: Allow,
    /// Who may log in to single clients, besides.
    pub(crate) clients: BTreeMap<ClientId, Allow>,
    pub(crate) sessions: SessionLifetimes,
    pub(crate) name: Option<String>,
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionLifetimes {
    /// Since it was last used.
    pub(crate) idle: Seconds,
    /// Since the person logged in.
    pub(crate) absolute: Seconds,
}

/// Why `JETON_LOGIN` is refused: the member, and what is expected of it. Never what it is, which may be a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {expected}")]
pub struct InvalidLogin {
    place: String,
    expected: String,
}

impl InvalidLogin {
    pub(crate) fn new(place: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            expected: expected.into(),
        }
    }

    /// The same, at `place` of something larger.
    pub(crate) fn within(self, place: impl core::fmt::Display) -> Self {
        let separator = if self.place.is_empty() || self.place.starts_with('[') {
            ""
        } else {
            "."
        };
        Self {
            place: format!("{place}{separator}{}", self.place),
            ..self
        }
    }
}

/// `JETON_LOGIN`, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    providers: Vec<WayRecord>,
    #[serde(default)]
    allow: AllowRecord,
    #[serde(default)]
    clients: BTreeMap<String, ClientRecord>,
    #[serde(default)]
    session: SessionRecord,
    name: Option<String>,
    #[serde(default)]
    claims: Vec<Map<String, Value>>,
}

/// What is asked of people at one client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientRecord {
    #[serde(default)]
    allow: AllowRecord,
}

/// The lifetimes of sessions, in seconds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SessionRecord {
    idle: u64,
    absolute: u64,
}

impl Default for SessionRecord {
    fn default() -> Self {
        Self {
            idle: 24 * 3600,
            absolute: 7 * 24 * 3600,
        }
    }
}
