//! The Durable Object that is the authority over a part of the registry: it decides which document
//! stands under a key, and publishes it to KV.
//!
//! ```text
//! change ─▶ the standing document: that of its row, or else the one in KV, written by hand
//!           compared with the expected one, and replaced    one step, no `.await` within
//!           published to KV; by alarm, again and again, where KV refuses
//! list   ─▶ what KV lists and has no row, which was written by hand, gets one
//!           the rows of that stretch, in the order of their names
//! ```
//!
//! The row stays when its document is deleted: KV shows a removal up to a minute late, and what it
//! shows under a key without a row would count as written by hand.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use jeton::{Cursor, Document, Expected, PAGE, Page, Put, Unavailable, UnixTime};
use serde::{Deserialize, Serialize};
use worker::{
    DurableObject, Env, Request, Response, Result, SqlStorageValue, State, console_error,
    durable_object, kv::KvStore,
};

use crate::{
    kv::{self, KV_BINDING},
    task::now,
    thrown::read_json,
};

/// The table of documents. `record` is NULL once deleted; `published` is 1 once KV has it; `kept_until`,
/// which is mostly NULL, is when it is deleted by itself.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS document
        (key TEXT PRIMARY KEY, record TEXT, published INTEGER NOT NULL, kept_until INTEGER);
    CREATE INDEX IF NOT EXISTS document_unpublished ON document (key) WHERE published = 0;
    CREATE INDEX IF NOT EXISTS document_kept_until ON document (kept_until)
        WHERE kept_until IS NOT NULL";

/// After how long a write that KV refused is tried again; twice as long after each refusal in a row. KV
/// takes one write a second per key.
const RETRY: Duration = Duration::from_secs(2);

/// How many times [`RETRY`] is doubled at most: to four minutes.
const MOST_DOUBLINGS: u32 = 7;

/// The farthest alarm. Dates of JavaScript end somewhere, and what an alarm finds too early it leaves.
const FARTHEST_ALARM: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most documents that one alarm publishes: a Worker on the free plan may ask KV fifty times.
const MOST_PUBLISHED: i64 = 40;

/// A Durable Object with the documents of one collection, or of one shard of it, on SQLite.
#[durable_object(alarm)]
#[derive(Debug)]
pub struct RegistryObject {
    state: State,
    env: Env,
    /// The keys that are being published, each by one task at a time: of two writes to KV the earlier
    /// one might arrive last.
    publishing: RefCell<Vec<String>>,
    /// How many writes KV has refused in a row.
    refusals: Cell<u32>,
}

/// A call of an object, as it is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Call {
    /// Answered by a [`Put`].
    Change(Change),
    /// Answered by the document under a key of KV, or none.
    Standing { key: String },
    /// Answered by a [`Page`].
    List(Listing),
}

/// A write that an object is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The key in KV.
    pub(crate) key: String,
    /// The document to write; `None` deletes.
    pub(crate) next: Option<Document>,
    /// When the next one is deleted by itself.
    pub(crate) kept_until: Option<UnixTime>,
    pub(crate) expected: Expected,
}

/// A page that an object is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listing {
    /// What the collection's keys in KV begin with. They are all keys of the object.
    pub(crate) prefix: String,
    pub(crate) after: Option<Cursor>,
}

/// Where a page begins: what a cursor of this store says, as JSON.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    /// The name that was listed last.
    after: String,
    /// KV's own cursor, where its list goes on; none at its beginning.
    kv: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    key: String,
    record: Option<Document>,
}

#[derive(Deserialize)]
struct EarliestRow {
    // SQLite integers arrive as JavaScript numbers.
    kept_until: Option<f64>,
}

