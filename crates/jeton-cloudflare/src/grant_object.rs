//! The Durable Object that holds one grant with its attachments and markers, the index of one subject, one
//! document of a person, one shard of other markers, or one counter, on its own SQLite.
//!
//! Reading and writing are consecutive synchronous statements without an `.await` between them, and an
//! object is one thread: so each call is one atomic step. Statements are *not* rolled back when a
//! later one fails; therefore everything that can fail comes before the one statement that matters.

use std::{cell::OnceCell, rc::Rc};

use jeton::{
    Advance, Attempt, BUDGET, Grant, GrantId, INDEX_PAGE, Opened, SLACK, Seconds, UnixTime,
    transition,
};
use js_sys::Promise;
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{
    Result, ScheduledTime, SqlStorage, SqlStorageValue, State, Storage,
    worker_sys::DurableObjectState,
};

use crate::{
    call::{Answer, Call},
    task::{self, now},
    thrown::read_json,
};

mod personal;

/// The last moment a JavaScript date can hold, in seconds.
const LAST_MOMENT: u64 = 8_640_000_000_000;

/// The most rows that one alarm deletes from a table: calls wait meanwhile.
const SWEPT_AT_ONCE: u32 = 1000;

/// How long until the next alarm where there were more.
const NEXT_SWEEP: Seconds = Seconds(1);

