//! Extractors and routes of axum.

use axum::{
    Router,
    body::Body,
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header, request::Parts};

use crate::{
    claims::Claims,
    error::{EXPOSED, Error},
    need::Need,
    server::ResourceServer,
    tower::{authorize, refused},
};

/// The claims of the request's token: verified by a layer of the same server around the handler, else
/// here. A request without a good token is refused. Of several extractors the first verifies: a proof of
/// DPoP counts once.
impl<S> FromRequestParts<S> for Claims
where
    ResourceServer: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let server = ResourceServer::from_ref(state);
        authorize(&server, parts, &Need::new()).await
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        refused::<Body>(&self)
    }
}

impl ResourceServer {
    /// A router that serves the metadata of this API (RFC 9728) to everybody; empty where it has none.
    pub fn metadata_router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let Some(metadata) = self.metadata() else {
            return Router::new();
        };
        let path = metadata.path.split('?').next().unwrap_or_default();
        let document = metadata.document.to_string();
        let handler = move || {
            let headers = [
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                ),
                (
                    header::ACCESS_CONTROL_ALLOW_ORIGIN,
                    HeaderValue::from_static("*"),
                ),
                (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
            ];
            std::future::ready((headers, document.clone()))
        };
        Router::new().route(&escaped(path), get(handler))
    }
}

/// A path as axum writes a route: its braces would begin a parameter.
fn escaped(path: &str) -> String {
    path.replace('{', "{{").replace('}', "}}")
}
