//! What grants began with and their requests no longer have: the parameters, for rules that name them at a
//! refresh or at `/userinfo`, and the rules that were for one login only.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest, Sha256};

use crate::claims::KeptRule;

/// How many grants are remembered; the oldest go first.
const GRANTS: usize = 1000;

/// How many parameters of a grant are remembered.
const PARAMETERS: usize = 32;

pub(crate) type Parameters = BTreeMap<String, String>;

/// The newest grants of one issuer.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Grants>);

#[derive(Debug, Default)]
struct Grants {
    grants: BTreeMap<String, Beginning>,
    order: VecDeque<String>,
}

/// What a grant began with.
#[derive(Debug, Default)]
struct Beginning {
    parameters: Parameters,
    /// The SHA-256 of its code.
    code: Option<[u8; 32]>,
    /// The rules that are its own, once it had tokens.
    rules: Option<Vec<Arc<KeptRule>>>,
}

impl Remembered {
    /// Adds what a request of this grant says, and answers all that its requests have said.
    pub(crate) fn remember(&self, grant: &str, asked: &Parameters) -> Parameters {
        let mut grants = self.lock();
        let known = &mut grants.entry(grant).parameters;
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
        let known = grants.grants.get(grant);
        known.map(|it| it.parameters.clone()).unwrap_or_default()
    }

    /// Knows the code of a grant, by its hash.
    pub(crate) fn remember_code(&self, grant: &str, code: &str) {
        self.lock().entry(grant).code = Some(Sha256::digest(code).into());
    }

    /// A parameter that the request said which a code came of.
    pub(crate) fn said_for_code(&self, code: &str, name: &str) -> Option<String> {
        let hash: [u8; 32] = Sha256::digest(code).into();
        let grants = self.lock();
        let mut known = grants.grants.values();
        let beginning = known.find(|it| it.code == Some(hash))?;
        beginning.parameters.get(name).cloned()
    }

    /// Gives a grant that has had no tokens yet the rules that `take` answers.
    pub(crate) fn begin(&self, grant: &str, take: impl FnOnce() -> Vec<Arc<KeptRule>>) {
        self.lock().entry(grant).rules.get_or_insert_with(take);
    }

    /// The rules that are the grant's own.
    pub(crate) fn rules(&self, grant: &str) -> Vec<Arc<KeptRule>> {
        let grants = self.lock();
        let own = grants.grants.get(grant).and_then(|it| it.rules.clone());
        own.unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Grants> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grants {
    /// What is remembered of this grant; the oldest makes room for a new one.
    fn entry(&mut self, grant: &str) -> &mut Beginning {
        if !self.grants.contains_key(grant) {
            if self.order.len() >= GRANTS
                && let Some(oldest) = self.order.pop_front()
            {
                self.grants.remove(&oldest);
            }
            self.order.push_back(grant.to_owned());
        }
        self.grants.entry(grant.to_owned()).or_default()
    }
}
