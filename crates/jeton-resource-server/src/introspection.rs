//! Opaque tokens, which their issuer is asked about (RFC 7662).

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{Shared, WeakShared},
};
use http::{HeaderMap, HeaderValue, Request, header};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::{
    claims::{Claims, Unverified},
    client_authentication::{self, ClientAuthentication},
    discovery::Discovery,
    encoding::sha256,
    error::{Code, Failure, Fault, Refusal},
    http::BoxFuture,
    outbound::{Outbound, body, json},
};

/// The longest that an active token is believed, in seconds. So long one that was revoked counts.
const ACTIVE: u64 = 30;

/// The longest that an inactive one is.
const INACTIVE: u64 = 10;

/// The longest that nobody is asked because the server said so, in seconds: so long nobody's token
/// counts that is not remembered.
const LONGEST_PAUSE: u64 = 30;

/// How long nobody is asked after the network has failed, in seconds.
const PAUSE: u64 = 1;

/// The most tokens that are remembered.
const MOST: usize = 10_000;

/// The SHA-256 of a token: what is remembered cannot be used.
type Key = [u8; 32];

/// What the issuer said of a token.
type Said = Result<Arc<Claims>, Code>;

type Flight = BoxFuture<'static, Result<Said, Failure>>;

/// What asks, and what it was told.
pub(crate) struct Introspection {
    pub(crate) client_id: String,
    pub(crate) authentication: ClientAuthentication,
    /// Where it is not that of the metadata.
    pub(crate) endpoint: Option<String>,
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) discovery: Arc<Discovery>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    known: HashMap<Key, (Said, u64)>,
    /// The keys of those, the oldest first. A key that was told twice is here twice.
    order: VecDeque<Key>,
    flights: HashMap<Key, WeakShared<Flight>>,
    /// Until when nobody is asked, and why.
    pause: Option<(u64, Failure)>,
}

/// What an [`Introspection`] is made of.
pub(crate) struct Settings {
    pub(crate) client_id: String,
    pub(crate) authentication: ClientAuthentication,
    pub(crate) endpoint: Option<String>,
}

