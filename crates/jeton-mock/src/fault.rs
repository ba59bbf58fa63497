//! Faults: which act on a request, and what they make of its answer.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use jeton_http::Dropped;
use jeton_rules::{all_fit, fits};
use serde::Serialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{
    asked::Asked,
    departures::{Departures, Due},
    json::{json_error, json_response},
    spec::{
        CustomResponse, Effect, Endpoint, Fault, InvalidEffect, LONGEST_DELAY, Matcher, OAuthError,
    },
};

/// Names the faults that acted; separated by commas.
pub(crate) const FAULT_HEADER: HeaderName = HeaderName::from_static("jeton-mock-fault");

/// What client ids that name a fault begin with.
const MAGIC_CLIENT: &str = "fail.";

/// What scope tokens that name a fault begin with.
const MAGIC_SCOPE: &str = "fault:";

/// How many faults a scope may name: more would be no test.
const MOST_MAGIC: usize = 16;

/// The faults of an issuer.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    kept: Vec<Kept>,
    last: u64,
}

/// A fault of an issuer, and how often it matched and acted.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Kept {
    pub(crate) id: u64,
    #[serde(flatten)]
    fault: Fault,
    seen: u32,
    acted: u32,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Kept {
        self.last += 1;
        let kept = Kept {
            id: self.last,
            fault,
            seen: 0,
            acted: 0,
        };
        self.kept.push(kept.clone());
        kept
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.kept.len();
        self.kept.retain(|kept| kept.id != id);
        self.kept.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }

    pub(crate) fn list(&self) -> Vec<Kept> {
        self.kept.clone()
    }

    /// The effects that are to act on a request; each match is counted. Of several that answer in the
    /// server's place the first acts, and the next waits for the next request.
    pub(crate) fn due(&mut self, asked: &Asked<'_>) -> Vec<Due> {
        let mut all = Vec::<Due>::new();
        for kept in &mut self.kept {
            let answered = all.iter().any(|due| due.effect.answers());
            let waits = answered && kept.fault.effect.answers();
            if kept.is_due(asked) && !waits {
                all.push(kept.act());
            }
        }
        all
    }
}

impl Kept {
    /// Whether it would act on this request, which is counted if it matches.
    fn is_due(&mut self, asked: &Asked<'_>) -> bool {
        if !self.fault.matching.matches(asked, &self.fault.effect) {
            return false;
        }
        self.seen = self.seen.saturating_add(1);
        let times = match self.fault.nth {
            Some(nth) if self.seen < nth => return false,
            Some(_) => self.fault.times.unwrap_or(1),
            None => self.fault.times.unwrap_or(u32::MAX),
        };
        self.acted < times
    }

    fn act(&mut self) -> Due {
        self.acted = self.acted.saturating_add(1);
        Due {
            effect: self.fault.effect.clone(),
            tokens: self.fault.tokens.clone(),
        }
    }
}

impl Matcher {
    fn matches(&self, asked: &Asked<'_>, effect: &Effect) -> bool {
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint == asked.endpoint,
            None => effect.has_its_place_at(asked.endpoint),
        };
        endpoint
            && fits(self.method.as_ref(), Some(asked.method.as_str()))
            && fits(self.client_id.as_ref(), asked.client_id.as_deref())
            && fits(self.grant_type.as_ref(), asked.grant_type.as_deref())
            && all_fit(&self.parameters, |name| {
                asked.parameters.get(name).map(String::as_str)
            })
    }
}

/// The effects that a request itself names.
pub(crate) fn magic(asked: &Asked<'_>) -> Vec<Due> {
    let in_client = asked
        .client_id
        .iter()
        .filter_map(|id| id.strip_prefix(MAGIC_CLIENT))
        .map(|name| effect_named(name, asked.endpoint, "invalid_client"));
    let in_scope =
        magic_scope(&asked.scope).map(|name| effect_named(name, asked.endpoint, "invalid_scope"));
    in_client
        .chain(in_scope)
        .filter(|effect| effect.has_its_place_at(asked.endpoint))
        .map(Due::on_all_tokens)
        .collect()
}

