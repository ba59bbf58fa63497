//! The documents of cut-offs: `{"of":"subject:LPJNul-w…","before":1800000001}`. A cut-off ends every
//! grant of a subject or client that was opened before its time. It only ever moves to a later one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Document, Expected, Key, Kind, Put, Realm, Registry, Unavailable};
use crate::{
    client::ClientId,
    json,
    time::{Seconds, UnixTime},
};

/// How often a write of a cut-off is tried while others write it. Each of them wrote an earlier time,
/// and times are seconds: more tries than clocks of hosts differ by.
const MOST_TRIES: usize = 10;

/// The name of a cut-off, which says whose grants it ends, such as `subject:LPJNul-w…`: at most 51
/// characters of base64url and one colon, whatever the subject is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CutOff(String);

impl CutOff {
    /// The cut-off of all grants of a subject.
    #[must_use]
    pub fn subject(subject: &str) -> Self {
        Self::new("subject", subject)
    }

    /// The cut-off of all grants of a client, and of the tokens it got for itself.
    #[must_use]
    pub fn client(client: &ClientId) -> Self {
        Self::new("client", client.as_str())
    }

    fn new(kind: &str, whose: &str) -> Self {
        Self(format!(
            "{kind}:{}",
            URL_SAFE_NO_PAD.encode(Sha256::digest(whose))
        ))
    }

    /// The name as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document of this cut-off with the time `at`.
    #[must_use]
    pub fn document(&self, at: UnixTime) -> Document {
        Record {
            of: self.0.clone(),
            before: at,
            other: Map::new(),
        }
        .document()
    }
}

impl Key {
    /// The key of a cut-off.
    #[must_use]
    pub fn cut_off(realm: &Realm, of: &CutOff) -> Self {
        Self::new(realm, Kind::CutOff, of.as_str())
    }
}

/// The JSON of a cut-off.
#[derive(Serialize, Deserialize)]
struct Record {
    of: String,
    before: UnixTime,
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

    fn document(&self) -> Document {
        // A text, a number and what was JSON before: serialization has no failing case.
        Document::new(serde_json::to_string(self).unwrap_or_default())
    }
}

/// The time of the cut-off `of`, if it is registered.
pub(super) async fn read_cut_off(
    registry: &impl Registry,
    realm: &Realm,
    of: &CutOff,
) -> Result<Option<UnixTime>, Unavailable> {
    let key = Key::cut_off(realm, of);
    match registry.get(&key).await? {
        Some(document) => Ok(Some(Record::parse(&key, &document)?.before)),
        None => Ok(None),
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
    let key = Key::cut_off(realm, of);
    let mut standing = registry.get(&key).await?;
    for _ in 0..MOST_TRIES {
        let mut next = at;
        let (document, expected) = match &standing {
            None => (of.document(at), Expected::Absent),
            Some(document) => {
                let mut record = Record::parse(&key, document)?;
                if record.before > at {
                    return Ok(record.before);
                }
                if record.before == at {
                    next = at + Seconds(1);
                }
                record.before = next;
                (record.document(), Expected::Version(document.version()))
            }
        };
        match registry.put(&key, &document, &expected).await? {
            Put::Done => return Ok(next),
            Put::Conflict(other) => standing = other,
        }
    }
    Err(key.unreadable(format_args!(
        "others wrote it {MOST_TRIES} times while it was written"
    )))
}
