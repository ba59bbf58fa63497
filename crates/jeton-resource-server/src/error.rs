//! Why a request is refused, and the answer to it.

use std::{borrow::Cow, fmt};

use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Of whoever calls: the request, or the configuration of this library.
    Caller,
    /// Of the authorization server: its answer cannot be used.
    Server,
    /// Of the way to it.
    Network,
    /// Of the token, its proof or its certificate.
    Token,
}

impl Fault {
    /// Its word, which is the same in every language that this library is written in.
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
    ($($(#[$doc:meta])* $name:ident $word:literal $status:literal $error:literal,)*) => {
        /// What is wrong, as a word for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Its word, which is the same in every language that this library is written in.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The status of the answer.
            pub(crate) fn status(self) -> StatusCode {
                let status = match self { $(Self::$name => $status,)* };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// The `error` of the challenge; empty where it has none.
            pub(crate) fn error(self) -> &'static str {
                match self { $(Self::$name => $error,)* }
            }

            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

codes! {
    /// No credentials in the request.
    MissingToken "missing_token" 401 "",
    /// Several credentials in one request.
    InvalidRequest "invalid_request" 400 "invalid_request",
    /// Neither a JWT nor, with introspection, an opaque token.
    Malformed "malformed" 401 "invalid_token",
    /// Longer than 16 kB.
    TooLarge "too_large" 401 "invalid_token",
    /// A JWT without a signature.
    Unsigned "unsigned" 401 "invalid_token",
    /// Signed by an algorithm that is not on the list, or not the key's.
    WrongAlgorithm "wrong_algorithm" 401 "invalid_token",
    /// The issuer has no such key.
    UnknownKey "unknown_key" 401 "invalid_token",
    /// Not signed by that key.
    BadSignature "bad_signature" 401 "invalid_token",
    /// A JWT of another kind, such as an ID token.
    WrongType "wrong_type" 401 "invalid_token",
    /// Of another issuer.
    WrongIssuer "wrong_issuer" 401 "invalid_token",
    /// For another API.
    WrongAudience "wrong_audience" 401 "invalid_token",
    /// Past its time.
    Expired "expired" 401 "invalid_token",
    /// Before its time.
    NotYetValid "not_yet_valid" 401 "invalid_token",
    /// The issuer says that it does not count, or no longer.
    Inactive "inactive" 401 "invalid_token",
    /// Bound to a key, and sent without proof of it; or sent as bound, and not bound.
    BoundToken "bound_token" 401 "invalid_token",
    /// The DPoP proof does not hold (RFC 9449 §4.3).
    InvalidDpopProof "invalid_dpop_proof" 401 "invalid_dpop_proof",
    /// The DPoP proof lacks the nonce of this server (RFC 9449 §9).
    UseDpopNonce "use_dpop_nonce" 401 "use_dpop_nonce",
    /// Bound to another certificate (RFC 8705 §3).
    WrongCertificate "wrong_certificate" 401 "invalid_token",
    /// It does not allow this (RFC 6750 §3.1).
    InsufficientScope "insufficient_scope" 403 "insufficient_scope",
    /// The person has to log in again, or better (RFC 9470 §3).
    InsufficientUserAuthentication "insufficient_user_authentication" 401 "insufficient_user_authentication",
    /// The keys of the issuer cannot be had. Not the token's fault: 503.
    KeysUnavailable "keys_unavailable" 503 "",
    /// The issuer cannot be asked. Not the token's fault: 503.
    IntrospectionUnavailable "introspection_unavailable" 503 "",
    /// Whether a DPoP proof was used before cannot be told. Not the token's fault: 503.
    ReplayUnavailable "replay_unavailable" 503 "",
    /// The issuer that was configured is no `https` URL.
    InvalidIssuer "invalid_issuer" 500 "",
    /// What was configured cannot work.
    InvalidConfiguration "invalid_configuration" 500 "",
}

impl Code {
    fn fault(self) -> Fault {
        match self {
            Self::MissingToken
            | Self::InvalidRequest
            | Self::InvalidIssuer
            | Self::InvalidConfiguration => Fault::Caller,
            Self::KeysUnavailable | Self::IntrospectionUnavailable | Self::ReplayUnavailable => {
                Fault::Server
            }
            _ => Fault::Token,
        }
    }

    /// What the client is told. The same for every token: none of its values are in it.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::MissingToken => "an access token is needed",
            Self::InvalidRequest => "several credentials in one request",
            Self::Malformed => "the access token is malformed",
            Self::TooLarge => "the access token is too large",
            Self::Unsigned => "the access token is not signed",
            Self::WrongAlgorithm => "the access token is signed by another algorithm",
            Self::UnknownKey => "the key of the access token is unknown",
            Self::BadSignature => "the signature of the access token is wrong",
            Self::WrongType => "the token is no access token",
            Self::WrongIssuer => "the access token is of another issuer",
            Self::WrongAudience => "the access token is for another audience",
            Self::Expired => "the access token has expired",
            Self::NotYetValid => "the access token is not yet valid",
            Self::Inactive => "the access token is not active",
            Self::BoundToken => "the access token is bound in another way than it was sent",
            Self::InvalidDpopProof => "the DPoP proof does not hold",
            Self::UseDpopNonce => "the DPoP proof needs a nonce of this server",
            Self::WrongCertificate => "the access token is bound to another certificate",
            Self::InsufficientScope => "the access token does not have the scope",
            Self::InsufficientUserAuthentication => "a more recent or stronger login is needed",
            Self::KeysUnavailable | Self::IntrospectionUnavailable | Self::ReplayUnavailable => {
                "try again later"
            }
            Self::InvalidIssuer | Self::InvalidConfiguration => "this server is misconfigured",
        }
    }
}

/// A request that is refused, or a configuration that cannot work.
///
/// Neither its text nor its headers hold anything of a token.
#[derive(Clone)]
pub struct Error(Box<Parts>);

#[derive(Clone)]
struct Parts {
    refusal: Refusal,
    headers: HeaderMap,
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.refusal.fault
    }

    /// What is wrong, as a word for programs.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.refusal.code
    }