/// The effects that the scope of a grant names for the token endpoint: those that could not be seen
/// where the scope was asked for.
pub(crate) fn magic_of_grant(scope: &str) -> Vec<Due> {
    magic_scope(scope)
        .filter_map(|name| name.parse().ok())
        .filter(|effect: &Effect| {
            effect.has_its_place_at(Endpoint::Token)
                && !effect.has_its_place_at(Endpoint::Authorize)
        })
        .map(Due::on_all_tokens)
        .collect()
}

/// The form of a refresh without what names faults in its scope, which the grant may not have; `None`
/// where nothing does.
pub(crate) fn without_magic_scope(asked: &Asked<'_>) -> Option<Bytes> {
    magic_scope(asked.get("scope")?).next()?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in asked.pairs()? {
        if name != "scope" {
            form.append_pair(name, value);
            continue;
        }
        let tokens = value.split(' ');
        let kept: Vec<_> = tokens
            .filter(|token| !token.starts_with(MAGIC_SCOPE))
            .collect();
        if !kept.is_empty() {
            form.append_pair(name, &kept.join(" "));
        }
    }
    Some(Bytes::from(form.finish()))
}

/// Whether an answer may name a fault in its scope, which is cheaper to ask than to parse it.
pub(crate) fn names_magic(body: &[u8]) -> bool {
    body.windows(MAGIC_SCOPE.len())
        .any(|window| window == MAGIC_SCOPE.as_bytes())
}

/// Whether a client id is one that names a fault, and so known to every lenient mock.
pub(crate) fn is_magic_client(client_id: &str) -> bool {
    let name = client_id.strip_prefix(MAGIC_CLIENT);
    name.is_some_and(|name| name.parse::<Effect>().is_ok())
}

fn magic_scope(scope: &str) -> impl Iterator<Item = &str> {
    scope
        .split(' ')
        .filter_map(|token| token.strip_prefix(MAGIC_SCOPE))
        .take(MOST_MAGIC)
}

/// The effect of that name; for a misspelt one, which must not pass for success, the `error`.
fn effect_named(name: &str, endpoint: Endpoint, error: &'static str) -> Effect {
    let error = match (endpoint, error) {
        // Not an error that goes back to a client (RFC 6749 §4.1.2.1).
        (Endpoint::Authorize, "invalid_client") => "invalid_request",
        (_, error) => error,
    };
    name.parse().unwrap_or_else(|unknown: InvalidEffect| {
        Effect::Custom(CustomResponse {
            error: Some(error.to_owned()),
            error_description: Some(unknown.to_string()),
            ..CustomResponse::default()
        })
    })
}

/// The error and its description, where an effect is one that the browser takes back to the client.
pub(crate) fn sent_back(effect: &Effect) -> Option<(&str, &str)> {
    match effect {
        Effect::Error(error) => Some((error.as_str(), "")),
        Effect::Custom(CustomResponse {
            status: None,
            error: Some(error),
            error_description,
            headers,
            body: None,
        }) if headers.is_empty() => {
            let known = OAuthError::from_code(error)?;
            let description = error_description.as_deref().unwrap_or_default();
            Some((known.as_str(), description))
        }
        _ => None,
    }
}

/// How long the answer is to be late. A delay acts whatever else does.
pub(crate) fn delay(departures: &mut Departures) -> Duration {
    let mut length = Duration::ZERO;
    for due in departures.due.clone() {
        if let Effect::Slow(delay) = due.effect {
            length += delay.length();
            departures.note(due.effect);
        }
    }
    length.min(LONGEST_DELAY)
}

/// The outcome of a request that the server does not answer, because a fault does.
pub(crate) fn instead(
    endpoint: Endpoint,
    departures: &mut Departures,
) -> Option<Result<Response<Bytes>, Dropped>> {
    if departures.due.iter().any(|it| it.effect == Effect::Drop) {
        departures.note(Effect::Drop);
        return Some(Err(Dropped));
    }
    let (effect, response) = response_instead(&departures.due, endpoint)?;
    departures.note(effect);
    Some(Ok(response))
}

