//! Production or development.

/// Whether a deployment is for production or for development: `JETON_DEVELOPMENT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An `http` issuer, short client secrets and the mock's keys are refused.
    Production,
    /// They are accepted.
    Development,
}
