//! One request to one issuer: what goes wrong, what is waived, the server's answer, and what becomes
//! of it.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ALLOW, LOCATION, ORIGIN},
};
use jeton::{Audit, BODY_LIMIT, CryptoError};
use jeton_http::Dropped;
use serde_json::Value;
use url::Url;

use crate::{
    address::Address,
    answer,
    asked::Asked,
    claims::{Facts, merge},
    cors, debugger,
    fault::{self, Acting, FAULT_HEADER, json_error, unusable},
    forge::{Forge, Known},
    issuer::{At, Issuer, Served},
    journal::{Entry, redact, shorten},
    lenient::{self, WAIVED_HEADER, Waived, presenting},
    provider::Provider,
    spec::{Effect, Endpoint, LONGEST_DELAY, Strictness},
};

/// One request to one issuer.
pub(crate) struct Visit<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) issuer: &'a Issuer,
    pub(crate) served: &'a Served,
    pub(crate) address: &'a Address,
    pub(crate) endpoint: Endpoint,
}

impl Visit<'_> {
    pub(crate) async fn answer(
        self,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, Dropped> {
        let plain = self.address.is_plain_for_browsers();
        if plain {
            answer::host_cookies(&mut request);
        }
        if self.is_lenient()
            && let Some(preflight) = cors::preflight(&request)
        {
            return Ok(preflight);
        }
        let asked = Asked::read(self.endpoint, &request);
        let path = request.uri().path().to_owned();
        let cross_origin = self.is_lenient() && request.headers().contains_key(ORIGIN);
        let mut acting = self.acting_on(&asked);
        self.issuer.wait(delay(&acting)).await;

        let mut waived = Vec::new();
        let mut outcome = match self.instead(&mut acting) {
            Some(outcome) => outcome,
            None => {
                let waiving = self.waive(&asked, &mut request);
                waived = waiving.names;
                let response = presenting(waiving.client, self.dispatch(request)).await;
                Ok(self.finish(response, &asked, &mut acting).await)
            }
        };
        if let Ok(response) = &mut outcome {
            name(response.headers_mut(), WAIVED_HEADER, &waived);
            let faults: Vec<_> = acting.iter().map(|it| it.effect.to_string()).collect();
            name(response.headers_mut(), FAULT_HEADER, &faults);
            if cross_origin {
                cors::open_to_pages(response.headers_mut());
            }
            if plain {
                answer::plain_cookies(response);
            }
        }
        self.note(asked, path, outcome.as_ref().ok(), waived, &acting);
        outcome
    }

    fn is_lenient(&self) -> bool {
        self.issuer.strictness() == Strictness::Lenient
    }

    /// The issuer's faults, and those that the request itself names.
    fn acting_on(&self, asked: &Asked) -> Vec<Acting> {
        let mut acting = self.issuer.acting_on(asked);
        if self.is_lenient() {
            add_new(&mut acting, fault::magic(asked));
        }
        acting
    }

    /// What takes the place of the server's answer, if anything does. Of what else was to act, only
    /// a delay then has.
    fn instead(&self, acting: &mut Vec<Acting>) -> Option<Result<Response<Bytes>, Dropped>> {
        let outcome = match acting.iter().any(|it| it.effect == Effect::Drop) {
            true => Err(Dropped),
            false => Ok(acting
                .iter()
                .filter(|it| !self.goes_back(&it.effect))
                .find_map(|it| fault::instead(&it.effect, self.endpoint))?),
        };
        let mut answered = false;
        acting.retain(|it| {
            let first = it.effect.answers() && !answered;
            answered |= first;
            first || matches!(it.effect, Effect::Slow(_))
        });
        Some(outcome)
    }

    /// What a lenient issuer waives, and the request as it has to be for that.
    fn waive(&self, asked: &Asked, request: &mut Request<Bytes>) -> Waived {
        if !self.is_lenient() {
            return Waived::default();
        }
        let waived = self.issuer.waive(asked, request);
        if let Some(owner) = &waived.owner {
            lenient::ask_as(owner, request);
        }
        if asked.grant_type.as_deref() == Some("refresh_token") {
            fault::without_magic_scope(request);
        }
        waived
    }

    /// Whether an effect is an OAuth error that the browser takes back to the client.
    fn goes_back(&self, effect: &Effect) -> bool {
        self.endpoint == Endpoint::Authorize && fault::sent_back(effect).is_some()
    }

    fn at(&self) -> At<'_> {
        At {
            issuer: self.issuer,
            server: &self.served.server,
            address: self.address,
            now: self.issuer.now(),
        }
    }

    async fn dispatch(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        let own = [Endpoint::Login, Endpoint::Logout, Endpoint::Debugger];
        if own.contains(&self.endpoint) && request.body().len() > BODY_LIMIT {
            let text = format!("the body is larger than {BODY_LIMIT} bytes");
            return json_error(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", &text);
        }
        let at = self.at();
        let login = self.issuer.login();
        match (self.endpoint, request.method()) {
            (Endpoint::Login, &Method::GET) => login.ask(&at, &request).await,
            (Endpoint::Login, &Method::POST) => login.take(&at, &request).await,
            (Endpoint::Logout, &Method::GET) => login.log_out(&at, &request),
            (Endpoint::Debugger, &Method::GET | &Method::POST) => {
                debugger::answer(self.provider, &at, &request).await
            }
            (Endpoint::Login | Endpoint::Debugger, _) => not_allowed("GET, POST"),
            (Endpoint::Logout, _) => not_allowed("GET"),
            _ => {
                unalias(&mut request, self.endpoint);
                self.retype(&mut request).await;
                self.served.server.handle(request, at.now).await
            }
        }
    }

    /// Rules may give access tokens another `typ`, as those of other providers have, and an issuer
    /// may be known by several addresses; the server knows one of each.
    async fn retype(&self, request: &mut Request<Bytes>) {
        let presents =
            [Endpoint::Userinfo, Endpoint::Introspect, Endpoint::Revoke].contains(&self.endpoint);
        if !presents {
            return;
        }
        let known = Known {
            types: self.issuer.access_token_types(),
            issuers: self.issuer.other_addresses(self.address),
        };
        if known.types.is_empty() && known.issuers.is_empty() {
            return;
        }
        let keys = self.issuer.own_keys();
        let forge = Forge {
            config: &self.served.config,
            keys: keys.as_ref(),
            now: self.issuer.now(),
        };
        answer::retype(request, &known, &self.address.issuer, &forge).await;
    }

    /// What becomes of the server's answer.
    async fn finish(
        &self,
        mut response: Response<Bytes>,
        asked: &Asked,
        acting: &mut Vec<Acting>,
    ) -> Response<Bytes> {
        match self.endpoint {
            Endpoint::Authorize => {
                self.remember(&response, asked);
                let error = acting.iter().find_map(|it| fault::sent_back(&it.effect));
                if let Some((error, description)) = error {
                    match self.send_back(&response, error, description).await {
                        // The server's own answer carries the cookie that the way back is bound to.
                        Some(location) => {
                            response.headers_mut().insert(LOCATION, location);
                        }
                        None => acting.retain(|it| !self.goes_back(&it.effect)),
                    }
                }
            }
            Endpoint::Token => {
                if let Err(error) = self.remake(&mut response, asked, acting).await {
                    return unusable(&error);
                }
            }
            Endpoint::Userinfo => self.add_to_userinfo(&mut response),
            Endpoint::Jwks => {
                let hidden = self.issuer.hidden_keys().await;
                if !hidden.is_empty() {
                    answer::hide_keys(&mut response, &hidden);
                }
            }
            Endpoint::OpenidConfiguration | Endpoint::AuthorizationServerMetadata => {
                answer::readdress(&mut response, self.endpoint, self.address);
            }
            Endpoint::DeviceAuthorization => {
                self.remember(&response, asked);
                answer::readdress(&mut response, self.endpoint, self.address);
            }
            _ => {}
        }
        if !response.status().is_success() {
            // There were no tokens to be wrong.
            acting.retain(|it| !matches!(it.effect, Effect::Token(_)));
        }
        acting.retain(|it| fault::spoil(&mut response, &it.effect));
        response
    }

    fn remember(&self, response: &Response<Bytes>, asked: &Asked) {
        let grant = response.extensions().get::<Audit>().and_then(|it| it.grant);
        if let Some(grant) = grant {
            let parameters = redact(asked.parameters.clone());
            self.issuer
                .remembered()
                .remember(&grant.to_string(), &parameters);
        }
    }

    /// Where an authorization request goes that the server found good, rejected in the login
    /// application's stead: so the error goes back exactly as in production. `None` where the server
    /// has refused the request itself.
    async fn send_back(
        &self,
        response: &Response<Bytes>,
        error: &str,
        description: &str,
    ) -> Option<HeaderValue> {
        let location = response.headers().get(LOCATION)?.to_str().ok()?;
        let location = Url::parse(location).ok()?;
        let (_, sealed) = location.query_pairs().find(|(name, _)| name == "request")?;
        let login = self.issuer.login();
        let rejected = login.reject(&self.at(), &sealed, error, description).await;
        rejected.headers().get(LOCATION).cloned()
    }

    async fn remake(
        &self,
        response: &mut Response<Bytes>,
        asked: &Asked,
        acting: &mut Vec<Acting>,
    ) -> Result<(), CryptoError> {
        let grant = response.extensions().get::<Audit>().and_then(|it| it.grant);
        let says_more = !acting.is_empty() || self.issuer.adds_claims() || grant.is_some();
        if !says_more && !fault::names_magic(response.body()) {
            return Ok(());
        }
        let Some(body) = answer::read(response) else {
            return Ok(());
        };
        let scope = body.get("scope").and_then(Value::as_str);
        let scope = scope.unwrap_or_default().to_owned();
        if self.is_lenient() {
            add_new(acting, fault::magic_of_grant(&scope));
        }
        let instead = acting
            .iter()
            .find_map(|it| fault::instead(&it.effect, self.endpoint));
        if let Some(instead) = instead {
            *response = instead;
            return Ok(());
        }
        let claims = answer::access_token(&body).unwrap_or_default();
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let mut parameters = match text("sid") {
            Some(grant) => self
                .issuer
                .remembered()
                .remember(grant, &redact(asked.parameters.clone())),
            None => BTreeMap::new(),
        };
        // What is remembered is redacted; what this request says is the rules' affair.
        parameters.extend(asked.parameters.clone());
        let facts = self.facts(
            asked.client_id.as_deref(),
            asked.grant_type.as_deref(),
            Some(&scope),
            text("sub"),
            &parameters,
        );
        let additions = self.issuer.additions(&facts);
        let wrong = acting
            .iter()
            .any(|it| matches!(it.effect, Effect::Token(_)));
        if additions.is_empty() && !wrong {
            return Ok(());
        }
        let keys = self.issuer.own_keys();
        let forge = Forge {
            config: &self.served.config,
            keys: keys.as_ref(),
            now: self.issuer.now(),
        };
        let wrong = answer::remake_tokens(response, body, &additions, acting, &forge).await?;
        acting.retain(|it| match &it.effect {
            Effect::Token(fault) => wrong.contains(fault),
            _ => true,
        });
        Ok(())
    }

    fn add_to_userinfo(&self, response: &mut Response<Bytes>) {
        let audit = response.extensions().get::<Audit>().cloned();
        let (Some(body), Some(audit)) = (answer::read(response), audit) else {
            return;
        };
        let client_id = audit.client_id.as_ref().map(jeton::ClientId::as_str);
        let parameters = match audit.grant {
            Some(grant) => self.issuer.remembered().recall(&grant.to_string()),
            None => BTreeMap::new(),
        };
        let facts = self.facts(
            client_id,
            parameters.get("grant_type").map(String::as_str),
            parameters.get("scope").map(String::as_str),
            body.get("sub").and_then(Value::as_str),
            &parameters,
        );
        let additions = self.issuer.additions(&facts);
        if !additions.userinfo.is_empty() {
            answer::edit(response, |body| merge(body, &additions.userinfo));
        }
    }

    fn facts<'f>(
        &'f self,
        client_id: Option<&'f str>,
        grant_type: Option<&'f str>,
        scope: Option<&'f str>,
        subject: Option<&'f str>,
        parameters: &'f BTreeMap<String, String>,
    ) -> Facts<'f> {
        Facts {
            client_id,
            grant_type,
            scope,
            subject,
            issuer: &self.address.issuer,
            issuer_name: self.issuer.name(),
            parameters,
        }
    }

    /// Writes the request into the journal.
    fn note(
        &self,
        asked: Asked,
        path: String,
        response: Option<&Response<Bytes>>,
        waived: Vec<&'static str>,
        acting: &[Acting],
    ) {
        let audit = response.and_then(|it| it.extensions().get::<Audit>());
        let error = match (audit.and_then(|it| it.error), response) {
            (Some(error), _) => Some(error.to_owned()),
            (None, Some(response)) if !response.status().is_success() => {
                let body = serde_json::from_slice::<Value>(response.body()).ok();
                body.and_then(|body| body.get("error")?.as_str().map(str::to_owned))
            }
            _ => None,
        };
        self.issuer.journal().add(Entry {
            id: 0,
            at: self.issuer.now(),
            issuer: self.issuer.name().to_owned(),
            endpoint: Cow::Borrowed(self.endpoint.as_str()),
            method: asked.method,
            path,
            parameters: redact(asked.parameters),
            client_id: match audit.and_then(|it| it.client_id.as_ref()) {
                Some(id) => Some(id.as_str().to_owned()),
                None => asked.client_id.as_deref().map(shorten),
            },
            grant_type: asked.grant_type.as_deref().map(shorten),
            subject: audit.and_then(|it| it.subject.clone()),
            status: response.map(|it| it.status().as_u16()),
            error,
            waived: waived.into_iter().map(Cow::Borrowed).collect(),
            faults: acting
                .iter()
                .map(|it| shorten(&it.effect.to_string()))
                .collect(),
        });
    }
}

