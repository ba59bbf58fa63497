//! The history of a run, kept beside the protocol to judge it by. The judgements are written
//! independently, from RFC 9700 §4.14 and the promises of the design: nothing here asks the code under
//! test.

use std::collections::BTreeSet;

use crate::{
    Party, Request, Token,
    record::{Age, older},
};

/// A promise that a step has broken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Broken {
    /// A token older than grace allows was answered with tokens.
    OldTokenServed,
    /// Such a token was answered, and the grant lived on.
    ReuseUnpunished,
    /// A request that began after a revocation was answered with tokens.
    MintedAfterRevocation,
    /// The refresh token of an answer is not the derived one of the generation that stands.
    NotTheStandingToken,
    /// Two different refresh tokens were answered for one generation.
    SecondSuccessor,
    /// One party was served beyond the window after the other's advance, having missed it.
    MissedWindowServed,
    /// The honest client was refused.
    HonestRefused,
    /// A request was told to try again although that cannot help.
    Undecided,
}

/// The generation that stands, for how long it has, and the party whose request advanced to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    pub(crate) generation: u8,
    pub(crate) age: Age,
    pub(crate) by: Party,
}

/// The events so far that a promise depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct History {
    pub(crate) standing: Standing,
    /// Parties that were served since the last advance, by it included.
    served: [bool; 2],
    /// Whether the thief copied the standing token since the last advance.
    pub(crate) copied: bool,
    /// The highest generation that the record ever reached.
    pub(crate) highest: u8,
    /// Every refresh token answered; by generation alone where successors are derived.
    pub(crate) answered: BTreeSet<Token>,
    /// Every token the honest client held.
    pub(crate) held: BTreeSet<Token>,
    /// Whether a revocation was answered, or a reuse was.
    pub(crate) revocation_answered: bool,
    broken: u16,
}

impl History {
    /// The history that begins with a login.
    pub(crate) fn new(first: Token) -> Self {
        Self {
            standing: Standing {
                generation: first.generation,
                age: 0,
                by: Party::Honest,
            },
            served: [true, false],
            copied: false,
            highest: first.generation,
            answered: BTreeSet::from([first]),
            held: BTreeSet::from([first]),
            revocation_answered: false,
            broken: 0,
        }
    }

    /// Whether the promise has been broken.
    pub(crate) fn has_broken(&self, promise: Broken) -> bool {
        self.broken & (1 << promise as u16) != 0
    }

    /// Notes that the promise is broken.
    pub(crate) fn note_broken(&mut self, promise: Broken) {
        self.broken |= 1 << promise as u16;
    }

    pub(crate) fn tick(&mut self, oldest: Age) {
        self.standing.age = older(self.standing.age, oldest);
    }

    /// Whether the last advance is within `window` of the request's time.
    pub(crate) fn within(&self, request: &Request, window: Age) -> bool {
        within(self.standing.age - request.age(), window)
    }

    /// Whether `request` presents a token older than grace allows.
    pub(crate) fn is_reuse(&self, request: &Request, window: Age) -> bool {
        let presented = request.token.generation;
        presented < self.standing.generation
            && !(presented > 0
                && presented + 1 == self.standing.generation
                && self.within(request, window))
    }

    /// Notes that the record advanced to generation `to` for `request`.
    pub(crate) fn advanced(&mut self, request: &Request, to: u8) {
        self.standing = Standing {
            generation: to,
            age: request.age(),
            by: request.party(),
        };
        // A record that catches up after a restore passes generations whose tokens were answered
        // before: whoever holds one goes on with it.
        self.served = [to <= self.highest; 2];
        *self.served_mut(request.party()) = true;
        self.copied = false;
        self.highest = self.highest.max(to);
    }

    /// Whether `party` may go on beyond the window after the last advance.
    pub(crate) fn took_part(&self, party: Party) -> bool {
        let [honest, thief] = self.served;
        self.standing.by == party
            || match party {
                Party::Honest => honest,
                Party::Thief => thief || self.copied,
            }
    }

    /// Notes that `request` is answered with `token`.
    pub(crate) fn answered_with(&mut self, request: &Request, token: Token) {
        *self.served_mut(request.party()) = true;
        if request.after_revocation {
            self.note_broken(Broken::MintedAfterRevocation);
        }
        let is_twin = |other: &Token| other.generation == token.generation && *other != token;
        if self.answered.iter().any(is_twin) {
            self.note_broken(Broken::SecondSuccessor);
        }
        self.answered.insert(token);
    }

    /// Notes that the operator restored a record of that standing.
    pub(crate) fn restored(&mut self, standing: Standing) {
        self.standing = standing;
        // The record does not know who was served since; the next advance tells again.
        self.served = [true; 2];
    }

    /// Notes that the grant has ended for good: nobody is served any more.
    pub(crate) fn ended(&mut self, oldest: Age) {
        self.standing.age = oldest;
        self.served = [false; 2];
        self.copied = false;
    }

    fn served_mut(&mut self, party: Party) -> &mut bool {
        let [honest, thief] = &mut self.served;
        match party {
            Party::Honest => honest,
            Party::Thief => thief,
        }
    }
}

/// Whether an event `since` ticks ago is within `window`. Times are whole, so anything less than
/// `window + 1` ticks may be within it. A window of 0 is none.
pub(crate) fn within(since: Age, window: Age) -> bool {
    window > 0 && since <= window
}
