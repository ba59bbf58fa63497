//! The calls of a [`GrantObject`](crate::GrantObject) and their answers: JSON, by [`rpc`](crate::rpc).

use jeton::{
    Advance, Attempt, Decision, Document, Expected, Grant, GrantId, Opened, Put, Step, UnixTime,
};
use serde::{Deserialize, Serialize};

/// A call of the ledger, as it is sent to an object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Call {
    Open(Box<Grant>),
    Advance(Box<Step>),
    Decide {
        decision: Box<Decision>,
        attempt: Attempt,
        now: UnixTime,
    },
    Read,
    Revoke,
    Keep {
        sha256: String,
        text: String,
        until: UnixTime,
    },
    Kept {
        sha256: String,
    },
    Index {
        grant: GrantId,
        until: UnixTime,
    },
    Indexed {
        after: Option<GrantId>,
    },
    Personal {
        now: UnixTime,
    },
    PutPersonal {
        document: Option<Document>,
        expected: Expected,
        until: UnixTime,
        now: UnixTime,
    },
    Claim {
        marker: String,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    },
    Holder {
        marker: String,
        now: UnixTime,
    },
    Count {
        marker: String,
        expires: UnixTime,
        now: UnixTime,
    },
    Uncount {
        marker: String,
        now: UnixTime,
    },
}

/// The answer of an object to a [`Call`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Done(bool),
    Opened(Opened),
    Advance(Advance),
    Grant(Option<Box<Grant>>),
    Kept(Option<String>),
    Indexed(Vec<GrantId>),
    Personal(Option<Document>),
    Put(Put),
    Holder(Option<Attempt>),
    Count(u32),
    /// The step, or the write, came too late, and was not taken.
    GivenUp,
}
