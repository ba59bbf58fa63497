//! `/authorize/request`: the endpoint at which the login application asks what a sealed request is about.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::{
    handoff::{open_login, presented, read_call, registered_client, require_current},
    sealed::{LoginPurpose, SealedRequest},
    way_back::hand_back,
};
use crate::{
    api::Api,
    audit::Audit,
    claims::ClaimsRequest,
    client::{Client, ClientId, Home, SubjectType},
    endpoint::end_session::{self, LogoutRequest},
    host::Host,
    ledger::GrantId,
    parameters::Parameters,
    refusal::{HandoffFault, Refusal},
    request::At,
    response::no_store_json,
    scope::Scope,
    shown_subject::ShownSubject,
    time::{Seconds, UnixTime},
};

/// What is told of a client that registered itself (RFC 7591 §5): its name and its pages are its own word.
#[derive(Serialize)]
struct SelfRegistered<'a> {
    /// Where the person will be sent; absent of a logout that ends on a page of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
}

/// A token of the scope, for people.
#[derive(Serialize)]
struct DescribedScope<'a> {
    scope: &'a str,
    /// What it lets the client do, at the first API of the request that has it.
    #[serde(flatten)]
    meaning: Option<Meaning<'a>>,
    /// What it lets the client do at further ones: the token is good at each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Meaning<'a>>,
}

/// What a token of the scope means at an API.
#[derive(Serialize)]
struct Meaning<'a> {
    /// In the words of the API's document, if there are any.
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    /// The identifier.
    api: &'a str,
}

/// An API that tokens of the request are for.
#[derive(Serialize)]
struct DescribedApi<'a> {
    identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// The response of `/authorize/request`: what the login application may know of a request.
#[derive(Serialize)]
struct RequestInfo<'a> {
    kind: &'static str,
    expires_at: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<&'a str>,
    /// The client's own page, and what it says there of privacy and of its terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tos_uri: Option<&'a str>,
    /// Where the person will be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    /// Present and `true` of a client to which nobody is asked for consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_party: Option<bool>,
    /// Whether it is this client that gets the code: else each request is asked about anew (RFC 8252 §8.6).
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_assured: Option<bool>,
    /// Of a client that registered itself: where the person will be sent. Nobody has checked whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    self_registered: Option<SelfRegistered<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<DescribedScope<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audiences: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apis: Option<Vec<DescribedApi<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ui_locales: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr_values: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_locales: Option<&'a str>,
    /// In the form of OpenID Connect Core §5.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'a ClaimsRequest>,
    /// The person whom the client asks for, or whom a logout names: see [`asked_for`] and [`named`]. Absent where that is nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    /// The `sid` that the ID tokens of the login have.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<GrantId>,
}

impl RequestInfo<'_> {
    /// A description that says only what kind of request it is.
    const fn new(kind: &'static str, expires_at: UnixTime) -> Self {
        Self {
            kind,
            expires_at,
            client_id: None,
            client_name: None,
            client_uri: None,
            policy_uri: None,
            tos_uri: None,
            redirect_uri: None,
            first_party: None,
            identity_assured: None,
            self_registered: None,
            scope: None,
            scopes: None,
            audiences: None,
            apis: None,
            prompt: None,
            max_age: None,
            login_hint: None,
            ui_locales: None,
            acr_values: None,
            claims_locales: None,
            claims: None,
            sub: None,
            sid: None,
        }
    }
}

/// `/authorize/request`: describes a request, or a logout, to the login application.
pub(crate) async fn describe_request<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = read_call(at, audit).await?;
    let text = presented(&parameters)?;
    if let Some(logout) = LogoutRequest::open(at, text) {
        return describe_logout(at, &logout, &parameters, audit).await;
    }
    let sealed = open_login(at, text, audit)?;
    match describe_login(at, &sealed, parameters.get("subject")).await {
        Ok(response) => Ok(response),
        Err(refusal) => Err(hand_back(at, sealed, refusal)),
    }
}

async fn describe_login<H: Host>(
    at: &At<'_, H>,
    sealed: &SealedRequest,
    known: Option<&str>,
) -> Result<Response<Bytes>, Refusal> {
    require_current(at, sealed)?;
    let mut info = RequestInfo::new("device", sealed.expires_at);
    let (client, scope, apis);
    if let LoginPurpose::Device(device) = &sealed.purpose {
        info.prompt = device.prompt.as_deref().map(Cow::Borrowed);
    }
    if let LoginPurpose::Code(code) = &sealed.purpose {
        client = registered_client(at, code).await?;
        scope = code.scope.within(&client.scope);
        apis = apis_of(&client, &code.audiences);
        let prompt: Vec<_> = code.prompt.iter().map(String::as_str).collect();
        info = RequestInfo {
            client_id: Some(&code.client_id),
            client_name: client.name.as_deref(),
            client_uri: page(&client, client.home.as_ref(), &code.redirect_uri),
            policy_uri: page(&client, client.policy.as_ref(), &code.redirect_uri),
            tos_uri: page(&client, client.terms.as_ref(), &code.redirect_uri),
            redirect_uri: Some(&code.redirect_uri),
            first_party: client.first_party.then_some(true),
            identity_assured: Some(client.is_assured_at(&code.redirect_uri)),
            self_registered: client.registration.as_ref().map(|_| SelfRegistered {
                redirect_uri: Some(&code.redirect_uri),
            }),
            // Nobody shall consent to what the client can no longer get.
            scope: Some(&scope),
            scopes: Some(scopes(&scope, &apis)),
            audiences: Some(&code.audiences),
            apis: (!apis.is_empty()).then(|| apis.iter().copied().map(DescribedApi::of).collect()),
            prompt: (!prompt.is_empty()).then(|| prompt.join(" ").into()),
            max_age: code.max_age,
            login_hint: code.login_hint.as_deref(),
            ui_locales: code.ui_locales.as_deref(),
            acr_values: code.acr_values.as_deref(),
            claims_locales: code.claims_locales.as_deref(),
            claims: Some(&code.claims).filter(|claims| !claims.is_empty()),
            sub: match &code.subject {
                Some(asked) => Some(asked_for(at, &client, asked, known)?),
                None => None,
            },
            sid: Some(sealed.grant),
            ..RequestInfo::new("code", sealed.expires_at)
        };
    }
    Ok(no_store_json(StatusCode::OK, &info))
}

