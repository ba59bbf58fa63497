//! Faults of JWTs by which others vouch: client assertions, assertions as grants, tokens to exchange.

use super::{Fault, Refusal};
use crate::{crypto::CryptoError, fetch::Unreachable, jose::JwtFault, unavailable::Unavailable};

/// Why a JWT of a client or of a trusted issuer is not accepted (RFC 7523 §3). What that is on the wire is
/// said by whoever was given the JWT.
///
/// The texts hold nothing of the JWT and nothing of the rules: which rule failed is in the audit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionFault {
    /// Not a JWT that one of the keys signed.
    #[error("the assertion: {0}")]
    Jwt(#[from] JwtFault),
    /// `client_assertion_type` is none that is supported.
    #[error("the type of the assertion is not supported")]
    Type,
    /// `typ` is that of another kind of JWT (RFC 8725 §3.11).
    #[error("the typ of the assertion is that of another kind of token")]
    Typ,
    /// A claim that must be there is not, or is of another JSON type.
    #[error("the claim {0} is missing or malformed")]
    Claim(&'static str),
    /// `exp` is past.
    #[error("the assertion has expired")]
    Expired,
    /// `exp` is further ahead than an assertion may live.
    #[error("the assertion expires too far in the future")]
    FarFuture,
    /// `iat` or `nbf` is ahead.
    #[error("the assertion is not valid yet")]
    NotYet,
    /// `aud` is another, or one of several.
    #[error("the audience is not this server alone")]
    Audience,
    /// A `jti` that was accepted before.
    #[error("the assertion was used before")]
    Replayed,
    /// It asks for what is not done here: that what is issued is bound to a key (`cnf`) or to details (RFC
    /// 9396), or that it says who acts.
    #[error("the claim {0} asks for what is not supported")]
    Bound(&'static str),
    /// The keys to verify it with could not be got.
    #[error("its keys: {0}")]
    Keys(Unreachable),
    /// `client_id`, or the client that authenticated, is another.
    #[error("the assertion is another client's")]
    OtherClient,
    /// The client has no keys to verify it with.
    #[error("the client is not registered for private_key_jwt")]
    NoClientKeys,
    /// No trusted issuer is called so, or it is disabled.
    #[error("the issuer is not trusted")]
    Issuer,
    /// No rule of the issuer is met.
    #[error("no rule accepts the assertion")]
    Rule,
    /// Rules for several clients are met, and none was named.
    #[error("rules accept the assertion for several clients: client_id must name one")]
    SeveralClients,
    /// The client of the rule is unknown, disabled or public.
    #[error("the client of the rule is unknown, disabled or public")]
    RuleClient,
    /// Of what the client is registered for the rule lets it have nothing.
    #[error("the rule leaves the client no scope or no audience")]
    RuleLeavesNothing,
    /// The subject would be a person as they are known inside, whom the client may not know so.
    #[error("the rule is about people, of whom its client has pairwise subjects")]
    RuleSubject,
    /// It is a token of this server.
    #[error("the assertion is this server's own token")]
    OwnToken,
}

impl AssertionFault {
    /// Who is at fault. Keys that cannot be had are nobody's who sends a JWT.
    pub(super) const fn at_fault(&self) -> Fault {
        match self {
            Self::Keys(_) => Fault::Server,
            _ => Fault::Client,
        }
    }

    /// What is told of it to whoever sent it: what is wrong with the JWT itself. Of what is decided with the
    /// trust documents it is always the same, so that nobody learns whom this server trusts, or for whom.
    pub(super) fn public_text(&self) -> String {
        match self {
            Self::Issuer
            | Self::Rule
            | Self::RuleClient
            | Self::RuleSubject
            | Self::RuleLeavesNothing
            | Self::Audience
            | Self::Typ
            | Self::Keys(_)
            | Self::Claim("jti")
            | Self::Jwt(
                JwtFault::Algorithm
                | JwtFault::OwnKey
                | JwtFault::NoKey
                | JwtFault::Signature
                | JwtFault::Host(_),
            ) => {
                "no rule accepts the assertion: see its issuer, audience and claims; the log of the server says more".to_owned()
            }
            _ => self.to_string(),
        }
    }
}

/// Why a JWT of others was not accepted: for a fault of its own, or because we could not tell.
#[derive(Debug)]
pub(crate) enum NotAccepted {
    /// The JWT is at fault. What it was for decides the wire error.
    Fault(AssertionFault),
    /// A store, our cryptography, or too many requests for its keys.
    Refusal(Box<Refusal>),
}

impl NotAccepted {
    /// The refusal, where a fault of the JWT is what `of` makes of it.
    pub(crate) fn refused_as<F: Into<Refusal>>(self, of: fn(AssertionFault) -> F) -> Refusal {
        match self {
            Self::Fault(fault) => of(fault).into(),
            Self::Refusal(refusal) => *refusal,
        }
    }
}

impl From<AssertionFault> for NotAccepted {
    fn from(fault: AssertionFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<JwtFault> for NotAccepted {
    fn from(fault: JwtFault) -> Self {
        match fault {
            JwtFault::Host(error) => error.into(),
            fault => Self::Fault(fault.into()),
        }
    }
}

impl From<Unreachable> for NotAccepted {
    /// Where enough requests for the keys are under way, nothing is known of the JWT.
    fn from(why: Unreachable) -> Self {
        match why {
            Unreachable::Busy => Unavailable::new("fetch", why).into(),
            why => Self::Fault(AssertionFault::Keys(why)),
        }
    }
}

impl From<Refusal> for NotAccepted {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(Box::new(refusal))
    }
}

impl From<Unavailable> for NotAccepted {
    fn from(error: Unavailable) -> Self {
        Refusal::from(error).into()
    }
}

impl From<CryptoError> for NotAccepted {
    fn from(error: CryptoError) -> Self {
        Refusal::from(error).into()
    }
}
