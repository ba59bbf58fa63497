//! The claim rules of an issuer, each with the number by which it is read and removed.

use std::sync::Arc;

use serde::Serialize;

use super::{Facts, matches};
use crate::spec::ClaimRule;

/// A rule of an issuer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeptRule {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) rule: ClaimRule,
}

/// The rules of an issuer, in the order they apply.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    kept: Vec<Arc<KeptRule>>,
    last: u64,
}

impl Rules {
    pub(crate) fn new(rules: impl IntoIterator<Item = ClaimRule>) -> Self {
        let mut new = Self::default();
        for rule in rules {
            new.add(rule);
        }
        new
    }

    pub(crate) fn add(&mut self, rule: ClaimRule) -> Arc<KeptRule> {
        self.last += 1;
        let kept = Arc::new(KeptRule {
            id: self.last,
            rule,
        });
        self.kept.push(Arc::clone(&kept));
        kept
    }

    pub(crate) fn find(&self, id: u64) -> Option<Arc<KeptRule>> {
        self.kept.iter().find(|kept| kept.id == id).cloned()
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.kept.len();
        self.kept.retain(|kept| kept.id != id);
        self.kept.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }

    pub(crate) fn list(&self) -> Vec<KeptRule> {
        self.kept.iter().map(|kept| KeptRule::clone(kept)).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Takes the rules for the next login that match this one: they are its grant's from now on.
    pub(crate) fn take_next_login(&mut self, login: &Facts<'_>) -> Vec<Arc<KeptRule>> {
        let is_for = |kept: &Arc<KeptRule>| {
            let mut matching = kept.rule.matching.clone();
            // It may act on a later refresh only.
            matching.grant_type = None;
            kept.rule.next_login && matches(&matching, login)
        };
        let (taken, left) = std::mem::take(&mut self.kept).into_iter().partition(is_for);
        self.kept = left;
        taken
    }

    /// The rules that act on a grant, which has taken some for itself, in order.
    pub(crate) fn acting(&self, taken: &[Arc<KeptRule>]) -> Vec<Arc<KeptRule>> {
        let standing = self.kept.iter().filter(|kept| !kept.rule.next_login);
        let mut acting: Vec<_> = standing.chain(taken).cloned().collect();
        acting.sort_by_key(|kept| kept.id);
        acting
    }
}
