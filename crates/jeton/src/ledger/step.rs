//! Steps: what is asked of a record, and what becomes of it.

use serde::{Deserialize, Serialize};

use super::{
    claims::Claims,
    grant::{Grant, Unmet},
    id::{Attempt, GrantId},
};
use crate::{
    client::ClientId,
    scope::{Scope, first_outside},
    time::{Seconds, UnixTime},
};

/// A step of a grant from one generation to a later one, with all its conditions. It is taken as a
/// whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// The grant.
    pub id: GrantId,
    /// The generation the record must stand at: the one presented, or an earlier one in the repair
    /// of a record that was rolled back.
    pub standing: u32,
    /// The generation it then stands at: the one after the one presented.
    pub to: u32,
    /// The client it must belong to.
    pub client_id: ClientId,
    /// The tokens that the grant's scope must have.
    pub scope: Scope,
    /// The audiences that the grant must have.
    pub audiences: Vec<String>,
    /// The earliest `created_at` that is not cut off.
    pub created_from: UnixTime,
    /// The grace window: from generation 2 on, the record does not move again within it.
    pub window: Seconds,
    /// The attempt that takes this step.
    pub attempt: Attempt,
    /// The claims that the record has from then on; `None`: those that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Claims>,
    /// The time of the request.
    pub now: UnixTime,
}

impl Step {
    /// The generation of the token that was presented.
    #[must_use]
    pub fn presented(&self) -> u32 {
        self.to.saturating_sub(1)
    }

    /// Checks the conditions of this step that do not depend on the generation of `grant` or on when it
    /// last moved: they hold for a retry as well.
    ///
    /// # Errors
    /// The first condition that is not met. Scope and audiences are checked before cut-off and idle
    /// expiry.
    pub fn permits(&self, grant: &Grant) -> Result<(), Unmet> {
        if grant.id != self.id || grant.client_id != self.client_id {
            return Err(Unmet::Client);
        }
        grant.require_live(self.now)?;
        if let Some(token) = self.scope.first_outside(&grant.scope) {
            return Err(Unmet::Scope(token.to_owned()));
        }
        let granted = grant.audiences.iter().map(String::as_str);
        let asked = self.audiences.iter().map(String::as_str);
        if let Some(audience) = first_outside(asked, granted) {
            return Err(Unmet::Audience(audience.to_owned()));
        }
        if grant.created_at < self.created_from {
            return Err(Unmet::CutOff);
        }
        if self.now >= grant.idle_expires_at {
            return Err(Unmet::Idle);
        }
        Ok(())
    }

    /// The latest `advanced_at` with which a record may move again, from generation 2 on. Times are
    /// whole seconds, so a window of n seconds lasts until n + 1 have gone by, and is never cut short.
    /// Without a window every time will do, also one after `now`: a request may be overtaken by a later
    /// one.
    #[must_use]
    pub fn settled(&self) -> UnixTime {
        match self.window {
            Seconds(0) => UnixTime(u64::MAX),
            Seconds(length) => self.now - Seconds(length.saturating_add(1)),
        }
    }

    /// Whether `moved_at` is no longer ago than the window.
    pub(super) fn is_within_window(&self, moved_at: UnixTime) -> bool {
        moved_at > self.settled()
    }
}

/// The outcome of a [`Step`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Advance {
    /// The step was taken: the record as it now stands.
    Advanced(Box<Grant>),
    /// The step was not taken: the record as it stands, or `None` if there is no such grant.
    Conflict(Option<Box<Grant>>),
}

/// The outcome of opening a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opened {
    /// The record stands as it was given: made by this call, or by one whose answer was lost.
    Opened,
    /// The id was taken: the record that stands.
    Exists(Box<Grant>),
}

/// What a person decided about a pending grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// The grant becomes live for this subject.
    Approve {
        /// The person.
        subject: String,
        /// Claims about the person.
        claims: Claims,
        /// When the person was authenticated.
        auth_time: UnixTime,
        /// When the person was accepted: from then on a cut-off counts.
        accepted_at: UnixTime,
    },
    /// The grant is denied.
    Deny,
}
