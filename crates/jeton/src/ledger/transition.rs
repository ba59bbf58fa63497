//! The transitions of a grant, and of a document of a person, as functions of the record alone. Stores that
//! read and write within one transaction call them. A store that expresses them as a condition (DynamoDB)
//! is held to them by the contract test. The model checker explores those of a grant.

use super::{
    grant::{Grant, GrantState},
    id::Attempt,
    personal::{PersonalRecord, Replacement},
    step::{Advance, Decision, Opened, Step},
};
use crate::{
    document::{Document, Expected},
    time::UnixTime,
};

/// What opening `grant` answers where the record `standing` has its id already. The very same record
/// counts as opened: the acknowledgement was lost, and the store or the caller tries again.
#[must_use]
pub fn opened(grant: &Grant, standing: Grant) -> Opened {
    if standing == *grant {
        Opened::Opened
    } else {
        Opened::Exists(Box::new(standing))
    }
}

/// Takes `step` if the record meets all its conditions, and leaves the record as it is otherwise. A
/// record that is the result of this very attempt counts as advanced: the acknowledgement was lost,
/// and the store or the caller tries again.
pub fn take(grant: &mut Grant, step: &Step) -> Advance {
    let moves = moves(grant, step);
    if moves {
        if step.standing == 0 {
            grant.redeemed_at = Some(step.now);
        }
        grant.generation = step.to;
        grant.advanced_at = step.now;
        grant.last_attempt = Some(step.attempt);
        grant.idle_expires_at = step.now + grant.idle_lifetime;
        if let Some(claims) = &step.claims {
            grant.claims = claims.clone();
        }
    }
    let standing = Box::new(grant.clone());
    if moves || is_result_of(grant, step) {
        Advance::Advanced(standing)
    } else {
        Advance::Conflict(Some(standing))
    }
}

/// Whether the record meets all conditions of `step`, so that it moves.
#[must_use]
pub fn moves(grant: &Grant, step: &Step) -> bool {
    step.permits(grant).is_ok()
        && grant.generation == step.standing
        && step.to > step.standing
        && (step.standing <= 1 || grant.advanced_at <= step.settled())
}

/// Whether the record is the result of `step`. A grant that has been revoked since is not.
#[must_use]
pub fn is_result_of(grant: &Grant, step: &Step) -> bool {
    grant.state == GrantState::Live
        && grant.generation == step.to
        && grant.last_attempt == Some(step.attempt)
}

/// Decides a pending grant; `false` if it is not pending, or has expired. A record that is the result of
/// this very attempt counts as decided, whatever has become of its tokens.
pub fn decide(grant: &mut Grant, decision: &Decision, attempt: Attempt, now: UnixTime) -> bool {
    if grant.state != GrantState::Pending || now >= grant.idle_expires_at {
        return is_decided_by(grant, decision, attempt);
    }
    grant.decided_by = Some(attempt);
    match decision {
        Decision::Deny => grant.state = GrantState::Denied,
        Decision::Approve {
            subject,
            claims,
            auth_time,
            accepted_at,
        } => {
            grant.state = GrantState::Live;
            grant.subject = Some(subject.clone());
            grant.claims = claims.clone();
            grant.auth_time = Some(*auth_time);
            grant.created_at = *accepted_at;
        }
    }
    true
}

/// Whether the record is the result of `decision` by `attempt`. A grant that has been revoked since is
/// not.
#[must_use]
pub fn is_decided_by(grant: &Grant, decision: &Decision, attempt: Attempt) -> bool {
    let as_decided = match decision {
        Decision::Deny => grant.state == GrantState::Denied,
        Decision::Approve { subject, .. } => {
            grant.state == GrantState::Live && grant.subject.as_ref() == Some(subject)
        }
    };
    as_decided && grant.decided_by == Some(attempt)
}

/// Ends a grant for good.
pub fn revoke(grant: &mut Grant) {
    grant.state = GrantState::Revoked;
}

/// Replaces a document of a person by `next`, kept until `until`, or removes it, if the one that stands is the
/// one expected. One that stands already may be written again: the acknowledgement was lost, or somebody
/// wants it kept longer, and it is kept as long as whoever asked for most.
#[must_use]
pub fn replace(
    stored: Option<&PersonalRecord>,
    next: Option<&Document>,
    expected: &Expected,
    until: UnixTime,
    now: UnixTime,
) -> Replacement {
    let standing = stored.filter(|record| record.stands(now));
    let document = standing.map(|record| &record.document);
    if !expected.allows(document, next) {
        return Replacement::Refuse(document.cloned());
    }
    let Some(next) = next else {
        // What has ended and is stored still goes as well.
        return stored.map_or(Replacement::Keep, |_| Replacement::Remove);
    };
    match standing {
        Some(record) if record.document == *next && record.until >= until => Replacement::Keep,
        _ => Replacement::Store(PersonalRecord {
            document: next.clone(),
            until,
        }),
    }
}
