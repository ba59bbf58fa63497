//! Faults in the use of the management interface.

use http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};

use super::{ErrorCode, Fault, WireError};
use crate::{claims::InvalidObject, client::MOST_SECRETS, parameters::BODY_LIMIT};

/// Why the management interface refuses a request.
///
/// The texts of faults in what was sent hold names of members alone in `to_string`, which goes into the
/// log; what is sent back says more, because who sent it reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ManagementFault {
    #[error("the content type is not application/json")]
    ContentType,
    #[error("the body is not UTF-8")]
    NotUtf8,
    #[error("the members of the body {0}")]
    Body(#[from] InvalidObject),
    #[error("the access token was not issued to a client for itself")]
    NotItsOwn,
    #[error("the access token has none of the scopes {}", .0.join(" "))]
    Scope(&'static [&'static str]),
    /// Somebody gives, or takes over, what they do not have.
    #[error("the access token lacks rights over this server that the document gives")]
    Privilege {
        /// The scope that is lacking.
        scope: String,
    },
    #[error("a rule may not stand for a login application")]
    LoginApplication,
    /// The metadata of a client (RFC 7591 §3.2.2).
    #[error("the client metadata is invalid{}", of_member(.0))]
    ClientMetadata(String),
    /// One of its redirect URIs.
    #[error("a redirect URI is invalid")]
    RedirectUri(String),
    /// An API or a trust document.
    #[error("the document is invalid{}", of_member(.0))]
    Document(String),
    #[error("the document is longer than {BODY_LIMIT} bytes")]
    TooLong,
    #[error("there is no such document")]
    NotFound,
    #[error("the document exists already")]
    Exists,
    #[error("an API stands already whose identifier is this but for a final slash")]
    Twin,
    #[error("the id was of a client that was deleted, and is taken for good")]
    Taken,
    #[error("the document is configured, and not registered")]
    Configured,
    #[error("another document stands than the request expects")]
    Precondition,
    #[error("the request does not say which document it replaces")]
    Unconditional,
    #[error("others changed the document again and again")]
    Raced,
    #[error("the parameter {0} is malformed")]
    Parameter(&'static str),
    #[error("the client would have no secret that authenticates")]
    LastSecret,
    #[error("the client has {MOST_SECRETS} secrets that have not expired: remove one of them")]
    TooManySecrets,
}

/// The name of the member at which a description begins. It is one of ours: others stand in quotes there.
fn of_member(description: &str) -> String {
    let member = description.split(':').next().unwrap_or_default();
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if !member.is_empty() && member.bytes().all(is_name) {
        format!(": {member}")
    } else {
        String::new()
    }
}

impl ManagementFault {
    /// A fault in what was sent of a secret; the text begins with the member.
    pub(crate) fn secret(text: impl Into<String>) -> Self {
        Self::ClientMetadata(text.into())
    }

    /// What whoever sent the document is told: more than the log is.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::ClientMetadata(text) | Self::RedirectUri(text) | Self::Document(text) => {
                printable(text)
            }
            Self::Privilege { scope } => {
                format!("the document gives {scope}, which the access token does not have")
            }
            fault => fault.to_string(),
        }
    }

    pub(super) fn wire(&self) -> WireError {
        let request =
            |code, text: &dyn ToString| WireError::new(code, Fault::Request, text.to_string());
        match self {
            Self::ContentType => request(ErrorCode::INVALID_REQUEST, self)
                .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::NotUtf8 | Self::Body(_) | Self::TooLong | Self::Parameter(_) => {
                request(ErrorCode::INVALID_REQUEST, self)
            }
            Self::NotItsOwn => insufficient_scope(self, ""),
            Self::Scope(scopes) => insufficient_scope(self, scopes.first().unwrap_or(&"")),
            Self::Privilege { scope } => insufficient_scope(self, scope),
            Self::LoginApplication => insufficient_scope(self, ""),
            Self::ClientMetadata(_) => request(ErrorCode::INVALID_CLIENT_METADATA, &self.told()),
            Self::RedirectUri(_) => request(ErrorCode::INVALID_REDIRECT_URI, &self.told()),
            Self::Document(_) => request(ErrorCode::INVALID_DOCUMENT, &self.told()),
            Self::NotFound => request(ErrorCode::NOT_FOUND, self),
            Self::Exists | Self::Twin | Self::Taken | Self::Configured => {
                request(ErrorCode::ALREADY_EXISTS, self)
            }
            Self::Precondition => request(ErrorCode::PRECONDITION_FAILED, self),
            Self::Unconditional => request(
                ErrorCode::PRECONDITION_REQUIRED,
                &"say by If-Match which document is replaced, or by If-None-Match: * that there is none",
            ),
            Self::LastSecret => request(ErrorCode::LAST_SECRET, self),
            Self::TooManySecrets => request(ErrorCode::INVALID_CLIENT_METADATA, self),
            Self::Raced => request(ErrorCode::TEMPORARILY_UNAVAILABLE, self),
        }
    }
}

/// RFC 6750 §3.1: with the scope that would do, where one would; of several the one that gives least.
fn insufficient_scope(fault: &ManagementFault, scope: &str) -> WireError {
    let mut challenge = "Bearer realm=\"jeton\", error=\"insufficient_scope\"".to_owned();
    if !scope.is_empty() {
        challenge = format!("{challenge}, scope=\"{scope}\"");
    }
    let wire = WireError::new(ErrorCode::INSUFFICIENT_SCOPE, Fault::Client, fault.told());
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => wire.with_header(WWW_AUTHENTICATE, challenge),
        Err(_) => wire,
    }
}

/// A description in the characters that RFC 6749 §5.2 admits.
fn printable(text: &str) -> String {
    let admitted = |letter| match letter {
        '"' | '\\' => '\'',
        ' '..='~' => letter,
        _ => '?',
    };
    text.chars().map(admitted).collect()
}
