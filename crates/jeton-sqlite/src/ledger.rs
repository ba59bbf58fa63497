//! The ledger: grants, attachments, indexes, documents of a person, markers and counters as rows.

use std::fmt::Display;

use jeton::{
    Advance, Attachment, AttachmentId, Attempt, Decision, Document, Expected, Grant, GrantId,
    INDEX_PAGE, Ledger, Marker, Opened, PersonalKey, Put, Step, SubjectKey, Unavailable, UnixTime,
    json, transition,
};
use rusqlite::{Connection, OptionalExtension, types::Type};

use crate::{
    database::{Database, integer},
    personal,
};

impl Ledger for Database {
    async fn open(&self, grant: &Grant, _: UnixTime) -> Result<Opened, Unavailable> {
        let grant = grant.clone();
        self.write(move |connection| {
            if let Some(standing) = read_grant(connection, grant.id)? {
                return Ok(transition::opened(&grant, standing));
            }
            let record =
                serde_json::to_string(&grant).map_err(|error| unreadable(grant.id, error))?;
            connection
                .prepare_cached("INSERT INTO grant (id, record, kept_until) VALUES (?1, ?2, ?3)")?
                .execute((grant.id.to_string(), record, integer(grant.kept_until())))?;
            Ok(Opened::Opened)
        })
        .await
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        let step = step.clone();
        self.write(move |connection| {
            let advance =
                change_grant(connection, step.id, |grant| transition::take(grant, &step))?;
            Ok(advance.unwrap_or(Advance::Conflict(None)))
        })
        .await
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        attempt: Attempt,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let decision = decision.clone();
        self.write(move |connection| {
            let decided = change_grant(connection, id, |grant| {
                transition::decide(grant, &decision, attempt, now)
            })?;
            Ok(decided.unwrap_or(false))
        })
        .await
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        self.read(move |connection| read_grant(connection, id))
            .await
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        self.write(move |connection| change_grant(connection, id, transition::revoke))
            .await?;
        Ok(())
    }

    async fn keep(
        &self,
        attachment: &Attachment,
        until: UnixTime,
        _: UnixTime,
    ) -> Result<(), Unavailable> {
        let (id, text) = (attachment.id().to_string(), attachment.text().to_owned());
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO attachment (id, text, expires_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
                )?
                .execute((id, text, integer(until)))
        })
        .await?;
        Ok(())
    }

    async fn kept(&self, id: &AttachmentId) -> Result<Option<String>, Unavailable> {
        let id = id.to_string();
        self.read(move |connection| {
            connection
                .prepare_cached("SELECT text FROM attachment WHERE id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()
        })
        .await
    }

    async fn index(
        &self,
        subject: &SubjectKey,
        grant: GrantId,
        until: UnixTime,
        _: UnixTime,
    ) -> Result<(), Unavailable> {
        let (subject, grant) = (subject.to_string(), grant.to_string());
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO indexed (subject, grant, expires_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
                )?
                .execute((subject, grant, integer(until)))
        })
        .await?;
        Ok(())
    }

    async fn indexed(
        &self,
        subject: &SubjectKey,
        after: Option<GrantId>,
    ) -> Result<Vec<GrantId>, Unavailable> {
        let subject = subject.to_string();
        let after = after.map_or_else(String::new, |grant| grant.to_string());
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT grant FROM indexed WHERE subject = ?1 AND grant > ?2 ORDER BY grant LIMIT ?3",
            )?;
            let parameters = (&subject, after, INDEX_PAGE as i64);
            let grants = statement.query_map(parameters, |row| row.get::<_, String>(0))?;
            grants
                .map(|grant| grant?.parse().map_err(|error| unreadable(&subject, error)))
                .collect()
        })
        .await
    }

    async fn personal(
        &self,
        key: &PersonalKey,
        now: UnixTime,
    ) -> Result<Option<Document>, Unavailable> {
        personal::read(self, key, now).await
    }

    async fn put_personal(
        &self,
        key: &PersonalKey,
        document: Option<&Document>,
        expected: &Expected,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Put, Unavailable> {
        personal::put(self, key, document, expected, until, now).await
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let (name, value) = (marker.as_str().to_owned(), value.to_string());
        self.write(move |connection| {
            if let Some(holder) = holder(connection, &name, now)? {
                return Ok(holder == value);
            }
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO marker (name, holder, expires_at) VALUES (?1, ?2, ?3)",
                )?
                .execute((name, value, integer(expires)))?;
            Ok(true)
        })
        .await
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        let name = marker.as_str().to_owned();
        self.read(move |connection| {
            holder(connection, &name, now)?
                .map(|holder| holder.parse())
                .transpose()
                .map_err(|error| unreadable(&name, error))
        })
        .await
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        let name = marker.as_str().to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO counter (name, count, expires_at) VALUES (?1, 1, ?2)
                     ON CONFLICT DO UPDATE SET
                         count = iif(expires_at <= ?3, 1, min(count + 1, 4294967295)),
                         expires_at = iif(expires_at <= ?3, excluded.expires_at, expires_at)
                     RETURNING count",
                )?
                .query_row((name, integer(expires), integer(now)), |row| row.get(0))
        })
        .await
    }

    async fn uncount(&self, marker: &Marker, now: UnixTime) -> Result<(), Unavailable> {
        let name = marker.as_str().to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE counter SET count = count - 1
                     WHERE name = ?1 AND expires_at > ?2 AND count > 0",
                )?
                .execute((name, integer(now)))
        })
        .await?;
        Ok(())
    }
}

/// Applies `transition` to the grant of that id, and writes the grant if that changed it. `None` if
/// there is no such grant.
fn change_grant<T>(
    connection: &Connection,
    id: GrantId,
    transition: impl FnOnce(&mut Grant) -> T,
) -> rusqlite::Result<Option<T>> {
    let Some(stood) = read_grant(connection, id)? else {
        return Ok(None);
    };
    let mut grant = stood.clone();
    let answer = transition(&mut grant);
    if grant != stood {
        let record = serde_json::to_string(&grant).map_err(|error| unreadable(id, error))?;
        connection
            .prepare_cached("UPDATE grant SET record = ?2, kept_until = ?3 WHERE id = ?1")?
            .execute((id.to_string(), record, integer(grant.kept_until())))?;
    }
    Ok(Some(answer))
}

fn read_grant(connection: &Connection, id: GrantId) -> rusqlite::Result<Option<Grant>> {
    let record: Option<String> = connection
        .prepare_cached("SELECT record FROM grant WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    record
        .map(|record| json::read(&record))
        .transpose()
        .map_err(|error| unreadable(id, error))
}

fn holder(connection: &Connection, name: &str, now: UnixTime) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT holder FROM marker WHERE name = ?1 AND expires_at > ?2")?
        .query_row((name, integer(now)), |row| row.get(0))
        .optional()
}

/// The error for a record that cannot be read. It is the same as for a store out of reach: an absent
/// grant would log its owner out.
fn unreadable(key: impl Display, error: impl Display) -> rusqlite::Error {
    let error = format!("the record of {key}: {error}");
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
}

#[cfg(test)]
mod tests;
