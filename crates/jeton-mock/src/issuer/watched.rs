//! What an issuer lets be seen of what it does, and how long others wait for it.

use std::time::Duration;

use super::Issuer;
use crate::{
    debugger::Runs,
    journal::{Entry, Filter, Journal},
};

impl Issuer {
    /// What is done in its debugger.
    pub(crate) fn runs(&self) -> &Runs {
        &self.runs
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The matching requests, waiting for the first of them until the mock ends.
    pub(crate) async fn look(&self, filter: &Filter, patience: Duration) -> Vec<Entry> {
        tokio::select! {
            entries = self.journal.wait(filter, patience) => entries,
            () = self.closed() => Vec::new(),
        }
    }

    /// The oldest matching request that nobody has taken, waiting for one until the mock ends.
    pub(crate) async fn take(&self, filter: &Filter, patience: Duration) -> Option<Entry> {
        tokio::select! {
            entry = self.journal.take(filter, patience) => entry,
            () = self.closed() => None,
        }
    }

    async fn closed(&self) {
        // An error is the mock being gone, which is an end as well.
        let _ = self.closing.clone().wait_for(|closed| *closed).await;
    }

    /// Waits, unless the mock ends.
    pub(crate) async fn wait(&self, length: Duration) {
        if !length.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(length) => {}
                () = self.closed() => {}
            }
        }
    }
}
