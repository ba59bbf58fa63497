use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Pattern;

/// What tokens and answers say besides, where a request matches. A claim set to null is left out.
///
/// In texts `${name}` is what is known: `client_id`, `subject`, `issuer`, `issuer_name`, `base` (the
/// issuer's address, without a final slash), `scope`, `scopes` (a list), `scopes.PATTERN` (what
/// `*` stands for in those that are so, a list; in a list it is more items), `grant_type`, `now`,
/// `user.NAME` (a claim of the user), `claims.NAME` (one of the token or answer that is made),
/// `uuid:NAME` (the subject's own, always the same), a parameter that OAuth or OpenID Connect
/// registers, or `parameters.NAME`. `${a|b}` is the first that is there. Alone in a text it is the JSON value,
/// and where nothing is there the claim is not added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a rule: a table of match and claims"
)]
pub struct ClaimRule {
    /// Which requests.
    #[serde(rename = "match", skip_serializing_if = "ClaimMatch::is_empty")]
    pub matching: ClaimMatch,
    /// In the ID token.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub id_token: Map<String, Value>,
    /// In the access token, if it is a JWT.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub access_token: Map<String, Value>,
    /// At `/userinfo`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub userinfo: Map<String, Value>,
    /// In what `/introspect` says of an active token (RFC 7662 §2.2).
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub introspection: Map<String, Value>,
    /// In the token response itself (RFC 6749 §5.1).
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub response: Map<String, Value>,
    /// In the refresh token, which leaves as a JWT then, as some vendors' do and their clients read it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub refresh_token: Map<String, Value>,
    /// In the access token's JOSE header (RFC 7515 §4), such as `typ`; never `alg`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub access_token_header: Map<String, Value>,
    /// In the ID token's JOSE header.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub id_token_header: Map<String, Value>,
    /// How long both tokens live, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<u64>,
    /// No rule after this one, where it matches.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
    /// Of the next login that matches it only: it goes with the grant that gets its first tokens then, to
    /// all its tokens and answers, and is no longer the issuer's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub next_login: bool,
}

/// Which requests: all that is named must match. Parameters are those of the token request, and of
/// the requests its grant began with; `/userinfo` is answered by those of its access token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table of client_id, grant_type, scope, subject, parameters"
)]
pub struct ClaimMatch {
    /// Whoever authenticated, by `Authorization: Basic` or in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Pattern>,
    /// RFC 6749 §4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<Pattern>,
    /// Any one token of the granted scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Pattern>,
    /// The token's `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Pattern>,
    /// Parameters of the request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Pattern>,
}

impl ClaimMatch {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ClaimRule {
    /// A rule for every request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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

    /// Only where a token of the granted scope is so.
    #[must_use]
    pub fn scope(mut self, pattern: impl Into<Pattern>) -> Self {
        self.matching.scope = Some(pattern.into());
        self
    }

    /// Only for this `sub`.
    #[must_use]
    pub fn subject(mut self, pattern: impl Into<Pattern>) -> Self {
        self.matching.subject = Some(pattern.into());
        self
    }

    /// Only where the request has this parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, pattern: impl Into<Pattern>) -> Self {
        self.matching.parameters.insert(name.into(), pattern.into());
        self
    }

    /// A claim of the ID token.
    #[must_use]
    pub fn id_token(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.id_token.insert(name.into(), value.into());
        self
    }

    /// A claim of the access token.
    #[must_use]
    pub fn access_token(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.access_token.insert(name.into(), value.into());
        self
    }

    /// A claim at `/userinfo`.
    #[must_use]
    pub fn userinfo(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.userinfo.insert(name.into(), value.into());
        self
    }

    /// A member of the introspection response (RFC 7662 §2.2).
    #[must_use]
    pub fn introspection(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.introspection.insert(name.into(), value.into());
        self
    }

    /// A claim of the refresh token, which leaves as a JWT then.
    #[must_use]
    pub fn refresh_token(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.refresh_token.insert(name.into(), value.into());
        self
    }

    /// A member of the access token's JOSE header, such as `typ`; never `alg`.
    #[must_use]
    pub fn access_token_header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.access_token_header.insert(name.into(), value.into());
        self
    }

    /// A member of the ID token's JOSE header; never `alg`.
    #[must_use]
    pub fn id_token_header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.id_token_header.insert(name.into(), value.into());
        self
    }

    /// Only for the next login that matches.
    #[must_use]
    pub fn next_login(mut self) -> Self {
        self.next_login = true;
        self
    }

    /// A member of the token response (RFC 6749 §5.1).
    #[must_use]
    pub fn response(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.response.insert(name.into(), value.into());
        self
    }
}
