//! The Durable Object that is the authority over a part of the registry: it decides which document
//! stands under a key, and publishes it to KV.
//!
//! ```text
//! change ─▶ the standing document: that of its row, or else the one in KV, written by hand
//!           compared with the expected one, and replaced    one step, no `.await` within
//!           published to KV; by alarm, again and again, where KV refuses
//! ```
//!
//! The row stays when its document is deleted: KV shows a removal up to a minute late, and what it
//! shows under a key without a row would count as written by hand.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use jeton::{Document, Expected, Put, Unavailable};
use serde::{Deserialize, Serialize};
use worker::{
    DurableObject, Env, Request, Response, Result, SqlStorageValue, State, console_error,
    durable_object, kv::KvStore,
};

use crate::{
    kv::{self, KV_BINDING},
    thrown::read_json,
};

/// The table of documents. `record` is NULL once deleted; `published` is 1 once KV has it.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS document
        (key TEXT PRIMARY KEY, record TEXT, published INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS document_unpublished ON document (key) WHERE published = 0";

/// After how long a write that KV refused is tried again; twice as long after each refusal in a row. KV
/// takes one write a second per key.
const RETRY: Duration = Duration::from_secs(2);

/// How many times [`RETRY`] is doubled at most: to four minutes.
const MOST_DOUBLINGS: u32 = 7;

/// The most documents that one alarm publishes: a Worker on the free plan may ask KV fifty times.
const MOST_PUBLISHED: u32 = 40;

/// A Durable Object with the documents of one collection, or of one shard of it, on SQLite.
#[durable_object(alarm)]
#[derive(Debug)]
pub struct RegistryObject {
    state: State,
    env: Env,
    /// The keys that are being published, each by one task at a time: of two writes to KV the earlier
    /// one might arrive last.
    publishing: RefCell<BTreeSet<String>>,
    /// How many writes KV has refused in a row.
    refusals: Cell<u32>,
}

/// A write that an object is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The key in KV.
    pub(crate) key: String,
    /// The document to write; `None` deletes.
    pub(crate) next: Option<Document>,
    pub(crate) expected: Expected,
}

#[derive(Deserialize)]
struct Row {
    key: String,
    record: Option<Document>,
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
        let change: Change = read_json(&request.text().await?)?;
        self.run(TABLE, Vec::new())?;
        let put = self.change(&change).await?;
        Response::ok(serde_json::to_string(&put)?)
    }

    /// Publishes what KV refused when it was written.
    async fn alarm(&self) -> Result<Response> {
        for row in self.unpublished()? {
            self.publish(&row.key).await?;
        }
        if !self.unpublished()?.is_empty() {
            self.ensure_alarm().await?;
        }
        Response::empty()
    }
}

impl RegistryObject {
    async fn change(&self, change: &Change) -> Result<Put> {
        let Change {
            key,
            next,
            expected,
        } = change;
        let by_hand = match self.row(key)? {
            Some(_) => None,
            None => kv::read(&self.kv()?, key).await.map_err(error)?,
        };
        // Before the write: a write that no alarm publishes would be worse than an alarm without one.
        self.ensure_alarm().await?;
        // Read again, because other calls may have come in meanwhile. None does from here to the write.
        let standing = match self.row(key)? {
            Some(row) => row.record,
            None => by_hand,
        };
        if !expected.allows(standing.as_ref(), next.as_ref()) {
            return Ok(Put::Conflict(standing));
        }
        self.run(
            "INSERT OR REPLACE INTO document (key, record, published) VALUES (?, ?, 0)",
            vec![
                key.as_str().into(),
                next.as_ref().map(Document::as_str).into(),
            ],
        )?;
        self.publish(key).await?;
        Ok(Put::Done)
    }

    /// Publishes the standing document of `key` to KV. Where KV refuses, the alarm tries again.
    async fn publish(&self, key: &str) -> Result<()> {
        if !self.publishing.borrow_mut().insert(key.to_owned()) {
            // The task that publishes it looks again when it is done.
            return Ok(());
        }
        let published = self.publish_alone(key).await;
        self.publishing.borrow_mut().remove(key);
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

    fn unpublished(&self) -> Result<Vec<Row>> {
        self.rows(
            "SELECT key, record FROM document WHERE published = 0 LIMIT ?",
            vec![SqlStorageValue::Integer(MOST_PUBLISHED.into())],
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

    /// Sets an alarm if none is set. One that is set is not put off.
    async fn ensure_alarm(&self) -> Result<()> {
        let storage = self.state.storage();
        if storage.get_alarm().await?.is_none() {
            let doublings = self.refusals.get().saturating_sub(1).min(MOST_DOUBLINGS);
            storage.set_alarm(RETRY * 2_u32.pow(doublings)).await?;
        }
        Ok(())
    }
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
