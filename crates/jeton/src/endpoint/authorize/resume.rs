//! `/authorize/resume`: the browser comes back from the login application. Here the grant is
//! opened.

use bytes::Bytes;
use http::Response;

use super::{
    CodeRequest, SealedRequest, Waiting,
    handoff::{Accepted, Answer, Ticket, client_of, hash_of},
};
use crate::{
    audit::Audit,
    authorization_response::ResponseTarget,
    client::Client,
    cookie::Cookie,
    endpoint::device,
    grant::GrantType,
    host::Host,
    ledger::{Grant, GrantState, Ledger},
    refusal::{PersonFault, Refusal},
    request::At,
    scope::Scope,
    seal::SealKind,
    time::Seconds,
    token::{Binding, RedirectHash, TokenKind},
};

/// How long a code may be redeemed. RFC 6749 §4.1.2 recommends at most ten minutes; clients need
/// seconds.
const CODE_LIFETIME: Seconds = Seconds(60);

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.query_or_form()?;
    let ticket = parameters.get("ticket").ok_or(PersonFault::Ticket)?;
    let Ticket {
        request: sealed,
        answer,
        ..
    } = open_ticket(at, ticket)?;
    audit.grant = Some(sealed.grant);
    match (&sealed.what, answer) {
        (Waiting::Code(code), Answer::Accepted(accepted)) => {
            grant_code(at, &sealed, code, accepted, audit).await
        }
        (Waiting::Code(code), Answer::Rejected { error, description }) => {
            audit.client_id = Some(code.client_id.clone());
            let description = description.as_deref().unwrap_or("the login was refused");
            let issuer = at.issuer.config().issuer();
            Ok(target_of(code).respond_with_error(&error, description, issuer))
        }
        (Waiting::Device(device), Answer::Accepted(accepted)) => {
            audit.subject = Some(accepted.subject);
            Ok(device::ask_for_user_code(at, ticket, device))
        }
        (Waiting::Device(_), Answer::Rejected { .. }) => Ok(device::not_connected()),
    }
}

/// A ticket that is ours, in time, and in the browser its request began in.
pub(crate) fn open_ticket<H: Host>(at: &At<'_, H>, ticket: &str) -> Result<Ticket, Refusal> {
    let ticket: Ticket = at
        .issuer
        .seals()
        .open(SealKind::Ticket, ticket)
        .ok_or(PersonFault::Ticket)?;
    if at.now >= ticket.expires_at {
        return Err(PersonFault::Ticket.into());
    }
    let cookie = Cookie::browser(at.issuer.config().issuer());
    let browser = at
        .request
        .cookie(&cookie.name)
        .ok_or(PersonFault::Browser)?;
    // Both are hashes: their comparison tells nothing of the cookie.
    if hash_of(browser) != ticket.request.browser {
        return Err(PersonFault::Browser.into());
    }
    Ok(ticket)
}

async fn grant_code<H: Host>(
    at: &At<'_, H>,
    sealed: &SealedRequest,
    code: &CodeRequest,
    accepted: Accepted,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    audit.client_id = Some(code.client_id.clone());
    audit.subject = Some(accepted.subject.clone());
    let client = client_of(at, code).await?;
    let scope = accepted.scope.clone().unwrap_or_else(|| code.scope.clone());
    let grant = Grant {
        id: sealed.grant,
        nonce: code.nonce.clone(),
        subject: Some(accepted.subject),
        claims: accepted.claims,
        auth_time: Some(accepted.auth_time),
        ..new_grant(
            at,
            &client,
            GrantState::Live,
            scope,
            code.audiences.clone(),
            CODE_LIFETIME,
        )
    };
    if !at.issuer.ledger()?.open(&grant, at.now).await? {
        return Err(PersonFault::Used.into());
    }
    let binding = Binding {
        client_id: &code.client_id,
        code_challenge: code.code_challenge.as_deref(),
    };
    let redirect = RedirectHash::of(&code.redirect_uri);
    let code_text = at.issuer.tokens().issue(
        TokenKind::AuthorizationCode,
        grant.id,
        0,
        Some(redirect),
        &binding,
    );
    Ok(target_of(code).respond(&[("code", &code_text)], at.issuer.config().issuer()))
}

fn target_of(code: &CodeRequest) -> ResponseTarget {
    ResponseTarget {
        redirect_uri: code.redirect_uri.clone(),
        response_mode: code.response_mode,
        state: code.state.clone(),
    }
}

/// A grant at generation 0, to be redeemed within `redeemable`. Its id is still to be set.
pub(crate) fn new_grant<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    state: GrantState,
    scope: Scope,
    audiences: Vec<String>,
    redeemable: Seconds,
) -> Grant {
    // OpenID Connect Core §11: a refresh token is for when the person is away.
    let offline = !scope.contains("openid")
        || scope.contains("offline_access")
        || !client.refresh.offline_access_required;
    let refreshable = client.may_use(GrantType::RefreshToken) && offline;
    let access_token_lifetime = client
        .access_token_lifetime
        .unwrap_or(at.issuer.config().access_token_lifetime());
    // A code redeemed late still yields a whole access token; refresh tokens end with their lifetime,
    // which begins when the person has decided, or at the latest when they had to.
    let lifetime = match (refreshable, state) {
        (false, _) => redeemable + access_token_lifetime,
        (true, GrantState::Pending) => redeemable + client.refresh.lifetime,
        (true, _) => client.refresh.lifetime,
    };
    Grant {
        id: crate::ledger::Id128([0; 16]),
        state,
        client_id: client.id.clone(),
        subject: None,
        scope,
        audiences,
        claims: serde_json::Map::new(),
        auth_time: None,
        nonce: None,
        generation: 0,
        advanced_at: at.now,
        redeemed_at: None,
        last_attempt: None,
        created_at: at.now,
        // Without rotation no use is recorded, so none can be missed.
        idle_lifetime: if client.refresh.rotation {
            client.refresh.idle_lifetime
        } else {
            client.refresh.lifetime
        },
        idle_expires_at: at.now + redeemable,
        expires_at: at.now + lifetime,
        refreshable,
    }
}
