//! What the grants that move a record share: the token's proof, the step, what follows when it was taken, and what a
//! replay of generation 0 means.

use crate::{
    audit::Audit,
    client::Client,
    crypto::Crypto,
    endpoint::token::TokenResponse,
    issue::{self, Portion},
    ledger::{Grant, Ledger, Step, transition::is_within},
    parameters::Parameters,
    refusal::{GrantFault, Refusal},
    registry::Registry,
    scope::Scope,
    server::Server,
    target,
    time::UnixTime,
    token::{Binding, ParsedToken, TokenKind},
};

/// A token of `kind` that was issued here to this client, and for this challenge or none. One check
/// for everything it is bound to, before any storage: who holds a token without the rest can
/// neither use it nor use it up.
pub(super) fn genuine<R, L, C: Crypto>(
    server: &Server<R, L, C>,
    client: &Client,
    kind: TokenKind,
    text: &str,
    code_challenge: Option<&str>,
    audit: &mut Audit,
) -> Result<ParsedToken, GrantFault> {
    let token = ParsedToken::parse(kind, text).ok_or(GrantFault::Malformed)?;
    let binding = Binding {
        client_id: &client.id,
        code_challenge,
    };
    if !server.tokens().verify(&token, &binding) {
        return Err(GrantFault::Forged);
    }
    audit.grant = Some(token.grant);
    Ok(token)
}

/// The step from the generation of `token` to the next, for what the request asks for.
pub(super) async fn step<R: Registry, L, C: Crypto>(
    server: &Server<R, L, C>,
    client: &Client,
    token: &ParsedToken,
    scope: Scope,
    parameters: &Parameters<'_>,
    now: UnixTime,
) -> Result<Step, Refusal> {
    let to = token.generation.checked_add(1);
    Ok(Step {
        id: token.grant,
        standing: token.generation,
        to: to.ok_or(GrantFault::Malformed)?,
        client_id: client.id.clone(),
        scope,
        audiences: target::requested(parameters)?,
        created_from: server.created_from(client, now).await?,
        window: client.refresh.grace,
        attempt: server.random_id()?,
        now,
    })
}

/// The tokens of a grant that stands as the client shall hold it: all of it, or the part that the
/// step names.
pub(super) async fn answer<R: Registry, L, C: Crypto>(
    server: &Server<R, L, C>,
    client: &Client,
    grant: &Grant,
    step: Step,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    server.require_not_cut_off(grant, step.now).await?;
    let portion = Portion {
        scope: if step.scope.is_empty() {
            grant.scope.clone()
        } else {
            step.scope
        },
        audiences: if step.audiences.is_empty() {
            grant.audiences.clone()
        } else {
            step.audiences
        },
    };
    issue::from_grant(server, client, grant, portion, step.now, audit).await
}

/// What presenting a redeemed code again means. It always fails; long after the redemption it ends
/// the grant as well (RFC 6749 §4.1.2), while an impatient double submit does not.
pub(super) async fn replay<R, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    grant: &Grant,
    step: &Step,
) -> Result<Option<GrantFault>, Refusal> {
    let Some(redeemed_at) = grant.redeemed_at else {
        return Ok(None);
    };
    if is_within(step.window, redeemed_at, step.now) {
        return Ok(Some(GrantFault::RedeemedJustNow));
    }
    server.ledger()?.revoke(grant.id).await?;
    Ok(Some(GrantFault::CodeReplayed))
}