    /// What is wrong, in words for the people who run this API; not for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.refusal.why
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.code().status()
    }

    /// In how many seconds to try again.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.0.refusal.retry_after
    }

    /// The challenges of the answer: the values of `WWW-Authenticate`.
    pub fn challenge(&self) -> impl Iterator<Item = &str> {
        let values = self.0.headers.get_all(header::WWW_AUTHENTICATE);
        values.iter().filter_map(|value| value.to_str().ok())
    }

    /// The headers of the answer: `WWW-Authenticate`, `DPoP-Nonce`, `Retry-After`, and those that let
    /// a browser's script read them and keep the answer out of caches.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The body of the answer, JSON with `error` and `error_description`; empty where the request had
    /// no credentials, which RFC 6750 §3.1 tells nothing.
    #[must_use]
    pub fn body(&self) -> String {
        let code = self.code();
        let error = match code {
            Code::MissingToken => return String::new(),
            Code::KeysUnavailable | Code::IntrospectionUnavailable | Code::ReplayUnavailable => {
                "temporarily_unavailable"
            }
            Code::InvalidIssuer | Code::InvalidConfiguration => "server_error",
            _ => code.error(),
        };
        let description = code.description();
        format!(r#"{{"error":"{error}","error_description":"{description}"}}"#)
    }

    pub(crate) fn new(refusal: Refusal, mut headers: HeaderMap) -> Self {
        let code = refusal.code;
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if code != Code::MissingToken {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        if let Some(seconds) = refusal.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        Self(Box::new(Parts { refusal, headers }))
    }

    pub(crate) fn configuration(why: impl Into<Cow<'static, str>>) -> Self {
        Refusal::new(Code::InvalidConfiguration, why).into()
    }
}

/// The headers that a browser's script has to read.
pub(crate) const EXPOSED: HeaderValue = HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce");

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Error");
        debug.field("fault", &self.fault());
        debug.field("code", &self.code());
        debug.field("message", &self.message());
        debug.finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code().as_str(), self.message())
    }
}

impl std::error::Error for Error {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal, HeaderMap::new())
    }
}

/// An error before it has the headers of its answer, which depend on the server's configuration.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    fault: Fault,
    why: Cow<'static, str>,
    retry_after: Option<u64>,
    /// Whether it is answered by a challenge of DPoP, however the token came.
    pub(crate) by_dpop: bool,
}

impl Refusal {
    pub(crate) fn new(code: Code, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            fault: code.fault(),
            why: why.into(),
            retry_after: None,
            by_dpop: matches!(code, Code::InvalidDpopProof | Code::UseDpopNonce),
        }
    }

    pub(crate) fn by_dpop(mut self) -> Self {
        self.by_dpop = true;
        self
    }

    /// That the authorization server cannot be used.
    pub(crate) fn unavailable(code: Code, failure: Failure) -> Self {
        Self {
            code,
            fault: failure.fault,
            why: failure.why,
            retry_after: Some(failure.retry_after.unwrap_or(1)),
            by_dpop: false,
        }
    }

    /// The same, and what is known about the clock.
    pub(crate) fn with_note(mut self, note: Option<String>) -> Self {
        if let Some(note) = note {
            self.why = format!("{}; {note}", self.why).into();
        }
        self
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code, code.description())
    }
}

/// A request to the authorization server that came to nothing.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    pub(crate) why: Cow<'static, str>,
    /// Seconds, as the server said.
    pub(crate) retry_after: Option<u64>,
}

impl Failure {
    pub(crate) fn server(why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            fault: Fault::Server,
            why: why.into(),
            retry_after: None,
        }
    }

    pub(crate) fn network(why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            fault: Fault::Network,
            why: why.into(),
            retry_after: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Code, Error, Fault, Refusal};

    #[test]
    fn codes() {
        let mut words = HashSet::new();
        for code in Code::ALL {
            assert!(words.insert(code.as_str()), "{code:?}");
            // RFC 6750 §3: what may stand in an error_description.
            let may_stand = |one: char| matches!(one, ' '..='~') && one != '"' && one != '\\';
            assert!(code.description().chars().all(may_stand), "{code:?}");
            let error = Error::from(Refusal::from(*code));
            let status = error.status().as_u16();
            assert_eq!(error.fault() == Fault::Server, status == 503, "{code:?}");
            assert_eq!(
                code.error().is_empty(),
                status >= 500 || *code == Code::MissingToken
            );
            assert_eq!(
                error.to_string(),
                format!("{}: {}", code.as_str(), code.description())
            );
        }
    }
}
