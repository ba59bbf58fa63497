//! The ledger of a Worker: calls of the objects that hold grants and markers.

use jeton::{
    Advance, Attempt, Decision, Grant, GrantId, Ledger, Marker, Step, Unavailable, UnixTime,
};
use worker::ObjectNamespace;

use crate::{
    call::{Answer, Call},
    object::{self, shard, unavailable},
};

/// The ledger on a namespace of [`GrantObject`](crate::GrantObject)s.
#[derive(Debug)]
pub struct DurableLedger(ObjectNamespace);

impl DurableLedger {
    /// The ledger in `namespace`.
    #[must_use]
    pub fn new(namespace: ObjectNamespace) -> Self {
        Self(namespace)
    }

    /// Asks the object of that name, and once more if the first try fails. Every call can be repeated,
    /// because the answer to the first may have been lost.
    async fn ask(&self, name: &str, call: &Call) -> Result<Answer, Unavailable> {
        match self.try_ask(name, call).await {
            Ok(answer) => Ok(answer),
            Err(_) => self.try_ask(name, call).await,
        }
    }

    async fn try_ask(&self, name: &str, call: &Call) -> Result<Answer, Unavailable> {
        object::ask(&self.0, name, call).await
    }

    async fn ask_grant(&self, id: GrantId, call: &Call) -> Result<Answer, Unavailable> {
        self.ask(&format!("grant:{id}"), call).await
    }

    async fn ask_marker(&self, marker: &str, call: &Call) -> Result<Answer, Unavailable> {
        self.ask(&format!("marker:{}", shard(marker)), call).await
    }
}

fn done(answer: Answer) -> Result<bool, Unavailable> {
    match answer {
        Answer::Done(done) => Ok(done),
        other => Err(mismatch(&other)),
    }
}

/// The error for an answer to another kind of call: Worker and object are of two releases while a
/// deploy is under way.
fn mismatch(answer: &Answer) -> Unavailable {
    unavailable(format_args!("an answer to another call: {answer:?}"))
}

impl Ledger for DurableLedger {
    async fn open(&self, grant: &Grant, _now: UnixTime) -> Result<bool, Unavailable> {
        let name = format!("grant:{}", grant.id);
        let call = Call::Open(Box::new(grant.clone()));
        if let Ok(answer) = self.try_ask(&name, &call).await {
            return done(answer);
        }
        if done(self.try_ask(&name, &call).await?)? {
            return Ok(true);
        }
        // It exists: perhaps because the first try did happen and only its answer was lost.
        Ok(self.read(grant.id).await?.as_ref() == Some(grant))
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        let call = Call::Advance(Box::new(step.clone()));
        match self.ask_grant(step.id, &call).await? {
            Answer::Advance(advance) => Ok(advance),
            other => Err(mismatch(&other)),
        }
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let decision = Box::new(decision.clone());
        done(self.ask_grant(id, &Call::Decide { decision, now }).await?)
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        match self.ask_grant(id, &Call::Read).await? {
            Answer::Grant(grant) => Ok(grant.map(|grant| *grant)),
            other => Err(mismatch(&other)),
        }
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        done(self.ask_grant(id, &Call::Revoke).await?)?;
        Ok(())
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let marker = marker.as_str().to_owned();
        let call = Call::Claim {
            marker: marker.clone(),
            value,
            expires,
            now,
        };
        done(self.ask_marker(&marker, &call).await?)
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        let marker = marker.as_str().to_owned();
        let call = Call::Holder {
            marker: marker.clone(),
            now,
        };
        match self.ask_marker(&marker, &call).await? {
            Answer::Holder(holder) => Ok(holder),
            other => Err(mismatch(&other)),
        }
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        let marker = marker.as_str().to_owned();
        let call = Call::Count {
            marker: marker.clone(),
            expires,
            now,
        };
        match self.ask_marker(&marker, &call).await? {
            Answer::Count(count) => Ok(count),
            other => Err(mismatch(&other)),
        }
    }
}
