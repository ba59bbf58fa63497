//! How the answer to a request departs from production's.

use crate::spec::{Effect, TokenKind};

/// An effect that is to act on a request, and on which tokens; on all where none is named.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Due {
    pub(crate) effect: Effect,
    pub(crate) tokens: Vec<TokenKind>,
}

impl Due {
    pub(crate) fn on_all_tokens(effect: Effect) -> Self {
        Self {
            effect,
            tokens: Vec::new(),
        }
    }

    pub(crate) fn is_about(&self, token: TokenKind) -> bool {
        self.tokens.is_empty() || self.tokens.contains(&token)
    }
}

/// What goes wrong with one request, and what is waived for it.
#[derive(Default)]
pub(crate) struct Departures {
    /// The effects that are to act.
    pub(crate) due: Vec<Due>,
    /// Those that did, in the order they acted.
    pub(crate) acted: Vec<Effect>,
    /// What production would have refused.
    pub(crate) waived: Vec<&'static str>,
}

impl Departures {
    /// Adds what is not due yet.
    pub(crate) fn add(&mut self, more: Vec<Due>) {
        for one in more {
            if !self.due.contains(&one) {
                self.due.push(one);
            }
        }
    }

    /// Names what is waived; once is enough.
    pub(crate) fn waive(&mut self, names: &[&'static str]) {
        for name in names {
            if !self.waived.contains(name) {
                self.waived.push(name);
            }
        }
    }

    /// Names an effect that acted; once is enough.
    pub(crate) fn note(&mut self, effect: Effect) {
        if !self.acted.contains(&effect) {
            self.acted.push(effect);
        }
    }
}
