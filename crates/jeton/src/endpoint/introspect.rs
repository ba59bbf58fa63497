//! `/introspect` (RFC 7662): whether a token is active, and what it says.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    access_token::{AccessToken, Audience, ExchangedFrom},
    audit::Audit,
    authentication::authenticate,
    client::{Client, ClientId},
    delegation::{Actor, MayAct},
    grant::live::{self, LiveToken},
    host::Host,
    ledger::GrantId,
    refusal::{ClientFault, Refusal, RequestFault},
    request::At,
    response::no_store_json,
    scope::Scope,
    shown_subject::ShownSubject,
    target::Portion,
    time::UnixTime,
    token::{Binding, ParsedToken, TokenKind},
};

/// The introspection response (RFC 7662 §2.2). Of an inactive token it says nothing else.
#[derive(Default, Serialize)]
struct IntrospectionResponse {
    active: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    token: Option<ActiveToken>,
}

/// The members of the response for an active token.
#[derive(Serialize)]
struct ActiveToken {
    /// Only access tokens have one (RFC 6749 §5.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    iss: String,
    sub: ShownSubject<'static>,
    client_id: ClientId,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audience>,
    exp: UnixTime,
    iat: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<GrantId>,
    /// RFC 8693 §4.1, as it stands in an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_act: Option<MayAct>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exchanged_from: Vec<ExchangedFrom>,
    /// What else an access token says of its subject; none of the names above.
    #[serde(flatten)]
    claims: Map<String, Value>,
}

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.form()?;
    let caller = authenticate(at, &parameters, audit).await?;
    // §2.1: the endpoint is authorized; a public client proves nothing.
    if !caller.is_confidential() {
        return Err(ClientFault::Missing.into());
    }
    let text = parameters
        .get("token")
        .ok_or(RequestFault::MissingParameter("token"))?;
    let token = match ParsedToken::parse(TokenKind::RefreshToken, text) {
        Some(token) => active_refresh_token(at, &caller, &token).await?,
        None => active_access_token(at, &caller, text, audit).await?,
    };
    let response = IntrospectionResponse {
        active: token.is_some(),
        token,
    };
    Ok(no_store_json(StatusCode::OK, &response))
}

/// What the client may know of a refresh token: everything of its own, nothing of others. A
/// superseded token is inactive, and looking at it does not end the grant as its use would.
async fn active_refresh_token<H: Host>(
    at: &At<'_, H>,
    caller: &Client,
    token: &ParsedToken,
) -> Result<Option<ActiveToken>, Refusal> {
    let binding = Binding {
        client_id: &caller.id,
        code_challenge: None,
    };
    if !at.issuer.tokens().verify(token, &binding) {
        return Ok(None);
    }
    let Some(grant) = live::find_grant(at, token.grant).await? else {
        return Ok(None);
    };
    let stands = grant.generation == token.generation && at.now < grant.idle_expires_at;
    if !stands || !grant.is_refreshable_by(caller) {
        return Ok(None);
    }
    let issuer = at.issuer.config().issuer();
    let portion = Portion {
        scope: grant.scope,
        audiences: grant.audiences,
    };
    let Ok(portion) = portion.registered(caller, issuer) else {
        return Ok(None);
    };
    let person = grant.subject.unwrap_or_default();
    let sub = ShownSubject::of_person(at.issuer, caller, &person)?.into_owned();
    Ok(Some(ActiveToken {
        token_type: None,
        iss: issuer.to_string(),
        sub,
        client_id: grant.client_id,
        scope: portion.scope,
        aud: None,
        exp: grant.idle_expires_at.min(grant.expires_at),
        iat: grant.advanced_at,
        jti: None,
        auth_time: grant.auth_time,
        sid: Some(grant.id),
        act: None,
        may_act: None,
        exchanged_from: Vec::new(),
        claims: Map::new(),
    }))
}

/// What the client may know of an access token: everything that still holds, if it concerns the client.
async fn active_access_token<H: Host>(
    at: &At<'_, H>,
    caller: &Client,
    text: &str,
    audit: &mut Audit,
) -> Result<Option<ActiveToken>, Refusal> {
    let Some(token) = AccessToken::decode(at, text).await? else {
        return Ok(None);
    };
    let Some(LiveToken { token, .. }) = live::find_live(at, token).await? else {
        return Ok(None);
    };
    // Whoever is no audience any more is told nothing.
    if !concerns(at, caller, &token).await? {
        audit.detail = Some(NO_CONCERN.into());
        return Ok(None);
    }
    Ok(Some(ActiveToken {
        token_type: Some("Bearer"),
        iss: token.iss.into_owned(),
        sub: token.sub,
        client_id: token.client_id,
        scope: token.scope,
        aud: Some(token.aud),
        exp: token.exp,
        iat: token.iat,
        jti: Some(token.jti),
        auth_time: token.auth_time,
        sid: token.sid,
        act: token.act,
        may_act: token.may_act,
        exchanged_from: token.exchanged_from,
        claims: token.claims,
    }))
}

/// Why a client is told nothing of a token that is good.
const NO_CONCERN: &str =
    "the client is neither the token's, nor its audience, nor one that may introspect for its API";

/// Whether a token concerns the client: it was issued to it, names it as audience, or is for an API that
/// lets it introspect.
async fn concerns<H: Host>(
    at: &At<'_, H>,
    caller: &Client,
    token: &AccessToken<'_>,
) -> Result<bool, Refusal> {
    if token.client_id == caller.id || token.aud.contains(caller.id.as_str()) {
        return Ok(true);
    }
    for audience in token.aud.as_slice() {
        let api = at.issuer.clients().api(audience, at.now).await?;
        let api = api.filter(|api| !api.disabled);
        if api.is_some_and(|api| api.introspection_clients.contains(&caller.id)) {
            return Ok(true);
        }
    }
    Ok(false)
}
