//! The record of a grant.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    claims::{Claims, RequestedClaims},
    id::{Attempt, GrantId},
};
use crate::{
    client::ClientId,
    scope::Scope,
    time::{Seconds, UnixTime},
};

/// The state of a grant.
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

/// One authorization that a person gave a client, by a login or by approving a device.
///
/// Generation 0 is the authorization code or the device code, generation n ≥ 1 the n-th refresh
/// token. Redeeming any of them advances the record by one step; nothing else is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// 128 random bits.
    pub id: GrantId,
    /// Whether it can be redeemed, or why not.
    pub state: GrantState,
    /// The client it was granted to.
    pub client_id: ClientId,
    /// The person who granted it; absent while pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The scope that was granted.
    #[serde(default)]
    pub scope: Scope,
    /// The audiences of its access tokens; never empty.
    pub audiences: Vec<String>,
    /// Claims about the subject, from the login application.
    #[serde(default, skip_serializing_if = "Claims::is_empty")]
    pub claims: Claims,
    /// What its authorization request asked for by name.
    #[serde(default, skip_serializing_if = "RequestedClaims::is_empty")]
    pub requested_claims: RequestedClaims,
    /// When the subject was authenticated (OpenID Connect Core §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<UnixTime>,
    /// `nonce` of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The generation whose token can be redeemed.
    pub generation: u32,
    /// When the record last moved.
    pub advanced_at: UnixTime,
    /// When generation 0 was redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeemed_at: Option<UnixTime>,
    /// The attempt that moved it last, by which a lost acknowledgement is recognized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Attempt>,
    /// The attempt that decided it, where it was pending. Beside the last one, because a person may be
    /// told again after the device has redeemed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Attempt>,
    /// When the person who granted it was accepted; while pending, when the device asked. A cut-off ends
    /// grants that were made before it.
    pub created_at: UnixTime,
    /// How long a generation may wait to be redeemed, from generation 1 on.
    pub idle_lifetime: Seconds,
    /// When the standing generation expires for lack of use.
    pub idle_expires_at: UnixTime,
    /// When the grant expires with all its tokens.
    pub expires_at: UnixTime,
    /// Whether it yields refresh tokens.
    pub refreshable: bool,
    /// Members that this release does not know. Stores keep them, so that an older release that moves
    /// the record of a newer one, as after a rollback, loses none.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Grant {
    /// Whether its tokens are good at `now`. The idle expiry ends the standing generation, not the
    /// access tokens that were issued in time.
    #[must_use]
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.require_live(now).is_ok()
    }

    /// The same check, with the reason why the tokens are not good.
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

/// A condition of a [`Step`](super::Step) that the record does not meet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unmet {
    /// The record is another grant's, or another client's.
    Client,
    /// Nobody has decided yet (RFC 8628 §3.5).
    Pending,
    /// The person said no.
    Denied,
    /// It was ended.
    Revoked,
    /// It has expired as a whole.
    Expired,
    /// This token of the scope was not granted.
    Scope(String),
    /// This audience was not granted.
    Audience(String),
    /// It was opened before a cut-off.
    CutOff,
    /// Its standing generation was not redeemed in time, or nobody decided in time.
    Idle,
}
