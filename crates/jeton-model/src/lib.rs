//! A model of one grant, checked exhaustively with stateright.
//!
//! The promises of refresh rotation are about races, lost messages and theft, so tests of single
//! runs say little. Here every interleaving of a few actors, up to a few generations, is explored,
//! and the decisions are not the model's: each step hands a real [`jeton::Grant`] and
//! [`jeton::Step`] to [`jeton::transition::take`], as the stores do, and what that answers to
//! [`jeton::rotation::next`], as the server does. The model's own are only the round trips between
//! those calls (`server.rs`), which mirror `grant/generation.rs`, and the judge (`history.rs`), which
//! asks neither.
//!
//! # Actors
//! - **Two tabs** of the honest client, each with a request under way at most. They share a storage;
//!   a tab that has not read it for a while is slow and holds an old token. Careless tabs present
//!   what they hold whenever they like; careful ones keep to [`ClientKind::WithinGrace`].
//! - **A thief**, who copies one or two tokens out of all that the honest client ever held (with the
//!   code: also its verifier), and presents at any time those and all it is answered.
//! - **A revoker**, who ends the grant, and later learns that it is done.
//! - **An operator**, who once restores any earlier record, and may cut off older grants.
//! - **The network and the hosts**: any request may be lost, its server may die or its response be
//!   lost, at every step: before the store was asked, after it advanced, after a reuse was seen and
//!   before it was punished, between the two rounds of a repair. A store may advance without the
//!   server hearing of it, which then asks again with the same attempt.
//! - **Time**: a request reads the clock when it begins and may be under way for `latency` ticks;
//!   clocks of two servers may lie `skew` apart.
//!
//! # Abstractions
//! - Time is ages. All ages far enough beyond the window are alike, so time never ends and
//!   "however old" is explored, not sampled. The expiry of the grant is left out, the idle expiry is
//!   in where a configuration says so.
//! - A token is its generation: the MAC is taken to hold exactly for tokens that were issued. Client,
//!   scope and audience of a request are right; a request where they are not never moves a record.
//! - Nobody presents the last generation. The two tabs are alike and may change names in a trace.
//! - The policy without rotation is left out: it moves nothing.
//!
//! # Promises
//! Always, for every server step and every interleaving:
//! [`ONE_LIVE`], [`ONE_PER_GENERATION`], [`STANDING_ONLY`], [`NO_OLD_TOKEN`], [`REUSE_ENDS`],
//! [`OUT_AFTER_WINDOW`], [`NOT_AFTER_REVOCATION`], [`TRUE_RETRY`], without a restore [`NEVER_FALLS`],
//! and of a careful client without a thief [`HONEST_SERVED`] and [`HONEST_LIVES`].
//!
//! What limits them, each found by the checker and kept as a test:
//! - Grace counts until a request reaches the store. A retry that begins within the window, and is
//!   overtaken by a refresh with the *successor* just after it, is a reuse. So a client retries until
//!   window - latency - skew after it first asked.
//! - A thief who is served within the window after each advance of the honest client goes on unseen:
//!   that is what grace costs. The first time that either misses one, its next use ends the grant.
//! - A reuse whose server dies before the revocation ends nothing; no token was answered, and the
//!   next use is a reuse again.
//!
//! # After a restore
//! - All promises but [`NEVER_FALLS`] hold *towards the restored record*: a token older than grace
//!   allows beside it ends the grant, and of the tokens up to its generation only the standing and
//!   the just superseded one are served.
//! - Tokens newer than the record are each accepted once more, also those that had been superseded
//!   long before; a thief's among them is noticed only when the other party goes on. From the moment
//!   the record has passed the highest generation it ever had, [`OUT_AFTER_WINDOW`] holds again.
//! - A revocation after the backup is undone, so [`NOT_AFTER_REVOCATION`] starts anew; a cut-off is
//!   not undone.
//! - A careful client is not locked out if the restore happens while no request is under way and the
//!   last advance is older than the window; amid requests it can be.
//! - [`TRUE_RETRY`] holds also where the restored record may not advance at all, being cut off or
//!   idle for too long: the client is refused and logs in again.
//!
//! # States
//! Counts of `cargo test -p jeton-model -- --nocapture`; the tests hold floors a little below. Window and
//! latency are one tick, and clocks agree, unless it says otherwise.
//!
//! | configuration | generations | states |
//! |---|---|---|
//! | two careful tabs, window 3 | 1 to 5 | 33,564 |
//! | the same, window 4, skew 1 | 1 to 4 | 144,005 |
//! | the same, window 3, a quiet restore | 1 to 4 | 37,652 |
//! | two careless tabs, a thief | 1 to 3 | 169,243 |
//! | one tab, a thief who copies twice, window 2 | 1 to 4 | 68,324 |
//! | two tabs, a thief, from the code on | 0 to 2 | 89,820 |
//! | the same without a window | 0 to 2 | 60,741 |
//! | two tabs, a revoker | 1 to 3 | 5,974 |
//! | one tab, a thief, a revoker | 1 to 3 | 36,114 |
//! | two tabs, a restore at any time | 1 to 3 | 19,421 |
//! | one tab, a thief, a restore at any time, latency 0 | 1 to 4 | 140,839 |
//! | one tab, a revoker, a restore at any time | 1 to 3 | 3,594 |
//!
//! Servers that are wrong on purpose ([`ServerKind`]) break each promise: no window, no grace, no
//! reuse detection, drawn successors, a store that reads and then writes. They run the code too, and
//! give it something else to decide on or do something else with what it decides.

