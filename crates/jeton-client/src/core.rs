//! A client's requests to its authorization server.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::{
    authentication::Authentication,
    discovery::{Discovery, RETRIES},
    dpop::{DPOP, Dpop},
    error::{Code, Error},
    exchange::{self, Refusal},
    metadata::Metadata,
    runtime::Runtime,
    token::TokenResponse,
};

/// How long a request may take that may be sent again.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// The longest that a caller is made to wait because the server asks for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Parameters whose values are no secrets, so that an error may repeat them.
const PUBLIC: [&str; 8] = [
    "grant_type",
    "scope",
    "resource",
    "client_id",
    "redirect_uri",
    "client_assertion_type",
    "token_type_hint",
    "code_challenge_method",
];

/// The parameters of a request, in their order.
pub(crate) type Form = Vec<(&'static str, String)>;

/// What a client is, without what it remembers of tokens.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) runtime: Runtime,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) authentication: Authentication,
    pub(crate) dpop: Option<Dpop>,
    pub(crate) discovery: Discovery,
    /// From when and until when the server wants no requests, and how it said so.
    pub(crate) pause: Mutex<Option<(Duration, Duration, Error)>>,
}

/// An endpoint that a client sends forms to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token,
    DeviceAuthorization,
    Revocation,
}

impl Endpoint {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token endpoint",
            Self::DeviceAuthorization => "device authorization endpoint",
            Self::Revocation => "revocation endpoint",
        }
    }

    fn url(self, metadata: &Metadata) -> Result<&Url, Error> {
        match self {
            Self::Token => Metadata::endpoint("token_endpoint", &metadata.token_endpoint),
            Self::DeviceAuthorization => Metadata::endpoint(
                "device_authorization_endpoint",
                &metadata.device_authorization_endpoint,
            ),
            Self::Revocation => {
                Metadata::endpoint("revocation_endpoint", &metadata.revocation_endpoint)
            }
        }
    }
}

/// A successful answer, with when its request was sent.
pub(crate) struct Answered {
    pub(crate) response: Response<Bytes>,
    pub(crate) sent_at: Duration,
    secrets: Vec<String>,
}

impl Core {
    /// Asks for a token once, within `limit`, and not after `until`.
    pub(crate) async fn grant_once(
        &self,
        form: &Form,
        limit: Duration,
        until: Option<Duration>,
    ) -> Result<TokenResponse, Refusal> {
        let answered = self.post(Endpoint::Token, form, limit, until).await?;
        let object = self.object(Endpoint::Token, &answered)?;
        let scope = form.iter().find(|(name, _)| *name == "scope");
        let scope = scope.map(|(_, scope)| scope.clone());
        let token = TokenResponse::parse(&object, answered.sent_at, scope)?;
        match token.access.token_type() {
            crate::TokenType::Dpop if self.dpop.is_none() => Err(Error::response(
                "the token endpoint answered a DPoP token that was not asked for",
            )
            .into()),
            _ => Ok(token),
        }
    }

    /// Asks for a token, again where the request or its answer is lost or the server fails.
    pub(crate) async fn grant(&self, form: &Form) -> Result<TokenResponse, Error> {
        let once = || async {
            self.grant_once(form, LIMIT, None)
                .await
                .map_err(Error::from)
        };
        self.retrying(once).await
    }

