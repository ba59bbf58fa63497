//! Authorization responses (RFC 6749 §4.1.2): what goes back to the client through the browser.

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::{
    config::Config,
    page::{Language, form_post, see_other},
};

/// `response_mode` (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponseMode {
    #[default]
    Query,
    FormPost,
}

/// Where an authorization response goes. Its redirect URI is always a registered one.
#[derive(Clone, Debug)]
pub(crate) struct ResponseTarget {
    pub(crate) redirect_uri: String,
    pub(crate) response_mode: ResponseMode,
    /// As it came: the client compares it.
    pub(crate) state: Option<String>,
    /// The languages that the client asked for.
    pub(crate) ui_locales: Option<String>,
}

impl ResponseTarget {
    /// The response with `parameters`, `state`, and `iss` (RFC 9207).
    pub(crate) fn respond(
        &self,
        parameters: &[(&str, &str)],
        config: &Config,
        language: Language,
    ) -> Response<Bytes> {
        let mut all = parameters.to_vec();
        if let Some(state) = &self.state {
            all.push(("state", state));
        }
        all.push(("iss", config.issuer().as_str()));
        match self.response_mode {
            ResponseMode::FormPost => form_post(config.frame(), language, &self.redirect_uri, &all),
            ResponseMode::Query => see_other(&with_query(&self.redirect_uri, &all)),
        }
    }

    /// The error response (RFC 6749 §4.1.2.1).
    pub(crate) fn respond_with_error(
        &self,
        error: &str,
        description: &str,
        config: &Config,
        language: Language,
    ) -> Response<Bytes> {
        let parameters = [("error", error), ("error_description", description)];
        self.respond(&parameters, config, language)
    }
}

/// `uri` with `parameters` appended to its query (RFC 6749 §3.1.2). The part that was registered
/// stays as it is, to the character.
pub(crate) fn with_query(uri: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{query}")
}
