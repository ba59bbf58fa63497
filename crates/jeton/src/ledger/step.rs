use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    grant::{Grant, Unmet},
    id::{Attempt, GrantId},
};
use crate::{
    client::ClientId,
    scope::Scope,
    time::{Seconds, UnixTime},
};

/// A step of a grant from one generation to a later one, with everything that must hold for it.
/// It happens as a whole or not at all.
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
    /// What the grant's scope must hold.
    pub scope: Scope,
    /// What the grant's audiences must hold.
    pub audiences: Vec<String>,
    /// The earliest `created_at` that is not cut off.
    pub created_from: UnixTime,
    /// The grace window: from generation 2 on, the record does not move again so soon.
    pub window: Seconds,
    /// Who tries.
    pub attempt: Attempt,
    /// The time of the request.
    pub now: UnixTime,
}

impl Step {
    /// The generation of the token that was presented.
    #[must_use]
    pub fn presented(&self) -> u32 {
        self.to.saturating_sub(1)
    }

    /// Checks everything that must hold of `grant` whether or not it moves: all but where it stands
    /// and since when. Says the first that does not hold; where several do not, what was asked too
    /// much comes before what came too late.
    pub fn permits(&self, grant: &Grant) -> Result<(), Unmet> {
        if grant.id != self.id || grant.client_id != self.client_id {
            return Err(Unmet::Client);
        }
        grant.require_live(self.now)?;
        if let Some(token) = self.scope.first_outside(&grant.scope) {
            return Err(Unmet::Scope(token.to_owned()));
        }
        let outside = |audience: &&String| !grant.audiences.contains(audience);
        if let Some(audience) = self.audiences.iter().find(outside) {
            return Err(Unmet::Audience(audience.clone()));
        }
        if grant.created_at < self.created_from {
            return Err(Unmet::CutOff);
        }
        if self.now >= grant.idle_expires_at {
            return Err(Unmet::Idle);
        }
        Ok(())
    }

    /// The latest `advanced_at` of a record that may move again, from generation 2 on. Times are
    /// whole seconds, so a window of n seconds is kept until n + 1 have gone by: never cut short.
    /// Without a window that is any, also one after `now`: a request may be overtaken by a later one.
    #[must_use]
    pub fn settled(&self) -> UnixTime {
        match self.window {
            Seconds(0) => UnixTime(u64::MAX),
            Seconds(length) => self.now - Seconds(length.saturating_add(1)),
        }
    }

    /// Whether what happened at `moved_at` is no longer ago than the window.
    pub(super) fn is_within_window(&self, moved_at: UnixTime) -> bool {
        moved_at > self.settled()
    }
}

/// What became of a [`Step`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Advance {
    /// It happened; the record as it now stands.
    Advanced(Box<Grant>),
    /// It did not; what stands instead, `None` where there is no such grant.
    Conflict(Option<Box<Grant>>),
}

/// What a person decided about a pending grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// The grant becomes live for this subject.
    Approve {
        /// Who.
        subject: String,
        /// About them.
        claims: Map<String, Value>,
        /// When they were authenticated.
        auth_time: UnixTime,
    },
    /// The grant is denied.
    Deny,
}
