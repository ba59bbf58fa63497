//! The parameters a grant began with, for rules that name them: a refresh and `/userinfo` no longer
//! have them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many grants are remembered; the oldest go first.
const GRANTS: usize = 1000;

/// How many parameters of a grant are remembered.
const PARAMETERS: usize = 32;

pub(crate) type Parameters = BTreeMap<String, String>;

/// The parameters of the newest grants of one issuer.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Grants>);

#[derive(Debug, Default)]
struct Grants {
    parameters: BTreeMap<String, Parameters>,
    order: VecDeque<String>,
}

impl Remembered {
    /// Adds what a request of this grant says, and answers all that its requests have said.
    pub(crate) fn remember(&self, grant: &str, asked: &Parameters) -> Parameters {
        let mut grants = self.lock();
        let grants = &mut *grants;
        if !grants.parameters.contains_key(grant) {
            if grants.order.len() >= GRANTS
                && let Some(oldest) = grants.order.pop_front()
            {
                grants.parameters.remove(&oldest);
            }
            grants.order.push_back(grant.to_owned());
        }
        let known = grants.parameters.entry(grant.to_owned()).or_default();
        for (name, value) in asked {
            if known.len() < PARAMETERS || known.contains_key(name) {
                known.insert(name.clone(), value.clone());
            }
        }
        known.clone()
    }

    /// What the requests of this grant have said.
    pub(crate) fn recall(&self, grant: &str) -> Parameters {
        let grants = self.lock();
        grants.parameters.get(grant).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Grants> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
