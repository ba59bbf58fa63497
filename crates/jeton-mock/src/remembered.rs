//! The parameters a grant began with, for rules that name them: a refresh and `/userinfo` no longer
//! have them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// How many grants are remembered; the oldest go first.
const GRANTS: usize = 1000;

pub(crate) type Parameters = BTreeMap<String, String>;

/// Of the newest grants of one issuer.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Grants>);

#[derive(Debug, Default)]
struct Grants {
    parameters: BTreeMap<String, Parameters>,
    order: VecDeque<String>,
}

impl Remembered {
    /// What the requests of this grant have said up to now, `asked` being the newest.
    pub(crate) fn with(&self, grant: &str, asked: &Parameters) -> Parameters {
        let mut grants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
            known.insert(name.clone(), value.clone());
        }
        known.clone()
    }
}
