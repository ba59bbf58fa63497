//! Faults of codes, device codes and refresh tokens.

use std::borrow::Cow;

use super::{AssertionFault, ErrorCode, Fault, WireError};

/// Why a code, device code or refresh token yields no tokens now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantFault {
    #[error("the token has not the form of one")]
    Malformed,
    #[error("the code_verifier has not the form of one")]
    Verifier,
    #[error("the MAC does not hold: forged, of another client, or with another code_verifier")]
    Forged,
    #[error("the redirect_uri is missing or not that of the authorization request")]
    RedirectUri,
    #[error("there is no such grant")]
    Unknown,
    #[error("the grant was revoked or has expired")]
    Ended,
    #[error("the grant was opened before a cut-off")]
    CutOff,
    #[error("the code was redeemed a moment ago")]
    RedeemedJustNow,
    #[error("the code was redeemed before: the grant is revoked")]
    CodeReplayed,
    #[error("the refresh token of generation {presented} was superseded: the grant is revoked")]
    Reused {
        /// Its generation.
        presented: u32,
    },
    #[error("the scope exceeds what was granted")]
    ScopeNotGranted,
    #[error("the resource or audience exceeds what was granted")]
    AudienceNotGranted,
    #[error("the client is registered for nothing of the granted scope any more")]
    ScopeWithdrawn,
    #[error("the client is registered for none of the granted audiences any more")]
    AudiencesWithdrawn,
    #[error("the client is registered for no refresh tokens of such a grant any more")]
    RefreshWithdrawn,
    #[error("the claims for a token are too long, as the client is registered now")]
    ClaimsTooLong,
    #[error("the subject is the id of a client")]
    Subject,
    #[error("the person may no longer be logged in: {0}")]
    Person(Cow<'static, str>),
    #[error("nobody has decided yet")]
    AuthorizationPending,
    #[error("polled again within the interval")]
    SlowDown,
    #[error("the person denied the device")]
    DeviceDenied,
    #[error("the device code has expired")]
    DeviceExpired,
    #[error(transparent)]
    Assertion(#[from] AssertionFault),
}

impl GrantFault {
    /// Whether the token that was presented can never be redeemed again.
    pub(crate) const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Malformed
                | Self::Verifier
                | Self::Forged
                | Self::RedirectUri
                | Self::Unknown
                | Self::Ended
                | Self::CutOff
                | Self::Subject
                | Self::RedeemedJustNow
                | Self::CodeReplayed
                | Self::Reused { .. }
        )
    }

    pub(super) fn wire(&self) -> WireError {
        let (code, fault, description) = match self {
            Self::Assertion(fault) => {
                let description = fault.public_text();
                return WireError::new(ErrorCode::INVALID_GRANT, fault.at_fault(), description);
            }
            // A replay is somebody's attack or bug; the rest happens to everyone.
            Self::CodeReplayed | Self::Reused { .. } => {
                (ErrorCode::INVALID_GRANT, Fault::Client, INVALID_GRANT)
            }
            Self::Malformed
            | Self::Verifier
            | Self::Forged
            | Self::RedirectUri
            | Self::Unknown
            | Self::Ended
            | Self::CutOff
            | Self::Subject
            | Self::Person(_)
            | Self::RedeemedJustNow => (ErrorCode::INVALID_GRANT, Fault::Request, INVALID_GRANT),
            Self::ScopeNotGranted => (
                ErrorCode::INVALID_SCOPE,
                Fault::Client,
                "the scope exceeds what was granted",
            ),
            Self::ScopeWithdrawn | Self::RefreshWithdrawn => (
                ErrorCode::INVALID_SCOPE,
                Fault::Client,
                "the client is not registered for the granted scope any more",
            ),
            Self::AudiencesWithdrawn => (
                ErrorCode::INVALID_TARGET,
                Fault::Client,
                "the client is not registered for the granted audiences any more",
            ),
            // A login that begins anew tells the login application.
            Self::ClaimsTooLong => (
                ErrorCode::INVALID_GRANT,
                Fault::Client,
                "the claims about the person are too long for a token",
            ),
            Self::AudienceNotGranted => (
                ErrorCode::INVALID_TARGET,
                Fault::Client,
                "the resource or audience exceeds what was granted",
            ),
            Self::AuthorizationPending => (
                ErrorCode::AUTHORIZATION_PENDING,
                Fault::Request,
                "the authorization request is still pending",
            ),
            Self::SlowDown => (
                ErrorCode::SLOW_DOWN,
                Fault::Client,
                "poll less often: add 5 seconds to the interval",
            ),
            Self::DeviceDenied => (
                ErrorCode::ACCESS_DENIED,
                Fault::Request,
                "the authorization request was denied",
            ),
            Self::DeviceExpired => (
                ErrorCode::EXPIRED_TOKEN,
                Fault::Request,
                "the device code has expired",
            ),
        };
        WireError::new(code, fault, description)
    }
}

/// The description of `invalid_grant`: the same for every reason, so that nobody learns which part of
/// a stolen token was right.
const INVALID_GRANT: &str =
    "the grant is invalid, expired or revoked, or was issued to another client";
