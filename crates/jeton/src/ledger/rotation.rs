//! The rotation: what one answer of the ledger means for whoever presented a code or a refresh
//! token. A function of the step and the answer alone, called by the grants and by the model checker.
//!
//! The token presented is genuine and is the one of generation [`Step::presented`]: 0 is the
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
    /// It asks the ledger to advance from the generation `standing` instead of the one presented:
    /// the record was rolled back, and catches up. Never the answer to a step that repairs already.
    Repair {
        /// Where the record stands.
        standing: u32,
    },
    /// It says that the client should try again: another request moved the record meanwhile.
    Again,
}

/// Why a genuine token yields nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no such grant.
    Unknown,
    /// The record does not hold what the step wants.
    Unmet(Unmet),
    /// The code was redeemed within the window: an impatient double submit.
    RedeemedJustNow,
    /// The code was redeemed before that.
    Replayed,
    /// The refresh token was superseded before grace allows.
    Reused {
        /// Its generation.
        presented: u32,
    },
}

/// What follows from the ledger's answer to [`Ledger::advance`](super::Ledger::advance).
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

/// What follows where the client's refresh tokens do not rotate: `standing` was read, and nothing
/// is written. The standing generation stays.
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

/// A redeemed code that is presented again always fails. Within the window after its redemption
/// that is an impatient double submit; later it ends the grant as well (RFC 6749 §4.1.2).
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

fn refresh_conflict(step: &Step, standing: Box<Grant>) -> Next {
    let presented = step.presented();
    match (place(step, &standing), step.permits(&standing)) {
        (Place::Reused, _) => Next::End(standing, Why::Reused { presented }),
        // Also where nothing would move, and where "try again" would not help.
        (_, Err(unmet)) => Next::Refuse(Why::Unmet(unmet)),
        (Place::Stands | Place::JustSuperseded, Ok(())) => Next::Serve(standing),
        (Place::Ahead, Ok(())) if step.standing == presented => Next::Repair {
            standing: standing.generation,
        },
        (Place::Ahead | Place::Redeemable, Ok(())) => Next::Again,
    }
}

/// Where a genuine refresh token stands beside a live record that it did not advance.
enum Place {
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
