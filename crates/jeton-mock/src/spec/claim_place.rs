use serde::{Deserialize, Serialize};

/// A place, beside `/userinfo`, that claims of a user go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimPlace {
    /// ID tokens (OpenID Connect Core §2).
    IdToken,
    /// Access tokens that are JWTs (RFC 9068 §2.2).
    AccessToken,
    /// What `/introspect` says of an active token (RFC 7662 §2.2).
    Introspection,
}
