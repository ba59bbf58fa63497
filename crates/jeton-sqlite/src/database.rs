//! The SQLite file: its layout, its two connections, and its transactions.

use std::{
    fmt, mem,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use jeton::{BUDGET, Unavailable, UnixTime};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::oneshot;

/// The number of the layout that this release writes, kept in `PRAGMA user_version`. A new file has 0. A table
/// more is no other layout: a file without it is given it when it is opened, and a release that does not know
/// it goes on with the others.
const LAYOUT: u32 = 5;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS document
        (realm TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL,
         kept_until INTEGER, PRIMARY KEY (realm, kind, name)) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS document_kept_until ON document (kept_until)
        WHERE kept_until IS NOT NULL;
    CREATE TABLE IF NOT EXISTS grant
        (id TEXT PRIMARY KEY, record TEXT NOT NULL, kept_until INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS grant_kept_until ON grant (kept_until);
    CREATE TABLE IF NOT EXISTS attachment
        (id TEXT PRIMARY KEY, text TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS attachment_expires_at ON attachment (expires_at);
    CREATE TABLE IF NOT EXISTS indexed
        (subject TEXT NOT NULL, grant TEXT NOT NULL, expires_at INTEGER NOT NULL,
         PRIMARY KEY (subject, grant)) STRICT;
    CREATE INDEX IF NOT EXISTS indexed_expires_at ON indexed (expires_at);
    CREATE TABLE IF NOT EXISTS personal
        (key TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS personal_expires_at ON personal (expires_at);
    CREATE TABLE IF NOT EXISTS marker
        (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS marker_expires_at ON marker (expires_at);
    CREATE TABLE IF NOT EXISTS counter
        (name TEXT PRIMARY KEY, count INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS counter_expires_at ON counter (expires_at);
";

/// How long a statement waits for another process's lock: a second less than the request has, so that
/// the answer is SQLite's, which says what is wrong.
const BUSY_TIMEOUT: Duration = Duration::from_secs(BUDGET.0.saturating_sub(1));

/// Why a file could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// SQLite's own error.
    Sqlite(rusqlite::Error),
    /// The file was written by a later release; its layout.
    TooNew(u32),
    /// The file was written before the first release and has nothing that could be taken over; its
    /// layout.
    TooOld(u32),
    /// The path names SQLite's memory instead of a file, which would forget every grant.
    InMemory,
}

/// A SQLite file with Jeton's tables. Clones share its connections.
///
/// # Changes
/// A change waits in a queue. Whoever finds the queue empty begins a transaction, which takes all
/// changes that wait by then, commits once and answers each. So a change alone commits at once, and
/// fifty that arrive during a commit share the next one. The rejected alternative, a transaction for
/// each, pays fifty times for the disk.
///
/// A change is left out when its turn comes and nobody waits for it any more: its request was told to
/// try again, and may have done so. It would be made with the time of a request long past.
///
/// # Reads
/// Reads have a connection of their own and see the last commit, without waiting for the next. A change
/// is answered after its commit, so every read that begins then sees it.
#[derive(Clone)]
pub struct Database(Arc<Connections>);

struct Connections {
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
    /// Changes that wait. While there are any, a transaction that will take them is on its way.
    queue: Mutex<Vec<Box<dyn Change>>>,
}

/// A change that waits for a transaction.
trait Change: Send {
    /// Whether somebody still waits for the answer.
    fn is_awaited(&self) -> bool;
    /// Makes the change within a transaction.
    fn make(&mut self, connection: &Connection);
    /// Answers whoever waits for it, once the transaction was committed or failed.
    fn answer(self: Box<Self>, committed: Result<(), Unavailable>);
}

/// A change with the work to do, its outcome, and the way to whoever waits for it.
struct Pending<T, W> {
    work: Option<W>,
    outcome: Option<rusqlite::Result<T>>,
    answer: oneshot::Sender<Result<T, Unavailable>>,
}

impl Database {
    /// Opens `path`, creating file and tables where they are missing. A file that it makes is its owner's
    /// alone, whatever the umask: it holds grants, and who writes clients to it can have any token.
    ///
    /// # Errors
    /// The file cannot be opened, is no SQLite file, or was written by another release.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let mut writer = connect(path)?;
        keep_from_others(&writer);
        // Readers and the writer do not block each other, and a commit survives a power cut.
        if write_ahead(&writer)? == "memory" {
            return Err(OpenError::InMemory);
        }
        writer.pragma_update(None, "synchronous", "FULL")?;
        prepare_tables(&mut writer)?;
        Ok(Self(Arc::new(Connections {
            reader: Mutex::new(connect(path)?),
            writer: Mutex::new(writer),
            queue: Mutex::default(),
        })))
    }

    /// The result of `work`, which reads what was committed last.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let connections = Arc::clone(&self.0);
        let (answer, answered) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let reader = lock(&connections.reader);
            // Nobody waits for it any more where other reads took all of its request's time.
            if !answer.is_closed() {
                let _ = answer.send(work(&reader));
            }
        });
        // There is no answer only after a panic.
        answered.await.map_err(unavailable)?.map_err(unavailable)
    }

    /// The result of `work`, which writes within a transaction and is on the disk by then. Other changes
    /// share the transaction, so `work` has one statement that changes something, and that is its last:
    /// a statement that fails undoes itself, and then nothing is half done.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let change = Box::new(Pending {
            work: Some(work),
            outcome: None,
            answer,
        });
        let waiting = {
            let mut queue = lock(&self.0.queue);
            queue.push(change);
            queue.len()
        };
        if waiting == 1 {
            let connections = Arc::clone(&self.0);
            tokio::task::spawn_blocking(move || connections.commit());
        }
        // There is no answer only after a panic, which rolled everything back.
        answered.await.map_err(unavailable)?
    }
}

