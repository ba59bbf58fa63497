//! How an answer reaches the client where the server does not say it in a query.

use bytes::Bytes;
use http::Response;
use jeton::{
    Frame,
    page::{Language, form_post, see_other},
};
use url::form_urlencoded;

use super::WebMessage;

/// `response_mode` (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode). `query` is the
/// server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Fragment,
    FormPost,
    /// No mode of a standard: vendors' own.
    WebMessage(WebMessage),
}

impl ResponseMode {
    /// The answer with `parameters` to the client at `redirect_uri`.
    pub(crate) fn respond(
        self,
        frame: &Frame,
        redirect_uri: &str,
        parameters: &[(&str, &str)],
    ) -> Response<Bytes> {
        match self {
            Self::FormPost => form_post(frame, Language::English, redirect_uri, parameters),
            Self::WebMessage(message) => message.respond(redirect_uri, parameters),
            Self::Fragment => {
                let fragment = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(parameters)
                    .finish();
                see_other(&format!("{redirect_uri}#{fragment}"))
            }
        }
    }
}
