//! What is asked of the server by the handoff, and what it answers.

use core::future::pending;
use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use jeton::{Audit, ClientId, Host, Scope, Seconds, UnixTime};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use crate::{at::At, eligible::Eligible, rejection::Rejection, session::Session};

/// A request that a person was sent with, as the server describes it (`/authorize/request`).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) kind: RequestKind,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) client_name: Option<String>,
    pub(crate) client_uri: Option<String>,
    pub(crate) policy_uri: Option<String>,
    pub(crate) tos_uri: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    /// There where the client registered itself.
    pub(crate) self_registered: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    pub(crate) first_party: bool,
    /// Where it is false, another application could pass for this one (RFC 8252 §8.6).
    pub(crate) identity_assured: Option<bool>,
    #[serde(default, deserialize_with = "text_of_scope")]
    pub(crate) scope: Option<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<AskedScope>,
    /// What tokens will be for: the issuer, APIs, and others of which nothing more is known.
    #[serde(default)]
    pub(crate) audiences: Vec<String>,
    #[serde(default)]
    pub(crate) apis: Vec<AskedApi>,
    pub(crate) prompt: Option<String>,
    pub(crate) max_age: Option<u64>,
    pub(crate) login_hint: Option<String>,
    pub(crate) ui_locales: Option<String>,
    pub(crate) acr_values: Option<String>,
    pub(crate) sub: Option<String>,
    pub(crate) sid: Option<String>,
    /// The claims that are asked for by name (OpenID Connect Core §5.5).
    #[serde(default)]
    claims: ClaimsAsked,
}

/// The `claims` parameter.
#[derive(Clone, Debug, Default, Deserialize)]
struct ClaimsAsked {
    #[serde(default)]
    id_token: Map<String, Value>,
    #[serde(default)]
    userinfo: Map<String, Value>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestKind {
    /// A login to a client.
    Code,
    /// A login to connect a device.
    Device,
    /// A logout.
    Logout,
}

/// A scope that is asked for.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AskedScope {
    pub(crate) scope: String,
    /// In the words of its API.
    pub(crate) description: Option<String>,
    pub(crate) api: Option<String>,
    /// What it is good for at further APIs.
    #[serde(default)]
    pub(crate) also: Vec<Meaning>,
}

/// What a scope is good for at a further API.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Meaning {
    pub(crate) description: Option<String>,
    pub(crate) api: String,
}

/// An API that tokens will be for.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AskedApi {
    pub(crate) identifier: String,
    pub(crate) name: Option<String>,
}

/// The server's answer where a person goes on.
#[derive(Deserialize)]
struct RedirectTo {
    redirect_to: String,
}

/// An error of the server (RFC 6749 §5.2).
#[derive(Deserialize)]
struct ErrorBody {
    redirect_to: Option<String>,
}

/// Why the server refuses a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The request is none of ours, or damaged.
    Unknown,
    /// The person goes on there, where the application is told; what the server notes of why.
    GoesOn(String, Box<Audit>),
    /// A store does not answer; the same may be tried again.
    Unavailable,
}

impl Asked {
    pub(crate) fn prompts(&self, value: &str) -> bool {
        let prompt = self.prompt.as_deref().unwrap_or_default();
        prompt.split(' ').any(|it| it == value)
    }

    /// Whether the person has to prove who they are for this very request.
    pub(crate) fn wants_a_login(&self) -> bool {
        self.prompts("login") || self.prompts("select_account") || self.max_age == Some(0)
    }

    /// The most seconds since the person proved who they are, whichever way the application asks for it.
    pub(crate) fn most_seconds(&self) -> Option<u64> {
        if self.prompts("login") {
            Some(0)
        } else {
            self.max_age
        }
    }

    /// Whether a login of that time is recent enough. Of `None` an upstream has not said when it was, and the
    /// moment of its answer is no word for it.
    pub(crate) fn allows(&self, auth_time: Option<UnixTime>, now: UnixTime) -> bool {
        self.max_age.is_none_or(|max_age| {
            auth_time.is_some_and(|auth_time| now.since(auth_time) <= Seconds(max_age))
        })
    }