impl Connections {
    fn commit(&self) {
        let mut writer = lock(&self.writer);
        let mut changes = mem::take(&mut *lock(&self.queue));
        let committed = transact(&mut writer, &mut changes).map_err(unavailable);
        for change in changes {
            change.answer(committed.clone());
        }
    }
}

/// Makes all changes in one transaction.
fn transact(writer: &mut Connection, changes: &mut [Box<dyn Change>]) -> rusqlite::Result<()> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for change in changes {
        // An error such as a full disk ends the whole transaction. What follows would be committed
        // alone, so it is left out, and the commit below fails for all.
        if !transaction.is_autocommit() && change.is_awaited() {
            change.make(&transaction);
        }
    }
    transaction.commit()
}

impl<T, W> Change for Pending<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn is_awaited(&self) -> bool {
        !self.answer.is_closed()
    }

    fn make(&mut self, connection: &Connection) {
        self.outcome = self.work.take().map(|work| work(connection));
    }

    fn answer(self: Box<Self>, committed: Result<(), Unavailable>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome.map_err(unavailable),
            (Ok(()), None) => Err(unavailable("not done")),
            // The first error says more than that of the commit.
            (Err(_), Some(Err(error))) => Err(unavailable(error)),
            (Err(error), _) => Err(error),
        };
        // A caller that has gone away needs no answer.
        let _ = self.answer.send(outcome);
    }
}

/// Takes a file without content yet from everybody but its owner. What SQLite puts beside it gets the mode
/// that it has. One that has content keeps its mode, which somebody may have chosen; and where a mode
/// cannot be set, there is none.
#[cfg(unix)]
fn keep_from_others(connection: &Connection) {
    use std::{fs, os::unix::fs::PermissionsExt};

    if let Some(path) = connection.path()
        && fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0)
    {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    }
}

/// Elsewhere a file has the rights of its folder.
#[cfg(not(unix))]
fn keep_from_others(_: &Connection) {}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Turns on write-ahead logging; answers with the journal mode that the file then has. SQLite does not
/// wait for the lock that this takes, and fails at once where another process opens the same new file:
/// hence the loop.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let begin = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begin.elapsed() < BUSY_TIMEOUT =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            mode => return mode,
        }
    }
}

/// Makes the tables where they are missing, after checking the layout. Two processes that open one new
/// file do this one after the other.
fn prepare_tables(writer: &mut Connection) -> Result<(), OpenError> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let layout: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if layout > LAYOUT {
        return Err(OpenError::TooNew(layout));
    }
    if (1..LAYOUT).contains(&layout) {
        return Err(OpenError::TooOld(layout));
    }
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    Ok(transaction.commit()?)
}

/// A panic while the lock was held has rolled its transaction back.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The integer that SQLite keeps for a time. SQLite's integers are signed: a time beyond them never
/// comes.
pub(crate) fn integer(time: UnixTime) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

/// The time that such an integer stands for.
pub(crate) fn time(integer: i64) -> UnixTime {
    UnixTime(u64::try_from(integer).unwrap_or(0))
}

pub(crate) fn unavailable(error: impl fmt::Display) -> Unavailable {
    Unavailable::new("sqlite", error)
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::TooNew(layout) => write!(
                f,
                "the file has layout {layout}, this release knows {LAYOUT}: it was written by a later one"
            ),
            Self::TooOld(layout) => write!(
                f,
                "the file has layout {layout}, of a time before the first release; this one knows {LAYOUT}: start with a new file"
            ),
            Self::InMemory => f.write_str("that is SQLite's memory, not a file"),
        }
    }
}

impl std::error::Error for OpenError {}

#[cfg(test)]
mod tests;
