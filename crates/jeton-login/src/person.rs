//! A person, as an upstream says who they are.

use std::fmt;

use jeton::UnixTime;
use serde_json::{Map, Value};

/// A person who has just logged in at an upstream. `Debug` shows only where: the rest is theirs.
#[derive(Clone, PartialEq)]
pub(crate) struct Person {
    /// The upstream's issuer identifier. With `sub` it is who the person is; nothing else ever is.
    pub(crate) iss: String,
    /// Who they are there. Never empty.
    pub(crate) sub: String,
    /// What the upstream says of them: claims of the ID token and of `/userinfo`, or an API's answer, in the
    /// terms of OpenID Connect. `email` counts only with `email_verified: true`.
    pub(crate) claims: Map<String, Value>,
    /// When they proved it there, if the upstream says so.
    pub(crate) auth_time: Option<UnixTime>,
    /// How, in the upstream's words (RFC 8176).
    pub(crate) amr: Vec<String>,
    /// How well, in the upstream's words.
    pub(crate) acr: Option<String>,
    /// By which fresh claims are had later.
    pub(crate) refresh_token: Option<String>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("iss", &self.iss)
            .finish_non_exhaustive()
    }
}
