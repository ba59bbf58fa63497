//! The document of a person that an object holds.

use jeton::{Document, Expected, PersonalRecord, Put, Replacement, SLACK, UnixTime, transition};
use serde::Deserialize;
use worker::Result;

use super::{Records, number, time};

const PERSONAL: &str = "
    CREATE TABLE IF NOT EXISTS personal
        (id INTEGER PRIMARY KEY CHECK (id = 0), record TEXT NOT NULL, expires_at INTEGER NOT NULL);
";

#[derive(Deserialize)]
struct PersonalRow {
    record: String,
    // SQLite integers arrive as JavaScript numbers.
    expires_at: f64,
}

impl Records {
    /// The document, if its time has not come at `now`.
    pub(super) fn personal(&self, now: UnixTime) -> Result<Option<Document>> {
        let stored = self.stored_personal()?;
        let standing = stored.filter(|record| record.stands(now));
        Ok(standing.map(|record| record.document))
    }

    /// Replaces or removes the document. The alarm is set after that: a call that ends between the two can be
    /// repeated, and sets it then.
    pub(super) async fn put_personal(
        &self,
        next: Option<&Document>,
        expected: &Expected,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Put> {
        let end = number(until)?;
        let stored = self.stored_personal()?;
        let alarm = match transition::replace(stored.as_ref(), next, expected, until, now) {
            Replacement::Refuse(standing) => return Ok(Put::Conflict(standing)),
            Replacement::Keep => stored.map(|record| record.until + SLACK),
            Replacement::Remove => {
                self.run("DELETE FROM personal", Vec::new())?;
                // The alarm then finds nothing that is kept, and clears the object.
                Some(now + SLACK)
            }
            Replacement::Store(record) => {
                self.run(PERSONAL, Vec::new())?;
                self.run(
                    "INSERT OR REPLACE INTO personal (id, record, expires_at) VALUES (0, ?, ?)",
                    vec![record.document.as_str().into(), end],
                )?;
                Some(until + SLACK)
            }
        };
        if let Some(alarm) = alarm {
            self.ensure_alarm(alarm).await?;
        }
        Ok(Put::Done)
    }

    /// What is stored, whether or not its time has come.
    fn stored_personal(&self) -> Result<Option<PersonalRecord>> {
        let rows: Vec<PersonalRow> = self.rows(
            "SELECT record, expires_at FROM personal WHERE id = 0",
            Vec::new(),
        )?;
        Ok(rows.into_iter().next().map(|row| PersonalRecord {
            document: Document::new(row.record),
            until: time(row.expires_at),
        }))
    }
}