/// The APIs that a token for `audiences` is for, in their order.
fn apis_of<'a>(client: &'a Client, audiences: &[String]) -> Vec<&'a Api> {
    let apis = audiences.iter().filter_map(|audience| {
        let mut granted = client.apis.iter().map(|granted| &*granted.api);
        granted.find(|api| api.identifier == *audience)
    });
    apis.collect()
}

/// Each token of `scope` with what it means at these APIs. That of a standard one (OpenID Connect Core §5.4)
/// the reader's page knows, in the reader's language.
fn scopes<'a>(scope: &'a Scope, apis: &[&'a Api]) -> Vec<DescribedScope<'a>> {
    let described = scope.iter().map(|token| {
        let mut meanings = apis.iter().filter_map(|api| {
            let description = api.scopes.get(token)?;
            Some(Meaning {
                description,
                api: &api.identifier,
            })
        });
        DescribedScope {
            scope: token,
            meaning: meanings.next(),
            also: meanings.collect(),
        }
    });
    described.collect()
}

impl<'a> DescribedApi<'a> {
    fn of(api: &'a Api) -> Self {
        Self {
            identifier: &api.identifier,
            name: api.name.as_deref(),
        }
    }
}

/// The address of a client's page. One that a client registered itself is at the origin of some redirect URI,
/// and told where that is the one to which the person will be sent.
fn page<'a>(client: &Client, page: Option<&'a Home>, redirect_uri: &str) -> Option<&'a str> {
    let is_known = |page: &&Home| client.registration.is_none() || page.is_at(redirect_uri);
    page.filter(is_known).map(Home::as_str)
}

/// What stands for a person whom the login application does not know by it. White space around it makes it
/// nobody's subject.
const NOBODY: &str = " not this person ";

/// The person whom a client asks for, as the login application is told of them. Of a client with pairwise
/// subjects that is their own subject where the application says in `known` that it knows them, and else
/// [`NOBODY`]: what the client sent as a subject may be somebody's own, and it would learn whose.
fn asked_for<'a, H: Host>(
    at: &At<'_, H>,
    client: &Client,
    asked: &'a ShownSubject<'_>,
    known: Option<&'a str>,
) -> Result<&'a str, Refusal> {
    match known {
        Some(known) if ShownSubject::of_person(at.issuer, client, known)? == *asked => Ok(known),
        _ if client.subject_type == SubjectType::Public => Ok(asked.as_str()),
        _ => Ok(NOBODY),
    }
}

/// The person whom a logout names, by an ID token of ours: as in the grant, where that is still there; else as
/// the client knew them, or as the login application says that it knows them.
fn named<'a, H: Host>(
    at: &At<'_, H>,
    client: Option<&Client>,
    logout: &'a LogoutRequest,
    known: Option<&'a str>,
) -> Result<Option<&'a str>, Refusal> {
    if let (Some(client), Some(sub), Some(known)) = (client, &logout.sub, known)
        && ShownSubject::of_person(at.issuer, client, known)?.as_str() == sub
    {
        return Ok(Some(known));
    }
    Ok(logout.sub.as_deref())
}

async fn describe_logout<H: Host>(
    at: &At<'_, H>,
    logout: &LogoutRequest,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    audit.grant = logout.sid;
    if logout.has_expired(at.now) {
        return Err(Refusal::HandedBack {
            why: Box::new(HandoffFault::Expired.into()),
            redirect_to: end_session::resume_url(at, presented(parameters)?),
        });
    }
    let client = match &logout.client_id {
        Some(id) => at.issuer.clients().find(id, at.now).await?,
        None => None,
    };
    let sub = named(at, client.as_deref(), logout, parameters.get("subject"))?;
    let info = RequestInfo {
        client_id: logout.client_id.as_ref(),
        client_name: client.as_ref().and_then(|client| client.name.as_deref()),
        self_registered: client.as_ref().and_then(|client| {
            client.registration.as_ref().map(|_| SelfRegistered {
                redirect_uri: logout.uri.as_deref(),
            })
        }),
        sub,
        sid: logout.sid,
        ui_locales: logout.ui_locales.as_deref(),
        ..RequestInfo::new("logout", logout.expires_at)
    };
    Ok(no_store_json(StatusCode::OK, &info))
}
