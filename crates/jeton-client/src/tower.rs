//! Tokens for the requests of any `tower` service that speaks HTTP.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

use crate::{authorize::Authorizer, error::Error, runtime::BoxFuture};

/// The error of an [`AuthorizedService`]: an [`Error`] where there is no token, or that of the service
/// below.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Puts tokens on requests, and sends once more what an API refuses for its token or its nonce. For
/// that bodies have to be `Clone`, as `Full<Bytes>` and `Bytes` are.
///
/// Below it nothing may follow redirects to other origins with the headers as they are.
#[derive(Debug, Clone)]
pub struct AuthorizeLayer(Authorizer);

impl AuthorizeLayer {
    /// With the tokens of a [`Client`](crate::Client), an [`Authorizer`] or a
    /// [`Session`](crate::Session).
    #[must_use]
    pub fn new(authorizer: impl Into<Authorizer>) -> Self {
        Self(authorizer.into())
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = AuthorizedService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthorizedService {
            authorizer: self.0.clone(),
            inner,
        }
    }
}

/// A service whose requests have tokens.
#[derive(Debug, Clone)]
pub struct AuthorizedService<S> {
    authorizer: Authorizer,
    inner: S,
}

impl<S, B, A> Service<Request<B>> for AuthorizedService<S>
where
    S: Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Clone + Send + 'static,
    A: Send + 'static,
{
    type Response = Response<A>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<A>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that is ready goes along; its clone has to become so.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let authorizer = self.authorizer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let url = Url::parse(&parts.uri.to_string())
                .map_err(|_| Error::configuration("the request has no absolute URL"))?;
            let mut before = None;
            loop {
                let mut authorization = authorizer
                    .authorize(&parts.method, &url, &mut parts.headers, before.as_ref())
                    .await?;
                let request = Request::from_parts(parts.clone(), body.clone());
                let answer = inner.call(request).await.map_err(Into::into)?;
                if !authorizer.retry(&mut authorization, answer.status(), answer.headers()) {
                    return Ok(answer);
                }
                before = Some(authorization);
                std::future::poll_fn(|context| inner.poll_ready(context))
                    .await
                    .map_err(Into::into)?;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        sync::{Arc, Mutex},
    };

    use http::StatusCode;

    use super::*;
    use crate::{manager::lock, testing};

    /// An API that takes the second token.
    #[derive(Clone, Default)]
    struct Api(Arc<Mutex<Vec<(String, &'static str)>>>);

    impl Service<Request<&'static str>> for Api {
        type Response = Response<()>;
        type Error = BoxError;
        type Future = Ready<Result<Response<()>, BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<&'static str>) -> Self::Future {
            let token = request.headers()["authorization"]
                .to_str()
                .unwrap()
                .to_owned();
            let status = match &*token {
                "Bearer t1" => StatusCode::OK,
                _ => StatusCode::UNAUTHORIZED,
            };
            lock(&self.0).push((token, request.into_body()));
            let mut response = Response::new(());
            *response.status_mut() = status;
            ready(Ok(response))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn sends_the_body_again_with_another_token() {
        let server = testing::Server::new(|_, number| testing::token(&format!("t{number}"), 100));
        let api = Api::default();
        let layer = AuthorizeLayer::new(server.client().build().unwrap());
        let mut service = layer.layer(api.clone());
        let request = Request::post("https://api.example/write")
            .body("text")
            .unwrap();
        let answer = service.call(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let seen = [
            ("Bearer t0".to_owned(), "text"),
            ("Bearer t1".to_owned(), "text"),
        ];
        assert_eq!(*lock(&api.0), seen);
        let error = service.call(Request::new("text")).await.unwrap_err();
        assert!(error.to_string().contains("absolute"), "{error}");
    }
}