const ATTACHMENTS: &str = "
    CREATE TABLE IF NOT EXISTS attachment
        (sha256 TEXT PRIMARY KEY, text TEXT NOT NULL, expires_at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS attachment_expires_at ON attachment (expires_at);
";

const INDEX: &str = "
    CREATE TABLE IF NOT EXISTS indexed
        (grant_id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS indexed_expires_at ON indexed (expires_at);
";

const MARKERS: &str = "
    CREATE TABLE IF NOT EXISTS marker
        (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS marker_expires_at ON marker (expires_at);
";

const COUNTERS: &str = "
    CREATE TABLE IF NOT EXISTS counter
        (name TEXT PRIMARY KEY, count INTEGER NOT NULL, expires_at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS counter_expires_at ON counter (expires_at);
";

/// A Durable Object with one grant and what belongs to it, the index of one subject, one document of a person,
/// one shard of markers, or one counter, on SQLite. Exported by hand, as the Worker's own handler is, rather than by
/// `worker::durable_object`: see [`rpc`](crate::rpc).
#[wasm_bindgen]
#[derive(Debug)]
pub struct GrantObject {
    /// What the runtime knows of it.
    state: JsValue,
    records: OnceCell<Rc<Records>>,
}

/// What an object keeps.
#[derive(Debug)]
struct Records {
    storage: Storage,
    sql: SqlStorage,
}

#[derive(Deserialize)]
struct RecordRow {
    record: String,
}

#[derive(Deserialize)]
struct AttachmentRow {
    text: String,
}

#[derive(Deserialize)]
struct IndexRow {
    grant_id: GrantId,
}

#[derive(Deserialize)]
struct MarkerRow {
    holder: String,
    // SQLite integers arrive as JavaScript numbers.
    expires_at: f64,
}

#[derive(Deserialize)]
struct CounterRow {
    count: f64,
    expires_at: f64,
}

#[derive(Deserialize)]
struct EarliestRow {
    expires_at: Option<f64>,
}

#[wasm_bindgen]
impl GrantObject {
    /// The object, as the runtime makes it.
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue) -> Self {
        Self {
            state,
            records: OnceCell::new(),
        }
    }

    /// The answer to a call, both JSON.
    pub fn call(&self, call: String) -> Promise {
        let records = self.records();
        task::promise(now(), async move {
            let answer = records.answer(read_json(&call)?).await?;
            let answer = serde_json::to_string(&answer).map_err(worker::Error::from)?;
            Ok(JsValue::from(answer))
        })
    }

    /// Deletes what has ended.
    pub fn alarm(&self) -> Promise {
        let records = self.records();
        task::promise(now(), async move {
            records.sweep().await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    fn records(&self) -> Rc<Records> {
        let records = self.records.get_or_init(|| {
            let state: DurableObjectState = self.state.clone().unchecked_into();
            let storage = State::from(state).storage();
            let sql = storage.sql();
            Rc::new(Records { storage, sql })
        });
        Rc::clone(records)
    }
}

impl Records {
    async fn answer(&self, call: Call) -> Result<Answer> {
        Ok(match call {
            Call::Advance(step) if is_given_up(step.now) => Answer::GivenUp,
            Call::PutPersonal { now, .. } if is_given_up(now) => Answer::GivenUp,
            Call::Open(grant) => Answer::Opened(self.open(&grant).await?),
            Call::Advance(step) => Answer::Advance(
                self.change(|grant| transition::take(grant, &step))?
                    .unwrap_or(Advance::Conflict(None)),
            ),
            Call::Decide {
                decision,
                attempt,
                now,
            } => Answer::Done(
                self.change(|grant| transition::decide(grant, &decision, attempt, now))?
                    .unwrap_or(false),
            ),
            Call::Read => Answer::Grant(self.grant()?.map(Box::new)),
            Call::Revoke => Answer::Done(self.change(transition::revoke)?.is_some()),
            Call::Keep {
                sha256,
                text,
                until,
            } => Answer::Done(self.keep(sha256, text, until).await?),
            Call::Kept { sha256 } => Answer::Kept(self.kept(sha256)?),
            Call::Index { grant, until } => Answer::Done(self.index(grant, until).await?),
            Call::Indexed { after } => Answer::Indexed(self.indexed(after)?),
            Call::Personal { now } => Answer::Personal(self.personal(now)?),
            Call::PutPersonal {
                document,
                expected,
                until,
                now,
            } => Answer::Put(
                self.put_personal(document.as_ref(), &expected, until, now)
                    .await?,
            ),
            Call::Claim {
                marker,
                value,
                expires,
                now,
            } => Answer::Done(self.claim(&marker, value, expires, now).await?),
            Call::Holder { marker, now } => Answer::Holder(self.holder(&marker, now)?),
            Call::Count {
                marker,
                expires,
                now,
            } => Answer::Count(self.count(&marker, expires, now).await?),
            Call::Uncount { marker, now } => Answer::Done(self.uncount(&marker, now)?),
        })
    }

    /// Deletes what has ended, and sets the alarm again while something is left. A grant that was given
    /// more time since the alarm was set is found here to have it.
    async fn sweep(&self) -> Result<()> {
        let now = now();
        for (table, key) in [
            ("attachment", "sha256"),
            ("indexed", "grant_id"),
            ("personal", "id"),
            ("marker", "name"),
            ("counter", "name"),
        ] {
            let statement = format!(
                "DELETE FROM {table} WHERE {key} IN
                     (SELECT {key} FROM {table} WHERE expires_at <= ? LIMIT {SWEPT_AT_ONCE})"
            );
            self.run(&statement, vec![number(now - SLACK)?])?;
        }
        let grant_ends = self.grant()?.map(|grant| grant.kept_until());
        if grant_ends.is_some_and(|end| end <= now) {
            self.run("DELETE FROM record", Vec::new())?;
        }
        let ends = [
            grant_ends.filter(|end| now < *end),
            self.earliest("attachment")?,
            self.earliest("indexed")?,
            self.earliest("personal")?,
            self.earliest("marker")?,
            self.earliest("counter")?,
        ];
        match ends.into_iter().flatten().min() {
            Some(end) => self.set_alarm(end.max(now + NEXT_SWEEP)).await?,
            // Clears the alarm as well.
            None => self.storage.delete_all().await?,
        }
        Ok(())
    }

    /// The rows of a statement. A table that does not exist has none: only `open`, `keep`, `index`,
    /// `put_personal`, `claim` and `count` make tables, so that asking for a grant that never existed leaves
    /// nothing behind.
    fn rows<T: for<'de> Deserialize<'de>>(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<T>> {
        match self.sql.exec(statement, bindings) {
            Ok(cursor) => cursor.to_array(),
            Err(error) if error.to_string().contains("no such table") => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn run(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
        self.rows::<serde_json::Value>(statement, bindings)
            .map(drop)
    }

    fn grant(&self) -> Result<Option<Grant>> {
        let rows: Vec<RecordRow> =
            self.rows("SELECT record FROM record WHERE id = 0", Vec::new())?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        read_json(&row.record).map(Some)
    }

    fn write(&self, grant: &Grant) -> Result<()> {
        let record = serde_json::to_string(grant)?;
        self.run(
            "UPDATE record SET record = ? WHERE id = 0",
            vec![record.into()],
        )
    }

    /// Stores a new grant, if there is none. The alarm is set first: a record that is never deleted would
    /// be worse than an alarm without a record. A call that ends between the two can be repeated.
    async fn open(&self, grant: &Grant) -> Result<Opened> {
        let record = serde_json::to_string(grant)?;
        if self.grant()?.is_none() {
            self.set_alarm(grant.kept_until()).await?;
        }
        // Looked at again, because another call may have come in while the alarm was set.
        if let Some(standing) = self.grant()? {
            return Ok(transition::opened(grant, standing));
        }
        self.run(
            "CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY CHECK (id = 0), record TEXT NOT NULL)",
            Vec::new(),
        )?;
        self.run(
            "INSERT INTO record (id, record) VALUES (0, ?)",
            vec![record.into()],
        )?;
        Ok(Opened::Opened)
    }

    /// Applies `transition` to the grant, if there is one, and writes it if that changed it.
    fn change<T>(&self, transition: impl FnOnce(&mut Grant) -> T) -> Result<Option<T>> {
        let Some(stood) = self.grant()? else {
            return Ok(None);
        };
        let mut grant = stood.clone();
        let answer = transition(&mut grant);
        if grant != stood {
            self.write(&grant)?;
        }
        Ok(Some(answer))
    }

    async fn keep(&self, sha256: String, text: String, until: UnixTime) -> Result<bool> {
        let end = number(until)?;
        self.run(ATTACHMENTS, Vec::new())?;
        self.run(
            "INSERT INTO attachment (sha256, text, expires_at) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
            vec![sha256.into(), text.into(), end],
        )?;
        self.ensure_alarm(until + SLACK).await?;
        Ok(true)
    }

    fn kept(&self, sha256: String) -> Result<Option<String>> {
        let rows: Vec<AttachmentRow> = self.rows(
            "SELECT text FROM attachment WHERE sha256 = ?",
            vec![sha256.into()],
        )?;
        Ok(rows.into_iter().next().map(|row| row.text))
    }

    async fn index(&self, grant: GrantId, until: UnixTime) -> Result<bool> {
        let end = number(until)?;
        self.run(INDEX, Vec::new())?;
        self.run(
            "INSERT INTO indexed (grant_id, expires_at) VALUES (?, ?)
             ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
            vec![grant.to_string().into(), end],
        )?;
        self.ensure_alarm(until + SLACK).await?;
        Ok(true)
    }

    fn indexed(&self, after: Option<GrantId>) -> Result<Vec<GrantId>> {
        let after = after.map_or_else(String::new, |grant| grant.to_string());
        let rows: Vec<IndexRow> = self.rows(
            "SELECT grant_id FROM indexed WHERE grant_id > ? ORDER BY grant_id LIMIT ?",
            vec![after.into(), SqlStorageValue::Integer(INDEX_PAGE as i64)],
        )?;
        Ok(rows.into_iter().map(|row| row.grant_id).collect())
    }

    fn holder(&self, marker: &str, now: UnixTime) -> Result<Option<Attempt>> {
        let rows: Vec<MarkerRow> = self.rows(
            "SELECT holder, expires_at FROM marker WHERE name = ?",
            vec![marker.into()],
        )?;
        let Some(row) = rows.first().filter(|row| now < time(row.expires_at)) else {
            return Ok(None);
        };
        row.holder
            .parse()
            .map(Some)
            .map_err(|_| worker::Error::from("a holder that is no id"))
    }

    async fn claim(
        &self,
        marker: &str,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool> {
        let end = number(expires)?;
        if let Some(holder) = self.holder(marker, now)? {
            return Ok(holder == value);
        }
        self.run(MARKERS, Vec::new())?;
        self.run(
            "INSERT OR REPLACE INTO marker (name, holder, expires_at) VALUES (?, ?, ?)",
            vec![marker.into(), value.to_string().into(), end],
        )?;
        self.ensure_alarm(expires + SLACK).await?;
        Ok(true)
    }

    async fn count(&self, marker: &str, expires: UnixTime, now: UnixTime) -> Result<u32> {
        let rows: Vec<CounterRow> = self.rows(
            "SELECT count, expires_at FROM counter WHERE name = ?",
            vec![marker.into()],
        )?;
        let (count, end) = match rows.first() {
            Some(row) if now < time(row.expires_at) => (row.count as u32, time(row.expires_at)),
            _ => (0, expires),
        };
        let count = count.saturating_add(1);
        let end_value = number(end)?;
        self.run(COUNTERS, Vec::new())?;
        self.run(
            "INSERT OR REPLACE INTO counter (name, count, expires_at) VALUES (?, ?, ?)",
            vec![
                marker.into(),
                SqlStorageValue::Integer(count.into()),
                end_value,
            ],
        )?;
        self.ensure_alarm(end + SLACK).await?;
        Ok(count)
    }

    fn uncount(&self, marker: &str, now: UnixTime) -> Result<bool> {
        let rows: Vec<serde_json::Value> = self.rows(
            "UPDATE counter SET count = count - 1
             WHERE name = ? AND expires_at > ? AND count > 0 RETURNING name",
            vec![marker.into(), number(now)?],
        )?;
        Ok(!rows.is_empty())
    }

    /// When the first row of `table` may go.
    fn earliest(&self, table: &str) -> Result<Option<UnixTime>> {
        let rows: Vec<EarliestRow> = self.rows(
            &format!("SELECT MIN(expires_at) AS expires_at FROM {table}"),
            Vec::new(),
        )?;
        let earliest = rows.first().and_then(|row| row.expires_at);
        Ok(earliest.map(|expires| time(expires) + SLACK))
    }

    /// Sets an alarm, if none is set that is as early.
    async fn ensure_alarm(&self, at: UnixTime) -> Result<()> {
        let set = self.storage.get_alarm().await?;
        if set.is_none_or(|set| time(set as f64 / 1000.0) > at) {
            self.set_alarm(at).await?;
        }
        Ok(())
    }

    /// Sets the alarm. By a date, because a number would be an offset from now.
    async fn set_alarm(&self, at: UnixTime) -> Result<()> {
        number(at)?;
        let date = js_sys::Date::new(&(at.0 as f64 * 1000.0).into());
        self.storage.set_alarm(ScheduledTime::new(date)).await
    }
}

/// Whether the request of a step, which began then, has been answered without it: the step took longer to
/// come here than the request may wait. Its client was told to try again. Taken now, the step would open a
/// window that began with the request, and a retry might come too late for it and end the grant; and a
/// document that is written whatever stands would undo what the person did since.
fn is_given_up(began: UnixTime) -> bool {
    now().since(began) >= BUDGET
}

/// The number that SQLite keeps for a time. Refused if no alarm could be set for that time.
fn number(time: UnixTime) -> Result<SqlStorageValue> {
    if time.0 > LAST_MOMENT {
        return Err("a time past the last that can be kept".into());
    }
    SqlStorageValue::try_from_i64(time.0 as i64)
}

fn time(number: f64) -> UnixTime {
    UnixTime(number as u64)
}
