//! What moves a grant, as functions of the record alone. Stores that read and write within one
//! transaction call these; a store that expresses them as a condition (DynamoDB) is held to them
//! by the contract test; the model checker explores them.

use super::{Decision, Grant, GrantState, Step};
use crate::time::UnixTime;

/// Takes `step` if all of it holds; else changes nothing and answers `false`.
pub fn advance(grant: &mut Grant, step: &Step) -> bool {
    let holds = grant.id == step.id
        && grant.state == GrantState::Live
        && grant.client_id == step.client_id
        && grant.generation == step.standing
        && step.to > step.standing
        && grant.created_at >= step.created_from
        && step.now < grant.idle_expires_at
        && step.now < grant.expires_at
        && (step.standing <= 1 || grant.advanced_at <= step.now - step.window)
        && step.scope.iter().all(|token| grant.scope.contains(token))
        && step
            .audiences
            .iter()
            .all(|audience| grant.audiences.contains(audience));
    if !holds {
        return false;
    }
    if step.standing == 0 {
        grant.redeemed_at = Some(step.now);
    }
    grant.generation = step.to;
    grant.advanced_at = step.now;
    grant.last_attempt = Some(step.attempt);
    grant.idle_expires_at = step.now + grant.idle_lifetime;
    true
}

/// Whether a record that did not move is the result of this very step: its acknowledgement was
/// lost and the store or the caller tried again.
#[must_use]
pub fn is_result_of(grant: &Grant, step: &Step) -> bool {
    grant.generation == step.to && grant.last_attempt == Some(step.attempt)
}

/// Decides a pending grant; `false` if there is nothing to decide.
pub fn decide(grant: &mut Grant, decision: &Decision, now: UnixTime) -> bool {
    if grant.state != GrantState::Pending || now >= grant.idle_expires_at {
        return false;
    }
    match decision {
        Decision::Deny => grant.state = GrantState::Denied,
        Decision::Approve {
            subject,
            claims,
            auth_time,
        } => {
            grant.state = GrantState::Live;
            grant.subject = Some(subject.clone());
            grant.claims = claims.clone();
            grant.auth_time = Some(*auth_time);
        }
    }
    true
}

/// Ends a grant.
pub fn revoke(grant: &mut Grant) {
    grant.state = GrantState::Revoked;
}
