//! Where an issuer has its endpoints: RFC 8414, else OpenID Connect Discovery 1.0.

use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use crate::{
    cached::Cached,
    error::Failure,
    outbound::{Outbound, allowed, json},
};

/// An hour.
const MAX_AGE: u64 = 3600;

/// Of an issuer's metadata, what is used here.
#[derive(Clone, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    jwks_uri: Option<String>,
    introspection_endpoint: Option<String>,
    introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    pub(crate) fn jwks_uri(&self) -> Result<String, Failure> {
        endpoint("jwks_uri", self.jwks_uri.as_deref())
    }

    pub(crate) fn introspection_endpoint(&self) -> Result<String, Failure> {
        endpoint(
            "introspection_endpoint",
            self.introspection_endpoint.as_deref(),
        )
    }

    /// Whether a secret goes into the body, because the header is not among what is supported. RFC 8414
    /// has no default for introspection, so the token endpoint's methods stand in.
    pub(crate) fn wants_secret_in_body(&self) -> bool {
        let methods = self.introspection_endpoint_auth_methods_supported.as_ref();
        let methods = methods.or(self.token_endpoint_auth_methods_supported.as_ref());
        methods.is_some_and(|methods| {
            let has = |method: &str| methods.iter().any(|one| one == method);
            has("client_secret_post") && !has("client_secret_basic")
        })
    }

    /// Whether it is `issuer`'s, as RFC 8414 §3.3 wants it: equal as texts.
    pub(crate) fn check(self, issuer: &str) -> Result<Self, Failure> {
        if self.issuer == issuer {
            Ok(self)
        } else {
            Err(Failure::server(
                "the metadata: of another issuer (issuer_mismatch)",
            ))
        }
    }
}

fn endpoint(name: &'static str, url: Option<&str>) -> Result<String, Failure> {
    let url = url.ok_or_else(|| Failure::server(format!("the metadata: no {name}")))?;
    match allowed(url) {
        Some(_) => Ok(url.to_owned()),
        None => Err(Failure::server(format!(
            "the metadata: {name} is not https"
        ))),
    }
}

/// The metadata of one issuer.
pub(crate) enum Discovery {
    Given(Arc<Metadata>),
    Fetched {
        issuer: String,
        cached: Arc<Cached<Metadata>>,
    },
}

impl Discovery {
    pub(crate) fn new(issuer: String) -> Self {
        let cached = Cached::new(MAX_AGE);
        Self::Fetched { issuer, cached }
    }

    /// What it said led to nothing: it is asked for again, before the next that needs it.
    pub(crate) fn doubt(&self) {
        match self {
            Self::Given(_) => {}
            Self::Fetched { cached, .. } => cached.doubt(),
        }
    }

    pub(crate) async fn get(&self, outbound: &Arc<Outbound>) -> Result<Arc<Metadata>, Failure> {
        match self {
            Self::Given(metadata) => Ok(Arc::clone(metadata)),
            Self::Fetched { issuer, cached } => {
                let fetch = || {
                    let (outbound, issuer) = (Arc::clone(outbound), issuer.clone());
                    Box::pin(async move { fetch(&outbound, &issuer).await }) as _
                };
                cached.get(outbound.now(), fetch).await
            }
        }
    }
}

async fn fetch(outbound: &Outbound, issuer: &str) -> Result<Metadata, Failure> {
    let mut last = Failure::server("the metadata: none (no_metadata)");
    for url in urls(issuer).into_iter().flatten() {
        match outbound.get("the metadata", &url).await {
            Ok(body) => return json::<Metadata>("the metadata", &body)?.check(issuer),
            Err(failure) if failure.fault == crate::Fault::Network => return Err(failure),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

/// Where the metadata is: the well-known path of RFC 8414 before the issuer's own, and that of OpenID
/// Connect after it.
fn urls(issuer: &str) -> [Option<String>; 2] {
    let path = issuer.strip_suffix('/').unwrap_or(issuer);
    let inserted = Url::parse(issuer).ok().map(|mut url| {
        let own = url
            .path()
            .strip_suffix('/')
            .unwrap_or(url.path())
            .to_owned();
        url.set_path(&format!("/.well-known/oauth-authorization-server{own}"));
        url.into()
    });
    [
        inserted,
        Some(format!("{path}/.well-known/openid-configuration")),
    ]
}

#[cfg(test)]
mod tests {
    use super::urls;

    #[test]
    fn well_known() {
        let check = |issuer, inserted: &str, appended: &str| {
            let [first, second] = urls(issuer);
            assert_eq!(first.unwrap(), inserted);
            assert_eq!(second.unwrap(), appended);
        };
        check(
            "https://a.example",
            "https://a.example/.well-known/oauth-authorization-server",
            "https://a.example/.well-known/openid-configuration",
        );
        check(
            "https://a.example/t/1/",
            "https://a.example/.well-known/oauth-authorization-server/t/1",
            "https://a.example/t/1/.well-known/openid-configuration",
        );
    }
}
