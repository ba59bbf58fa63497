//! The ledger: the store of grants, of what is attached to them, of which subject has which, of documents of a
//! person, and of one-time markers. Its reads are never stale.

use crate::{
    document::{Document, Expected, Put},
    time::UnixTime,
    unavailable::Unavailable,
};

mod attachment;
mod claims;
mod grant;
mod id;
mod index;
mod keep;
mod memory;
mod personal;
pub mod rotation;
mod step;
pub mod transition;

pub use attachment::{Attachment, AttachmentId};
pub use claims::{Claims, RequestedClaims};
pub use grant::{Grant, GrantState, Unmet};
pub use id::{Attempt, GrantId, Id128, Marker};
pub use index::{INDEX_PAGE, SubjectKey};
pub use keep::SLACK;
pub use memory::MemoryLedger;
pub use personal::{LONGEST_PERSONAL, PersonalKey, PersonalRecord, PersonalTooLong, Replacement};
pub use step::{Advance, Decision, Opened, Step};

/// A store of grants, of what is attached to them, of documents of a person, and of one-time markers.
///
/// # Contract
/// - Linearizable per grant, per document and per marker: each call sees every call that was answered
///   before it began, whichever process answered.
/// - Every method is one atomic step: a caller that is dropped half-way leaves all of it or nothing.
/// - Expiry is judged by the `now` that is passed, never by the store's clock or its garbage
///   collection: an expired marker or document counts as absent although it is still stored. An
///   expired grant is answered as it stands.
/// - Whoever is told to try again may do so: a step is not taken, nor a document written, long after its
///   request was answered without it, as far as a store can tell. A store with a clock of its own refuses one that is older
///   than [`BUDGET`](crate::BUDGET); one with a queue leaves out what nobody waits for.
/// - A call may be repeated after a lost acknowledgement, and answers as the first time: `open` with the
///   same record, `advance`, `decide` and `claim` by the same attempt, and `put_personal` of the same
///   document, unless another call has changed the record since; `revoke`, `keep` and `index` always. Only
///   `count` and `uncount` may then count twice.
/// - What is stored goes by itself, and not too early, because single use rests on what is there: a grant
///   not before [`Grant::kept_until`], a marker, a counter, an attachment, what an index holds or a document
///   of a person not before [`SLACK`] after its expiry. Nothing stays long after that, and no call waits for
///   more than a few records that go.
/// - Members of a grant that this release does not know ([`Grant::other`]) are kept and answered by
///   every call.
/// - Records may be rolled back by an operator who restores a backup. The ledger need not notice; the
///   server does, by a token that is newer than its record.
///
/// Nothing stored is a secret: whoever puts one into a document of a person seals it first. An attacker who
/// can read it learns who granted what to whom; one who can write it can move grants, but cannot make a
/// token: those carry a MAC.
#[allow(async_fn_in_trait)]
pub trait Ledger {
    /// Stores a new grant, if its id is free. Answers as [`transition::opened`] does where it is taken.
    async fn open(&self, grant: &Grant, now: UnixTime) -> Result<Opened, Unavailable>;

    /// Takes the step as [`transition::take`] does, in one round trip.
    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable>;

    /// Decides a pending grant as [`transition::decide`] does; `false` if it does not exist.
    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable>;

    /// The grant of that id as it stands, whatever its state.
    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable>;

    /// Ends a grant for good. Never creates a record.
    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable>;

    /// Keeps an attachment, whether or not its grant is there yet, until `until`. One that is kept already
    /// stays as long as whoever asked for most: nothing that names it loses it.
    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable>;

    /// The text of an attachment. It is answered until the store has collected it: whoever reads it has a
    /// record that names it, and that has its own expiry.
    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable>;

    /// Puts a grant into the index of a subject, whether or not it is there yet, until `until`. One that is
    /// in it already stays as long as whoever asked for most.
    async fn index(
        &self,
        subject: &SubjectKey,
        grant: GrantId,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable>;

    /// A page of a subject's index, in the order of ids as they are written: the first page, or the one that
    /// follows `after`, which need not be in it. It has [`INDEX_PAGE`] grants, and fewer at the end. Some may never have been opened, or by
    /// another subject, or have ended: whoever asks reads each.
    async fn indexed(
        &self,
        subject: &SubjectKey,
        after: Option<GrantId>,
    ) -> Result<Vec<GrantId>, Unavailable>;

    /// The document of a person of that key, if its time has not come at `now`.
    async fn personal(
        &self,
        key: &PersonalKey,
        now: UnixTime,
    ) -> Result<Option<Document>, Unavailable>;

    /// Writes a document of a person, kept until `until`, in place of the one that stands, or removes that
    /// one if `document` is `None`, as [`transition::replace`] does, in one round trip. Of two writers that
    /// expect the same version, one is [`Put::Done`]. A write that would change nothing is done whatever
    /// was expected, and the document is kept as long as whoever asked for most.
    ///
    /// Stores bear documents of [`LONGEST_PERSONAL`] bytes. Longer ones are refused where they are made, by
    /// [`Document::of_person`].
    async fn put_personal(
        &self,
        key: &PersonalKey,
        document: Option<&Document>,
        expected: &Expected,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Put, Unavailable>;

    /// Takes a marker for `value` (an attempt, or the grant that a user code points to) until
    /// `expires`: `true` for exactly one value, each time it is asked.
    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable>;

    /// The value that holds a marker at `now`.
    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable>;

    /// Adds one to the counter of that name and answers with the count. A new counter lasts until
    /// `expires`; then it starts anew. Where an acknowledgement was lost it may add two, and never none.
    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable>;

    /// Takes back one [`count`](Ledger::count), where the counter has not ended since. Where an
    /// acknowledgement was lost it may take back two. Never makes a counter.
    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable>;
}
