//! A layer that lets only requests with a good token through.

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    claims::Claims,
    credentials::{Credentials, Scheme},
    error::{EXPOSED, Error},
    http::BoxFuture,
    need::Need,
    server::{DPOP_NONCE, Inner, ResourceServer},
};

/// The certificate of a client, as DER. Whoever accepts its connection puts it into the extensions of
/// the request (RFC 8705 §3).
#[derive(Clone, Debug)]
pub struct ClientCertificate(pub Vec<u8>);

/// A layer that refuses requests without a good token, and puts the [`Claims`](crate::Claims) of the
/// others into their extensions. Of several layers of one server the first verifies, and the others look
/// only whether the token has what they need: a proof of DPoP counts once.
#[derive(Clone, Debug)]
pub struct ProtectLayer {
    server: ResourceServer,
    need: Need,
}

impl ResourceServer {
    /// A layer that lets requests through whose token has what `need` says.
    #[must_use]
    pub fn layer(&self, need: Need) -> ProtectLayer {
        let server = self.clone();
        ProtectLayer { server, need }
    }
}

impl<S> Layer<S> for ProtectLayer {
    type Service = Protect<S>;

    fn layer(&self, inner: S) -> Protect<S> {
        let layer = self.clone();
        Protect { layer, inner }
    }
}

/// A service behind a [`ProtectLayer`].
#[derive(Clone, Debug)]
pub struct Protect<S> {
    layer: ProtectLayer,
    inner: S,
}

impl<S, B, A> Service<Request<B>> for Protect<S>
where
    S: Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    A: From<Bytes>,
{
    type Response = Response<A>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<A>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was polled until it is ready.
        let ready = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, ready);
        let ProtectLayer { server, need } = self.layer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let scheme = Credentials::from_headers(&parts.headers).scheme();
            if let Err(error) = authorize(&server, &mut parts, &need).await {
                return Ok(refused(&error));
            }
            let mut response = inner.call(Request::from_parts(parts, body)).await?;
            let headers = response.headers_mut();
            headers.append(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            let nonce = server.dpop_nonce().filter(|_| scheme == Scheme::Dpop);
            if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
                headers.insert(DPOP_NONCE, nonce);
            }
            Ok(response)
        })
    }
}

/// By whom the token of a request was verified, in its extensions. `Claims` alone may be another
/// server's, which trusts another issuer.
#[derive(Clone)]
struct Verified(Arc<Inner>, Claims);

/// The claims of a request, by its head; they are in its extensions from then on.
pub(crate) async fn authorize(
    server: &ResourceServer,
    parts: &mut http::request::Parts,
    need: &Need,
) -> Result<Claims, Error> {
    let before = parts.extensions.get();
    let before = before.filter(|Verified(by, _)| Arc::ptr_eq(by, &server.0));
    let claims = match before {
        Some(Verified(_, claims)) => {
            server.require(claims, need)?;
            claims.clone()
        }
        None => verify(server, parts, need).await?,
    };
    let verified = Verified(Arc::clone(&server.0), claims.clone());
    parts.extensions.insert(verified);
    parts.extensions.insert(claims.clone());
    Ok(claims)
}

async fn verify(
    server: &ResourceServer,
    parts: &http::request::Parts,
    need: &Need,
) -> Result<Claims, Error> {
    // What a router has cut off of the path was there when the client signed it.
    #[cfg(feature = "axum")]
    let original = parts.extensions.get::<axum::extract::OriginalUri>();
    #[cfg(feature = "axum")]
    let uri = original.map_or(&parts.uri, |original| &original.0);
    #[cfg(not(feature = "axum"))]
    let uri = &parts.uri;
    let mut credentials =
        Credentials::from_headers(&parts.headers).request(parts.method.as_str(), uri.path());
    if let Some(ClientCertificate(der)) = parts.extensions.get() {
        credentials = credentials.certificate(der);
    }
    server.authorize(&credentials, need).await
}

/// The answer to a request that is refused.
pub(crate) fn refused<A: From<Bytes>>(error: &Error) -> Response<A> {
    let mut response = Response::new(A::from(Bytes::from(error.body())));
    *response.status_mut() = error.status();
    *response.headers_mut() = error.headers().clone();
    response
}
