use std::sync::mpsc;

use futures_util::future::join_all;
use jeton::{Document, Expected, Ledger, PersonalKey, Put};
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::*;

impl Database {
    /// A new file, gone with the folder.
    pub(crate) fn for_test(folder: &tempfile::TempDir) -> Self {
        Self::open(&folder.path().join("jeton.db")).unwrap()
    }

    /// The statements on both connections from now on, each as its first word.
    pub(crate) fn trace(&self) -> Arc<Mutex<Vec<String>>> {
        let statements = Arc::new(Mutex::new(Vec::new()));
        for connection in [&self.0.reader, &self.0.writer] {
            let statements = Arc::clone(&statements);
            let note = move |event: TraceEvent<'_>| {
                if let TraceEvent::Stmt(_, statement) = event {
                    let word = statement.split_whitespace().next().unwrap_or_default();
                    statements.lock().unwrap().push(word.to_owned());
                }
            };
            lock(connection)
                .trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note))
                .unwrap();
        }
        statements
    }

    pub(crate) fn execute(&self, statement: &str) {
        lock(&self.0.writer).execute_batch(statement).unwrap();
    }

    /// What there is of a table: itself and its indexes, by name.
    fn schema_of(&self, table: &str) -> Vec<String> {
        let reader = lock(&self.0.reader);
        let mut statement = reader
            .prepare("SELECT name FROM sqlite_schema WHERE tbl_name = ?1 ORDER BY name")
            .unwrap();
        let names = statement.query_map([table], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    }

    pub(crate) fn rows(&self, table: &str) -> u32 {
        let statement = format!("SELECT count(*) FROM {table}");
        lock(&self.0.reader)
            .query_row(&statement, [], |row| row.get(0))
            .unwrap()
    }
}

fn put(database: &Database, id: &str) -> impl Future<Output = Result<usize, Unavailable>> {
    let id = id.to_owned();
    let database = database.clone();
    async move {
        database
            .write(move |connection| {
                connection.execute(
                    "INSERT INTO document VALUES ('', 'client', ?1, '', NULL)",
                    [id],
                )
            })
            .await
    }
}

#[test]
fn refuses_what_is_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.db");
    std::fs::write(&garbage, [b'x'; 4096]).unwrap();
    assert!(matches!(
        Database::open(&garbage),
        Err(OpenError::Sqlite(_))
    ));

    let newer = folder.path().join("newer.db");
    let connection = Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(Database::open(&newer), Err(OpenError::TooNew(99))));

    assert!(matches!(
        Database::open(Path::new(":memory:")),
        Err(OpenError::InMemory)
    ));
}

#[tokio::test]
async fn a_file_is_opened_again_and_one_of_an_older_layout_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    put(&database, "a").await.unwrap();
    drop(database);
    let database = Database::for_test(&folder);
    assert_eq!(database.rows("document"), 1);

    for layout in 1..LAYOUT {
        database.execute(&format!("PRAGMA user_version = {layout}"));
        let error = Database::open(&folder.path().join("jeton.db")).unwrap_err();
        let expected = format!("the file has layout {layout}, of a time before the first release");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

/// Releases wrote files without the table of persons' documents.
#[tokio::test]
async fn a_file_that_lacks_a_table_is_given_it_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    put(&database, "a").await.unwrap();
    let statements = database.schema_of("personal");
    database.execute("DROP TABLE personal");
    assert_eq!(database.schema_of("personal"), [""; 0]);
    drop(database);
    let database = Database::for_test(&folder);
    assert_eq!(database.schema_of("personal"), statements);
    assert_eq!(statements.len(), 3, "a table, its key and its index");
    assert_eq!(database.rows("document"), 1);
    let (key, document) = (PersonalKey::new("kind", "alice"), Document::new("{}"));
    let (now, until) = (UnixTime(1), UnixTime(2));
    let written = database.put_personal(&key, Some(&document), &Expected::Absent, until, now);
    assert_eq!(written.await.unwrap(), Put::Done);
    let standing = database.personal(&key, now).await.unwrap();
    assert_eq!(standing, Some(document));
}

#[test]
fn a_new_file_may_be_opened_by_several_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jeton.db");
        std::thread::scope(|scope| {
            let opened: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| Database::open(&path)))
                .collect();
            for opened in opened {
                opened.join().unwrap().unwrap();
            }
        });
    }
}

