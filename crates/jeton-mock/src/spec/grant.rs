use std::fmt;

use serde::{Deserialize, Serialize};

/// A grant that the mock has and the server does not: production refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "lowercase",
    expecting = "a grant of the mock's own: password, implicit or hybrid"
)]
pub enum Grant {
    /// The name and the password of a user (RFC 6749 §4.3).
    Password,
    /// Tokens from the authorization endpoint, and no code (RFC 6749 §4.2, OpenID Connect Core §3.2).
    Implicit,
    /// Tokens from the authorization endpoint, and a code (OpenID Connect Core §3.3).
    Hybrid,
}

impl Grant {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Password, Self::Implicit, Self::Hybrid];

    /// Its name, as it stands in `grants`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Implicit => "implicit",
            Self::Hybrid => "hybrid",
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
