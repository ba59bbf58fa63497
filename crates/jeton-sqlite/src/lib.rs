//! Jeton's stores in one SQLite file.
//!
//! | table | key | value | lifetime | why |
//! |---|---|---|---|---|
//! | `client` | `id`: the `client_id` | `record`: client metadata as JSON, `{"client_id":"jc_…","client_secrets":[…],…}` | until deleted | registered clients |

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jeton::{Client, ClientId, Registry, Unavailable};
use rusqlite::{Connection, OptionalExtension};

/// The layout this release writes, kept in `PRAGMA user_version`.
const LAYOUT: u32 = 1;

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The file could not be opened as Jeton's.
#[derive(Debug)]
pub enum OpenError {
    /// SQLite's own error.
    Sqlite(rusqlite::Error),
    /// The file was written by a later release; its layout.
    TooNew(u32),
}

/// A SQLite file with Jeton's tables. Clones share one connection.
#[derive(Clone, Debug)]
pub struct Database(Arc<Mutex<Connection>>);

impl Database {
    /// Opens `path`, creating file and tables where they are missing.
    ///
    /// # Errors
    /// The file cannot be opened, is no SQLite file, or was written by a later release.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // Readers and the writer do not block each other, and a commit survives a power cut.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let layout: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if layout > LAYOUT {
            return Err(OpenError::TooNew(layout));
        }
        connection.execute_batch(
            "BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS client (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
             COMMIT;",
        )?;
        connection.pragma_update(None, "user_version", LAYOUT)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Stores a client's record, in place of one with the same id.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn put_client(&self, id: &ClientId, record: String) -> Result<(), Unavailable> {
        let id = id.as_str().to_owned();
        self.call(move |connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO client (id, record) VALUES (?1, ?2)")?
                .execute([id, record])
        })
        .await?;
        Ok(())
    }

    /// Runs `work` where it may block. A panic or a poisoned lock is an unavailable store, never
    /// another panic.
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let connection = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut connection)
        })
        .await
        .map_err(unavailable)?
        .map_err(unavailable)
    }
}

fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable::new("sqlite", error)
}

impl Registry for Database {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let key = id.as_str().to_owned();
        let record: Option<String> = self
            .call(move |connection| {
                connection
                    .prepare_cached("SELECT record FROM client WHERE id = ?1")?
                    .query_row([key], |row| row.get(0))
                    .optional()
            })
            .await?;
        record
            .map(|record| Client::from_record(&record))
            .transpose()
            .map_err(|error| unavailable(format_args!("the record of client {id}: {error}")))
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::TooNew(layout) => write!(
                f,
                "the file has layout {layout}, this release knows {LAYOUT}: it was written by a later one"
            ),
        }
    }
}

impl std::error::Error for OpenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn registry_contract() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("jeton.db")).unwrap();
        jeton_contracts::registry(&database, async |id, record| {
            let id = id.parse().unwrap();
            database.put_client(&id, record.to_owned()).await.unwrap();
        })
        .await;
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
    }
}