impl DurableObject for RegistryObject {
    fn new(state: State, env: Env) -> Self {
        Self {
            state,
            env,
            publishing: RefCell::default(),
            refusals: Cell::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let call = read_json(&request.text().await?)?;
        self.run(TABLE, Vec::new())?;
        let answer = match call {
            Call::Change(change) => serde_json::to_string(&self.change(&change).await?),
            Call::Standing { key } => serde_json::to_string(&self.standing(&key).await?),
            Call::List(listing) => serde_json::to_string(&self.list(&listing).await?),
        };
        Response::ok(answer?)
    }

    /// Deletes what goes by itself, and publishes that, and what KV refused when it was written. Is set at
    /// each write, so whatever that wrote is looked at here.
    async fn alarm(&self) -> Result<Response> {
        self.collect()?;
        for row in self.unpublished()? {
            self.publish(&row.key).await?;
        }
        if !self.unpublished()?.is_empty() {
            self.ensure_alarm(self.retry()).await?;
        }
        if let Some(end) = self.earliest_end()? {
            let left = Duration::from_secs(end.since(now()).0);
            self.ensure_alarm(left.clamp(RETRY, FARTHEST_ALARM)).await?;
        }
        Response::empty()
    }
}

impl RegistryObject {
    async fn change(&self, change: &Change) -> Result<Put> {
        let Change {
            key,
            next,
            kept_until,
            expected,
        } = change;
        let by_hand = match self.row(key)? {
            Some(_) => None,
            None => self.shown(key).await?,
        };
        // Before the write: a write that no alarm publishes would be worse than an alarm without one.
        self.ensure_alarm(self.retry()).await?;
        // Read again, because other calls may have come in meanwhile. None does from here to the write.
        let standing = match self.row(key)? {
            Some(row) => row.record,
            None => by_hand,
        };
        if !expected.allows(standing.as_ref(), next.as_ref()) {
            return Ok(Put::Conflict(standing));
        }
        self.run(
            "INSERT OR REPLACE INTO document (key, record, published, kept_until) VALUES (?, ?, 0, ?)",
            vec![
                key.as_str().into(),
                next.as_ref().map(Document::as_str).into(),
                kept_until.map(number).into(),
            ],
        )?;
        self.publish(key).await?;
        Ok(Put::Done)
    }

    async fn standing(&self, key: &str) -> Result<Option<Document>> {
        match self.row(key)? {
            Some(row) => Ok(row.record),
            None => self.shown(key).await,
        }
    }

    /// A page of all rows. KV is listed alongside, a stretch of it for a page, only for what has no row yet:
    /// what it shows of the others may be old. A stretch may have more rows than a page, where KV does not
    /// list them yet; then the next page is of the same stretch.
    async fn list(&self, Listing { prefix, after }: &Listing) -> Result<Page> {
        let place: Place = match after {
            // Whatever else is a name, as to the other stores: who makes a cursor up is told of no fault of
            // ours.
            Some(cursor) => read_json(&cursor.0).unwrap_or_else(|_| Place {
                after: cursor.0.clone(),
                kv: None,
            }),
            None => Place::default(),
        };
        let listed = kv::list(&self.kv()?, prefix.clone(), PAGE, place.kv.clone()).await;
        let listed = listed.map_err(error)?;
        for key in &listed.keys {
            self.adopt(&key.name).await?;
        }
        let begin = format!("{prefix}{}", place.after);
        let rest = listed.cursor.filter(|_| !listed.list_complete);
        let end = match (&rest, listed.keys.last()) {
            (Some(_), Some(key)) => key.name.clone(),
            (Some(_), None) => begin.clone(),
            // Beyond every name.
            (None, _) => format!("{prefix}\u{7f}"),
        };
        // One more than fits says that there are more.
        let mut rows = self.rows(
            "SELECT key, record FROM document
             WHERE key > ? AND key <= ? AND record IS NOT NULL ORDER BY key LIMIT ?",
            vec![
                begin.into(),
                end.as_str().into(),
                SqlStorageValue::Integer(PAGE as i64 + 1),
            ],
        )?;
        let next = if rows.len() > PAGE {
            rows.truncate(PAGE);
            let last = rows.last().map(|row| row.key.as_str());
            last.map(|last| (last, place.kv))
        } else {
            rest.map(|cursor| (end.as_str(), Some(cursor)))
        };
        let next = next.map(|(last, kv)| Place {
            after: last.strip_prefix(prefix).unwrap_or_default().to_owned(),
            kv,
        });
        let next = next
            .map(|place| serde_json::to_string(&place))
            .transpose()?;
        let documents = rows.into_iter().filter_map(|row| {
            let name = row.key.strip_prefix(prefix)?.to_owned();
            Some((name, row.record?))
        });
        Ok(Page {
            documents: documents.collect(),
            next: next.map(Cursor),
        })
    }

    /// Makes a row of the document that KV shows under `key`, where there is none.
    async fn adopt(&self, key: &str) -> Result<()> {
        if self.row(key)?.is_none()
            && let Some(document) = self.shown(key).await?
        {
            // Ignored where another call has made one meanwhile.
            self.run(
                "INSERT OR IGNORE INTO document (key, record, published) VALUES (?, ?, 1)",
                vec![key.into(), document.as_str().into()],
            )?;
        }
        Ok(())
    }

    /// The document that KV shows under `key`.
    async fn shown(&self, key: &str) -> Result<Option<Document>> {
        kv::read(&self.kv()?, key).await.map_err(error)
    }

