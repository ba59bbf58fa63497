use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Effect, Endpoint, InvalidEffect, Pattern};

/// Something that goes wrong on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a fault: a table with fault")]
pub struct Fault {
    /// The requests it acts on.
    #[serde(rename = "match", default, skip_serializing_if = "Matcher::is_empty")]
    pub matching: Matcher,
    /// It first acts on this one of the requests that match, counted from 1; then once, unless
    /// `times` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// How often it acts; absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub effect: Effect,
    /// Which tokens a token fault is about; absent: all in the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenKind>,
}

/// A token by its name in the token response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// RFC 6749 §1.4.
    AccessToken,
    /// OpenID Connect Core §2.
    IdToken,
}

/// Which requests: all that is named must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table of endpoint, method, client_id, grant_type, parameters"
)]
pub struct Matcher {
    /// Absent: wherever the effect has its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// RFC 9110 §9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Pattern>,
    /// Whoever the request names, by `Authorization: Basic`, in the body or in the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Pattern>,
    /// RFC 6749 §4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<Pattern>,
    /// Parameters of query or body.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Pattern>,
}

impl Matcher {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Fault {
    /// The fault of this name, which is the same word as in a configuration: `slow-2s`, `drop`,
    /// `invalid_client`, `wrong-key`, ….
    ///
    /// # Errors
    /// No fault has that name.
    pub fn named(name: &str) -> Result<Self, InvalidEffect> {
        Ok(Self::new(name.parse::<Effect>()?))
    }

    /// A fault that acts on every request where `effect` has its place.
    #[must_use]
    pub fn new(effect: impl Into<Effect>) -> Self {
        Self {
            matching: Matcher::default(),
            nth: None,
            times: None,
            effect: effect.into(),
            tokens: Vec::new(),
        }
    }

    /// Only at this endpoint.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.matching.endpoint = Some(endpoint);
        self
    }

    /// Only for this client.
    #[must_use]
    pub fn client_id(mut self, pattern: impl Into<Pattern>) -> Self {
        self.matching.client_id = Some(pattern.into());
        self
    }

    /// Only for this grant type.
    #[must_use]
    pub fn grant_type(mut self, pattern: impl Into<Pattern>) -> Self {
        self.matching.grant_type = Some(pattern.into());
        self
    }

    /// Only where the request has this parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, pattern: impl Into<Pattern>) -> Self {
        self.matching.parameters.insert(name.into(), pattern.into());
        self
    }

    /// First on this one of the requests that match, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = Some(nth);
        self
    }

    /// How often it acts.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only this token of the answer.
    #[must_use]
    pub fn token(mut self, token: TokenKind) -> Self {
        self.tokens.push(token);
        self
    }
}
