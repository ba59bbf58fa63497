//! The clients that were read, and the ids that were found to be no client's.

use std::{collections::BTreeMap, sync::Arc};

use super::insert;
use crate::{
    client::{Client, ClientId},
    time::UnixTime,
};

/// A read of the registry that was begun.
#[derive(Clone, Copy)]
pub(super) struct Read {
    /// How many were begun before it. Times are seconds, too coarse to tell which of two came first.
    number: u64,
    at: UnixTime,
}

/// What a read answered.
#[derive(Clone)]
pub(super) enum Answer {
    Client(Arc<Client>),
    Unknown,
}

/// The answers of reads. Of two reads of one id the one that was begun later is believed, whichever
/// ends first.
#[derive(Default)]
pub(super) struct KnownClients {
    begun: u64,
    // Two maps, so that a flood of made-up ids never pushes out a known client.
    registered: BTreeMap<ClientId, (Read, Arc<Client>)>,
    unknown: BTreeMap<ClientId, Read>,
}

impl KnownClients {
    /// What is known of that id, and when it was read.
    pub(super) fn find(&self, id: &ClientId) -> Option<(UnixTime, Answer)> {
        self.latest(id).map(|(read, answer)| (read.at, answer))
    }

    /// A read that begins at `now`.
    pub(super) fn begin_read(&mut self, now: UnixTime) -> Read {
        self.begun += 1;
        Read {
            number: self.begun,
            at: now,
        }
    }

    /// Remembers what `read` has found, unless a later one has found something already. Answers with what
    /// then stands.
    pub(super) fn remember(
        &mut self,
        id: &ClientId,
        found: Option<Arc<Client>>,
        read: Read,
    ) -> Option<Arc<Client>> {
        if let Some((later, answer)) = self.latest(id)
            && later.number > read.number
        {
            return match answer {
                Answer::Client(client) => Some(client),
                Answer::Unknown => None,
            };
        }
        match &found {
            Some(client) => {
                insert(&mut self.registered, id, (read, Arc::clone(client)));
                self.unknown.remove(id);
            }
            None => {
                insert(&mut self.unknown, id, read);
                self.registered.remove(id);
            }
        }
        found
    }

    /// An id is in one map at most: whatever enters one leaves the other.
    fn latest(&self, id: &ClientId) -> Option<(Read, Answer)> {
        if let Some((read, client)) = self.registered.get(id) {
            return Some((*read, Answer::Client(Arc::clone(client))));
        }
        self.unknown.get(id).map(|read| (*read, Answer::Unknown))
    }
}
