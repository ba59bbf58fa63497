//! What the grants that move a record share: the token's proof, the step, what follows when it was taken, and what a
//! replay of generation 0 means.

use super::{live, response::TokenResponse};
use crate::{
    audit::Audit,
    client::Client,
    host::Host,
    issue::{self, Portion},
    ledger::{Grant, Ledger, Step, transition::is_within},
    parameters::Parameters,
    refusal::{GrantFault, Refusal},
    request::At,
    scope::Scope,
    target,
    token::{Binding, ParsedToken, TokenKind},
};

/// A token of `kind` that was issued here to this client, and for this challenge or none. One check
/// for everything it is bound to, before any storage: who holds a token without the rest can
/// neither use it nor use it up.
pub(super) fn genuine<H: Host>(
    at: &At<'_, H>,
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
    if !at.issuer.tokens().verify(&token, &binding) {
        return Err(GrantFault::Forged);
    }
    audit.grant = Some(token.grant);
    Ok(token)
}

/// The step from the generation of `token` to the next, for what the request asks for.
pub(super) async fn step<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    token: &ParsedToken,
    scope: Scope,
    parameters: &Parameters<'_>,
) -> Result<Step, Refusal> {
    let to = token.generation.checked_add(1);
    Ok(Step {
        id: token.grant,
        standing: token.generation,
        to: to.ok_or(GrantFault::Malformed)?,
        client_id: client.id.clone(),
        scope,
        audiences: target::requested(parameters)?,
        created_from: live::created_from(at, client).await?,
        window: client.refresh.grace,
        attempt: at.issuer.random_id()?,
        now: at.now,
    })
}

/// The tokens of a grant that stands as the client shall hold it: all of it, or the part that the
/// step names.
pub(super) async fn answer<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: &Grant,
    step: Step,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    live::require_subject_not_cut_off(at, grant).await?;
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
    issue::from_grant(at, client, grant, portion, audit).await
}

/// What presenting a redeemed code again means. It always fails; long after the redemption it ends
/// the grant as well (RFC 6749 §4.1.2), while an impatient double submit does not.
pub(super) async fn replay<H: Host>(
    at: &At<'_, H>,
    grant: &Grant,
    step: &Step,
) -> Result<Option<GrantFault>, Refusal> {
    let Some(redeemed_at) = grant.redeemed_at else {
        return Ok(None);
    };
    if is_within(step.window, redeemed_at, step.now) {
        return Ok(Some(GrantFault::RedeemedJustNow));
    }
    at.issuer.ledger()?.revoke(grant.id).await?;
    Ok(Some(GrantFault::CodeReplayed))
}

/// Why a step on a live grant was refused, from the record that stands.
pub(super) fn refusal_of(standing: &Grant, step: &Step) -> GrantFault {
    if let Some(token) = step.scope.first_outside(&standing.scope) {
        return GrantFault::ScopeNotGranted(token.to_owned());
    }
    let outside = |audience: &&String| !standing.audiences.contains(audience);
    if let Some(audience) = step.audiences.iter().find(outside) {
        return GrantFault::AudienceNotGranted(audience.clone());
    }
    if standing.created_at < step.created_from {
        return GrantFault::CutOff;
    }
    GrantFault::Ended
}