impl Introspection {
    pub(crate) fn new(
        settings: Settings,
        issuer: String,
        audience: Vec<String>,
        outbound: Arc<Outbound>,
        discovery: Arc<Discovery>,
    ) -> Arc<Self> {
        Arc::new(Self {
            client_id: settings.client_id,
            authentication: settings.authentication,
            endpoint: settings.endpoint,
            issuer,
            audience,
            outbound,
            discovery,
            told: Mutex::default(),
        })
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // Nothing panics while it is held.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims of `token`, by what the issuer said within the last seconds or says now. Times are
    /// not checked.
    pub(crate) async fn claims(self: &Arc<Self>, token: &str, now: u64) -> Result<Claims, Refusal> {
        let unavailable = |failure| {
            let refusal = Refusal::unavailable(Code::IntrospectionUnavailable, failure);
            refusal.with_note(self.outbound.note())
        };
        let key = sha256(token);
        let flight = {
            let mut told = self.told();
            // An end further away than any is from before the clock was put back.
            if let Some((said, until)) = told.known.get(&key)
                && now < *until
                && *until - now <= ACTIVE
            {
                return said
                    .clone()
                    .map(Arc::unwrap_or_clone)
                    .map_err(Refusal::from);
            }
            match told.flights.get(&key).and_then(WeakShared::upgrade) {
                Some(flight) => flight,
                None => {
                    if let Some((until, failure)) = &told.pause
                        && now < *until
                        && *until - now <= LONGEST_PAUSE
                    {
                        let mut failure = failure.clone();
                        failure.retry_after = Some(*until - now);
                        return Err(unavailable(failure));
                    }
                    self.start(&mut told, key, token.to_owned(), now)
                }
            }
        };
        let said = flight.await.map_err(unavailable)?;
        said.map(Arc::unwrap_or_clone).map_err(Refusal::from)
    }

    fn start(
        self: &Arc<Self>,
        told: &mut Told,
        key: Key,
        token: String,
        now: u64,
    ) -> Shared<Flight> {
        let this = Arc::clone(self);
        let flight: Flight = Box::pin(async move {
            let said = this.ask(&token, now).await;
            let said = said.inspect_err(|_| this.discovery.doubt());
            this.settle(key, now, said)
        });
        let flight = flight.shared();
        // On a Worker what one request waits for cannot be waited for by another.
        if !cfg!(target_arch = "wasm32") {
            if told.flights.len() >= MOST {
                // Those that everybody has left.
                told.flights.retain(|_, flight| flight.upgrade().is_some());
            }
            told.flights
                .extend(flight.downgrade().map(|weak| (key, weak)));
        }
        flight
    }

    fn settle(&self, key: Key, now: u64, mut said: Result<Said, Failure>) -> Result<Said, Failure> {
        let mut told = self.told();
        told.flights.remove(&key);
        match &mut said {
            Ok(said) => {
                let until = match said {
                    Ok(claims) => now
                        .saturating_add(ACTIVE)
                        .min(claims.exp.unwrap_or(u64::MAX)),
                    Err(_) => now.saturating_add(INACTIVE),
                };
                told.known.insert(key, (said.clone(), until));
                told.order.push_back(key);
                while told.order.len() > MOST
                    && let Some(oldest) = told.order.pop_front()
                {
                    told.known.remove(&oldest);
                }
            }
            Err(failure) => {
                if failure.fault == Fault::Network {
                    failure.retry_after.get_or_insert(PAUSE);
                }
                if let Some(seconds) = &mut failure.retry_after {
                    *seconds = LONGEST_PAUSE.min(*seconds);
                    let until = now.saturating_add(*seconds);
                    let longer = until..=now.saturating_add(LONGEST_PAUSE);
                    let stands = |(until, _): &(u64, Failure)| longer.contains(until);
                    if !told.pause.as_ref().is_some_and(stands) {
                        told.pause = Some((until, failure.clone()));
                    }
                }
            }
        }
        said
    }

    async fn ask(&self, token: &str, now: u64) -> Result<Said, Failure> {
        let what = "introspection";
        // The metadata says how the secret is sent, so it is wanted where the endpoint is known too.
        let metadata = self.discovery.get(&self.outbound).await;
        let endpoint = match (&self.endpoint, &metadata) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Ok(metadata)) => metadata.introspection_endpoint()?,
            (None, Err(failure)) => return Err(failure.clone()),
        };
        let secret_in_body = metadata.is_ok_and(|metadata| metadata.wants_secret_in_body());
        let request = self.request(token, endpoint, secret_in_body, now)?;
        let answer = body(what, self.outbound.send(what, request).await?)?;
        self.said(json(what, &answer)?)
    }

    fn request(
        &self,
        token: &str,
        endpoint: String,
        secret_in_body: bool,
        now: u64,
    ) -> Result<Request<Bytes>, Failure> {
        let mut headers = HeaderMap::new();
        let mut form = Serializer::new(String::new());
        form.append_pair("token", token);
        form.append_pair("token_type_hint", "access_token");
        let mut to = client_authentication::Request {
            headers: &mut headers,
            form: &mut form,
            secret_in_body,
        };
        self.authentication
            .add(&mut to, &self.client_id, &self.issuer, now)?;
        let sent = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, sent);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let request = Request::post(endpoint).body(Bytes::from(form.finish()));
        let mut request = request.map_err(|_| Failure::server("introspection: no URL"))?;
        request.headers_mut().extend(headers);
        Ok(request)
    }

    /// Whether the answer lets the token count here.
    fn said(&self, Unverified { iss, mut claims }: Unverified) -> Result<Said, Failure> {
        match claims.rest.remove("active") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Ok(Err(Code::Inactive)),
            _ => return Err(Failure::server("introspection: not what it has to be")),
        }
        if iss.is_some_and(|iss| iss != self.issuer) {
            return Ok(Err(Code::WrongIssuer));
        }
        // Of a refresh token it is something else, where a server says anything of those.
        let is_access_token = |kind: &Value| {
            let kind = kind.as_str().unwrap_or_default();
            ["bearer", "dpop"]
                .iter()
                .any(|one| kind.eq_ignore_ascii_case(one))
        };
        if !claims.rest.get("token_type").is_none_or(is_access_token) {
            return Ok(Err(Code::WrongType));
        }
        if !claims.aud.iter().any(|aud| self.audience.contains(aud)) {
            return Ok(Err(Code::WrongAudience));
        }
        claims.iss.clone_from(&self.issuer);
        Ok(Ok(Arc::new(claims)))
    }
}
