//! The authorization requests whose answers reach their clients another way than the server's. What was
//! asked is kept by the id of the grant that the request becomes, until the browser comes back with it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{
    Response, StatusCode,
    header::{LOCATION, SET_COOKIE},
};
use jeton::{Frame, GrantId};
use url::form_urlencoded;

use super::{ResponseMode, ResponseType};

/// How many requests are kept; the oldest go first.
const MOST: usize = 1000;

/// How many bytes of text are kept of them.
const MOST_TEXT: usize = 1024 * 1024;

/// What a client waits for.
#[derive(Clone, Debug)]
pub(crate) struct Awaited {
    pub(crate) response_type: ResponseType,
    pub(crate) response_mode: ResponseMode,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    /// What tokens are to be for, by the names of its parameters: `resource`, `audience` and `claims`.
    pub(crate) targets: Vec<(String, String)>,
    /// The verifier of the code, where it is redeemed here.
    pub(crate) verifier: Option<String>,
}

impl Awaited {
    /// The parameters with which the server sends the browser to the client; `None` where it sends it
    /// elsewhere, or shows a page.
    pub(crate) fn parameters(&self, response: &Response<Bytes>) -> Option<Vec<(String, String)>> {
        if response.status() != StatusCode::SEE_OTHER {
            return None;
        }
        let location = response.headers().get(LOCATION)?.to_str().ok()?;
        let added = location.strip_prefix(&self.redirect_uri)?;
        let added = added.strip_prefix(['?', '&'])?;
        Some(
            form_urlencoded::parse(added.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The answer with `parameters` in the place of the server's `response`.
    pub(crate) fn instead(
        &self,
        frame: &Frame,
        mut response: Response<Bytes>,
        parameters: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> Response<Bytes> {
        let pairs = parameters.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect();
        let mut own = self
            .response_mode
            .respond(frame, &self.redirect_uri, &pairs);
        for cookie in response.headers().get_all(SET_COOKIE) {
            own.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        std::mem::swap(own.extensions_mut(), response.extensions_mut());
        own
    }

    /// The answer with an error (RFC 6749 §4.2.2.1).
    pub(crate) fn refuse(
        &self,
        frame: &Frame,
        response: Response<Bytes>,
        (error, description): (&str, &str),
        issuer: &str,
    ) -> Response<Bytes> {
        let mut parameters = vec![("error", error), ("error_description", description)];
        parameters.extend(self.state.as_deref().map(|state| ("state", state)));
        parameters.push(("iss", issuer));
        self.instead(frame, response, &parameters)
    }
}

impl Awaited {
    /// How long its texts are, which strangers choose.
    fn text(&self) -> usize {
        let targets = self.targets.iter();
        let targets: usize = targets.map(|(name, value)| name.len() + value.len()).sum();
        let state = self.state.as_ref().map_or(0, String::len);
        targets + state + self.client_id.len() + self.redirect_uri.len()
    }
}

/// The requests of one issuer that are not answered yet.
#[derive(Debug, Default)]
pub(crate) struct AwaitedResponses(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    requests: HashMap<GrantId, Awaited>,
    order: VecDeque<GrantId>,
    text: usize,
}

impl AwaitedResponses {
    /// Keeps a request that becomes this grant.
    pub(crate) fn keep(&self, grant: GrantId, request: Awaited) {
        let mut kept = self.lock();
        kept.text += request.text();
        while kept.order.len() >= MOST || kept.text > MOST_TEXT {
            let Some(oldest) = kept.order.pop_front() else {
                break;
            };
            if let Some(gone) = kept.requests.remove(&oldest) {
                kept.text = kept.text.saturating_sub(gone.text());
            }
        }
        kept.order.push_back(grant);
        kept.requests.insert(grant, request);
    }

    /// The request that becomes this grant. It stays: a browser may come back twice.
    pub(crate) fn find(&self, grant: GrantId) -> Option<Awaited> {
        self.lock().requests.get(&grant).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jeton::Id128;

    use super::*;

    #[test]
    fn what_waits_is_bounded_by_its_text() {
        let kept = AwaitedResponses::default();
        let response_type = ResponseType::parse("code id_token").unwrap();
        for n in 0..100_u8 {
            let request = Awaited {
                response_type,
                response_mode: ResponseMode::Fragment,
                client_id: "app".to_owned(),
                redirect_uri: "https://app.example/cb".to_owned(),
                state: None,
                targets: vec![("resource".to_owned(), "r".repeat(MOST_TEXT / 16))],
                verifier: None,
            };
            kept.keep(Id128([n; 16]), request);
        }
        let kept = kept.lock();
        assert_eq!(kept.requests.len(), kept.order.len());
        assert_eq!(kept.requests.len(), 15);
        assert!(kept.text <= MOST_TEXT);
    }
}
