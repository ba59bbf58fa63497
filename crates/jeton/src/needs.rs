//! What a deployment may lack.

/// What a feature needs of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// A ledger.
    Ledger,
    /// A ledger and a login application.
    Login,
}
