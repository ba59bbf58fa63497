//! The metadata of a protected resource (RFC 9728).

use serde_json::{Value, json};
use url::Url;

use crate::dpop;

/// Metadata of an API, which tells clients where to get tokens for it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProtectedResourceMetadata {
    /// Where it is served: the well-known path before that of the resource (RFC 9728 §3.1).
    pub path: String,
    /// The URL of that, which stands in challenges as `resource_metadata`.
    pub url: String,
    /// The document.
    pub document: Value,
}

impl ProtectedResourceMetadata {
    /// Nothing where the resource has no path that could be asked.
    pub(crate) fn new(resource: &str, issuer: &str, scopes: &[String]) -> Option<Self> {
        let mut url = Url::parse(resource).ok()?;
        let own = match url.path() {
            "/" => "",
            path => path,
        };
        let path = format!("/.well-known/oauth-protected-resource{own}");
        url.set_path(&path);
        let mut document = json!({
            "resource": resource,
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": dpop::algorithms().split(' ').collect::<Vec<_>>(),
        });
        if let (Some(members), false) = (document.as_object_mut(), scopes.is_empty()) {
            members.insert("scopes_supported".to_owned(), scopes.into());
        }
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Some(Self {
            path,
            url: url.into(),
            document,
        })
    }
}
