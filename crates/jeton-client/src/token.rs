//! Tokens, and what is asked for.

use std::{
    collections::BTreeSet,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Error;

/// How long a token is taken to live whose server does not say.
const UNSAID_LIFETIME: Duration = Duration::from_secs(60);

/// What a token is asked for: scope and resources, both of which may be left to the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TokenRequest {
    scope: BTreeSet<String>,
    resources: Vec<String>,
}

impl TokenRequest {
    /// Whatever the server gives the client if nothing is asked for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With these scope tokens, separated by spaces (RFC 6749 §3.3). Their order does not matter.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scope
            .extend(scope.split_whitespace().map(str::to_owned));
        self
    }

    /// For this resource (RFC 8707), beside those named before.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    pub(crate) fn form(&self) -> Vec<(&'static str, String)> {
        let mut form = Vec::new();
        if let Some(scope) = self.scope_text() {
            form.push(("scope", scope));
        }
        form.extend(self.resources.iter().map(|one| ("resource", one.clone())));
        form
    }

    pub(crate) fn scope_text(&self) -> Option<String> {
        let tokens: Vec<&str> = self.scope.iter().map(String::as_str).collect();
        (!tokens.is_empty()).then(|| tokens.join(" "))
    }
}

/// An access token. What `{:?}` prints does not have its text.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Parts);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Parts {
    access_token: String,
    token_type: TokenType,
    expires_at: Duration,
    lifetime: Duration,
    scope: Option<String>,
}

/// How a session's record has an access token: for all others it is not to be serialized.
pub(crate) mod kept {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{AccessToken, Parts};

    pub(crate) fn serialize<S: Serializer>(
        token: &AccessToken,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        token.0.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<AccessToken, D::Error> {
        Parts::deserialize(deserializer).map(AccessToken)
    }
}

/// How a token is presented to an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TokenType {
    /// By itself (RFC 6750).
    Bearer,
    /// With a proof for each request (RFC 9449).
    #[serde(rename = "DPoP")]
    Dpop,
}

impl TokenType {
    /// The word for it, as it stands before the token in `Authorization`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

impl AccessToken {
    /// The token itself.
    #[must_use]
    pub fn access_token(&self) -> &str {
        &self.0.access_token
    }

    /// How it is presented.
    #[must_use]
    pub fn token_type(&self) -> TokenType {
        self.0.token_type
    }

    /// When it expires: reckoned from when it was asked for, so rather too early than too late.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        UNIX_EPOCH + self.0.expires_at
    }

    /// The scope it has: what the server said, or else what was asked for.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// Takes it to have what was asked for, where the server did not say otherwise (RFC 6749 §5.1).
    pub(crate) fn or_scope(&mut self, asked: &str) {
        self.0.scope.get_or_insert_with(|| asked.to_owned());
    }

    pub(crate) fn expired(&self, now: Duration) -> bool {
        self.0.expires_at <= now
    }

    /// From when on it is refreshed: `part` of its lifetime before the end, at least 5 s.
    pub(crate) fn refresh_at(&self, part: f64) -> Duration {
        let margin = self.0.lifetime.mul_f64(part).max(Duration::from_secs(5));
        self.0.expires_at.saturating_sub(margin)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("access_token", &"[redacted]")
            .field("token_type", &self.0.token_type)
            .field("expires_at", &self.0.expires_at.as_secs())
            .field("scope", &self.0.scope)
            .finish()
    }
}

/// What a token endpoint answers (RFC 6749 §5.1).
#[derive(Clone)]
pub(crate) struct TokenResponse {
    pub(crate) access: AccessToken,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: Option<String>,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.access, f)
    }
}

