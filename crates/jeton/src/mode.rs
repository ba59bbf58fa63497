//! Production or development.

use std::str::FromStr;

/// Whether a deployment is for production or for development: `JETON_DEVELOPMENT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An `http` issuer, weak client secrets and the mock's keys are refused.
    Production,
    /// They are accepted.
    Development,
}

/// The text is not a `JETON_DEVELOPMENT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("true or false")]
pub struct InvalidMode;

impl FromStr for Mode {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        match text {
            "true" => Ok(Self::Development),
            "false" => Ok(Self::Production),
            _ => Err(InvalidMode),
        }
    }
}
