//! Whether a deployment is for real.

/// What a deployment is for: `JETON_DEVELOPMENT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing that everyone knows or can read is taken for a secret or an issuer.
    Production,
    /// An `http` issuer, short secrets and the mock's keys will do.
    Development,
}
