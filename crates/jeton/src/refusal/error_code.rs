//! The error codes of the standards, in one table.

use http::StatusCode;

/// An OAuth error code: the value of `error` in an error response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    word: &'static str,
    status: StatusCode,
    defined_in: &'static str,
}

/// Makes the table. A row is a name, the word, the HTTP status of a JSON error response, and where the
/// code is defined.
macro_rules! error_codes {
    ($($name:ident $word:literal $status:ident $defined_in:literal;)*) => {
        impl ErrorCode {
            $(
                #[doc = concat!("`", $word, "`, ", $defined_in, ".")]
                pub const $name: Self = Self {
                    word: $word,
                    status: StatusCode::$status,
                    defined_in: $defined_in,
                };
            )*

            /// Every code, each once.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

error_codes! {
    INVALID_REQUEST "invalid_request" BAD_REQUEST "RFC 6749 section 5.2";
    INVALID_CLIENT "invalid_client" UNAUTHORIZED "RFC 6749 section 5.2";
    INVALID_GRANT "invalid_grant" BAD_REQUEST "RFC 6749 section 5.2";
    UNAUTHORIZED_CLIENT "unauthorized_client" BAD_REQUEST "RFC 6749 section 5.2";
    UNSUPPORTED_GRANT_TYPE "unsupported_grant_type" BAD_REQUEST "RFC 6749 section 5.2";
    UNSUPPORTED_RESPONSE_TYPE "unsupported_response_type" BAD_REQUEST "RFC 6749 section 4.1.2.1";
    INVALID_SCOPE "invalid_scope" BAD_REQUEST "RFC 6749 section 5.2";
    INVALID_TARGET "invalid_target" BAD_REQUEST "RFC 8707 section 2";
    ACCESS_DENIED "access_denied" BAD_REQUEST "RFC 6749 section 4.1.2.1";
    SERVER_ERROR "server_error" INTERNAL_SERVER_ERROR "RFC 6749 section 4.1.2.1";
    TEMPORARILY_UNAVAILABLE "temporarily_unavailable" SERVICE_UNAVAILABLE "RFC 6749 section 4.1.2.1";
    LOGIN_REQUIRED "login_required" BAD_REQUEST "OpenID Connect Core section 3.1.2.6";
    CONSENT_REQUIRED "consent_required" BAD_REQUEST "OpenID Connect Core section 3.1.2.6";
    INTERACTION_REQUIRED "interaction_required" BAD_REQUEST "OpenID Connect Core section 3.1.2.6";
    ACCOUNT_SELECTION_REQUIRED "account_selection_required" BAD_REQUEST "OpenID Connect Core section 3.1.2.6";
    UNMET_AUTHENTICATION_REQUIREMENTS "unmet_authentication_requirements" BAD_REQUEST "OpenID Connect Core Unmet Authentication Requirements 1.0";
    REQUEST_NOT_SUPPORTED "request_not_supported" BAD_REQUEST "OpenID Connect Core section 3.1.2.6";
    REQUEST_URI_NOT_SUPPORTED "request_uri_not_supported" BAD_REQUEST "OpenID Connect Core section 3.1.2.6";
    REGISTRATION_NOT_SUPPORTED "registration_not_supported" BAD_REQUEST "OpenID Connect Core section 3.1.2.6";
    AUTHORIZATION_PENDING "authorization_pending" BAD_REQUEST "RFC 8628 section 3.5";
    SLOW_DOWN "slow_down" BAD_REQUEST "RFC 8628 section 3.5";
    EXPIRED_TOKEN "expired_token" BAD_REQUEST "RFC 8628 section 3.5";
    UNSUPPORTED_TOKEN_TYPE "unsupported_token_type" BAD_REQUEST "RFC 7009 section 2.2.1";
    INVALID_TOKEN "invalid_token" UNAUTHORIZED "RFC 6750 section 3.1";
    INSUFFICIENT_SCOPE "insufficient_scope" FORBIDDEN "RFC 6750 section 3.1";
    INVALID_CLIENT_METADATA "invalid_client_metadata" BAD_REQUEST "RFC 7591 section 3.2.2";
    INVALID_REDIRECT_URI "invalid_redirect_uri" BAD_REQUEST "RFC 7591 section 3.2.2";
    INVALID_DOCUMENT "invalid_document" BAD_REQUEST "no standard: an API or a trust document is malformed";
    ALREADY_EXISTS "already_exists" CONFLICT "no standard: there is such a document, registered or configured";
    LAST_SECRET "last_secret" CONFLICT "no standard: the client would have no secret";
    PRECONDITION_FAILED "precondition_failed" PRECONDITION_FAILED "no standard: RFC 9110 section 15.5.13 has the status";
    PRECONDITION_REQUIRED "precondition_required" PRECONDITION_REQUIRED "no standard: RFC 6585 section 3 has the status";
    NOT_FOUND "not_found" NOT_FOUND "no standard: there is no such endpoint or document";
    INVALID_SOFTWARE_STATEMENT "invalid_software_statement" BAD_REQUEST "RFC 7591 section 3.2.2";
    UNAPPROVED_SOFTWARE_STATEMENT "unapproved_software_statement" BAD_REQUEST "RFC 7591 section 3.2.2";
}

impl ErrorCode {
    /// The value of `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.word
    }

    /// The HTTP status of a JSON response with this error, where the fault asks for no other.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.status
    }

    /// The specification and section that define it.
    #[must_use]
    pub const fn defined_in(self) -> &'static str {
        self.defined_in
    }

    /// The code of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.word == word)
    }
}
