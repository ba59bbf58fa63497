//! The promises, and the states that the model must reach for its answer to mean anything.

use stateright::Property;

use crate::{
    Answer, ClientKind, How, Party, Phase, Protocol, Restore, Revocation, State,
    history::{Broken, within},
};

/// The promise that of all genuine tokens only the standing one advances, and that besides it only the
/// one before it is served, within the window. After a restore also those that the record lost.
pub const ONE_LIVE: &str = "at most one live successor";
/// The promise that no two different refresh tokens are ever answered for one generation.
pub const ONE_PER_GENERATION: &str = "one refresh token per generation";
/// The promise that each refresh token answered is the derived one of the generation that then stands.
pub const STANDING_ONLY: &str = "every refresh token answered is the standing one";
/// The promise that a token older than grace allows is never served, whoever presents it.
pub const NO_OLD_TOKEN: &str = "no token older than grace allows is served";
/// The promise that a token older than grace allows ends its grant, if that is live, before the answer.
pub const REUSE_ENDS: &str = "whoever is told of a reuse, the grant has ended";
/// The promise that thief and honest client go on alternately only while each is served within the
/// window after the other's advance, or the thief copies the new token too.
pub const OUT_AFTER_WINDOW: &str = "who missed the window after the other's advance is out";
/// The promise that a request gets no tokens if it begins after a revocation or a reuse was answered.
pub const NOT_AFTER_REVOCATION: &str = "no token after a revocation was answered";
/// The promise that whoever is told to try again (503) may succeed: the record has moved, or a window
/// still runs.
pub const TRUE_RETRY: &str = "who is told to come again can succeed";
/// The promise that the generation never falls, unless the operator restores a record.
pub const NEVER_FALLS: &str = "the generation never falls";
/// The promise that a client that retries in time never gets `invalid_grant` for a refresh token.
pub const HONEST_SERVED: &str = "the honest client is never refused";
/// The promise that nothing such a client does ends its grant.
pub const HONEST_LIVES: &str = "the honest client's grant never ends";

pub(crate) fn of(protocol: &Protocol) -> Vec<Property<Protocol>> {
    let mut properties = vec![
        Property::<Protocol>::always(ONE_LIVE, |protocol, state| {
            protocol.one_live_successor(state)
        }),
        Property::<Protocol>::always(ONE_PER_GENERATION, |_, state| {
            !state.history.has_broken(Broken::SecondSuccessor)
        }),
        Property::<Protocol>::always(STANDING_ONLY, |_, state| {
            !state.history.has_broken(Broken::NotTheStandingToken)
        }),
        Property::<Protocol>::always(NO_OLD_TOKEN, |_, state| {
            !state.history.has_broken(Broken::OldTokenServed)
        }),
        Property::<Protocol>::always(REUSE_ENDS, |_, state| {
            !state.history.has_broken(Broken::ReuseUnpunished)
        }),
        Property::<Protocol>::always(OUT_AFTER_WINDOW, |_, state| {
            !state.history.has_broken(Broken::MissedWindowServed)
        }),
        Property::<Protocol>::always(NOT_AFTER_REVOCATION, |_, state| {
            !state.history.has_broken(Broken::MintedAfterRevocation)
        }),
        Property::<Protocol>::always(TRUE_RETRY, |_, state| {
            !state.history.has_broken(Broken::Undecided)
        }),
        Property::<Protocol>::sometimes("the last generation is reached", |protocol, state| {
            state.record.generation == protocol.last
        }),
        Property::<Protocol>::sometimes("a lost acknowledgement is recognized", |_, state| {
            state.answered(Party::Honest, How::Recognized)
        }),
    ];
    if protocol.window > 0 {
        properties.push(Property::<Protocol>::sometimes(
            "a retry gets the identical successor",
            |_, state| state.answered(Party::Honest, How::JustSuperseded),
        ));
    }
    if protocol.restore == Restore::Never {
        properties.push(Property::<Protocol>::always(NEVER_FALLS, |_, state| {
            state.record.generation >= state.history.highest
        }));
    } else {
        properties.push(Property::<Protocol>::sometimes(
            "a restored record catches up",
            |_, state| state.answered(Party::Honest, How::Repaired),
        ));
    }
    if protocol.client != ClientKind::Careless {
        properties.push(Property::<Protocol>::always(HONEST_SERVED, |_, state| {
            !state.history.has_broken(Broken::HonestRefused)
        }));
        properties.push(Property::<Protocol>::always(HONEST_LIVES, |_, state| {
            state.record.live
        }));
    }
    if protocol.copies > 0 {
        properties.extend([
            Property::<Protocol>::sometimes("the thief advances", |_, state| {
                state.answered(Party::Thief, How::Advanced)
            }),
            Property::<Protocol>::sometimes(
                "the thief is found out by its own request",
                |_, state| state.answered(Party::Thief, How::Reused),
            ),
            Property::<Protocol>::sometimes(
                "the thief is found out by the honest client's",
                |_, state| {
                    state.history.standing.by == Party::Thief
                        && state.answered(Party::Honest, How::Reused)
                },
            ),
            Property::<Protocol>::sometimes(
                "two servers see a reuse before either ends it",
                |_, state| {
                    let ending = state
                        .requests()
                        .filter(|request| request.phase == Phase::Ending);
                    ending.count() == 2
                },
            ),
        ]);
    }
    if protocol.revoker {
        properties.push(Property::<Protocol>::sometimes(
            "a request overtaken by a revocation is refused",
            |_, state| {
                state.revocation == Revocation::Answered
                    && state.requests().any(|request| {
                        !request.after_revocation
                            && request.phase == Phase::Answered(Answer::InvalidGrant, How::Ended)
                    })
            },
        ));
    }
    properties
}

impl Protocol {
    /// Whether [`ONE_LIVE`] holds in `state`.
    fn one_live_successor(&self, state: &State) -> bool {
        let standing = &state.history.standing;
        (0..=state.history.highest).all(|generation| {
            let Some(how) = self.would_serve(state, generation) else {
                return true;
            };
            let lost = self.restore != Restore::Never && generation > standing.generation;
            match how {
                How::Advanced => generation == standing.generation,
                How::Stands => generation == standing.generation,
                How::JustSuperseded => {
                    generation + 1 == standing.generation && within(standing.age, self.window)
                }
                How::Repaired => lost,
                _ => false,
            }
        })
    }
}

impl State {
    fn answered(&self, party: Party, how: How) -> bool {
        self.requests().any(|request| {
            request.party() == party
                && matches!(request.phase, Phase::Answered(_, answered) if answered == how)
        })
    }
}