    /// The claims that are asked for by name, each once.
    pub(crate) fn claims_by_name(&self) -> Vec<&str> {
        let ClaimsAsked { id_token, userinfo } = &self.claims;
        let names = id_token.keys().chain(userinfo.keys()).map(String::as_str);
        let mut once = BTreeSet::new();
        once.extend(names);
        once.into_iter().collect()
    }

    /// What people call the client.
    pub(crate) fn name_of_client(&self) -> Option<&str> {
        let id = self.client_id.as_ref().map(ClientId::as_str);
        self.client_name.as_deref().or(id)
    }

    /// The scope, which was one when it was read.
    pub(crate) fn scope_asked(&self) -> Scope {
        let scope = self.scope.as_deref().unwrap_or_default();
        scope.parse().unwrap_or_default()
    }
}

/// A scope as a text that is one.
fn text_of_scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let scope = Option::<Scope>::deserialize(deserializer)?;
    Ok(scope.map(|scope| scope.to_string()))
}

/// What the server says of a request. Clients may know people by pairwise subjects: whether they ask for the
/// person of this browser, the server can tell, who is named to it for that.
pub(crate) async fn describe<H: Host>(at: &At<'_, H>, request: &str) -> Result<Asked, Refused> {
    let person = Session::subject_of_browser(at);
    let person = person.as_deref().map(|person| ("subject", person));
    let form: Vec<_> = [("request", request)].into_iter().chain(person).collect();
    let (asked, _) = post(at, "/authorize/request", &form).await?;
    Ok(asked)
}

/// Where a person goes on who is accepted, and what the server notes of it.
pub(crate) async fn accept<H: Host>(
    at: &At<'_, H>,
    eligible: Eligible<'_>,
    form: &[(&str, &str)],
) -> Result<(String, Audit), Refused> {
    let own = [
        ("request", eligible.request()),
        ("subject", eligible.session().subject.as_str()),
    ];
    let form: Vec<_> = own.into_iter().chain(form.iter().copied()).collect();
    let (RedirectTo { redirect_to }, audit) = post(at, "/authorize/accept", &form).await?;
    Ok((redirect_to, audit))
}

/// Where a person goes on who is not, with the error that the client is told.
pub(crate) async fn reject<H: Host>(
    at: &At<'_, H>,
    request: &str,
    rejection: Rejection,
) -> Result<(String, Audit), Refused> {
    let form = [
        ("request", request),
        ("error", rejection.error()),
        ("error_description", rejection.description()),
    ];
    let (RedirectTo { redirect_to }, audit) = post(at, "/authorize/reject", &form).await?;
    Ok((redirect_to, audit))
}

async fn post<T: DeserializeOwned, H: Host>(
    at: &At<'_, H>,
    path: &'static str,
    form: &[(&str, &str)],
) -> Result<(T, Audit), Refused> {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    let mut response = call(at, Method::POST, path, body).await?;
    if response.status() != StatusCode::OK {
        return Err(refused(response));
    }
    let audit = audit_of(&mut response);
    let answer = json(&response).ok_or(Refused::Unknown)?;
    Ok((answer, audit))
}

fn refused(mut response: Response<Bytes>) -> Refused {
    if response.status().is_server_error() {
        return Refused::Unavailable;
    }
    let redirect_to = json(&response).and_then(|body: ErrorBody| body.redirect_to);
    match redirect_to {
        Some(redirect_to) => Refused::GoesOn(redirect_to, Box::new(audit_of(&mut response))),
        None => Refused::Unknown,
    }
}

fn audit_of(response: &mut Response<Bytes>) -> Audit {
    response.extensions_mut().remove().unwrap_or_default()
}

/// The body as JSON.
pub(crate) fn json<T: DeserializeOwned>(response: &Response<Bytes>) -> Option<T> {
    jeton::json::read(std::str::from_utf8(response.body()).ok()?).ok()
}

/// The server's answer to a call of ours, beneath the issuer's path. The whole request has a budget
/// already.
pub(crate) async fn call<H: Host>(
    at: &At<'_, H>,
    method: Method,
    path: &str,
    form: String,
) -> Result<Response<Bytes>, Refused> {
    let request = Request::builder()
        .method(method)
        .uri(at.action(path))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .map_err(|_| Refused::Unknown)?;
    Ok(at
        .endpoints
        .call(request, at.arrival.clone(), pending())
        .await)
}
