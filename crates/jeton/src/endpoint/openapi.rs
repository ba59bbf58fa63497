//! `/openapi.json`, `/manage/openapi.json`: OpenAPI documents, which describe the endpoints to programs.
//! Written by hand; tests hold them against the routes, the types and, in the suite, the answers.

use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderMap, Response};

use crate::{config::IssuerIdentifier, public_document::PublicDocument};

/// What stands in the documents for the issuer.
const ISSUER: &str = "https://issuer.example";

/// A document, in which the issuer is the URL of the server. It is put together when somebody first asks
/// for it: starting costs nothing.
pub(crate) struct OpenapiDocument {
    text: &'static str,
    served: OnceLock<PublicDocument>,
}

impl OpenapiDocument {
    /// The OAuth endpoints.
    pub(crate) fn oauth() -> Self {
        Self::new(include_str!(concat!(env!("OUT_DIR"), "/oauth.json")))
    }

    /// The management interface.
    pub(crate) fn management() -> Self {
        Self::new(include_str!(concat!(env!("OUT_DIR"), "/management.json")))
    }

    fn new(text: &'static str) -> Self {
        Self {
            text,
            served: OnceLock::new(),
        }
    }

    pub(crate) fn respond(
        &self,
        issuer: &IssuerIdentifier,
        headers: &HeaderMap,
    ) -> Response<Bytes> {
        let served = self.served.get_or_init(|| {
            // What an issuer is made of needs no escapes in JSON.
            PublicDocument::of(self.text.replacen(ISSUER, issuer.base(), 1))
        });
        served.respond(headers)
    }
}

#[cfg(test)]
mod tests;
