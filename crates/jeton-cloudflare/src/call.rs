//! What a Worker asks of an object, and what it answers: JSON over the stub's fetch.

use jeton::{Advance, Attempt, Decision, Grant, Step, UnixTime};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Call {
    Open(Box<Grant>),
    Advance(Box<Step>),
    Decide {
        decision: Box<Decision>,
        now: UnixTime,
    },
    Read,
    Revoke,
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
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Done(bool),
    Advance(Advance),
    Grant(Option<Box<Grant>>),
    Holder(Option<Attempt>),
    Count(u32),
}
