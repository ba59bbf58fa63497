//! Faults of a login that was accepted, at the browser that brings it back.

/// Why a login that the login application accepted opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoginFault {
    #[error("the way back from the login took too long")]
    Expired,
    #[error("the login began in another browser, or cookies are off")]
    Browser,
    #[error("the login has been used")]
    Used,
}
