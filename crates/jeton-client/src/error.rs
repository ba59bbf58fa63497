//! What went wrong, and whose fault it is.

use std::time::Duration;

/// Why there is no token, and whose fault that is.
///
/// It holds no token, secret, code or verifier: neither in its message nor in what `{:?}` prints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    code: Code,
    message: Box<str>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    description: Option<Box<str>>,
    /// A store is at fault, which may work the next time.
    of_store: bool,
}

/// Whose fault an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// What was configured or asked for: trying again changes nothing.
    Caller,
    /// The authorization server is out of order, or answers what it must not.
    Server,
    /// The server could not be reached, or did not answer in time.
    Network,
    /// What was presented has expired, was revoked, or was used before.
    Token,
}

impl Fault {
    /// The word for it: `caller`, `server`, `network` or `token`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Server => "server",
            Self::Network => "network",
            Self::Token => "token",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $fault:ident;)*) => {
        /// What went wrong, as one word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// The word for it, as it stands in [RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
            /// where that has one.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Whose fault it is.
            #[must_use]
            pub fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault,)* }
            }
        }
    };
}

codes! {
    /// The issuer is no `https` URL, nor an `http` one on a loopback address; or has a query or a fragment.
    InvalidIssuer = "invalid_issuer", Caller;
    /// What was configured cannot work: the message says what.
    InvalidConfiguration = "invalid_configuration", Caller;
    /// The server does not know the client, or does not accept its proof.
    InvalidClient = "invalid_client", Caller;
    /// The client may not use this grant.
    UnauthorizedClient = "unauthorized_client", Caller;
    /// The scope is unknown, or more than the client may have.
    InvalidScope = "invalid_scope", Caller;
    /// The resource is unknown, or not for the client (RFC 8707).
    InvalidTarget = "invalid_target", Caller;
    /// The server does not understand the request.
    InvalidRequest = "invalid_request", Caller;
    /// The server does not support this grant.
    UnsupportedGrantType = "unsupported_grant_type", Caller;
    /// The person, or the server for them, said no.
    AccessDenied = "access_denied", Caller;
    /// The answer does not belong to a login that was begun here.
    StateMismatch = "state_mismatch", Caller;
    /// The login was begun too long ago.
    LoginExpired = "login_expired", Caller;
    /// Nobody is logged in: begin with `login`.
    NotLoggedIn = "not_logged_in", Caller;
    /// The token of a platform could not be read.
    CredentialUnavailable = "credential_unavailable", Caller;
    /// There is neither RFC 8414 metadata nor OpenID discovery at the issuer.
    NoMetadata = "no_metadata", Server;
    /// Metadata or the answer to a login is another issuer's.
    IssuerMismatch = "issuer_mismatch", Server;
    /// The metadata lacks what is needed, or has an endpoint that is not `https`.
    InvalidMetadata = "invalid_metadata", Server;
    /// The server answered what no OAuth server may.
    InvalidResponse = "invalid_response", Server;
    /// The server failed (5xx).
    ServerError = "server_error", Server;
    /// The server is overloaded or being maintained.
    TemporarilyUnavailable = "temporarily_unavailable", Server;
    /// Too many requests (429).
    RateLimited = "rate_limited", Server;
    /// The server insists on a nonce that it was given, or its ID token has another than was sent.
    NonceMismatch = "nonce_mismatch", Server;
    /// The server could not be reached.
    Unreachable = "unreachable", Network;
    /// The server did not answer in time.
    Timeout = "timeout", Network;
    /// The code, refresh token or assertion has expired, was revoked, or was used before.
    InvalidGrant = "invalid_grant", Token;
    /// The device code has expired.
    ExpiredToken = "expired_token", Token;
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<Box<str>>) -> Self {
        Self {
            code,
            message: message.into(),
            status: None,
            retry_after: None,
            description: None,
            of_store: false,
        }
    }

    /// That a store does not work.
    pub(crate) fn store(why: impl std::fmt::Display) -> Self {
        Self {
            of_store: true,
            ..Self::configuration(format!("the store: {why}"))
        }
    }

    /// That the token of a platform could not be had: for functions given to
    /// [`PlatformToken::function`](crate::PlatformToken::function).
    #[must_use]
    pub fn credential_unavailable(message: impl Into<Box<str>>) -> Self {
        Self::new(Code::CredentialUnavailable, message)
    }

    pub(crate) fn configuration(message: impl Into<Box<str>>) -> Self {
        Self::new(Code::InvalidConfiguration, message)
    }

    pub(crate) fn response(message: impl Into<Box<str>>) -> Self {
        Self::new(Code::InvalidResponse, message)
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// With what the server says of it, in its own words.
    pub(crate) fn with_description(mut self, description: Option<String>) -> Self {
        if let Some(description) = description {
            self.message = format!("{}: {description}", self.message).into();
            self.description = Some(description.into());
        }
        self
    }

    /// With something more for people.
    pub(crate) fn with_note(mut self, note: Option<String>) -> Self {
        if let Some(note) = note {
            self.message = format!("{}; {note}", self.message).into();
        }
        self
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.code.fault()
    }

    /// What went wrong, as one word.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status of the answer, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// How long the server wants to be left alone, where it says so. No request is sent before.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The server's own words, where they are as RFC 6749 has them and repeat nothing secret.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// That it may pass by itself: the network's fault, the server's or a store's.
    pub(crate) fn is_transient(&self) -> bool {
        self.of_store || matches!(self.fault(), Fault::Network | Fault::Server)
    }

    /// That the same request may succeed at once: it or its answer was lost, or a server failed.
    pub(crate) fn is_lost(&self) -> bool {
        self.fault() == Fault::Network || self.status.is_some_and(|status| status >= 500)
    }
}

/// Why something that was given to the client, a store or a source of randomness, did not work.
///
/// The text ends up in the message of an [`Error`]: it must hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_whose_fault_it_is() {
        let check = |code: Code, word, fault| {
            assert_eq!(code.as_str(), word);
            assert_eq!(Error::new(code, "").fault().as_str(), fault);
        };
        check(Code::InvalidScope, "invalid_scope", "caller");
        check(Code::RateLimited, "rate_limited", "server");
        check(Code::Timeout, "timeout", "network");
        check(Code::InvalidGrant, "invalid_grant", "token");
    }

    #[test]
    fn is_small() {
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }
}
