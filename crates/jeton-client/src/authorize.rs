//! Tokens on requests to an API: what every integration is made of.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

use crate::{
    client::Client,
    dpop::{DPOP, Dpop},
    error::Error,
    runtime::Runtime,
    session::Session,
    token::{AccessToken, TokenRequest, TokenType},
};

/// Whose tokens go with requests to an API: a client's own, or a person's.
///
/// The integrations do what is to be done: [`authorize`](Self::authorize) a request, send it, and where
/// [`retry`](Self::retry) says so, do both once more. What it is attached to gets the token, so attach
/// it to what calls that API alone.
#[derive(Debug, Clone)]
pub struct Authorizer(Source);

#[derive(Debug, Clone)]
enum Source {
    Client(Client, TokenRequest),
    Session(Session),
}

impl From<Client> for Authorizer {
    /// The client's own tokens, for whatever the server gives it if nothing is asked for.
    fn from(client: Client) -> Self {
        Self::new(client, TokenRequest::new())
    }
}

impl From<Session> for Authorizer {
    fn from(session: Session) -> Self {
        Self(Source::Session(session))
    }
}

/// What a request was authorized with, and which second chances it has had.
#[derive(Debug)]
pub struct Authorization {
    token: AccessToken,
    url: Url,
    nonce: Option<String>,
    spent: Spent,
}

#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    nonce: bool,
    token: bool,
}

impl Authorizer {
    /// The client's own tokens, for what `request` asks for.
    #[must_use]
    pub fn new(client: Client, request: TokenRequest) -> Self {
        Self(Source::Client(client, request))
    }

    /// Puts a token, and where it is bound a proof, into the `headers` of a request. `before` is what
    /// an earlier try of the same request was authorized with.
    ///
    /// # Errors
    /// There is no token.
    pub async fn authorize(
        &self,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
        before: Option<&Authorization>,
    ) -> Result<Authorization, Error> {
        let token = match &self.0 {
            Source::Client(client, request) => client.token(request).await?,
            Source::Session(session) => session.access_token().await?,
        };
        let mut value = HeaderValue::try_from(format!(
            "{} {}",
            token.token_type().as_str(),
            token.access_token()
        ))
        .map_err(|_| Error::response("the access token is no header"))?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
        headers.remove(DPOP);
        let mut nonce = None;
        if let (TokenType::Dpop, Some(dpop)) = (token.token_type(), self.dpop()) {
            let proof = dpop.proof(self.runtime(), method, url, Some(token.access_token()))?;
            headers.insert(DPOP, proof.header);
            nonce = proof.nonce;
        }
        Ok(Authorization {
            token,
            url: url.clone(),
            nonce,
            spent: before.map(|before| before.spent).unwrap_or_default(),
        })
    }

    /// Hears an API's answer. Says whether the request is to be authorized and sent once more: with the
    /// nonce that the API wants, or with a token other than the one it refused.
    pub fn retry(
        &self,
        authorization: &mut Authorization,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> bool {
        let dpop = self.dpop();
        let (url, nonce) = (&authorization.url, authorization.nonce.as_deref());
        let fresh_nonce = dpop.is_some_and(|dpop| dpop.remember(url, headers, nonce));
        if status != StatusCode::UNAUTHORIZED {
            return false;
        }
        if authorization.token.token_type() == TokenType::Dpop && wants_nonce(headers) {
            return fresh_nonce && !std::mem::replace(&mut authorization.spent.nonce, true);
        }
        let now = self.runtime().now();
        let another = match &self.0 {
            Source::Client(client, request) => client.refuse(request, &authorization.token),
            Source::Session(session) => session.refuse(&authorization.token, now),
        };
        another && !std::mem::replace(&mut authorization.spent.token, true)
    }

    fn client(&self) -> &Client {
        match &self.0 {
            Source::Client(client, _) => client,
            Source::Session(session) => session.client(),
        }
    }

    fn dpop(&self) -> Option<&Dpop> {
        self.client().core.dpop.as_ref()
    }

    fn runtime(&self) -> &Runtime {
        &self.client().core.runtime
    }
}

/// RFC 9449 §9.
fn wants_nonce(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .any(|challenge| {
            let challenge = challenge.to_str().unwrap_or_default();
            challenge.contains("use_dpop_nonce")
        })
}

#[cfg(test)]
mod tests;
