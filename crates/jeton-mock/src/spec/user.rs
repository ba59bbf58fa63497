use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A user who can log in.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a user: a table with sub")]
pub struct User {
    /// OpenID Connect Core §2.
    pub sub: String,
    /// The name on the login page; the subject where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they log in with by the grant `password`, where it is strict; a lenient issuer takes any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Their claims, the standard ones by scope (OpenID Connect Core §5.4): at `/userinfo`, in ID tokens and
    /// in introspection, unless [`IssuerSpec::user_claims`](crate::IssuerSpec::user_claims) or the client's
    /// record says otherwise. Absent: an example of each standard claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Map<String, Value>>,
    /// What their ID tokens say besides.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub id_token: Map<String, Value>,
    /// What their access tokens say besides.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub access_token: Map<String, Value>,
    /// What `/userinfo` says of them besides, whatever the scope.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub userinfo: Map<String, Value>,
}

/// Without the password.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("sub", &self.sub)
            .field("name", &self.name)
            .field("password", &self.password.as_ref().map(|_| "[redacted]"))
            .field("claims", &self.claims)
            .field("id_token", &self.id_token)
            .field("access_token", &self.access_token)
            .field("userinfo", &self.userinfo)
            .finish()
    }
}

impl User {
    /// A user with an example of each standard claim.
    #[must_use]
    pub fn new(sub: impl Into<String>) -> Self {
        Self {
            sub: sub.into(),
            ..Self::default()
        }
    }

    /// The name on the login page.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What they log in with by the grant `password`.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// One of their claims, in place of the examples.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let claims = self.claims.get_or_insert_default();
        claims.insert(name.into(), value.into());
        self
    }

    /// A claim of their ID tokens.
    #[must_use]
    pub fn id_token_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.id_token.insert(name.into(), value.into());
        self
    }

    /// A claim of their access tokens.
    #[must_use]
    pub fn access_token_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.access_token.insert(name.into(), value.into());
        self
    }

    /// A claim at `/userinfo`, whatever the scope.
    #[must_use]
    pub fn userinfo_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.userinfo.insert(name.into(), value.into());
        self
    }

    /// The claims that a grant begins with: their own, or an example of each.
    pub(crate) fn grant_claims(&self) -> Map<String, Value> {
        self.claims
            .clone()
            .unwrap_or_else(|| example_claims(&self.sub))
    }

    /// Whether their tokens say more than others'.
    pub(crate) fn adds_claims(&self) -> bool {
        !(self.id_token.is_empty() && self.access_token.is_empty() && self.userinfo.is_empty())
    }

    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.sub)
    }
}

/// Claims for every standard scope.
fn example_claims(subject: &str) -> Map<String, Value> {
    let claims = serde_json::json!({
        "name": subject,
        "given_name": subject,
        "family_name": "Example",
        "preferred_username": subject,
        "locale": "en",
        "updated_at": 1_700_000_000,
        "email": format!("{subject}@example.com"),
        "email_verified": true,
        "phone_number": "+1 555 0100",
        "phone_number_verified": true,
        "address": { "formatted": "1 Example Street", "country": "Example" },
    });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}