/// Adds what is not there yet.
fn add_new(acting: &mut Vec<Acting>, more: Vec<Acting>) {
    for one in more {
        if !acting.contains(&one) {
            acting.push(one);
        }
    }
}

/// Names things in a header, unless there are none.
fn name<T: AsRef<str>>(headers: &mut HeaderMap, header: HeaderName, things: &[T]) {
    let things: Vec<_> = things.iter().map(AsRef::as_ref).collect();
    if !things.is_empty()
        && let Ok(value) = HeaderValue::try_from(things.join(", "))
    {
        headers.insert(header, value);
    }
}

/// How long an answer is to be late.
fn delay(acting: &[Acting]) -> Duration {
    let delays = acting.iter().filter_map(|it| match it.effect {
        Effect::Slow(delay) => Some(delay.length()),
        _ => None,
    });
    delays.sum::<Duration>().min(LONGEST_DELAY)
}

/// The path the core knows an endpoint by, where the mock has another one for it as well.
fn unalias(request: &mut Request<Bytes>, endpoint: Endpoint) {
    let path = request.uri().path();
    let alias = match endpoint {
        Endpoint::Jwks => "/jwks",
        Endpoint::EndSession => "/endsession",
        _ => return,
    };
    let Some(issuer) = path.strip_suffix(alias) else {
        return;
    };
    let query = request.uri().query().map(|it| format!("?{it}"));
    let own = format!("{issuer}{}{}", endpoint.path(), query.unwrap_or_default());
    if let Ok(uri) = own.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
}

fn not_allowed(allow: &'static str) -> Response<Bytes> {
    let mut response = json_error(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        &format!("the endpoint answers {allow} only"),
    );
    let allow = HeaderValue::from_static(allow);
    response.headers_mut().insert(ALLOW, allow);
    response
}
