//! The control API under `/_mock`: what a test turns while the mock runs. `openapi.json` describes
//! it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL},
};
use jeton_http::{Dropped, Scheme};
use serde::Serialize;

use crate::{
    front::Reached,
    json::{json_error, json_response},
    keys::KeyError,
    mint::MintError,
    provider::{NoIssuer, Provider},
    spec::{Endpoint, InvalidSpec},
};
use body::InvalidBody;
use query::{InvalidQuery, Query};
use route::{Body, NoRoute, Operation};

mod body;
mod of_issuer;
mod of_mock;
pub(crate) mod origin;
mod query;
mod route;
#[cfg(test)]
mod tests;

/// Answers a request whose path begins with `/_mock`, beneath the mock's own.
pub(crate) async fn answer(
    provider: &Provider,
    request: &Request<Bytes>,
    scheme: Scheme,
) -> Result<Response<Bytes>, Dropped> {
    let answer = attempt(provider, request, scheme).await;
    let mut response = match answer {
        Ok(response) => response,
        Err(Refusal::Dropped) => return Err(Dropped),
        Err(refusal) => refusal.respond(),
    };
    if *request.method() == Method::HEAD {
        *response.body_mut() = Bytes::new();
    }
    Ok(response)
}

async fn attempt(
    provider: &Provider,
    request: &Request<Bytes>,
    scheme: Scheme,
) -> Result<Response<Bytes>, Refusal> {
    let addresses = provider.addresses();
    let address = |name: &str| provider.address_of(name, request, scheme);
    // Not where `Host` says it was reached: a page that has its name point here says so, too.
    if let Some(origin) = origin::foreign(request.headers(), addresses.origins()) {
        return Err(Refusal::Foreign(origin.to_owned()));
    }
    let path = request.uri().path().strip_prefix(addresses.path());
    let path = path.and_then(|path| path.strip_prefix(route::PREFIX));
    let route = route::find(request.method(), path.unwrap_or_default())?;
    let query = Query::parse(request.uri().query().unwrap_or_default(), route.parameters)?;
    if route.body == Body::Nothing {
        body::nothing(request)?;
    }
    match route.operation {
        Operation::Mock(operation) => {
            of_mock::perform(operation, provider, &query, request, address)
        }
        // As its platform would answer, with its faults, and in the journal.
        Operation::Environment => {
            let name = query.issuer();
            if provider.platform_of(name).is_none() {
                let known = provider
                    .find(name)
                    .map(|_| Refusal::Nothing(PLATFORM.to_owned()));
                return Err(known.unwrap_or_else(|| Refusal::UnknownIssuer(name.to_owned())));
            }
            let reached = Reached::as_it_is(name, Endpoint::Platform);
            let asked = provider.visit(reached, request.clone(), scheme);
            asked.await.map_err(|Dropped| Refusal::Dropped)
        }
        Operation::Issuer(operation) => {
            let name = query.issuer();
            let found = provider.find(name);
            let issuer = found.ok_or_else(|| Refusal::UnknownIssuer(name.to_owned()))?;
            of_issuer::perform(operation, &issuer, &query, request, &address(name)).await
        }
    }
}

/// What an issuer has none of that stands in for nobody.
const PLATFORM: &str = "environment, because the issuer stands in for no platform";

fn ok(body: &impl Serialize) -> Response<Bytes> {
    json_response(StatusCode::OK, body)
}

/// An object of one member. No `Value` is made of it, which would sort the members of what is within.
fn ok_with(name: &'static str, value: &impl Serialize) -> Response<Bytes> {
    ok(&BTreeMap::from([(name, value)]))
}

/// The answer 204, to what succeeded and has nothing to say.
fn done() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

/// Why a control request is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("pages of {0} may not use the control API")]
    Foreign(String),
    #[error("a fault of the mock: no answer")]
    Dropped,
    #[error("there is no such path; /_mock/openapi.json has all")]
    Path,
    #[error("the path answers {0}")]
    Method(String),
    #[error(transparent)]
    Query(#[from] InvalidQuery),
    #[error("there is no issuer {0:?}")]
    UnknownIssuer(String),
    #[error("there is no {0}")]
    Nothing(String),
    #[error("there are too many issuers already; reset, or delete some")]
    TooManyIssuers,
    #[error("the default issuer stays; /_mock/reset makes it anew")]
    DefaultIssuer,
    #[error(transparent)]
    Body(#[from] InvalidBody),
    #[error(transparent)]
    Spec(#[from] InvalidSpec),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Mint(#[from] MintError),
}

impl From<NoRoute> for Refusal {
    fn from(none: NoRoute) -> Self {
        match none {
            NoRoute::Path => Self::Path,
            NoRoute::Method(allowed) => Self::Method(allowed),
        }
    }
}

impl From<NoIssuer> for Refusal {
    fn from(none: NoIssuer) -> Self {
        match none {
            NoIssuer::TooMany => Self::TooManyIssuers,
            NoIssuer::Invalid(error) => Self::Spec(error),
        }
    }
}

impl Refusal {
    fn wire(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Foreign(_) => (StatusCode::FORBIDDEN, "access_denied"),
            Self::Path | Self::UnknownIssuer(_) | Self::Nothing(_) => {
                (StatusCode::NOT_FOUND, "not_found")
            }
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"),
            Self::Body(InvalidBody::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"),
            Self::Body(InvalidBody::MediaType) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request")
            }
            Self::Dropped | Self::TooManyIssuers => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
            }
            Self::Keys(KeyError::Crypto(_)) | Self::Mint(MintError::Crypto(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "server_error")
            }
            Self::Query(_)
            | Self::DefaultIssuer
            | Self::Body(_)
            | Self::Spec(_)
            | Self::Keys(_)
            | Self::Mint(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        }
    }

    fn respond(&self) -> Response<Bytes> {
        let (status, error) = self.wire();
        let mut response = json_error(status, error, &self.to_string());
        if let Self::Method(allowed) = self
            && let Ok(allowed) = HeaderValue::try_from(allowed)
        {
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }
}
