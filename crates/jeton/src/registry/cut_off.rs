//! The documents of cut-offs: `{"of":"subject:LPJNul-w…","before":1800000001}`. A cut-off ends every
//! grant of a subject or client that was opened before its time. It only ever moves to a later one.
//!
//! That of a subject has those of the subject at single clients as well: `"clients":{"jhbBUn1vSpA":1800000009}`.
//! Whoever decides by one needs the other, so that they cost one read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Document, Expected, Key, Kind, Put, Realm, Registry, Unavailable};
use crate::{
    json,
    time::{Seconds, UnixTime},
};

pub(super) mod times;

pub use times::CutOff;
use times::CutOffTimes;

/// How often a write of a cut-off is tried while others write it. Each of them wrote an earlier time,
/// and times are seconds: more tries than clocks of hosts differ by.
const MOST_TRIES: usize = 10;

impl CutOff {
    /// The document that has this cut-off alone, with the time `at`.
    #[must_use]
    pub fn document(&self, at: UnixTime) -> Document {
        let mut times = CutOffTimes::NONE;
        times.set(self, at);
        let record = Record {
            of: self.as_str().to_owned(),
            before: times.before,
            clients: Map::new(),
            other: Map::new(),
        };
        record.with(&times).document()
    }
}

impl Key {
    /// The key of a cut-off.
    #[must_use]
    pub fn cut_off(realm: &Realm, of: &CutOff) -> Self {
        Self::new(realm, Kind::CutOff, of.as_str())
    }
}

/// The JSON of the cut-offs of one name.
#[derive(Serialize, Deserialize)]
struct Record {
    of: String,
    before: UnixTime,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    clients: Map<String, Value>,
    /// Members that this release does not know.
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Record {
    fn parse(key: &Key, document: &Document) -> Result<Self, Unavailable> {
        let record: Self = json::read(document.as_str()).map_err(|error| key.unreadable(error))?;
        if record.of != key.name {
            return Err(key.unreadable("its `of` is another"));
        }
        Ok(record)
    }

    fn times(&self, key: &Key) -> Result<CutOffTimes, Unavailable> {
        let mut times = CutOffTimes::NONE;
        times.before = self.before;
        for (client, at) in &self.clients {
            let at = at.as_u64();
            let at = at.ok_or_else(|| key.unreadable("clients: expected times"))?;
            times.clients.push((client.clone(), UnixTime(at)));
        }
        Ok(times)
    }

    /// The record with these times.
    fn with(mut self, times: &CutOffTimes) -> Self {
        self.before = times.before;
        self.clients = Map::new();
        for (client, at) in &times.clients {
            self.clients.insert(client.clone(), at.0.into());
        }
        self
    }

    fn document(&self) -> Document {
        // A text, a number and what was JSON before: serialization has no failing case.
        Document::new(serde_json::to_string(self).unwrap_or_default())
    }
}

/// The times of all cut-offs of the name of `of`.
pub(super) async fn read_cut_offs(
    registry: &impl Registry,
    realm: &Realm,
    of: &CutOff,
) -> Result<CutOffTimes, Unavailable> {
    let key = Key::cut_off(realm, of);
    match registry.get(&key).await? {
        Some(document) => Record::parse(&key, &document)?.times(&key),
        None => Ok(CutOffTimes::NONE),
    }
}

/// Sets the cut-off `of` to the time `at`, or keeps a later one that stands. Answers with the time that
/// then stands. Where that very time stands already it becomes a second later, because whoever was
/// accepted after it was set, in the same second, is dated to it.
///
/// # Errors
/// The store is unavailable, or the document in it cannot be read.
pub async fn put_cut_off(
    registry: &impl Registry,
    realm: &Realm,
    of: &CutOff,
    at: UnixTime,
) -> Result<UnixTime, Unavailable> {
    let times = put_among_cut_offs(registry, realm, of, at).await?;
    Ok(times.of(of))
}

/// The same, which answers with the times of all cut-offs of that name.
pub(super) async fn put_among_cut_offs(
    registry: &impl Registry,
    realm: &Realm,
    of: &CutOff,
    at: UnixTime,
) -> Result<CutOffTimes, Unavailable> {
    let key = Key::cut_off(realm, of);
    let mut standing = registry.get(&key).await?;
    for _ in 0..MOST_TRIES {
        let (record, expected) = match &standing {
            None => (
                Record::parse(&key, &of.document(UnixTime(0)))?,
                Expected::Absent,
            ),
            Some(document) => (
                Record::parse(&key, document)?,
                Expected::Version(document.version()),
            ),
        };
        let mut times = record.times(&key)?;
        let before = times.of(of);
        if before > at {
            return Ok(times);
        }
        times.set(of, if before == at { at + Seconds(1) } else { at });
        let times = times.bounded();
        let document = record.with(&times).document();
        match registry.put(&key, &document, &expected).await? {
            Put::Done => return Ok(times),
            Put::Conflict(other) => standing = other,
        }
    }
    Err(key.unreadable(format_args!(
        "others wrote it {MOST_TRIES} times while it was written"
    )))
}
