//! The parts of a deployment that features depend on, and that it may lack.

/// What a feature needs of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing that a deployment may lack.
    Nothing,
    /// A ledger.
    Ledger,
    /// A ledger and a login application.
    Login,
    /// A registry that can be written.
    Registry,
}
