use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use futures_util::future::join_all;
use jeton::{GrantState, Id128, Seconds};

use super::*;

const NOW: UnixTime = UnixTime(1_800_000_000);

fn grant(byte: u8) -> Grant {
    Grant {
        generation: 1,
        idle_lifetime: Seconds(1_000_000),
        idle_expires_at: NOW + Seconds(1_000_000),
        expires_at: NOW + Seconds(10_000_000),
        ..jeton_contracts::grant(Id128([byte; 16]), NOW)
    }
}

fn step(byte: u8, standing: u32, attempt: u8) -> Step {
    Step {
        attempt: Id128([attempt; 16]),
        ..jeton_contracts::step(Id128([byte; 16]), standing, NOW)
    }
}

#[tokio::test]
async fn contract() {
    let folder = tempfile::tempdir().unwrap();
    jeton_contracts::ledger(&Database::for_test(&folder), "one").await;
}

#[tokio::test]
async fn contract_of_keeping() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    let sweep = async |at| {
        database.sweep(at).await.unwrap();
    };
    jeton_contracts::keeping(&database, "one", sweep).await;
}

/// Two handles of one file, as two processes have them: each call goes to the other one.
struct Alternating([Database; 2], AtomicUsize);

impl Alternating {
    fn other(&self) -> &Database {
        let [even, odd] = &self.0;
        if self.1.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            even
        } else {
            odd
        }
    }
}

