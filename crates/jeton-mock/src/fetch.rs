//! Requests of the mock's issuers to others: to each other, in process.

use std::{
    pin::Pin,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::HOST};
use jeton::{Arriving, Fetch, Fetched, Outgoing, Unreachable};
use jeton_http::{Dropped, Scheme};
use tokio::time::timeout;
use url::Position;

use crate::provider::Provider;

/// [`Fetch`] that reaches the mock itself by its own addresses, and nobody else: the mock opens no
/// connection. Its URLs come of `Reach::in_process`.
///
/// Weak, because the issuers that ask belong to the provider that answers.
#[derive(Clone)]
pub(crate) struct MockFetch(Weak<Provider>);

impl MockFetch {
    pub(crate) fn new(provider: Weak<Provider>) -> Self {
        Self(provider)
    }
}

impl Fetch for MockFetch {
    async fn send(&self, request: &Outgoing) -> Result<Fetched, Unreachable> {
        let provider = self.0.upgrade().ok_or(Unreachable::Nobody)?;
        let origin = request.url.as_url().origin().ascii_serialization();
        if !provider.addresses().origins().any(|own| own == origin) {
            return Err(Unreachable::Nobody);
        }
        let incoming = incoming(request).ok_or(Unreachable::NotAUrl)?;
        let answer = timeout(request.deadline, in_process(provider, incoming))
            .await
            .map_err(|_| Unreachable::TooSlow)?
            .map_err(|Dropped| Unreachable::ConnectionFailed("broken off"))?;
        let (head, body) = answer.into_parts();
        let mut arriving = Arriving::begin(request, head.status, head.headers)?;
        arriving.push(&body)?;
        Ok(arriving.end())
    }
}

/// Boxed, because what answers may itself ask.
fn in_process(
    provider: Arc<Provider>,
    request: Request<Bytes>,
) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, Dropped>> + Send>> {
    Box::pin(async move { provider.handle(request).await })
}

/// The request as it would have come in.
fn incoming(request: &Outgoing) -> Option<Request<Bytes>> {
    let url = request.url.as_url();
    let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]).ok()?;
    let mut incoming = Request::new(request.body.clone());
    *incoming.method_mut() = request.method.clone();
    *incoming.uri_mut() = url[Position::BeforePath..].parse().ok()?;
    *incoming.headers_mut() = request.headers.clone();
    incoming.headers_mut().insert(HOST, host);
    if url.scheme() == "https" {
        incoming.extensions_mut().insert(Scheme::Https);
    }
    Some(incoming)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jeton::{Reach, get_json};
    use serde_json::Value;

    use super::*;
    use crate::{Endpoint, Fault, MockIssuer, MockProvider, MockSpec};

    async fn mock() -> MockProvider {
        let spec = MockSpec {
            browser_url: Some("http://idp.test:9400".to_owned()),
            ..MockSpec::default()
        };
        MockProvider::builder().spec(spec).start().await.unwrap()
    }

    fn fetch(issuer: &MockIssuer) -> MockFetch {
        MockFetch::new(Arc::downgrade(&issuer.provider))
    }

    async fn get(fetch: &MockFetch, url: &str) -> Result<Value, Unreachable> {
        get_json(fetch, &Reach::in_process().url(url).unwrap()).await
    }

    #[tokio::test]
    async fn issuers_reach_each_other_and_nobody_else() {
        let mock = mock().await;
        let (a, b) = (mock.issuer("a").unwrap(), mock.issuer("b").unwrap());
        let fetch = fetch(&a);
        let metadata = get(&fetch, &b.openid_configuration()).await.unwrap();
        assert_eq!(metadata["issuer"], b.url());
        // By any of its addresses.
        for jwks_uri in [
            b.jwks_uri(),
            "http://idp.test:9400/b/.well-known/jwks.json".to_owned(),
        ] {
            let jwks = get(&fetch, &jwks_uri).await.unwrap();
            assert!(!jwks["keys"].as_array().unwrap().is_empty(), "{jwks_uri}");
        }
        for elsewhere in [
            "http://idp.test/b/.well-known/jwks.json",
            "https://idp.test:9400/b/.well-known/jwks.json",
            "http://localhost:1/b/.well-known/jwks.json",
            "https://login.example.org/jwks",
        ] {
            let got = get(&fetch, elsewhere).await;
            assert_eq!(got, Err(Unreachable::Nobody), "{elsewhere}");
        }
    }

    /// What a test makes of an issuer meets the issuers that ask it, too.
    #[tokio::test]
    async fn faults_are_met() {
        let mock = mock().await;
        let b = mock.issuer("b").unwrap();
        let fetch = fetch(&b);
        let fault = |name| {
            let fault = Fault::named(name)
                .unwrap()
                .endpoint(Endpoint::Jwks)
                .times(1);
            b.add_fault(fault).unwrap();
        };
        fault("drop");
        assert_eq!(
            get(&fetch, &b.jwks_uri()).await,
            Err(Unreachable::ConnectionFailed("broken off"))
        );
        fault("html");
        assert_eq!(get(&fetch, &b.jwks_uri()).await, Err(Unreachable::NotJson));
        fault("slow-5s");
        let url = Reach::in_process().url(&b.jwks_uri()).unwrap();
        let hurried = Outgoing {
            deadline: Duration::from_millis(50),
            ..Outgoing::get(url, "application/json")
        };
        assert_eq!(fetch.send(&hurried).await, Err(Unreachable::TooSlow));
    }
}
