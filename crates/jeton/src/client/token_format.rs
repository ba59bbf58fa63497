//! The format of access tokens.

use serde::{Deserialize, Serialize};

/// The format of access tokens: `access_token_format` (ours) of a client or of an API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A JWT (RFC 9068).
    #[default]
    Jwt,
    /// Sealed: only this server can read it.
    Opaque,
}