use std::collections::{BTreeMap, BTreeSet};

mod actions;
mod history;
mod properties;
mod record;
mod server;

pub use properties::*;

use history::{History, Standing};
use record::{Age, Record, older};

/// The model of the protocol in one configuration.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The generation at which the model starts: 0 with a code, 1 or later with a refresh token.
    pub first: u8,
    /// The last generation: nobody presents it.
    pub last: u8,
    /// The grace window, in ticks.
    pub window: i8,
    /// How many ticks a request may be under way.
    pub latency: i8,
    /// How far the clocks of two servers may lie apart, in ticks.
    pub skew: i8,
    /// How long a generation may wait to be redeemed, in ticks; `None`: for ever.
    pub idle: Option<i8>,
    /// How many tabs the honest client has: 1 or 2.
    pub tabs: usize,
    /// How these tabs behave.
    pub client: ClientKind,
    /// How many tokens the thief copies. All others it must get from the server.
    pub copies: u8,
    /// Whether somebody may revoke the grant.
    pub revoker: bool,
    /// When the operator may restore an earlier record.
    pub restore: Restore,
    /// Whether the operator may cut off older grants (`JETON_GRANTS_NOT_BEFORE`).
    pub cut_off: bool,
    /// The server that is modelled.
    pub server: ServerKind,
}

/// How the honest client's tabs behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// They present whatever they hold, whenever they like.
    Careless,
    /// A token that a tab presented at `t` is presented by no tab after
    /// `t + window - latency - skew`, except by one that was answered that it stands.
    WithinGrace,
    /// The same, but without leaving time for the request to arrive: not after `t + window`.
    WithinGraceToTheEdge,
}

/// When the operator may restore an earlier record, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// Never.
    Never,
    /// At any time, requests under way included.
    AnyTime,
    /// While no request is under way, beyond the window after the last advance.
    WhenQuiet,
}

/// The server that is modelled: ours, or one that is wrong in a known way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    /// Ours: the code under test.
    Jeton,
    /// A superseded token is served for ever, not only within the window.
    NoWindow,
    /// There is no grace at all.
    NoGrace,
    /// Reuse is refused, but nothing ends.
    NoReuseDetection,
    /// Successors are random.
    DrawnSuccessors,
    /// The store is read, then written, in two steps.
    ReadThenWrite,
}

/// A genuine code or refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    generation: u8,
    /// 0 for the derived token of the generation.
    draw: u8,
}

impl Token {
    fn derived(generation: u8) -> Self {
        Self {
            generation,
            draw: 0,
        }
    }
}

