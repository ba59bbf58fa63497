//! A store that counts its operations.

use std::{cell::Cell, rc::Rc};

use jeton::{
    Advance, Attachment, AttachmentId, Attempt, Collection, Cursor, Decision, Document, Expected,
    Grant, GrantId, Key, Ledger, Marker, Opened, Page, PersonalKey, Put, Registry, Step,
    SubjectKey, Unavailable, UnixTime,
};

/// A store that counts the operations of the store behind it. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Counting<S> {
    store: S,
    operations: Rc<Cell<Operations>>,
}

/// Numbers of storage operations, as ARCHITECTURE.md counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Documents and pages read.
    pub registry_reads: u32,
    /// Documents written or deleted, or refused to be.
    pub registry_writes: u32,
    /// Grants, attachments, pages of an index, documents of a person and markers read.
    pub ledger_reads: u32,
    /// Atomic steps: `open`, `advance`, `decide`, `revoke`, `keep`, `index`, `put_personal`, `claim`,
    /// `count`, `uncount`, taken or refused.
    pub ledger_writes: u32,
}

impl<S> Counting<S> {
    /// A store that counts the operations of `store`.
    pub fn new(store: S) -> Self {
        Self {
            store,
            operations: Rc::default(),
        }
    }

    /// The store behind.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The operations since this was last called.
    pub fn take(&self) -> Operations {
        self.operations.take()
    }

    fn count(&self, change: impl FnOnce(&mut Operations)) {
        let mut operations = self.operations.get();
        change(&mut operations);
        self.operations.set(operations);
    }

    fn read(&self) {
        self.count(|operations| operations.ledger_reads += 1);
    }

    fn write(&self) {
        self.count(|operations| operations.ledger_writes += 1);
    }
}

impl<S: Registry> Registry for Counting<S> {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        self.count(|operations| operations.registry_reads += 1);
        self.store.get(key).await
    }

    fn takes_writes(&self) -> bool {
        self.store.takes_writes()
    }

    async fn standing(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        self.count(|operations| operations.registry_reads += 1);
        self.store.standing(key).await
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        self.count(|operations| operations.registry_writes += 1);
        self.store.put(key, document, expected).await
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        self.count(|operations| operations.registry_writes += 1);
        self.store.delete(key, expected).await
    }

    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        self.count(|operations| operations.registry_reads += 1);
        self.store.list(collection, after).await
    }
}

impl<S: Ledger> Ledger for Counting<S> {
    async fn open(&self, grant: &Grant, now: UnixTime) -> Result<Opened, Unavailable> {
        self.write();
        self.store.open(grant, now).await
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        self.write();
        self.store.advance(step).await
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        self.write();
        self.store.decide(id, decision, attempt, now).await
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        Counting::read(self);
        self.store.read(id).await
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        self.write();
        self.store.revoke(id).await
    }

    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        self.write();
        self.store.keep(attachment, until, now).await
    }

    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable> {
        Counting::read(self);
        self.store.kept(id).await
    }

    async fn index(
        &self,
        subject: &SubjectKey,
        grant: GrantId,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        self.write();
        self.store.index(subject, grant, until, now).await
    }

    async fn indexed(
        &self,
        subject: &SubjectKey,
        after: Option<GrantId>,
    ) -> Result<Vec<GrantId>, Unavailable> {
        Counting::read(self);
        self.store.indexed(subject, after).await
    }

    async fn personal(
        &self,
        key: &PersonalKey,
        now: UnixTime,
    ) -> Result<Option<Document>, Unavailable> {
        Counting::read(self);
        self.store.personal(key, now).await
    }

    async fn put_personal(
        &self,
        key: &PersonalKey,
        document: Option<&Document>,
        expected: &Expected,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        self.write();
        let put = self.store.put_personal(key, document, expected, until, now);
        put.await
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        self.write();
        self.store.claim(marker, value, expires, now).await
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        Counting::read(self);
        self.store.holder(marker, now).await
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        self.write();
        self.store.count(marker, expires, now).await
    }

    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable> {
        self.write();
        self.store.uncount(marker, now).await
    }
}
