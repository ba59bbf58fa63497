//! Faults of a registration.

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{ErrorCode, Fault, WireError};
use crate::registration::InvalidMetadata;

/// When whoever has registered too many clients may try again, in seconds: a day is counted from its first.
const AN_HOUR: HeaderValue = HeaderValue::from_static("3600");

/// Why a client is not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RegistrationFault {
    /// RFC 7591 §3.2.2.
    #[error(transparent)]
    Metadata(#[from] InvalidMetadata),
    #[error("no more clients are registered today from this network, or by this client")]
    TooMany,
}

impl RegistrationFault {
    pub(super) fn wire(&self) -> WireError {
        let code = match self {
            Self::Metadata(InvalidMetadata::RedirectUri(_)) => ErrorCode::INVALID_REDIRECT_URI,
            Self::Metadata(InvalidMetadata::InvalidStatement) => {
                ErrorCode::INVALID_SOFTWARE_STATEMENT
            }
            Self::Metadata(InvalidMetadata::UnapprovedStatement) => {
                ErrorCode::UNAPPROVED_SOFTWARE_STATEMENT
            }
            Self::Metadata(
                InvalidMetadata::Member { .. }
                | InvalidMetadata::Together
                | InvalidMetadata::TooLong,
            ) => ErrorCode::INVALID_CLIENT_METADATA,
            Self::TooMany => ErrorCode::TEMPORARILY_UNAVAILABLE,
        };
        let wire = WireError::new(code, Fault::Request, self.to_string());
        match self {
            Self::TooMany => wire
                .with_status(StatusCode::TOO_MANY_REQUESTS)
                .with_header(RETRY_AFTER, AN_HOUR),
            Self::Metadata(_) => wire,
        }
    }
}

impl From<InvalidMetadata> for super::Refusal {
    fn from(invalid: InvalidMetadata) -> Self {
        RegistrationFault::from(invalid).into()
    }
}
