//! The ledger in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    INDEX_PAGE, Ledger, SLACK, SubjectKey,
    attachment::{Attachment, AttachmentId},
    grant::Grant,
    id::{Attempt, GrantId, Marker},
    personal::{PersonalKey, PersonalRecord, Replacement},
    step::{Advance, Decision, Opened, Step},
    transition,
};
use crate::{
    document::{Document, Expected, Put},
    time::UnixTime,
    unavailable::Unavailable,
};

/// How many records that have ended one change takes away. More than one, so that what a flood left
/// behind goes.
const SWEPT_AT_ONCE: usize = 2;

/// A ledger in memory, for the mock and for tests. Clones share its records.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
struct Records {
    grants: HashMap<GrantId, Grant>,
    attachments: HashMap<AttachmentId, (String, UnixTime)>,
    /// Until when each grant of a subject is indexed.
    indexed: BTreeMap<(SubjectKey, String), UnixTime>,
    personal: HashMap<PersonalKey, PersonalRecord>,
    markers: HashMap<Marker, (Attempt, UnixTime)>,
    counters: HashMap<Marker, (u32, UnixTime)>,
    /// When each record may go. One that was given more time has a later entry as well.
    ends: BTreeSet<(UnixTime, Name)>,
}

/// The name of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Grant(GrantId),
    Attachment(AttachmentId),
    Indexed((SubjectKey, String)),
    Personal(PersonalKey),
    Marker(Marker),
    Counter(Marker),
}

impl MemoryLedger {
    fn lock(&self) -> MutexGuard<'_, Records> {
        // Each change below is whole before anything could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies `transition` to the grant of that id, if there is one.
    fn change<T>(&self, id: GrantId, transition: impl FnOnce(&mut Grant) -> T) -> Option<T> {
        let records = &mut *self.lock();
        let grant = records.grants.get_mut(&id)?;
        let kept_until = grant.kept_until();
        let answer = transition(grant);
        if grant.kept_until() != kept_until {
            records.ends.insert((grant.kept_until(), Name::Grant(id)));
        }
        Some(answer)
    }
}

impl Records {
    /// Takes away a few records that have ended.
    fn sweep(&mut self, now: UnixTime) {
        for _ in 0..SWEPT_AT_ONCE {
            if self.ends.first().is_none_or(|(end, _)| now < *end) {
                return;
            }
            let Some((_, name)) = self.ends.pop_first() else {
                return;
            };
            if self.end_of(&name).is_none_or(|end| end <= now) {
                match name {
                    Name::Grant(id) => drop(self.grants.remove(&id)),
                    Name::Attachment(id) => drop(self.attachments.remove(&id)),
                    Name::Indexed(entry) => drop(self.indexed.remove(&entry)),
                    Name::Personal(key) => drop(self.personal.remove(&key)),
                    Name::Marker(marker) => drop(self.markers.remove(&marker)),
                    Name::Counter(marker) => drop(self.counters.remove(&marker)),
                }
            }
        }
    }

    /// Stores a document of a person in place of the one that is stored, and its end in place of that one's:
    /// who writes again and again leaves one of each.
    fn replace_personal(&mut self, key: &PersonalKey, next: Option<PersonalRecord>) {
        let end = |record: &PersonalRecord| (record.until + SLACK, Name::Personal(key.clone()));
        if let Some(replaced) = self.personal.remove(key) {
            self.ends.remove(&end(&replaced));
        }
        if let Some(next) = next {
            self.ends.insert(end(&next));
            self.personal.insert(key.clone(), next);
        }
    }

    fn end_of(&self, name: &Name) -> Option<UnixTime> {
        match name {
            Name::Grant(id) => self.grants.get(id).map(Grant::kept_until),
            Name::Attachment(id) => self.attachments.get(id).map(|(_, end)| *end + SLACK),
            Name::Indexed(entry) => self.indexed.get(entry).map(|end| *end + SLACK),
            Name::Personal(key) => self.personal.get(key).map(|record| record.until + SLACK),
            Name::Marker(marker) => self.markers.get(marker).map(|(_, end)| *end + SLACK),
            Name::Counter(marker) => self.counters.get(marker).map(|(_, end)| *end + SLACK),
        }
    }
}

