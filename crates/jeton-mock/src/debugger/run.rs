//! Runs of grants: each request with its answer, one after the other. Kept here and not in the browser, so
//! that a page can be read again and its address handed on.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jeton::CryptoError;

use super::grant::Grant;
use crate::random_id;

/// How many runs of an issuer are kept, and how many steps of each; the oldest go first.
const RUNS: usize = 24;
const STEPS: usize = 24;

/// What is held that a next step needs, by its name in the answer that brought it.
pub(super) const HELD: [&str; 6] = [
    "code",
    "device_code",
    "verification_uri_complete",
    "access_token",
    "refresh_token",
    "id_token",
];

/// The runs of one issuer.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<VecDeque<Run>>);

/// One run.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) grant: Grant,
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) front: Option<Front>,
    pub(super) steps: Vec<Step>,
    /// How many steps have gone from the beginning.
    pub(super) gone: usize,
    /// [`HELD`].
    pub(super) held: BTreeMap<&'static str, String>,
}

/// Without what it holds: credentials.
impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

/// What was sent along with a browser, and is needed when it is back.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) code_verifier: String,
    pub(super) redirect_uri: String,
    pub(super) is_waiting: bool,
}

/// A request and its answer.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) title: String,
    pub(super) words: &'static str,
    pub(super) sent: Sent,
    pub(super) answer: Answer,
}

/// A request as it was sent.
#[derive(Clone)]
pub(super) struct Sent {
    /// The request in HTTP/1.1, or the address that a browser was sent to.
    pub(super) text: String,
    pub(super) curl: String,
}

/// What became of a request.
#[derive(Clone)]
pub(super) enum Answer {
    /// The browser is on its way.
    Awaited { url: String },
    /// The browser came back with these parameters, so.
    Redirect {
        by: &'static str,
        parameters: Vec<(String, String)>,
    },
    /// HTTP.
    Received {
        status: String,
        headers: Vec<(String, String)>,
        body: String,
    },
}

impl Run {
    pub(super) fn new(
        grant: Grant,
        client_id: &str,
        client_secret: Option<&str>,
    ) -> Result<Self, CryptoError> {
        Ok(Self {
            id: random_id()?,
            grant,
            client_id: client_id.to_owned(),
            client_secret: client_secret.map(str::to_owned),
            front: None,
            steps: Vec::new(),
            gone: 0,
            held: BTreeMap::new(),
        })
    }

    pub(super) fn add(&mut self, step: Step) {
        if let Answer::Received { body, .. } = &step.answer
            && let Ok(body) = serde_json::from_str::<serde_json::Value>(body)
        {
            for name in HELD {
                if let Some(value) = body.get(name).and_then(serde_json::Value::as_str) {
                    self.held.insert(name, value.to_owned());
                }
            }
        }
        if self.steps.len() >= STEPS {
            self.steps.remove(0);
            self.gone += 1;
        }
        self.steps.push(step);
    }

    /// The number of the last step.
    pub(super) fn last(&self) -> usize {
        self.gone + self.steps.len()
    }

    pub(super) fn held(&self, name: &str) -> Option<&str> {
        self.held.get(name).map(String::as_str)
    }
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Run>> {
        // Each change below is whole before anything could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, id: &str) -> Option<Run> {
        self.lock().iter().find(|run| run.id == id).cloned()
    }

    /// The run that waits for a browser with this `state`.
    pub(super) fn waiting(&self, state: &str) -> Option<Run> {
        let waits = |run: &&Run| {
            let front = run.front.as_ref();
            front.is_some_and(|front| front.is_waiting && front.state == state)
        };
        self.lock().iter().find(waits).cloned()
    }

    /// Keeps a run as it is now.
    pub(super) fn keep(&self, run: Run) {
        let mut runs = self.lock();
        if let Some(known) = runs.iter_mut().find(|known| known.id == run.id) {
            *known = run;
            return;
        }
        if runs.len() >= RUNS {
            runs.pop_front();
        }
        runs.push_back(run);
    }
}