    /// Does something up to three times: a harmless request that may be lost, or for which the server
    /// is to be waited for a little.
    pub(crate) async fn retrying<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        for delay in RETRIES {
            match attempt().await {
                Err(error) if error.retry_after().is_some_and(|after| after <= PATIENCE) => {}
                Err(error) if error.retry_after().is_some() => return Err(error),
                Err(error) if error.is_lost() => self.runtime.sleep_about(delay).await?,
                done => return done,
            }
        }
        attempt().await
    }

    /// Posts a form once, proven; once more where the server wants a nonce in the DPoP proof. Nothing is
    /// sent after `until`, however long what comes before has taken.
    pub(crate) async fn post(
        &self,
        endpoint: Endpoint,
        form: &Form,
        limit: Duration,
        until: Option<Duration>,
    ) -> Result<Answered, Refusal> {
        self.wait_for_the_server().await?;
        let metadata = self.discovery.metadata().await?;
        let url = endpoint.url(&metadata)?;
        let (answered, refusal, fresh_nonce) = self
            .post_once(endpoint, &metadata, url, form, (limit, until))
            .await?;
        let Some(refusal) = refusal else {
            return Ok(answered);
        };
        if !wants_nonce(&refusal) || !fresh_nonce {
            return Err(self.refused(refusal));
        }
        match self
            .post_once(endpoint, &metadata, url, form, (limit, until))
            .await?
        {
            (answered, None, _) => Ok(answered),
            (_, Some(refusal), _) => Err(self.refused(refusal)),
        }
    }

    async fn post_once(
        &self,
        endpoint: Endpoint,
        metadata: &Metadata,
        url: &Url,
        form: &Form,
        (limit, until): (Duration, Option<Duration>),
    ) -> Result<(Answered, Option<Refusal>, bool), Error> {
        let proof = self
            .authentication
            .proof(&self.runtime, metadata, &self.client_id)
            .await?;
        let mut secrets = proof.secrets;
        secrets.extend(
            form.iter()
                .filter(|(name, value)| !PUBLIC.contains(name) && !value.is_empty())
                .map(|(_, value)| value.clone()),
        );
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form.iter().chain(&proof.form))
            .finish();
        let mut request = Request::post(url.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(Bytes::from(body))
            .map_err(|_| Error::new(Code::InvalidMetadata, "an endpoint is no URL"))?;
        request.headers_mut().extend(proof.headers);
        let dpop = self.dpop.as_ref().filter(|_| endpoint == Endpoint::Token);
        let mut nonce = None;
        if let Some(dpop) = dpop {
            let proof = dpop.proof(&self.runtime, &Method::POST, url, None)?;
            request.headers_mut().insert(DPOP, proof.header);
            nonce = proof.nonce;
        }
        let sent_at = self.runtime.now();
        let left = until.map(|until| until.saturating_sub(sent_at));
        if left.is_some_and(|left| left.is_zero()) {
            let message = "the time for the request was over before it could be sent";
            return Err(Error::new(Code::Timeout, message));
        }
        let limit = left.map_or(limit, |left| left.min(limit));
        let response = self.runtime.send(request, limit).await?;
        let headers = response.headers();
        let fresh_nonce = dpop.is_some_and(|dpop| dpop.remember(url, headers, nonce.as_deref()));
        let now = self.runtime.now();
        let refusal = exchange::succeeded(endpoint.name(), &response, now, &secrets).err();
        let answered = Answered {
            response,
            sent_at,
            secrets,
        };
        Ok((answered, refusal, fresh_nonce))
    }

    /// The JSON object that an endpoint answered.
    pub(crate) fn object(
        &self,
        endpoint: Endpoint,
        answered: &Answered,
    ) -> Result<Map<String, Value>, Error> {
        let now = self.runtime.now();
        exchange::object(endpoint.name(), &answered.response, now, &answered.secrets)
            .map_err(Error::from)
    }

    /// What a refusal is to the caller, and until when nothing more is asked.
    fn refused(&self, mut refusal: Refusal) -> Refusal {
        if wants_nonce(&refusal) {
            let status = refusal.error.status().unwrap_or(400);
            let message = "the server wants another DPoP nonce than the one it gave";
            refusal.error = Error::new(Code::NonceMismatch, message).with_status(status);
        }
        if let Some(after) = refusal.error.retry_after() {
            let now = self.runtime.now();
            let pause = (now, now.saturating_add(after), refusal.error.clone());
            *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(pause);
        }
        refusal
    }

    /// Waits until the server takes requests again, where that is soon.
    pub(crate) async fn wait_for_the_server(&self) -> Result<(), Error> {
        let pause = self
            .pause
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some((from, until, error)) = pause else {
            return Ok(());
        };
        let now = self.runtime.now();
        // The clock was put back since: how long it lasts cannot be told.
        if now < from {
            return Ok(());
        }
        let left = until.saturating_sub(now);
        if left > PATIENCE {
            return Err(error.with_retry_after(Some(left)));
        }
        if !left.is_zero() {
            self.runtime.sleep(left).await;
        }
        Ok(())
    }
}

fn wants_nonce(refusal: &Refusal) -> bool {
    refusal.word.as_deref() == Some("use_dpop_nonce")
}
