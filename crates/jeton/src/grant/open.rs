//! Opening a grant: the record as it begins.

use serde_json::Map;

use crate::{
    client::Client,
    ledger::{Claims, Grant, GrantId, GrantState, RequestedClaims},
    scope::Scope,
    time::{Seconds, UnixTime},
};

/// A grant that is about to be opened: to whom, for what and for how long.
pub(crate) struct Opening<'a> {
    /// Drawn at random by whoever opens it.
    pub(crate) id: GrantId,
    /// The client it is opened for.
    pub(crate) client: &'a Client,
    /// Live where a person has agreed, pending where a device waits for one.
    pub(crate) state: GrantState,
    /// The scope that is granted or asked for.
    pub(crate) scope: Scope,
    /// The audiences of its access tokens; never empty.
    pub(crate) audiences: Vec<String>,
    /// How long its code may wait to be redeemed.
    pub(crate) code_lifetime: Seconds,
    /// How long an access token of it lives.
    pub(crate) access_token_lifetime: Seconds,
}

/// How long a grant of `scope` lives from the moment the person has decided.
fn life_of(
    client: &Client,
    scope: &Scope,
    code_lifetime: Seconds,
    access_token_lifetime: Seconds,
) -> Seconds {
    if client.may_refresh(scope) {
        client.refresh.lifetime
    } else {
        code_lifetime + access_token_lifetime
    }
}

impl Grant {
    /// The grant at generation 0, without subject and claims: the caller adds them where it knows
    /// them.
    pub(crate) fn open(opening: Opening<'_>, now: UnixTime) -> Self {
        let Opening {
            id,
            client,
            state,
            scope,
            audiences,
            code_lifetime,
            access_token_lifetime,
        } = opening;
        let refreshable = client.may_refresh(&scope);
        // A code redeemed late still yields a whole access token; refresh tokens end with their
        // lifetime, which begins when the person has decided, or at the latest when they had to.
        let life = life_of(client, &scope, code_lifetime, access_token_lifetime);
        let lifetime = match (refreshable, state) {
            (true, GrantState::Pending) => code_lifetime + life,
            _ => life,
        };
        Self {
            id,
            state,
            client_id: client.id.clone(),
            subject: None,
            scope,
            audiences,
            claims: Claims::default(),
            requested_claims: RequestedClaims::default(),
            auth_time: None,
            nonce: None,
            generation: 0,
            advanced_at: now,
            redeemed_at: None,
            last_attempt: None,
            decided_by: None,
            created_at: now,
            // Without rotation no use is recorded, so none can be missed.
            idle_lifetime: if client.refresh.rotation {
                client.refresh.idle_lifetime
            } else {
                client.refresh.lifetime
            },
            idle_expires_at: now + code_lifetime,
            expires_at: now + lifetime,
            refreshable,
            other: Map::new(),
        }
    }
    /// Whether it yields refresh tokens: it was opened so, and the client, as it is registered now, may
    /// still have some of what is left of its scope.
    pub(crate) fn is_refreshable_by(&self, client: &Client) -> bool {
        self.refreshable && client.may_refresh(&self.scope.within(&client.scope))
    }
}