    /// Publishes the standing document of `key` to KV. Where KV refuses, the alarm tries again.
    async fn publish(&self, key: &str) -> Result<()> {
        if self.publishing.borrow().iter().any(|other| other == key) {
            // The task that publishes it looks again when it is done.
            return Ok(());
        }
        self.publishing.borrow_mut().push(key.to_owned());
        let published = self.publish_alone(key).await;
        self.publishing.borrow_mut().retain(|other| other != key);
        published
    }

    async fn publish_alone(&self, key: &str) -> Result<()> {
        while let Some(row) = self.unpublished_row(key)? {
            if let Err(refused) = kv::write(&self.kv()?, key, row.record.as_ref()).await {
                log_refused(key, &refused);
                self.refusals.update(|refusals| refusals.saturating_add(1));
                return Ok(());
            }
            self.refusals.set(0);
            // Unless another document stands by now.
            self.run(
                "UPDATE document SET published = 1 WHERE key = ? AND record IS ?",
                vec![key.into(), row.record.as_ref().map(Document::as_str).into()],
            )?;
        }
        Ok(())
    }

    fn row(&self, key: &str) -> Result<Option<Row>> {
        let rows = self.rows(
            "SELECT key, record FROM document WHERE key = ?",
            vec![key.into()],
        )?;
        Ok(rows.into_iter().next())
    }

    fn unpublished_row(&self, key: &str) -> Result<Option<Row>> {
        let rows = self.rows(
            "SELECT key, record FROM document WHERE key = ? AND published = 0",
            vec![key.into()],
        )?;
        Ok(rows.into_iter().next())
    }

    /// Deletes documents that go by themselves by now, as many as one alarm publishes.
    fn collect(&self) -> Result<()> {
        self.run(
            "UPDATE document SET record = NULL, published = 0, kept_until = NULL WHERE key IN
                 (SELECT key FROM document WHERE kept_until <= ? LIMIT ?)",
            vec![
                number(now()).into(),
                SqlStorageValue::Integer(MOST_PUBLISHED),
            ],
        )
    }

    /// When the next document goes by itself.
    fn earliest_end(&self) -> Result<Option<UnixTime>> {
        let sql = self.state.storage().sql();
        let earliest = sql.exec("SELECT MIN(kept_until) AS kept_until FROM document", None)?;
        let rows: Vec<EarliestRow> = earliest.to_array()?;
        let end = rows.first().and_then(|row| row.kept_until);
        Ok(end.map(|end| UnixTime(end as u64)))
    }

    fn unpublished(&self) -> Result<Vec<Row>> {
        self.rows(
            "SELECT key, record FROM document WHERE published = 0 LIMIT ?",
            vec![SqlStorageValue::Integer(MOST_PUBLISHED)],
        )
    }

    fn rows(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<Row>> {
        let sql = self.state.storage().sql();
        sql.exec(statement, bindings)?.to_array()
    }

    fn run(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
        self.state.storage().sql().exec(statement, bindings)?;
        Ok(())
    }

    fn kv(&self) -> Result<KvStore> {
        self.env.kv(KV_BINDING)
    }

    /// After how long a write that KV refused is tried again.
    fn retry(&self) -> Duration {
        let doublings = self.refusals.get().saturating_sub(1).min(MOST_DOUBLINGS);
        RETRY * 2_u32.pow(doublings)
    }

    /// Sets an alarm, if none is set that is as early.
    async fn ensure_alarm(&self, within: Duration) -> Result<()> {
        let storage = self.state.storage();
        let latest = js_sys::Date::now() + within.as_millis() as f64;
        if storage
            .get_alarm()
            .await?
            .is_none_or(|set| set as f64 > latest)
        {
            storage.set_alarm(within).await?;
        }
        Ok(())
    }
}

/// The number that SQLite keeps for a time. One beyond JavaScript's whole numbers never comes.
fn number(time: UnixTime) -> i64 {
    time.0.min(js_sys::Number::MAX_SAFE_INTEGER as u64) as i64
}

fn error(unavailable: Unavailable) -> worker::Error {
    worker::Error::from(unavailable.to_string())
}

/// Logs that KV refused a document: one line of JSON, as the Worker logs its requests.
fn log_refused(key: &str, refused: &Unavailable) {
    let line = serde_json::json!({
        "level": "error",
        "message": "not published yet, tried again by alarm",
        "key": key,
        "store": refused.store,
        "detail": refused.detail,
    });
    console_error!("{line}");
}