impl Ledger for Alternating {
    async fn open(&self, grant: &Grant, now: UnixTime) -> Result<Opened, Unavailable> {
        self.other().open(grant, now).await
    }
    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        self.other().advance(step).await
    }
    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        self.other().decide(id, decision, attempt, now).await
    }
    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        Ledger::read(self.other(), id).await
    }
    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        self.other().revoke(id).await
    }
    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        self.other().keep(attachment, until, now).await
    }
    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable> {
        self.other().kept(id).await
    }
    async fn index(
        &self,
        subject: &SubjectKey,
        grant: GrantId,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), Unavailable> {
        self.other().index(subject, grant, until, now).await
    }
    async fn indexed(
        &self,
        subject: &SubjectKey,
        after: Option<GrantId>,
    ) -> Result<Vec<GrantId>, Unavailable> {
        self.other().indexed(subject, after).await
    }
    async fn personal(
        &self,
        key: &PersonalKey,
        now: UnixTime,
    ) -> Result<Option<Document>, Unavailable> {
        self.other().personal(key, now).await
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
            .other()
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
        self.other().claim(marker, value, expires, now).await
    }
    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        self.other().holder(marker, now).await
    }
    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        self.other().count(marker, expires, now).await
    }
    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable> {
        self.other().uncount(marker, now).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_with_two_handles_of_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let handles = [(); 2].map(|()| Database::for_test(&folder));
    jeton_contracts::ledger(&Alternating(handles, AtomicUsize::new(0)), "two").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_fifty_threads_advances() {
    let folder = tempfile::tempdir().unwrap();
    let handles = [(); 2].map(|()| Database::for_test(&folder));
    handles[0].open(&grant(1), NOW).await.unwrap();
    for generation in 1..=10 {
        let racers = (0..50).map(|attempt| {
            let database = handles[usize::from(attempt) % 2].clone();
            tokio::spawn(async move { database.advance(&step(1, generation, attempt)).await })
        });
        let mut won = 0;
        for outcome in join_all(racers).await {
            match outcome.unwrap().unwrap() {
                Advance::Advanced(_) => won += 1,
                Advance::Conflict(standing) => {
                    assert_eq!(standing.unwrap().generation, generation + 1);
                }
            }
        }
        assert_eq!(won, 1, "generation {generation}");
    }
}

#[tokio::test]
async fn each_call_is_one_transaction_or_one_read() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    let (id, marker, value) = (grant(1).id, Marker::for_test("operations"), Id128([9; 16]));
    let end = NOW + Seconds(10);
    let pending = Grant {
        state: GrantState::Pending,
        ..grant(2)
    };
    let statements = database.trace();
    let check = |call: &str, expected: &str| {
        let words: Vec<_> = statements.lock().unwrap().drain(..).collect();
        assert_eq!(words.join(" "), expected, "{call}");
    };

    database.open(&grant(1), NOW).await.unwrap();
    check("open", "BEGIN SELECT INSERT COMMIT");
    database.open(&grant(1), NOW).await.unwrap();
    check("open, exists", "BEGIN SELECT COMMIT");
    database.open(&pending, NOW).await.unwrap();
    check("open", "BEGIN SELECT INSERT COMMIT");
    database.advance(&step(1, 1, 1)).await.unwrap();
    check("advance", "BEGIN SELECT UPDATE COMMIT");
    database.advance(&step(1, 1, 2)).await.unwrap();
    check("advance, conflict", "BEGIN SELECT COMMIT");
    database.advance(&step(1, 1, 1)).await.unwrap();
    check("advance, the same attempt", "BEGIN SELECT COMMIT");
    database.advance(&step(7, 1, 1)).await.unwrap();
    check("advance, no such grant", "BEGIN SELECT COMMIT");
    database
        .decide(pending.id, &Decision::Deny, value, NOW)
        .await
        .unwrap();
    check("decide", "BEGIN SELECT UPDATE COMMIT");
    database
        .decide(pending.id, &Decision::Deny, value, NOW)
        .await
        .unwrap();
    check("decide, decided", "BEGIN SELECT COMMIT");
    Ledger::read(&database, id).await.unwrap();
    check("read", "SELECT");
    database.revoke(id).await.unwrap();
    check("revoke", "BEGIN SELECT UPDATE COMMIT");
    database.revoke(id).await.unwrap();
    check("revoke, revoked", "BEGIN SELECT COMMIT");
    let attachment = Attachment::new(id, "{}".to_owned());
    for what in ["keep", "keep, kept"] {
        database.keep(&attachment, end, NOW).await.unwrap();
        check(what, "BEGIN INSERT COMMIT");
    }
    database.kept(attachment.id()).await.unwrap();
    check("kept", "SELECT");
    let subject = SubjectKey::of("alice");
    for what in ["index", "index, indexed"] {
        database.index(&subject, id, end, NOW).await.unwrap();
        check(what, "BEGIN INSERT COMMIT");
    }
    database.indexed(&subject, None).await.unwrap();
    check("indexed", "SELECT");
    let (key, document) = (PersonalKey::new("operations", "alice"), Document::new("{}"));
    let put = async |next: Option<&Document>, expected: &Expected, until| {
        let put = database.put_personal(&key, next, expected, until, NOW);
        put.await.unwrap();
    };
    let (absent, version) = (Expected::Absent, Expected::Version(document.version()));
    put(None, &absent, end).await;
    check("put_personal, nothing to remove", "BEGIN SELECT COMMIT");
    put(Some(&document), &absent, end).await;
    check("put_personal", "BEGIN SELECT INSERT COMMIT");
    put(Some(&document), &absent, end).await;
    check("put_personal, the same again", "BEGIN SELECT COMMIT");
    put(Some(&document), &version, end + Seconds(1)).await;
    check("put_personal, longer", "BEGIN SELECT INSERT COMMIT");
    put(Some(&Document::new("{ }")), &absent, end).await;
    check("put_personal, conflict", "BEGIN SELECT COMMIT");
    database.personal(&key, NOW).await.unwrap();
    check("personal", "SELECT");
    put(None, &version, end).await;
    check("put_personal, removed", "BEGIN SELECT DELETE COMMIT");
    database.claim(&marker, value, end, NOW).await.unwrap();
    check("claim", "BEGIN SELECT INSERT COMMIT");
    database.claim(&marker, value, end, NOW).await.unwrap();
    check("claim, held", "BEGIN SELECT COMMIT");
    database.holder(&marker, NOW).await.unwrap();
    check("holder", "SELECT");
    for now in [NOW, NOW, end] {
        database
            .count(&marker, now + Seconds(10), now)
            .await
            .unwrap();
        check("count", "BEGIN INSERT COMMIT");
    }
    database.uncount(&marker, end).await.unwrap();
    check("uncount", "BEGIN UPDATE COMMIT");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    let id = grant(1).id;
    database.open(&grant(1), NOW).await.unwrap();
    database.execute("UPDATE grant SET record = '{'");
    let expected = format!("the record of {id}: line 1, column 1: no JSON");
    let open = database.open(&grant(1), NOW).await.unwrap_err();
    let read = Ledger::read(&database, id).await.unwrap_err();
    let advance = database.advance(&step(1, 1, 1)).await.unwrap_err();
    let revoke = database.revoke(id).await.unwrap_err();
    for error in [open, read, advance, revoke] {
        assert!(error.detail.contains(&expected), "{error}");
    }
    database
        .execute("DROP TABLE grant; DROP TABLE attachment; DROP TABLE marker; DROP TABLE counter");
    database.execute("DROP TABLE personal");
    let marker = Marker::for_test("dropped");
    let attachment = Attachment::new(id, String::new());
    let key = PersonalKey::new("dropped", "alice");
    let outcomes = [
        Ledger::read(&database, id).await.map(drop),
        database.open(&grant(2), NOW).await.map(drop),
        database.advance(&step(1, 1, 1)).await.map(drop),
        database.keep(&attachment, NOW, NOW).await,
        database.kept(attachment.id()).await.map(drop),
        database.personal(&key, NOW).await.map(drop),
        database
            .put_personal(&key, None, &Expected::Anything, NOW, NOW)
            .await
            .map(drop),
        database.claim(&marker, id, NOW, NOW).await.map(drop),
        database.holder(&marker, NOW).await.map(drop),
        database.count(&marker, NOW, NOW).await.map(drop),
        database.uncount(&marker, NOW).await,
        database.sweep(NOW).await.map(drop),
    ];
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(error.detail.contains("no such table"), "{error}");
    }
}

#[test]
fn the_file_may_be_used_from_any_thread() {
    fn require_send<T: Send>(_: T) {}
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    require_send(database.advance(&step(1, 1, 1)));
    require_send(Ledger::read(&database, Id128([1; 16])));
}

/// `cargo test --release -p jeton-sqlite -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn advances_per_second() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let database = Database::for_test(&folder);
    for at_once in [1, 8, 64] {
        let begin = Instant::now();
        let done = Arc::new(AtomicUsize::new(0));
        let workers = (0..at_once).map(|worker: u8| {
            let (database, done) = (database.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                database.open(&grant(worker), NOW).await.unwrap();
                let stands = Ledger::read(&database, grant(worker).id).await.unwrap();
                let mut generation = stands.unwrap().generation;
                while begin.elapsed().as_secs() < 3 {
                    let step = step(worker, generation, worker);
                    let advance = database.advance(&step).await.unwrap();
                    assert!(matches!(advance, Advance::Advanced(_)));
                    generation += 1;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        join_all(workers).await;
        let rate = done.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64();
        println!("{at_once} at once: {rate:.0} advances/s");
    }
}
