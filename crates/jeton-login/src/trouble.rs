//! What can go wrong with a login at an upstream.

use jeton::{JwtFault, LEEWAY, Unreachable};

/// Why an upstream did not say who the person is. No text of the upstream is in it, so it may be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// It does not answer, or not in time, or not as its protocol says.
    #[error("{what}: {why}")]
    Unreachable {
        /// What was asked: `metadata`, `keys`, `token`, `userinfo`.
        what: &'static str,
        why: Unreachable,
    },
    /// It refused, and did not say who the person is (RFC 6749 §4.1.2.1): a word of ours for its code.
    #[error("the provider answered {0}")]
    Refused(&'static str),
    /// The person said no there.
    #[error("the person said no at the provider")]
    Denied,
    /// It refused our code, secret or address (RFC 6749 §5.2): a word of ours for its code. The operator has to
    /// look.
    #[error("the provider's token endpoint answered {0}")]
    TokenRefused(&'static str),
    /// The ID token is not one of the upstream's, by its signature.
    #[error("the ID token: {0}")]
    IdToken(#[from] JwtFault),
    /// The answer comes from, or the token was made by or for, somebody else.
    #[error("{0}")]
    Foreign(&'static str),
    /// Its answer lacks what is needed, or says what cannot be.
    #[error("{0}")]
    NotUsable(&'static str),
    /// A time in its answer is not now: its clock and ours differ by so much, or more.
    #[error("{what}: {seconds} s off; is this machine's clock right? {} s are allowed", LEEWAY.0)]
    Clock { what: &'static str, seconds: u64 },
    /// It does not say when the person logged in, and the application wants to know.
    #[error("the provider does not say when the person logged in")]
    Undated,
    /// The person logged in there longer ago than the application allows.
    #[error("the person logged in longer ago than was asked for")]
    Stale,
    /// It is not the one that is configured. The operator has to look.
    #[error("{0}")]
    Misconfigured(&'static str),
}

impl Trouble {
    /// Whether the upstream says for good that a refresh token is good no more (RFC 6749 §5.2, and GitHub's
    /// own word).
    pub(crate) fn ends_login(&self) -> bool {
        matches!(
            self,
            Self::TokenRefused("invalid_grant" | "bad_refresh_token")
        )
    }

    /// Wraps why `what` was not answered.
    pub(crate) fn asking(what: &'static str) -> impl Fn(Unreachable) -> Self {
        move |why| Self::Unreachable { what, why }
    }
}