#[tokio::test]
async fn changes_that_wait_share_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    let statements = database.trace();
    // The first holds its transaction open until the others have queued.
    let (open, opened) = mpsc::channel();
    let first = database.write(move |_| Ok(opened.recv().is_ok()));
    let others = async {
        let ids: Vec<_> = (0..50).map(|index| index.to_string()).collect();
        let others = ids.iter().map(|id| put(&database, id));
        let (others, ()) = futures_util::join!(join_all(others), async {
            open.send(()).unwrap();
        });
        assert!(others.iter().all(Result::is_ok));
    };
    let (first, ()) = futures_util::join!(first, others);
    assert!(first.unwrap());
    assert_eq!(database.rows("document"), 50);
    let statements = statements.lock().unwrap();
    let commits = statements.iter().filter(|word| *word == "COMMIT").count();
    assert!(commits <= 3, "{statements:?}");
}

#[tokio::test]
async fn one_change_that_fails_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    let outcomes = join_all(["a", "b", "a", "c"].map(|id| put(&database, id))).await;
    let done: Vec<_> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, true, false, true]);
    assert_eq!(database.rows("document"), 3);
}

/// The outcome of changes that all wait before the first is made.
async fn in_one_transaction<T>(database: &Database, changes: impl Future<Output = T>) -> T {
    let writer = lock(&database.0.writer);
    // The changes are polled first, which queues them.
    let (outcome, ()) = futures_util::join!(changes, async move { drop(writer) });
    outcome
}

#[tokio::test]
async fn a_change_is_left_out_once_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    let changes = async {
        let given_up = async {
            let mut given_up = Box::pin(put(&database, "given up"));
            assert!(futures_util::poll!(&mut given_up).is_pending());
        };
        futures_util::join!(put(&database, "a"), given_up, put(&database, "b"))
    };
    let (before, (), after) = in_one_transaction(&database, changes).await;
    assert!(before.is_ok() && after.is_ok());
    assert_eq!(database.rows("document"), 2);
}

#[tokio::test]
async fn a_transaction_that_ends_early_did_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    // As a full disk does it.
    let ended = database.write(|connection| connection.execute_batch("ROLLBACK"));
    let changes = async { futures_util::join!(put(&database, "a"), ended, put(&database, "b")) };
    let (before, ended, after) = in_one_transaction(&database, changes).await;
    for outcome in [before.map(drop), ended, after.map(drop)] {
        assert_eq!(outcome.unwrap_err().store, "sqlite");
    }
    assert_eq!(database.rows("document"), 0);
    put(&database, "a").await.unwrap();
}

#[tokio::test]
async fn a_panic_is_unavailable_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    let broken = database.write::<()>(|_| panic!("a defect"));
    let changes = async { futures_util::join!(put(&database, "a"), broken) };
    let (before, broken) = in_one_transaction(&database, changes).await;
    assert!(before.is_err() && broken.is_err());
    assert_eq!(database.rows("document"), 0, "rolled back");
    put(&database, "a").await.unwrap();
    assert!(database.read::<()>(|_| panic!("a defect")).await.is_err());
    assert_eq!(database.rows("document"), 1);
}

#[tokio::test]
async fn a_file_that_stays_locked_is_unavailable_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::for_test(&folder);
    let other = Connection::open(folder.path().join("jeton.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begin = Instant::now();
    let (one, two) = futures_util::join!(put(&database, "a"), put(&database, "b"));
    for outcome in [one, two] {
        let error = outcome.unwrap_err();
        assert!(error.detail.contains("locked"), "{error}");
    }
    let budget = Duration::from_secs(BUDGET.0);
    assert!(begin.elapsed() < budget, "{:?}", begin.elapsed());
    assert_eq!(database.rows("document"), 0, "and is read all the while");
    other.execute_batch("ROLLBACK").unwrap();
    put(&database, "a").await.unwrap();
}

/// As `umask 022` leaves it, which is most machines'.
#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_its_owners_alone_and_a_mode_that_was_chosen_stays() {
    use std::{fs, os::unix::fs::PermissionsExt};

    let folder = tempfile::tempdir().unwrap();
    let mode = |end: &str| {
        let path = folder.path().join(format!("jeton.db{end}"));
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    let database = Database::for_test(&folder);
    for end in ["", "-wal", "-shm"] {
        assert_eq!(mode(end), 0o600, "{end}");
    }
    drop(database);
    let chosen = fs::Permissions::from_mode(0o640);
    fs::set_permissions(folder.path().join("jeton.db"), chosen).unwrap();
    let _database = Database::for_test(&folder);
    assert_eq!(mode(""), 0o640);
    assert_eq!(mode("-wal"), 0o640);
}
