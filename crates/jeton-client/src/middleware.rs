//! Tokens for the requests of a [`reqwest_middleware::ClientWithMiddleware`].

use http::Extensions;
use reqwest::{Request, Response, Url, redirect::Policy};
use reqwest_middleware::{Middleware, Next, Result};

use crate::authorize::Authorizer;

/// Puts tokens on requests, and sends once more what an API refuses for its token or its nonce, if the
/// body can be sent again.
///
/// Redirects are followed below this, by the `reqwest` client. To another host it takes no token along,
/// but the proof; with [`same_origin`] it does not go there.
#[derive(Debug, Clone)]
pub struct TokenMiddleware(Authorizer);

impl TokenMiddleware {
    /// With the tokens of a [`Client`](crate::Client), an [`Authorizer`] or a
    /// [`Session`](crate::Session).
    #[must_use]
    pub fn new(authorizer: impl Into<Authorizer>) -> Self {
        Self(authorizer.into())
    }
}

#[async_trait::async_trait]
impl Middleware for TokenMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let mut before = None;
        loop {
            let (method, url) = (request.method().clone(), request.url().clone());
            let headers = request.headers_mut();
            let mut authorization = self
                .0
                .authorize(&method, &url, headers, before.as_ref())
                .await
                .map_err(reqwest_middleware::Error::middleware)?;
            let again = request.try_clone();
            let answer = next.clone().run(request, extensions).await?;
            // After a redirect it may be another's, which says nothing of this token.
            if answer.url().origin() != url.origin() {
                return Ok(answer);
            }
            let retry = self
                .0
                .retry(&mut authorization, answer.status(), answer.headers());
            match again {
                Some(again) if retry => request = again,
                _ => return Ok(answer),
            }
            before = Some(authorization);
        }
    }
}

/// What a `reqwest` client may be built with whose requests have tokens: redirects to another origin
/// are not followed, but answered.
#[must_use]
pub fn same_origin() -> Policy {
    Policy::custom(|attempt| {
        let from = attempt.previous().last().map(Url::origin);
        if from != Some(attempt.url().origin()) {
            return attempt.stop();
        }
        if attempt.previous().len() > 10 {
            return attempt.error("too many redirects");
        }
        attempt.follow()
    })
}
