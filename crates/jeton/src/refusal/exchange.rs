//! Faults of a token exchange.

use super::{AssertionFault, ErrorCode, Fault, WireError};
use crate::delegation::{MOST_ACTORS, MOST_EXCHANGES};

/// Why a token is not exchanged (RFC 8693 §2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExchangeFault {
    #[error("the requested_token_type is another than access_token")]
    RequestedType,
    #[error("actor_token and actor_token_type go together")]
    HalfActor,
    #[error("no token of this type is exchanged")]
    TokenType,
    #[error(transparent)]
    Foreign(#[from] AssertionFault),
    #[error("the token of another issuer has actors that cannot be taken over")]
    ForeignActor,
    #[error("the subject token is expired, revoked or not ours")]
    Subject,
    #[error("the actor token is expired, revoked or not ours")]
    Actor,
    #[error("the subject token is neither the client's nor for it")]
    OthersSubject,
    #[error("the actor token is another client's")]
    OthersActor,
    #[error("the actor token has an actor itself")]
    ActingActor,
    #[error("the token is bound to a key, of which the request has no proof")]
    Bound,
    #[error("the subject token names another as who may act")]
    MayAct,
    #[error("the chain would have more than {MOST_ACTORS} actors, or too long names")]
    TooManyActors,
    #[error("the token would come of more than {MOST_EXCHANGES} exchanges")]
    TooManyExchanges,
    #[error("no rule for the client is met by the subject token, or they are disabled")]
    Rule,
    #[error("the scope exceeds the subject token's")]
    Scope,
    #[error("the client is registered for nothing of the subject token's scope")]
    NoScope,
    #[error("the resource or audience exceeds the subject token's")]
    Target,
    #[error("the client is registered for no audience of the subject token")]
    NoTarget,
}

impl ExchangeFault {
    pub(super) fn wire(&self) -> WireError {
        let (code, description) = match self {
            Self::Foreign(fault) => {
                let description = fault.public_text();
                return WireError::new(ErrorCode::INVALID_REQUEST, fault.at_fault(), description);
            }
            Self::RequestedType => (
                ErrorCode::INVALID_REQUEST,
                "the requested_token_type is not supported",
            ),
            Self::HalfActor => (
                ErrorCode::INVALID_REQUEST,
                "actor_token and actor_token_type go together",
            ),
            Self::TokenType => (ErrorCode::INVALID_REQUEST, "a token type is not supported"),
            Self::Subject
            | Self::ForeignActor
            | Self::Actor
            | Self::OthersSubject
            | Self::OthersActor
            | Self::ActingActor
            | Self::Bound
            | Self::MayAct
            | Self::TooManyActors
            | Self::TooManyExchanges
            | Self::Rule => (ErrorCode::INVALID_REQUEST, UNACCEPTABLE),
            Self::Scope => (
                ErrorCode::INVALID_SCOPE,
                "the scope exceeds that of the subject token",
            ),
            Self::NoScope => (
                ErrorCode::INVALID_SCOPE,
                "the client is not registered for the scope of the subject token",
            ),
            Self::Target => (
                ErrorCode::INVALID_TARGET,
                "the resource or audience exceeds that of the subject token",
            ),
            Self::NoTarget => (
                ErrorCode::INVALID_TARGET,
                "the client is not registered for an audience of the subject token",
            ),
        };
        WireError::new(code, Fault::Client, description)
    }
}

/// The description of `invalid_request` for an unacceptable token of ours: the same for every reason, so that
/// nobody learns which part of a stolen one was right.
const UNACCEPTABLE: &str = "the subject_token or actor_token is not acceptable";