impl Ledger for MemoryLedger {
    async fn open(&self, grant: &Grant, now: UnixTime) -> Result<Opened, Unavailable> {
        let mut records = self.lock();
        records.sweep(now);
        if let Some(standing) = records.grants.get(&grant.id) {
            return Ok(transition::opened(grant, standing.clone()));
        }
        let end = (grant.kept_until(), Name::Grant(grant.id));
        records.ends.insert(end);
        records.grants.insert(grant.id, grant.clone());
        Ok(Opened::Opened)
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        let advance = self.change(step.id, |grant| transition::take(grant, step));
        Ok(advance.unwrap_or(Advance::Conflict(None)))
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let decided = self.change(id, |grant| {
            transition::decide(grant, decision, attempt, now)
        });
        Ok(decided.unwrap_or(false))
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        Ok(self.lock().grants.get(&id).cloned())
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        self.change(id, transition::revoke);
        Ok(())
    }

    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        let records = &mut *self.lock();
        records.sweep(now);
        let id = attachment.id();
        let (_, end) = records
            .attachments
            .entry(id.clone())
            .or_insert_with(|| (attachment.text().to_owned(), until));
        *end = until.max(*end);
        let end = (*end + SLACK, Name::Attachment(id.clone()));
        records.ends.insert(end);
        Ok(())
    }

    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable> {
        let records = self.lock();
        Ok(records.attachments.get(id).map(|(text, _)| text.clone()))
    }

    async fn index(
        &self,
        subject: &SubjectKey,
        grant: GrantId,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        let records = &mut *self.lock();
        records.sweep(now);
        let entry = (subject.clone(), grant.to_string());
        let end = records.indexed.entry(entry.clone()).or_insert(until);
        *end = until.max(*end);
        let end = (*end + SLACK, Name::Indexed(entry));
        records.ends.insert(end);
        Ok(())
    }

    async fn indexed(
        &self,
        subject: &SubjectKey,
        after: Option<GrantId>,
    ) -> Result<Vec<GrantId>, Unavailable> {
        let after = after.map_or_else(String::new, |grant| grant.to_string());
        let begin = Bound::Excluded((subject.clone(), after));
        let records = self.lock();
        let rest = records.indexed.range((begin, Bound::Unbounded));
        let own = rest.take_while(|((of, _), _)| of == subject);
        let own = own.take(INDEX_PAGE);
        Ok(own.flat_map(|((_, grant), _)| grant.parse()).collect())
    }

    async fn personal(
        &self,
        key: &PersonalKey,
        now: UnixTime,
    ) -> Result<Option<Document>, Unavailable> {
        let records = self.lock();
        let stored = records.personal.get(key);
        let standing = stored.filter(|record| record.stands(now));
        Ok(standing.map(|record| record.document.clone()))
    }

    async fn put_personal(
        &self,
        key: &PersonalKey,
        document: Option<&Document>,
        expected: &Expected,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        let records = &mut *self.lock();
        records.sweep(now);
        let stored = records.personal.get(key);
        let next = match transition::replace(stored, document, expected, until, now) {
            Replacement::Store(record) => Some(record),
            Replacement::Remove => None,
            Replacement::Keep => return Ok(Put::Done),
            Replacement::Refuse(standing) => return Ok(Put::Conflict(standing)),
        };
        records.replace_personal(key, next);
        Ok(Put::Done)
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let mut records = self.lock();
        records.sweep(now);
        if let Some((holder, until)) = records.markers.get(marker)
            && now < *until
        {
            return Ok(*holder == value);
        }
        records.markers.insert(marker.clone(), (value, expires));
        let end = (expires + SLACK, Name::Marker(marker.clone()));
        records.ends.insert(end);
        Ok(true)
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        let records = self.lock();
        Ok(records
            .markers
            .get(marker)
            .filter(|(_, until)| now < *until)
            .map(|(holder, _)| *holder))
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        let records = &mut *self.lock();
        records.sweep(now);
        if let Some((count, until)) = records.counters.get_mut(marker)
            && now < *until
        {
            *count = count.saturating_add(1);
            return Ok(*count);
        }
        records.counters.insert(marker.clone(), (1, expires));
        let end = (expires + SLACK, Name::Counter(marker.clone()));
        records.ends.insert(end);
        Ok(1)
    }

    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable> {
        if let Some((count, until)) = self.lock().counters.get_mut(marker)
            && now < *until
        {
            *count = count.saturating_sub(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::time::Seconds;

    /// Nothing in memory waits for anything.
    fn at_once<T>(call: impl Future<Output = Result<T, Unavailable>>) -> T {
        match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer.unwrap(),
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn a_document_that_is_written_again_and_again_leaves_one_record_and_one_end() {
        let ledger = MemoryLedger::default();
        let key = PersonalKey::new("kind", "alice");
        let write = |next: Option<&Document>, until| {
            let now = UnixTime(1_800_000_000);
            let put = ledger.put_personal(&key, next, &Expected::Anything, now + until, now);
            assert_eq!(at_once(put), Put::Done);
            let records = ledger.lock();
            (records.personal.len(), records.ends.len())
        };
        let documents = ["1", "2", "2", "1"].map(Document::new);
        for (document, until) in documents.iter().cycle().zip(60..160) {
            assert_eq!(write(Some(document), Seconds(until)), (1, 1));
        }
        assert_eq!(write(None, Seconds(60)), (0, 0));
    }
}
