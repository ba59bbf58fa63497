//! What goes back to the client through the browser.

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::{
    config::Issuer,
    page::{form_post, see_other},
};

/// `response_mode` (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponseMode {
    #[default]
    Query,
    FormPost,
}

/// Where an answer goes: only ever to a redirect URI that is registered.
#[derive(Clone, Debug)]
pub(crate) struct Return<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) response_mode: ResponseMode,
    pub(crate) state: Option<&'a str>,
}

impl Return<'_> {
    /// The answer with `parameters`, `state` as it came, and `iss` (RFC 9207).
    pub(crate) fn respond(&self, parameters: &[(&str, &str)], issuer: &Issuer) -> Response<Bytes> {
        let mut all = parameters.to_vec();
        if let Some(state) = self.state {
            all.push(("state", state));
        }
        all.push(("iss", issuer.as_str()));
        match self.response_mode {
            ResponseMode::FormPost => form_post(self.redirect_uri, &all),
            ResponseMode::Query => see_other(&with_query(self.redirect_uri, &all)),
        }
    }
}

/// Appends to the query that stands (RFC 6749 §3.1.2), without touching what was registered.
pub(crate) fn with_query(uri: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{query}")
}

/// RFC 6749 §4.1.2.1, to a client and redirect URI that are known good.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationError {
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
    pub(crate) redirect_uri: String,
    pub(crate) response_mode: ResponseMode,
    pub(crate) state: Option<String>,
}

impl AuthorizationError {
    pub(crate) fn respond(&self, issuer: &Issuer) -> Response<Bytes> {
        let back = Return {
            redirect_uri: &self.redirect_uri,
            response_mode: self.response_mode,
            state: self.state.as_deref(),
        };
        back.respond(
            &[
                ("error", self.error),
                ("error_description", self.description),
            ],
            issuer,
        )
    }
}

/// The codes a login application may reject with: it is part of the authorization server, so all of
/// RFC 6749 §4.1.2.1, RFC 8707 §2 and OpenID Connect Core §3.1.2.6.
pub(crate) const REJECTIONS: [&str; 13] = [
    "access_denied",
    "login_required",
    "consent_required",
    "interaction_required",
    "account_selection_required",
    "unmet_authentication_requirements",
    "temporarily_unavailable",
    "server_error",
    "invalid_request",
    "unauthorized_client",
    "unsupported_response_type",
    "invalid_scope",
    "invalid_target",
];
