//! What moves a grant, as functions of the record alone. Stores that read and write within one
//! transaction call these; a store that expresses them as a condition (DynamoDB) is held to them
//! by the contract test; the model checker explores them.

use super::{Advance, Decision, Grant, GrantState, Step};
use crate::time::{Seconds, UnixTime};

/// Takes `step` if all of it holds. It did already where the record is the result of this very
/// attempt: its acknowledgement was lost, and the store or the caller tries again. Else the record
/// stays as it is.
pub fn take(grant: &mut Grant, step: &Step) -> Advance {
    let moves = step.permits(grant).is_ok()
        && grant.generation == step.standing
        && step.to > step.standing
        && (step.standing <= 1 || grant.advanced_at <= step.settled());
    if moves {
        if step.standing == 0 {
            grant.redeemed_at = Some(step.now);
        }
        grant.generation = step.to;
        grant.advanced_at = step.now;
        grant.last_attempt = Some(step.attempt);
        grant.idle_expires_at = step.now + grant.idle_lifetime;
    }
    let standing = Box::new(grant.clone());
    if moves || is_result_of(grant, step) {
        Advance::Advanced(standing)
    } else {
        Advance::Conflict(Some(standing))
    }
}

/// Whether the record is what `step` made of it. A grant that has been revoked since is not.
#[must_use]
pub fn is_result_of(grant: &Grant, step: &Step) -> bool {
    grant.state == GrantState::Live
        && grant.generation == step.to
        && grant.last_attempt == Some(step.attempt)
}

/// Whether what happened at `moved_at` is no longer ago than the window, by whole seconds: never
/// cut short, and with a window of 0 never true.
#[must_use]
pub fn is_within(window: Seconds, moved_at: UnixTime, now: UnixTime) -> bool {
    moved_at > settled(window, now)
}

/// The latest `advanced_at` that is out of a window of that length at `now`. Without a window that
/// is any, also one after `now`: a request may be overtaken by a later one.
pub(super) fn settled(window: Seconds, now: UnixTime) -> UnixTime {
    match window {
        Seconds(0) => UnixTime(u64::MAX),
        Seconds(length) => now - Seconds(length.saturating_add(1)),
    }
}

/// Where a genuine refresh token stands beside a live record that it did not advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// It is the standing one, within the window after it came to be: it stays.
    Stands,
    /// It is the one before, within the window: its holder gets the standing one.
    JustSuperseded,
    /// It is the standing one and could advance: something else about the request is wrong.
    Redeemable,
    /// It is older than grace allows: theft, or a bug that looks like it. The grant ends.
    Reused,
    /// It is newer than the record: the store was rolled back, and the record catches up.
    Ahead,
}

/// Places the refresh token of generation `presented`, 1 or later.
#[must_use]
pub fn place(standing: &Grant, presented: u32, window: Seconds, now: UnixTime) -> Place {
    let within = is_within(window, standing.advanced_at, now);
    if presented > standing.generation {
        Place::Ahead
    } else if presented == standing.generation {
        // Redeeming a code opens no window: generation 1 can be redeemed at once.
        if presented > 1 && within {
            Place::Stands
        } else {
            Place::Redeemable
        }
    } else if presented + 1 == standing.generation && presented > 0 && within {
        Place::JustSuperseded
    } else {
        Place::Reused
    }
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
