//! `/introspect` (RFC 7662).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use crate::{
    access_token::{AccessToken, Audience},
    audit::Audit,
    authentication::authenticate,
    client::{Client, ClientId},
    crypto::Crypto,
    ledger::{Grant, GrantId, Ledger},
    refusal::{ClientFault, Refusal, RequestFault},
    registry::Registry,
    request::Incoming,
    response::no_store_json,
    scope::Scope,
    server::Server,
    time::UnixTime,
    token::{Binding, ParsedToken, TokenKind},
};

/// RFC 7662 §2.2. An inactive token says nothing but that.
#[derive(Default, Serialize)]
struct IntrospectionResponse {
    active: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    token: Option<ActiveToken>,
}

#[derive(Serialize)]
struct ActiveToken {
    /// Only access tokens have one (RFC 6749 §5.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    iss: String,
    sub: String,
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
}

pub(crate) async fn respond<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    request: &Incoming<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = request.form()?;
    let now = request.now;
    let clients = server.clients();
    let caller = authenticate(clients, request.headers, &parameters, now, audit).await?;
    // §2.1: the endpoint is authorized; a public client proves nothing.
    if !caller.is_confidential() {
        return Err(ClientFault::Missing.into());
    }
    let text = parameters
        .get("token")
        .ok_or(RequestFault::MissingParameter("token"))?;
    let token = match ParsedToken::parse(TokenKind::RefreshToken, text) {
        Some(token) => refresh_token(server, &caller, &token, now).await?,
        None => access_token(server, &caller, text, now).await?,
    };
    let response = IntrospectionResponse {
        active: token.is_some(),
        token,
    };
    Ok(no_store_json(StatusCode::OK, &response))
}

/// Its owner may look at it. Looking at a superseded one is not using it.
async fn refresh_token<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    caller: &Client,
    token: &ParsedToken,
    now: UnixTime,
) -> Result<Option<ActiveToken>, Refusal> {
    let binding = Binding {
        client_id: &caller.id,
        code_challenge: None,
    };
    if !server.tokens().verify(token, &binding) {
        return Ok(None);
    }
    let Some(grant) = live_grant(server, token.grant, now).await? else {
        return Ok(None);
    };
    if grant.generation != token.generation || now >= grant.idle_expires_at || !grant.refreshable {
        return Ok(None);
    }
    Ok(Some(ActiveToken {
        token_type: None,
        iss: server.config().issuer().to_string(),
        sub: grant.subject.unwrap_or_default(),
        client_id: grant.client_id,
        scope: grant.scope,
        aud: None,
        exp: grant.idle_expires_at.min(grant.expires_at),
        iat: grant.advanced_at,
        jti: None,
        auth_time: grant.auth_time,
        sid: Some(grant.id),
    }))
}

/// The client it was issued to may look at it, and who is named as its audience.
async fn access_token<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    caller: &Client,
    text: &str,
    now: UnixTime,
) -> Result<Option<ActiveToken>, Refusal> {
    let Some(token) = AccessToken::decode(server, text, now).await? else {
        return Ok(None);
    };
    let concerned = token.client_id == caller.id || token.aud.contains(caller.id.as_str());
    if !concerned || !is_active(server, &token, now).await? {
        return Ok(None);
    }
    Ok(Some(ActiveToken {
        token_type: Some("Bearer"),
        iss: token.iss.into_owned(),
        sub: token.sub.into_owned(),
        client_id: token.client_id,
        scope: token.scope,
        aud: Some(token.aud),
        exp: token.exp,
        iat: token.iat,
        jti: Some(token.jti),
        auth_time: token.auth_time,
        sid: token.sid,
    }))
}

/// Whether an access token that is genuine and in time still stands: one ledger read, of its grant
/// or, where it has none, of the marker that revoking it leaves.
async fn is_active<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    token: &AccessToken<'_>,
    now: UnixTime,
) -> Result<bool, Refusal> {
    let Some(id) = token.sid else {
        let cut_off = server.client_cut_off(&token.client_id, now).await?;
        if token.iat < cut_off {
            return Ok(false);
        }
        // Without a ledger such a token cannot have been revoked.
        let Ok(ledger) = server.ledger() else {
            return Ok(true);
        };
        let marker = super::revoke::marker(&token.jti);
        return Ok(ledger.holder(&marker, now).await?.is_none());
    };
    Ok(live_grant(server, id, now).await?.is_some())
}

/// The grant, if it is live and before no cut-off.
pub(crate) async fn live_grant<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    id: GrantId,
    now: UnixTime,
) -> Result<Option<Grant>, Refusal> {
    let Some(grant) = server.ledger()?.read(id).await? else {
        return Ok(None);
    };
    if !grant.is_live(now) {
        return Ok(None);
    }
    let client_cut_off = server.client_cut_off(&grant.client_id, now).await?;
    let subject_cut_off = server.subject_cut_off(&grant, now).await?;
    let cut_off = client_cut_off
        .max(subject_cut_off)
        .max(server.config().grants_not_before());
    Ok((grant.created_at >= cut_off).then_some(grant))
}
