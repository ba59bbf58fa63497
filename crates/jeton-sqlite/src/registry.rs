//! Registered clients, and cut-offs.

use jeton::{Client, ClientId, CutOff, Registry, Unavailable, UnixTime};
use rusqlite::OptionalExtension;

use crate::database::{Database, integer, unavailable};

impl Database {
    /// Stores a client's record, in place of one with the same id.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn put_client(&self, id: &ClientId, record: String) -> Result<(), Unavailable> {
        let id = id.as_str().to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO client (id, record) VALUES (?1, ?2)")?
                .execute([id, record])
        })
        .await?;
        Ok(())
    }
}

impl Registry for Database {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let key = id.as_str().to_owned();
        let record: Option<String> = self
            .read(move |connection| {
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

    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
        let whose = of.as_str().to_owned();
        let at: Option<i64> = self
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT at FROM cut_off WHERE whose = ?1")?
                    .query_row([whose], |row| row.get(0))
                    .optional()
            })
            .await?;
        at.map(|at| u64::try_from(at).map(UnixTime))
            .transpose()
            .map_err(|error| unavailable(format_args!("the cut-off {}: {error}", of.as_str())))
    }

    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
        let whose = of.as_str().to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO cut_off (whose, at) VALUES (?1, ?2)")?
                .execute((whose, integer(at)))
        })
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn contract() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("jeton.db")).unwrap();
        jeton_contracts::registry(&database, async |id, record| {
            let id = id.parse().unwrap();
            database.put_client(&id, record.to_owned()).await.unwrap();
        })
        .await;
    }
}
