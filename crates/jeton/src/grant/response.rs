//! The token response.

use http::HeaderMap;
use serde::Serialize;

use crate::{scope::Scope, time::Seconds};

/// The token response (RFC 6749 §5.1). `scope` is sent even where the client asked for none, so that
/// it learns what it has.
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    /// RFC 8693 §2.2.1; in answers to a token exchange alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issued_token_type: Option<&'static str>,
    pub(crate) token_type: &'static str,
    pub(crate) expires_in: Seconds,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub(crate) scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    /// Headers that go with the tokens.
    #[serde(skip)]
    pub(crate) headers: HeaderMap,
}
