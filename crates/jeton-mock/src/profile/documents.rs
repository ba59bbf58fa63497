//! What a profile has at paths that are no endpoints.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request};
use jeton::BODY_LIMIT;
use url::form_urlencoded;

use super::{Profile, in_braces};
use crate::spec::{DocumentSpec, Endpoint};

impl Profile {
    /// The documents at a path beneath the base, whatever their methods, with the parameters in the path.
    pub(crate) fn documents_at(
        &self,
        path: &str,
    ) -> impl Iterator<Item = (&DocumentSpec, BTreeMap<String, String>)> {
        let documents = self.spec.documents.iter();
        documents.filter_map(move |it| {
            let mut paths = it.paths.iter();
            Some((it, paths.find_map(|own| parameters(own, path))?))
        })
    }

    /// The path of the document that answers a request at `path` in the place of the endpoint there.
    pub(crate) fn document_instead(
        &self,
        endpoint: Endpoint,
        path: &str,
        request: &Request<Bytes>,
    ) -> Option<&str> {
        if request.body().len() > BODY_LIMIT {
            return None;
        }
        let at_endpoint = self.spec.paths.get(&endpoint)?;
        let asked = [
            request.uri().query().unwrap_or_default().as_bytes(),
            request.body(),
        ];
        let has = |name: &str| {
            let mut pairs = asked.into_iter().flat_map(form_urlencoded::parse);
            pairs.any(|(own, value)| own == name && !value.is_empty())
        };
        let mut documents = self.spec.documents.iter();
        documents.find_map(|document| {
            let mut paths = document.paths.iter().map(String::as_str);
            let own =
                paths.find(|own| path.ends_with(own) && at_endpoint.iter().any(|it| it == own))?;
            let is_meant = !document.parameters.is_empty()
                && document.answers(request.method())
                && document.parameters.iter().all(|it| has(it));
            is_meant.then_some(own)
        })
    }
}

impl DocumentSpec {
    /// The parameter of the token that is presented.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or("access_token")
    }

    /// The methods it answers, as `Allow` lists them.
    pub(crate) fn allows(&self) -> String {
        match self.methods.as_slice() {
            [] => Method::GET.to_string(),
            some => some.join(", "),
        }
    }

    /// Whether it answers a method. HEAD asks what GET would say (RFC 9110 §9.3.2).
    pub(crate) fn answers(&self, method: &Method) -> bool {
        let wanted = match *method {
            Method::HEAD => Method::GET.as_str(),
            _ => method.as_str(),
        };
        self.allows().split(", ").any(|own| own == wanted)
    }
}

/// What stands in the place of the parts in braces, if `path` is as `pattern` says.
fn parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let (mut own, mut segments) = (pattern.split('/'), path.split('/'));
    loop {
        match (own.next(), segments.next()) {
            (None, None) => return Some(parameters),
            (Some(own), Some(segment)) => match in_braces(own) {
                Some(name) if !segment.is_empty() => {
                    parameters.insert(name.to_owned(), segment.to_owned());
                }
                None if own == segment => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}