/// An actor that sends requests, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// A tab of the honest client.
    First,
    /// Another tab of the honest client.
    Second,
    /// The thief, who copied a token.
    Thief,
}

impl Who {
    const ALL: [Self; 3] = [Self::First, Self::Second, Self::Thief];

    fn party(self) -> Party {
        match self {
            Self::First | Self::Second => Party::Honest,
            Self::Thief => Party::Thief,
        }
    }

    fn attempt(self) -> u8 {
        self as u8 + 1
    }
}

/// The party that an actor acts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Party {
    Honest,
    Thief,
}

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Request {
    who: Who,
    token: Token,
    /// Ticks since it began.
    elapsed: Age,
    /// How far the clock of its server is ahead.
    skew: Age,
    after_revocation: bool,
    cut_off: bool,
    phase: Phase,
}

impl Request {
    fn new(who: Who, token: Token, skew: Age, state: &State) -> Self {
        Self {
            who,
            token,
            elapsed: 0,
            skew,
            after_revocation: state.history.revocation_answered,
            cut_off: state.cut_off,
            phase: Phase::Asking {
                standing: token.generation,
            },
        }
    }

    fn party(&self) -> Party {
        self.who.party()
    }

    /// How long ago the time was that its server read from the clock.
    fn age(&self) -> Age {
        self.elapsed - self.skew
    }
}

/// The phase that a request is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Phase {
    /// The store is about to be asked to advance.
    Asking { standing: u8 },
    /// A reuse was seen, the revocation is not yet done.
    Ending,
    /// The record is about to be written, by [`ServerKind::ReadThenWrite`] alone.
    Writing(Record),
    /// The response is on its way.
    Answered(Answer, How),
}

/// The response to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Answer {
    Tokens(Token),
    InvalidGrant,
    Unavailable,
}

/// How a response came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum How {
    Advanced,
    /// The step had been taken, its acknowledgement lost.
    Recognized,
    Stands,
    JustSuperseded,
    /// A rolled back record caught up.
    Repaired,
    Reused,
    Ended,
    Refused,
}

/// A tab of the honest client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Tab {
    /// The token that it presents, read from the shared storage at some time.
    holds: Option<Token>,
    request: Option<Request>,
    /// The generations that it has presented, each with the age of its first presentation.
    presented: BTreeMap<u8, Age>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Thief {
    tokens: BTreeSet<Token>,
    copies_left: u8,
    request: Option<Request>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Revocation {
    NotBegun,
    Done,
    Answered,
}

/// The state of all actors, the record and the history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    record: Record,
    /// The draw of the last successor; not 0 only where successors are drawn.
    draws: u8,
    tabs: [Tab; 2],
    /// The token in the storage that the honest client's tabs share; `None` once the client knows that it
    /// is logged out.
    shared: Option<Token>,
    thief: Thief,
    revocation: Revocation,
    cut_off: bool,
    /// The records that a restore may bring back.
    earlier: Vec<(Record, Standing)>,
    restores_left: u8,
    history: History,
}

/// An event that may happen in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Time passes.
    Tick,
    /// A tab reads the shared storage. Until then it is slow.
    Read(Who),
    /// A request reaches a server whose clock is so far ahead.
    Send(Who, Token, i8),
    /// The server takes its next step for the request.
    Serve(Who),
    /// The store advances, and the server does not hear of it.
    LoseAcknowledgement(Who),
    /// The request is lost, its server dies, or its response is lost.
    Lose(Who),
    /// The response arrives.
    Deliver(Who),
    /// The thief copies a token that the honest client holds or ever held.
    Copy(Token),
    /// Somebody ends the grant.
    Revoke,
    /// Whoever ended the grant learns that it is done.
    AnswerRevocation,
    /// The operator restores an earlier record.
    Restore(usize),
    /// The operator cuts off older grants.
    CutOff,
}

impl State {
    fn request(&self, who: Who) -> Option<&Request> {
        let [first, second] = &self.tabs;
        match who {
            Who::First => first.request.as_ref(),
            Who::Second => second.request.as_ref(),
            Who::Thief => self.thief.request.as_ref(),
        }
    }