/// The first effect that is a response of its own, and that response. An OAuth error at the
/// authorization endpoint is none: it goes back through the browser, as a login application's.
pub(crate) fn response_instead(
    due: &[Due],
    endpoint: Endpoint,
) -> Option<(Effect, Response<Bytes>)> {
    due.iter()
        .map(|due| &due.effect)
        .filter(|effect| endpoint != Endpoint::Authorize || sent_back(effect).is_none())
        .find_map(|effect| Some((effect.clone(), response_of(effect, endpoint)?)))
}

fn response_of(effect: &Effect, endpoint: Endpoint) -> Option<Response<Bytes>> {
    match effect {
        Effect::Error(error) => Some(oauth_error(*error, endpoint)),
        Effect::Status(status) => {
            let error = if status.is_server_error() {
                "server_error"
            } else {
                "invalid_request"
            };
            Some(json_error(*status, error, "a fault of the mock"))
        }
        Effect::RateLimit(seconds) => {
            let mut response = json_error(
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                "a fault of the mock: too many requests",
            );
            let seconds = HeaderValue::from(seconds.unwrap_or(1));
            response.headers_mut().insert(RETRY_AFTER, seconds);
            Some(response)
        }
        Effect::Custom(custom) => Some(custom_response(custom)),
        _ => None,
    }
}

fn oauth_error(error: OAuthError, endpoint: Endpoint) -> Response<Bytes> {
    let code = error.as_str();
    let mut response = json_error(error.status(), code, "a fault of the mock");
    let challenge = match code {
        "invalid_client" => Some("Basic realm=\"jeton\", charset=\"UTF-8\"".to_owned()),
        _ if endpoint == Endpoint::Userinfo => {
            Some(format!("Bearer realm=\"jeton\", error=\"{code}\""))
        }
        _ => None,
    };
    if let Some(challenge) = challenge.and_then(|it| HeaderValue::try_from(it).ok()) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn custom_response(custom: &CustomResponse) -> Response<Bytes> {
    let status = custom.status.unwrap_or(StatusCode::BAD_REQUEST);
    let mut body = Map::new();
    let members = [
        ("error", &custom.error),
        ("error_description", &custom.error_description),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            body.insert(name.to_owned(), Value::String(value.clone()));
        }
    }
    let mut response = json_response(status, &body);
    if let Some(text) = &custom.body {
        *response.body_mut() = Bytes::from(text.clone());
    }
    for (name, value) in &custom.headers {
        // Checked when the fault was read.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Spoils an answer that is otherwise right.
pub(crate) fn spoil(response: &mut Response<Bytes>, departures: &mut Departures) {
    for due in departures.due.clone() {
        if spoil_by(&due.effect, response) {
            departures.note(due.effect);
        }
    }
}

/// Whether an effect found something to spoil.
fn spoil_by(effect: &Effect, response: &mut Response<Bytes>) -> bool {
    match effect {
        Effect::Missing(field) => return remove_member(response, field),
        Effect::Html => {
            let page = "<!doctype html><title>Not JSON</title><p>A fault of the mock.";
            *response.body_mut() = Bytes::from_static(page.as_bytes());
            say_type(response, "text/html; charset=utf-8");
        }
        Effect::ContentTypeText => say_type(response, "text/plain; charset=utf-8"),
        Effect::Empty => *response.body_mut() = Bytes::new(),
        Effect::Truncate => {
            let half = response.body().len() / 2;
            response.body_mut().truncate(half);
        }
        Effect::Error(_)
        | Effect::Status(_)
        | Effect::RateLimit(_)
        | Effect::Slow(_)
        | Effect::Drop
        | Effect::Token(_)
        | Effect::Custom(_) => return false,
    }
    true
}

fn remove_member(response: &mut Response<Bytes>, field: &str) -> bool {
    let Ok(mut body) = serde_json::from_slice::<Map<String, Value>>(response.body()) else {
        return false;
    };
    let removed = body.remove(field).is_some();
    if removed {
        *response.body_mut() = Bytes::from(serde_json::to_vec(&body).unwrap_or_default());
    }
    removed
}

fn say_type(response: &mut Response<Bytes>, content_type: &'static str) {
    let value = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, value);
}
