//! The ledger of a Worker: calls of the objects that hold grants, what is attached to them, indexes of
//! subjects, documents of persons, and markers.

use jeton::{
    Advance, Attachment, AttachmentId, Attempt, Decision, Document, Expected, Grant, GrantId,
    Ledger, Marker, Opened, PersonalKey, Put, Step, SubjectKey, Unavailable, UnixTime,
};
use worker::ObjectNamespace;

use crate::{
    call::{Answer, Call},
    object::{shard, unavailable},
    rpc,
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
        match rpc::ask(&self.0, name, call).await {
            Ok(answer) => Ok(answer),
            Err(_) => rpc::ask(&self.0, name, call).await,
        }
    }

    async fn ask_grant(&self, id: GrantId, call: &Call) -> Result<Answer, Unavailable> {
        self.ask(&format!("grant:{id}"), call).await
    }

    async fn ask_subject(&self, subject: &SubjectKey, call: &Call) -> Result<Answer, Unavailable> {
        self.ask(&format!("subject:{subject}"), call).await
    }

    /// Asks the object of a document of a person. Each has its own: nobody waits for another's.
    async fn ask_personal(&self, key: &PersonalKey, call: &Call) -> Result<Answer, Unavailable> {
        self.ask(&format!("personal:{key}"), call).await
    }

    /// Asks the object of a marker: the one of its grant, or else a shard.
    async fn ask_marker(&self, marker: &Marker, call: &Call) -> Result<Answer, Unavailable> {
        match marker.grant() {
            Some(id) => self.ask_grant(id, call).await,
            None => {
                let shard = shard(marker.as_str());
                self.ask(&format!("marker:{shard}"), call).await
            }
        }
    }

    /// Asks the object of a counter. Each has its own: counters are where strangers are many, and in a
    /// shard one of them would keep others from theirs.
    async fn ask_counter(&self, marker: &Marker, call: &Call) -> Result<Answer, Unavailable> {
        self.ask(&format!("counter:{}", marker.as_str()), call)
            .await
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
fn mismatch(_: &Answer) -> Unavailable {
    unavailable("an answer to another call")
}

impl Ledger for DurableLedger {
    async fn open(&self, grant: &Grant, _now: UnixTime) -> Result<Opened, Unavailable> {
        let call = Call::Open(Box::new(grant.clone()));
        match self.ask_grant(grant.id, &call).await? {
            Answer::Opened(opened) => Ok(opened),
            other => Err(mismatch(&other)),
        }
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
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let call = Call::Decide {
            decision: Box::new(decision.clone()),
            attempt,
            now,
        };
        done(self.ask_grant(id, &call).await?)
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

    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        _now: UnixTime,
    ) -> Result<(), Unavailable> {
        let id = attachment.id();
        let call = Call::Keep {
            sha256: id.sha256().to_owned(),
            text: attachment.text().to_owned(),
            until,
        };
        done(self.ask_grant(id.grant(), &call).await?)?;
        Ok(())
    }

    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable> {
        let call = Call::Kept {
            sha256: id.sha256().to_owned(),
        };
        match self.ask_grant(id.grant(), &call).await? {
            Answer::Kept(text) => Ok(text),
            other => Err(mismatch(&other)),
        }
    }

    async fn index(
        &self,
        subject: &SubjectKey,
        grant: GrantId,
        until: UnixTime,
        _now: UnixTime,
    ) -> Result<(), Unavailable> {
        let call = Call::Index { grant, until };
        done(self.ask_subject(subject, &call).await?)?;
        Ok(())
    }

    async fn indexed(
        &self,
        subject: &SubjectKey,
        after: Option<GrantId>,
    ) -> Result<Vec<GrantId>, Unavailable> {
        let call = Call::Indexed { after };
        match self.ask_subject(subject, &call).await? {
            Answer::Indexed(grants) => Ok(grants),
            other => Err(mismatch(&other)),
        }
    }

    async fn personal(
        &self,
        key: &PersonalKey,
        now: UnixTime,
    ) -> Result<Option<Document>, Unavailable> {
        match self.ask_personal(key, &Call::Personal { now }).await? {
            Answer::Personal(document) => Ok(document),
            other => Err(mismatch(&other)),
        }
    }

    async fn put_personal(
        &self,
        key: &PersonalKey,
        document: Option<&Document>,
        expected: &Expected,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        let call = Call::PutPersonal {
            document: document.cloned(),
            expected: expected.clone(),
            until,
            now,
        };
        match self.ask_personal(key, &call).await? {
            Answer::Put(put) => Ok(put),
            other => Err(mismatch(&other)),
        }
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let call = Call::Claim {
            marker: marker.as_str().to_owned(),
            value,
            expires,
            now,
        };
        done(self.ask_marker(marker, &call).await?)
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        let call = Call::Holder {
            marker: marker.as_str().to_owned(),
            now,
        };
        match self.ask_marker(marker, &call).await? {
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
        let call = Call::Count {
            marker: marker.as_str().to_owned(),
            expires,
            now,
        };
        match self.ask_counter(marker, &call).await? {
            Answer::Count(count) => Ok(count),
            other => Err(mismatch(&other)),
        }
    }

    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable> {
        let call = Call::Uncount {
            marker: marker.as_str().to_owned(),
            now,
        };
        done(self.ask_counter(marker, &call).await?)?;
        Ok(())
    }
}