impl TokenResponse {
    /// Reads the answer to a request that was sent at `sent_at` for `scope`.
    pub(crate) fn parse(
        answer: &Map<String, Value>,
        sent_at: Duration,
        scope: Option<String>,
    ) -> Result<Self, Error> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let access_token = text("access_token")
            .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| Error::response("the token endpoint answered no access_token"))?;
        let token_type = match text("token_type") {
            Some(word) if word.eq_ignore_ascii_case("Bearer") => TokenType::Bearer,
            Some(word) if word.eq_ignore_ascii_case("DPoP") => TokenType::Dpop,
            _ => {
                return Err(Error::response(
                    "the token endpoint answered a token_type other than Bearer and DPoP",
                ));
            }
        };
        let lifetime = match answer.get("expires_in") {
            None | Some(Value::Null) => UNSAID_LIFETIME,
            Some(value) => seconds(value).ok_or_else(|| {
                Error::response("the token endpoint answered no number as expires_in")
            })?,
        };
        Ok(Self {
            access: AccessToken(Parts {
                access_token: access_token.to_owned(),
                token_type,
                expires_at: sent_at.saturating_add(lifetime),
                lifetime,
                scope: text("scope").map(str::to_owned).or(scope),
            }),
            refresh_token: text("refresh_token")
                .filter(|token| !token.is_empty())
                .map(str::to_owned),
            id_token: text("id_token").map(str::to_owned),
        })
    }
}

/// A number of seconds, which some servers write as a text; at most a century of them.
pub(crate) fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.parse().ok()?,
        number => number.as_f64()?,
    };
    let whole = seconds.is_finite().then(|| seconds.clamp(0.0, 3.2e9))?;
    Duration::try_from_secs_f64(whole.floor()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(answer: Value) -> Result<TokenResponse, Error> {
        let asked = Some("read".to_owned());
        TokenResponse::parse(answer.as_object().unwrap(), Duration::from_secs(100), asked)
    }

    #[test]
    fn reads_what_servers_answer() {
        let check = |answer, expires_at, token_type, scope| {
            let token = parse(answer).unwrap().access;
            assert_eq!(token.0.expires_at, Duration::from_secs(expires_at));
            assert_eq!(token.token_type(), token_type);
            assert_eq!(token.scope(), Some(scope));
        };
        let bearer = TokenType::Bearer;
        check(
            json!({"access_token":"a","token_type":"bearer","expires_in":300,"scope":"write"}),
            400,
            bearer,
            "write",
        );
        check(
            json!({"access_token":"a","token_type":"Bearer","expires_in":"300"}),
            400,
            bearer,
            "read",
        );
        check(
            json!({"access_token":"a","token_type":"Bearer"}),
            160,
            bearer,
            "read",
        );
        check(
            json!({"access_token":"a","token_type":"Bearer","expires_in":-5}),
            100,
            bearer,
            "read",
        );
        check(
            json!({"access_token":"a","token_type":"dpop","expires_in":1e300}),
            3_200_000_100,
            TokenType::Dpop,
            "read",
        );
    }

    #[test]
    fn refuses_what_none_may_answer() {
        for answer in [
            json!({}),
            json!({"access_token":"","token_type":"Bearer"}),
            json!({"access_token":"a\r\nb","token_type":"Bearer"}),
            json!({"access_token":7,"token_type":"Bearer"}),
            json!({"access_token":"a"}),
            json!({"access_token":"a","token_type":"mac"}),
            json!({"access_token":"a","token_type":"Bearer","expires_in":"soon"}),
        ] {
            assert!(parse(answer.clone()).is_err(), "{answer}");
        }
    }

    #[test]
    fn is_refreshed_ahead_of_its_end() {
        let at = |lifetime, part| {
            let answer = json!({"access_token":"a","token_type":"Bearer","expires_in":lifetime});
            parse(answer).unwrap().access.refresh_at(part).as_secs()
        };
        assert_eq!(at(1000, 0.1), 1000);
        assert_eq!(at(1000, 0.2), 900);
        assert_eq!(at(20, 0.1), 115);
        assert_eq!(at(2, 0.1), 97);
    }

    #[test]
    fn is_not_printed() {
        let answer =
            json!({"access_token":"hunter2","token_type":"Bearer","refresh_token":"hunter3"});
        let printed = format!("{:?}", parse(answer).unwrap());
        assert!(!printed.contains("hunter"), "{printed}");
    }

    #[test]
    fn the_order_of_a_scope_does_not_matter() {
        let one = TokenRequest::new().scope("write  read").scope("read");
        assert_eq!(one, TokenRequest::new().scope("read write"));
        assert_eq!(one.form(), [("scope", "read write".to_owned())]);
    }
}
