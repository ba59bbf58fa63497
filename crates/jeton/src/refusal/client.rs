//! Faults of client authentication.

use http::{HeaderValue, header::WWW_AUTHENTICATE};

use super::{AssertionFault, ErrorCode, Fault, WireError};
use crate::client::SecretMethod;

/// Why client authentication failed (RFC 6749 §2.3). The response is the same `invalid_client` for
/// each, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// A client that must authenticate did not.
    #[error("no client authentication in the request")]
    Missing,
    /// Another scheme than Basic.
    #[error("the Authorization scheme is not Basic")]
    Scheme,
    /// Not client id and secret as RFC 7617 has them.
    #[error("the Basic credentials are malformed")]
    MalformedBasic,
    /// No client has this `client_id`, or the one that has it is disabled: then the audit names it.
    #[error("the client is unknown or disabled")]
    Unknown,
    /// None of the client's secrets, or an expired one.
    #[error("the secret is wrong or expired")]
    WrongSecret,
    /// The right secret by another method than the one registered.
    #[error("the client is registered for {0:?}")]
    WrongMethod(SecretMethod),
    /// A client that has no secret sent one.
    #[error("the client is public but sent a secret")]
    SecretOfPublicClient,
    /// A client that proves itself by assertions sent a secret.
    #[error("the client has no secret but sent one")]
    SecretInsteadOfAssertion,
    /// An assertion that is not accepted.
    #[error(transparent)]
    Assertion(#[from] AssertionFault),
}

impl ClientFault {
    pub(super) fn wire(&self) -> WireError {
        let fault = match self {
            Self::Assertion(fault) => fault.at_fault(),
            _ => Fault::Client,
        };
        // RFC 9110 §15.5.2 wants a challenge on every 401, also where the body authenticated.
        WireError::new(
            ErrorCode::INVALID_CLIENT,
            fault,
            "client authentication failed",
        )
        .with_header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"jeton\", charset=\"UTF-8\""),
        )
    }
}
