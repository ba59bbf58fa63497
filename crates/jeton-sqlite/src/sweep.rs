//! Deleting what has ended.

use std::time::Duration;

use jeton::{SLACK, Unavailable, UnixTime};
use rusqlite::Connection;

use crate::database::{Database, integer};

/// The most rows that one transaction takes from a table: everyone else waits meanwhile, some
/// milliseconds.
const SWEPT_AT_ONCE: u32 = 500;

/// How often what has ended is looked for.
const EVERY: Duration = Duration::from_secs(60);

impl Database {
    /// Deletes what has ended, every minute, and never returns. A host runs it beside its requests, so
    /// that what a flood of them left behind goes although none come any more.
    pub async fn keep_swept(&self, now: impl Fn() -> UnixTime) {
        let mut minutes = tokio::time::interval(EVERY);
        loop {
            minutes.tick().await;
            // Where the file is locked, the next minute will do.
            while self.sweep(now()).await.is_ok_and(|swept| swept > 0) {}
        }
    }

    /// Deletes rows that have ended, at most 500 of each table, and answers with how many there were.
    ///
    /// # Errors
    /// The file is locked or out of reach.
    pub async fn sweep(&self, now: UnixTime) -> Result<usize, Unavailable> {
        self.write(move |connection| {
            // Each is whole by itself: where one fails, the next minute goes on.
            let grants = delete(connection, "grant", "kept_until", now)?;
            let attachments = delete(connection, "attachment", "expires_at", now - SLACK)?;
            let indexed = delete(connection, "indexed", "expires_at", now - SLACK)?;
            let personal = delete(connection, "personal", "expires_at", now - SLACK)?;
            let markers = delete(connection, "marker", "expires_at", now - SLACK)?;
            let counters = delete(connection, "counter", "expires_at", now - SLACK)?;
            let documents = connection
                .prepare_cached(&format!(
                    "DELETE FROM document WHERE (realm, kind, name) IN
                         (SELECT realm, kind, name FROM document
                          WHERE kept_until <= ?1 LIMIT {SWEPT_AT_ONCE})"
                ))?
                .execute([integer(now)])?;
            Ok(documents + grants + attachments + indexed + personal + markers + counters)
        })
        .await
    }
}

/// Deletes rows of `table` whose `end` has come by `now`.
fn delete(
    connection: &Connection,
    table: &str,
    end: &str,
    now: UnixTime,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(&format!(
            "DELETE FROM {table} WHERE rowid IN
                 (SELECT rowid FROM {table} WHERE {end} <= ?1 LIMIT {SWEPT_AT_ONCE})"
        ))?
        .execute([integer(now)])
}

#[cfg(test)]
mod tests {
    use jeton::{
        Attempt, Document, Expected, Grant, GrantState, Id128, Key, Ledger, Marker, Realm,
        Registry, Seconds, Step,
    };

    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[tokio::test]
    async fn what_strangers_began_goes_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::for_test(&folder);
        let stays = jeton_contracts::grant(Id128([255; 16]), NOW);
        database.open(&stays, NOW).await.unwrap();
        let step = Step {
            window: Seconds(10),
            ..jeton_contracts::step(stays.id, 0, NOW)
        };
        database.advance(&step).await.unwrap();
        let strangers = 2 * SWEPT_AT_ONCE + 1;
        let begun = (0..strangers).map(|number| begin_device(&database, number));
        futures_util::future::join_all(begun).await;

        let offer_ends = NOW + Seconds(600);
        let rows = || ["grant", "marker", "counter"].map(|table| database.rows(table));
        let swept = database.sweep(offer_ends + SLACK - Seconds(1)).await;
        assert_eq!(swept.unwrap(), 0, "too early by a second");
        let later = offer_ends + Grant::KEPT;
        let mut swept = Vec::new();
        while swept.last() != Some(&0) {
            swept.push(database.sweep(later).await.unwrap());
        }
        assert_eq!(swept, [1500, 1500, 3, 0], "a bounded number at a time");
        assert_eq!(rows(), [1, 0, 0], "what was redeemed stays");
        database
            .sweep(stays.kept_until() - Seconds(1))
            .await
            .unwrap();
        assert_eq!(rows(), [1, 0, 0]);
        database
            .sweep(stays.expires_at + Grant::KEPT)
            .await
            .unwrap();
        assert_eq!(rows(), [0, 0, 0]);
    }

    #[tokio::test]
    async fn clients_that_registered_themselves_go_some_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::for_test(&folder);
        let realm = Realm::default();
        let register = async |number: u32| {
            let record = Document::new(r#"{"registration":{},"client_expires_at":1800000000}"#);
            let key = Key::client(&realm, &format!("jc_{number}").parse().unwrap());
            let put = database.put(&key, &record, &Expected::Absent).await;
            put.unwrap();
        };
        futures_util::future::join_all((0..=SWEPT_AT_ONCE).map(register)).await;
        let later = NOW + Seconds::from_days(1);
        assert_eq!(database.sweep(later).await.unwrap(), 500);
        assert_eq!(database.sweep(later).await.unwrap(), 1);
        assert_eq!(database.rows("document"), 0);
    }

    /// What a device leaves that asks for a code, which nobody types: a grant, a marker, and a counter.
    async fn begin_device(database: &Database, number: u32) {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let id: Attempt = Id128(id);
        let name = Marker::for_test(&id.to_string());
        let pending = Grant {
            state: GrantState::Pending,
            idle_expires_at: NOW + Seconds(600),
            expires_at: NOW + Seconds::from_days(90),
            ..jeton_contracts::grant(id, NOW)
        };
        let end = pending.idle_expires_at;
        database.open(&pending, NOW).await.unwrap();
        database.claim(&name, id, end, NOW).await.unwrap();
        database.count(&name, end, NOW).await.unwrap();
    }

    #[tokio::test]
    async fn what_has_ended_is_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::for_test(&folder);
        for (table, end) in [
            ("document", "kept_until"),
            ("grant", "kept_until"),
            ("attachment", "expires_at"),
            ("indexed", "expires_at"),
            ("personal", "expires_at"),
            ("marker", "expires_at"),
            ("counter", "expires_at"),
        ] {
            let query =
                format!("EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {end} <= 1 LIMIT 1");
            let plan = database
                .read(move |connection| {
                    connection.query_row(&query, [], |row| row.get::<_, String>(3))
                })
                .await;
            let expected = format!("SEARCH {table} USING COVERING INDEX {table}_{end} ({end}<?)");
            assert_eq!(plan.unwrap(), expected);
        }
    }
}
