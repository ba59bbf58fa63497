//! The rotation of codes and refresh tokens: what the server does next, once the ledger has answered a
//! step. A function of step and answer alone, called by the grants and by the model checker.
//!
//! The token that was presented has been verified. Its generation is [`Step::presented`]: 0 is the
//! authorization code or the device code, 1 and later are refresh tokens.

use super::{
    grant::{Grant, Unmet},
    step::{Advance, Step},
};

/// What the server does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It issues the tokens of the generation at which this record stands.
    Serve(Box<Grant>),
    /// It refuses, and nothing changes.
    Refuse(Why),
    /// It ends this grant (RFC 6749 §4.1.2, RFC 9700 §4.14), then refuses.
    End(Box<Grant>, Why),
    /// It asks the ledger to advance from the generation `standing` instead of the one presented: the
    /// record was rolled back and catches up. Never follows from a step that is such a repair.
    Repair {
        /// The generation at which the record stands.
        standing: u32,
    },
    /// It tells the client to try again: another request moved the record meanwhile.
    Again,
}

/// Why a verified token yields no tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no such grant.
    Unknown,
    /// The record does not meet a condition of the step.
    Unmet(Unmet),
    /// The code was redeemed already, within the window: an impatient double submit.
    RedeemedJustNow,
    /// The code was redeemed already, before the window.
    Replayed,
    /// The refresh token was superseded longer ago than the window.
    Reused {
        /// Its generation.
        presented: u32,
    },
}

/// What the server does next, once [`Ledger::advance`](super::Ledger::advance) has answered.
#[must_use]
pub fn next(step: &Step, answer: Advance) -> Next {
    let standing = match answer {
        Advance::Advanced(grant) => return Next::Serve(grant),
        Advance::Conflict(None) => return Next::Refuse(Why::Unknown),
        Advance::Conflict(Some(standing)) => standing,
    };
    if let Err(unmet) = standing.require_live(step.now) {
        return Next::Refuse(Why::Unmet(unmet));
    }
    match step.presented() {
        0 => code_conflict(step, standing),
        _ => refresh_conflict(step, standing),
    }
}

/// What the server does next where the client's refresh tokens do not rotate. The record `standing`
/// was only read: its generation stays.
#[must_use]
pub fn next_unrotated(step: &Step, standing: Option<Box<Grant>>) -> Next {
    let Some(standing) = standing else {
        return Next::Refuse(Why::Unknown);
    };
    if let Err(unmet) = standing.require_live(step.now) {
        return Next::Refuse(Why::Unmet(unmet));
    }
    if step.now >= standing.idle_expires_at {
        return Next::Refuse(Why::Unmet(Unmet::Idle));
    }
    // The client rotated before its policy changed: an older token is as stolen as ever.
    let presented = step.presented();
    if presented < standing.generation {
        return Next::End(standing, Why::Reused { presented });
    }
    match step.permits(&standing) {
        Ok(()) => Next::Serve(standing),
        Err(unmet) => Next::Refuse(Why::Unmet(unmet)),
    }
}

/// What the server does next where a refresh token is redeemed without its step: the record `standing`, which
/// the step would have moved when it was last read, was only read. It stays, and so does the token.
#[must_use]
pub fn next_unmoved(step: &Step, standing: Option<Box<Grant>>) -> Next {
    match standing {
        Some(standing) if standing.generation == step.presented() => {
            next_unrotated(step, Some(standing))
        }
        // Another request has moved it since.
        standing => next(step, Advance::Conflict(standing)),
    }
}

/// What follows where a code did not advance the record. A code that was redeemed already always
/// fails. Within the window after its redemption that is an impatient double submit; later it ends
/// the grant as well (RFC 6749 §4.1.2).
fn code_conflict(step: &Step, standing: Box<Grant>) -> Next {
    match standing.redeemed_at {
        Some(redeemed_at) if step.is_within_window(redeemed_at) => {
            Next::Refuse(Why::RedeemedJustNow)
        }
        Some(_) => Next::End(standing, Why::Replayed),
        None => match step.permits(&standing) {
            Ok(()) => Next::Again,
            Err(unmet) => Next::Refuse(Why::Unmet(unmet)),
        },
    }
}

/// What follows where a refresh token did not advance the record.
fn refresh_conflict(step: &Step, standing: Box<Grant>) -> Next {
    let presented = step.presented();
    match (place(step, &standing), step.permits(&standing)) {
        (Place::Reused, _) => Next::End(standing, Why::Reused { presented }),
        // Also where the record would not have to move, and where trying again would not help.
        (_, Err(unmet)) => Next::Refuse(Why::Unmet(unmet)),
        (Place::Stands | Place::JustSuperseded, Ok(())) => Next::Serve(standing),
        (Place::Ahead, Ok(())) if step.standing == presented => Next::Repair {
            standing: standing.generation,
        },
        (Place::Ahead | Place::Redeemable, Ok(())) => Next::Again,
    }
}

/// A presented refresh token, compared with the generation at which a live record stands that it did
/// not advance.
enum Place {
    /// It is of the standing generation, and was issued within the window: it stays.
    Stands,
    /// It is of the generation before, and was superseded within the window: its holder gets the
    /// standing one.
    JustSuperseded,
    /// It is of the standing generation and could advance: something else about the request is wrong.
    Redeemable,
    /// It was superseded longer ago than the window: theft, or a bug that looks like it. The grant
    /// ends.
    Reused,
    /// It is of a generation that the record has not reached: the store was rolled back, and the
    /// record catches up.
    Ahead,
}

fn place(step: &Step, standing: &Grant) -> Place {
    let presented = step.presented();
    let within = step.is_within_window(standing.advanced_at);
    if presented > standing.generation {
        Place::Ahead
    } else if presented == standing.generation {
        // Redeeming a code opens no window: generation 1 can be redeemed at once.
        if presented > 1 && within {
            Place::Stands
        } else {
            Place::Redeemable
        }
    } else if presented + 1 == standing.generation && within {
        Place::JustSuperseded
    } else {
        Place::Reused
    }
}

#[cfg(test)]
mod tests;
