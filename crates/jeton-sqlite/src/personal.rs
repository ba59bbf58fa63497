//! Documents of a person as rows.

use jeton::{
    Document, Expected, PersonalKey, PersonalRecord, Put, Replacement, Unavailable, UnixTime,
    transition,
};
use rusqlite::{Connection, OptionalExtension};

use crate::database::{Database, integer, time};

pub(crate) async fn read(
    database: &Database,
    key: &PersonalKey,
    now: UnixTime,
) -> Result<Option<Document>, Unavailable> {
    let key = key.to_string();
    database
        .read(move |connection| {
            let stored = stored(connection, &key)?;
            let standing = stored.filter(|record| record.stands(now));
            Ok(standing.map(|record| record.document))
        })
        .await
}

pub(crate) async fn put(
    database: &Database,
    key: &PersonalKey,
    document: Option<&Document>,
    expected: &Expected,
    until: UnixTime,
    now: UnixTime,
) -> Result<Put, Unavailable> {
    let (key, document, expected) = (key.to_string(), document.cloned(), expected.clone());
    database
        .write(move |connection| {
            let stored = stored(connection, &key)?;
            let next = document.as_ref();
            match transition::replace(stored.as_ref(), next, &expected, until, now) {
                Replacement::Keep => {}
                Replacement::Refuse(standing) => return Ok(Put::Conflict(standing)),
                Replacement::Remove => {
                    connection
                        .prepare_cached("DELETE FROM personal WHERE key = ?1")?
                        .execute([key])?;
                }
                Replacement::Store(record) => {
                    connection
                        .prepare_cached(
                            "INSERT OR REPLACE INTO personal (key, record, expires_at)
                             VALUES (?1, ?2, ?3)",
                        )?
                        .execute((key, record.document.as_str(), integer(record.until)))?;
                }
            }
            Ok(Put::Done)
        })
        .await
}

/// What is stored under that key, whether or not its time has come.
fn stored(connection: &Connection, key: &str) -> rusqlite::Result<Option<PersonalRecord>> {
    connection
        .prepare_cached("SELECT record, expires_at FROM personal WHERE key = ?1")?
        .query_row([key], |row| {
            Ok(PersonalRecord {
                document: Document::new(row.get::<_, String>(0)?),
                until: time(row.get(1)?),
            })
        })
        .optional()
}
