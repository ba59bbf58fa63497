//! Forms of the mock's own pages.

use bytes::Bytes;
use http::Request;
use url::form_urlencoded;

/// The parameters of a page's query or form, in order.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn query(request: &Request<Bytes>) -> Self {
        Self::parse(request.uri().query().unwrap_or_default().as_bytes())
    }

    pub(crate) fn body(request: &Request<Bytes>) -> Self {
        Self::parse(request.body())
    }

    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// Its first value that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Its values that are not empty.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(own, value)| own == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Names and values, empty ones included.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}