    fn request_mut(&mut self, who: Who) -> &mut Option<Request> {
        let [first, second] = &mut self.tabs;
        match who {
            Who::First => &mut first.request,
            Who::Second => &mut second.request,
            Who::Thief => &mut self.thief.request,
        }
    }

    fn requests(&self) -> impl Iterator<Item = &Request> {
        Who::ALL.into_iter().filter_map(|who| self.request(who))
    }

    fn tab_mut(&mut self, who: Who) -> Option<&mut Tab> {
        let [first, second] = &mut self.tabs;
        match who {
            Who::First => Some(first),
            Who::Second => Some(second),
            Who::Thief => None,
        }
    }

    /// Ends a request. Its attempt is asked for no more, so the record may forget it, and the
    /// actor's next one may have the same name.
    fn finish(&mut self, who: Who) -> Option<Request> {
        let finished = self.request_mut(who).take();
        let earlier = self.earlier.iter_mut().map(|(record, _)| record);
        for record in earlier.chain([&mut self.record]) {
            if record.last_attempt == Some(who.attempt()) {
                record.last_attempt = None;
            }
        }
        finished
    }

    /// Keeps the record as it now is, for a restore.
    fn remember(&mut self) {
        let kept = (self.record.clone(), self.history.standing.clone());
        if self.restores_left > 0 && !self.earlier.contains(&kept) {
            self.earlier.push(kept);
        }
    }

    fn tick(&mut self, oldest: Age) {
        self.record.tick(oldest);
        self.history.tick(oldest);
        for (record, standing) in &mut self.earlier {
            record.tick(oldest);
            standing.age = older(standing.age, oldest);
        }
        for who in Who::ALL {
            if let Some(request) = self.request_mut(who) {
                request.elapsed += 1;
                if let Phase::Writing(read) = &mut request.phase {
                    read.tick(oldest);
                }
            }
        }
        for age in self
            .tabs
            .iter_mut()
            .flat_map(|tab| tab.presented.values_mut())
        {
            *age = older(*age, oldest);
        }
    }

    /// The one state that stands for all states from which the same follows: the two tabs are alike, and
    /// what nobody will ask for is forgotten.
    fn canonical(mut self, oldest: Age) -> Self {
        if self.restores_left == 0 {
            // Every later response is of the standing generation or one after it.
            let standing = self.history.standing.generation.min(self.record.generation);
            let answered = &mut self.history.answered;
            answered.retain(|token| token.generation >= standing);
            let writing = |request: &Request| matches!(request.phase, Phase::Writing(_));
            if !self.record.live && !self.requests().any(writing) {
                // The grant has ended for good, so its ages no longer matter.
                self.record.advanced = oldest;
                self.record.redeemed = self.record.redeemed.map(|_| oldest);
                self.history.ended(oldest);
            }
        }
        if self.thief.copies_left == 0 {
            self.history.held.clear();
        }
        let lowest = self
            .tabs
            .iter()
            .flat_map(|tab| [tab.holds, tab.request.as_ref().map(|request| request.token)])
            .chain([self.shared])
            .flatten()
            .map(|token| token.generation)
            .min();
        for tab in &mut self.tabs {
            tab.presented
                .retain(|generation, _| Some(*generation) >= lowest);
        }
        let [first, second] = &mut self.tabs;
        let swapped = |tab: &Tab, who| {
            let mut tab = tab.clone();
            if let Some(request) = &mut tab.request {
                request.who = who;
            }
            tab
        };
        let (other_first, other_second) =
            (swapped(second, Who::First), swapped(first, Who::Second));
        if other_first < *first {
            (*first, *second) = (other_first, other_second);
            let earlier = self.earlier.iter_mut().map(|(record, _)| record);
            for record in earlier.chain([&mut self.record]) {
                record.last_attempt = match record.last_attempt {
                    Some(1) => Some(2),
                    Some(2) => Some(1),
                    other => other,
                };
            }
        }
        self
    }
}
