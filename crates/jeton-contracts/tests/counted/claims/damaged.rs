//! A ledger that fails as it is told to.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use jeton::{
    Advance, Attachment, AttachmentId, Attempt, Decision, Document, Expected, Grant, GrantId,
    Ledger, Marker, MemoryLedger, Opened, PersonalKey, Put, Step, SubjectKey, Unavailable,
    UnixTime,
};

/// A ledger whose attachments can be damaged, and its indexes out of reach.
#[derive(Clone, Default)]
pub(super) struct Damaged {
    ledger: MemoryLedger,
    /// What it answers in the place of every attachment; `None`: what was kept.
    pub(super) instead: Rc<RefCell<Option<Option<String>>>>,
    pub(super) unindexed: Rc<Cell<bool>>,
    /// Until when each attachment was to be kept.
    pub(super) ends: Rc<RefCell<Vec<UnixTime>>>,
}

impl Ledger for Damaged {
    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable> {
        let instead = self.instead.borrow().clone();
        match instead {
            Some(instead) => Ok(instead),
            None => self.ledger.kept(id).await,
        }
    }

    async fn open(&self, grant: &Grant, now: UnixTime) -> Result<Opened, Unavailable> {
        self.ledger.open(grant, now).await
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        self.ledger.advance(step).await
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        self.ledger.decide(id, decision, attempt, now).await
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        self.ledger.read(id).await
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        self.ledger.revoke(id).await
    }

    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        self.ends.borrow_mut().push(until);
        self.ledger.keep(attachment, until, now).await
    }

    async fn index(
        &self,
        subject: &SubjectKey,
        grant: GrantId,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        if self.unindexed.get() {
            return Err(Unavailable::new("ledger", "no answer in time"));
        }
        self.ledger.index(subject, grant, until, now).await
    }

    async fn indexed(
        &self,
        subject: &SubjectKey,
        after: Option<GrantId>,
    ) -> Result<Vec<GrantId>, Unavailable> {
        self.ledger.indexed(subject, after).await
    }

    async fn personal(
        &self,
        key: &PersonalKey,
        now: UnixTime,
    ) -> Result<Option<Document>, Unavailable> {
        self.ledger.personal(key, now).await
    }

    async fn put_personal(
        &self,
        key: &PersonalKey,
        document: Option<&Document>,
        expected: &Expected,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        let put = self
            .ledger
            .put_personal(key, document, expected, until, now);
        put.await
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        self.ledger.claim(marker, value, expires, now).await
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        self.ledger.holder(marker, now).await
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        self.ledger.count(marker, expires, now).await
    }

    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable> {
        self.ledger.uncount(marker, now).await
    }
}
