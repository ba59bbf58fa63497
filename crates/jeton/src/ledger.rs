//! The ledger: what is never stale.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    client::ClientId,
    registry::Unavailable,
    scope::Scope,
    time::{Seconds, UnixTime},
};

mod id;
mod memory;
pub mod rotation;
mod step;
pub mod transition;

pub use id::{Attempt, GrantId, Id128, Marker};
pub use memory::MemoryLedger;
pub use step::{Step, Unmet};

/// Where a grant stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantState {
    /// A device waits for a person (RFC 8628 §3.3).
    Pending,
    /// Its standing generation can be redeemed.
    Live,
    /// The person said no.
    Denied,
    /// Ended: by its owner, or because a superseded token was used again.
    Revoked,
}

/// One authorization: a login or a device approval, whatever happens later.
///
/// Generation 0 is the authorization code or the device code, generation n ≥ 1 the n-th refresh
/// token. Redeeming any of them advances the record by one step; nothing else is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// 128 random bits.
    pub id: GrantId,
    /// Its state.
    pub state: GrantState,
    /// Whom it was granted to.
    pub client_id: ClientId,
    /// Who granted it; absent while pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What was granted.
    #[serde(default)]
    pub scope: Scope,
    /// What its access tokens are for; never empty.
    pub audiences: Vec<String>,
    /// Claims about the subject, from the login application; at most 2 kB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// When the subject was authenticated (OpenID Connect Core §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<UnixTime>,
    /// `nonce` of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Which token can be redeemed.
    pub generation: u32,
    /// When the record last moved.
    pub advanced_at: UnixTime,
    /// When generation 0 was redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeemed_at: Option<UnixTime>,
    /// The attempt that moved it: a lost acknowledgement is recognized by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Attempt>,
    /// When it was opened. Cut-offs are compared with it.
    pub created_at: UnixTime,
    /// How long a generation may wait to be redeemed, from generation 1 on.
    pub idle_lifetime: Seconds,
    /// When the standing generation ends for lack of use.
    pub idle_expires_at: UnixTime,
    /// When everything ends. The record is kept until then.
    pub expires_at: UnixTime,
    /// Whether there are refresh tokens.
    pub refreshable: bool,
    /// Members that this release does not know. A store keeps them, so that an older release that
    /// moves the record of a newer one, after a rollback say, takes nothing from it.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Grant {
    /// Whether its tokens mean anything at `now`. The idle expiry ends the standing generation, not
    /// the access tokens that were issued in time.
    #[must_use]
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.require_live(now).is_ok()
    }

    /// The same, and why they mean nothing.
    pub(crate) fn require_live(&self, now: UnixTime) -> Result<(), Unmet> {
        match self.state {
            GrantState::Denied => Err(Unmet::Denied),
            GrantState::Revoked => Err(Unmet::Revoked),
            GrantState::Pending | GrantState::Live if now >= self.expires_at => Err(Unmet::Expired),
            GrantState::Pending if now >= self.idle_expires_at => Err(Unmet::Idle),
            GrantState::Pending => Err(Unmet::Pending),
            GrantState::Live => Ok(()),
        }
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

/// Grants and one-time markers.
///
/// # Contract
/// - Linearizable per grant and per marker: each call sees every call that was answered before it
///   began, whichever process answered.
/// - Every method is one atomic step; a caller that stops half-way leaves all or nothing.
/// - Expiry is judged by the `now` that is passed, never by the store's clock or its garbage
///   collection: an expired marker counts as absent although it is still stored. An expired grant
///   is answered as it stands.
/// - A call may be repeated after a lost acknowledgement: `advance` and `claim` by the same
///   attempt answer as the first time; `open` and `decide` answer `false`, having changed nothing.
/// - Members of a grant that this release does not know ([`Grant::other`]) are kept and answered by
///   every call.
/// - Records may be rolled back by an operator who restores a backup; the ledger notices nothing,
///   the server does (a token newer than its record).
///
/// Nothing stored is a secret. An attacker who can read it learns who granted what to whom; one
/// who can write it can move grants, but cannot make a token: those carry a MAC.
#[allow(async_fn_in_trait)]
pub trait Ledger {
    /// Stores a new grant; `false` if its id exists, whatever stands there.
    async fn open(&self, grant: &Grant, now: UnixTime) -> Result<bool, Unavailable>;

    /// Takes the step as [`transition::take`] does, in one round trip.
    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable>;

    /// Decides a pending grant; `false` if it is not pending, has expired, or does not exist.
    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        now: UnixTime,
    ) -> Result<bool, Unavailable>;

    /// The record as it stands.
    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable>;

    /// Ends a grant for good. Never creates a record.
    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable>;

    /// Takes a marker until `expires`: `true` for exactly one value (an attempt, or the grant a
    /// user code points to), and again for the same value.
    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable>;

    /// The value that holds a marker at `now`.
    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable>;

    /// Counts one more under a marker that starts anew at `expires`; answers the count.
    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable>;
}
