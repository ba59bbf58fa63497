//! The grants that an issuer has besides its server's, and what they look up.

use jeton::{Client, ClientId, Grant as Record, GrantId, Ledger, revoked_marker};
use serde_json::{Map, Value};

use super::Issuer;
use crate::{
    grants::AwaitedResponses,
    spec::{Grant, Strictness},
};

impl Issuer {
    /// Whether it has this grant.
    pub(crate) fn has_grant(&self, grant: Grant) -> bool {
        match &self.spec.grants {
            Some(grants) => grants.contains(&grant),
            None => self.strictness == Strictness::Lenient,
        }
    }

    /// Whether its answers may be fragments: where it is lenient, or has tokens to put there.
    pub(crate) fn has_fragments(&self) -> bool {
        let has_tokens = || [Grant::Implicit, Grant::Hybrid].map(|grant| self.has_grant(grant));
        self.strictness == Strictness::Lenient || has_tokens().contains(&true)
    }

    /// The authorization requests whose answers it makes itself.
    pub(crate) fn awaited(&self) -> &AwaitedResponses {
        &self.awaited
    }

    /// The client as requests find it that go on with what others began.
    pub(crate) fn client(&self, id: &ClientId) -> Option<Client> {
        self.registry.find(id)
    }

    /// The record of a grant.
    pub(crate) async fn grant(&self, id: GrantId) -> Option<Record> {
        self.ledger.read(id).await.ok()?
    }

    /// Whether the token of this `jti` was revoked by itself.
    pub(crate) async fn is_revoked(&self, jti: &str) -> bool {
        let marker = revoked_marker(jti);
        matches!(self.ledger.holder(&marker, self.now()).await, Ok(Some(_)))
    }

    /// Ends the session of the browser that a grant came of, and the other grants that did, but for those that
    /// are for when nobody is there (OpenID Connect Core §11).
    pub(crate) async fn end_session_of(&self, grant: GrantId) {
        for other in self.sessions().end_of(grant) {
            let record = self.grant(other).await;
            if record.is_some_and(|it| !it.scope.contains("offline_access")) {
                // In memory, nothing fails.
                let _ = self.ledger.revoke(other).await;
            }
        }
    }

    /// All that the login said of the person of a grant.
    pub(crate) async fn claims_of(&self, record: &Record) -> Map<String, Value> {
        let mut claims = record.claims.inline.clone();
        if let Some(attached) = &record.claims.attached
            && let Ok(Some(text)) = self.ledger.kept(attached).await
            && let Ok(others) = serde_json::from_str::<Map<String, Value>>(&text)
        {
            claims.extend(others);
        }
        claims
    }
}
