//! Why a mock does not start.

use std::io;

use jeton::ConfigError;
use jeton_http::{NotListening, SelfSignedError};

use crate::{address::InvalidAddress, spec::InvalidSpec};

/// Why a mock does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A member of the description.
    #[error(transparent)]
    Spec(#[from] InvalidSpec),
    /// A `JETON_*` setting.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// An address of the description.
    #[error("{member}: expected {error}")]
    Address {
        /// `issuer_url`, `browser_url` or `backend_url`.
        member: &'static str,
        /// What is wrong with it.
        error: InvalidAddress,
    },
    /// The address to listen on.
    #[error(transparent)]
    Listen(#[from] NotListening),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] SelfSignedError),
    /// The thread that answers.
    #[error("the mock's own thread: {0}")]
    Thread(io::Error),
}
