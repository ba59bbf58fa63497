//! The server of the model: the round trips of `grant/refresh_token.rs` and
//! `grant/authorization_code.rs`, one state per point where a process may die or wait. What moves a
//! record, and where a token stands beside it, is decided by [`jeton::transition`].

use jeton::{
    Grant, Seconds, Step,
    transition::{self, Place},
};

use crate::{
    Answer, How, Party, Phase, Protocol, Request, ServerKind, State, Token,
    history::Broken,
    record::{self, Record},
};

/// What one round trip to the store leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Tokens of the generation that now stands.
    Serve(How),
    /// `invalid_grant`.
    Refuse(How),
    /// A revocation, then `invalid_grant`.
    End,
    /// A second round from the generation that stands: the record was rolled back.
    Repair,
    /// 503: it stood elsewhere again.
    ComeAgain,
}

impl Protocol {
    /// Takes the next step of the server for `request`, which then is in the phase answered.
    pub(crate) fn serve(&self, state: &mut State, request: &Request) -> Phase {
        match &request.phase {
            Phase::Asking { standing, round } => self.ask(state, request, *standing, *round),
            Phase::Ending => {
                state.remember();
                state.record.transition(self.idle, transition::revoke);
                self.refuse(state, request, How::Reused)
            }
            Phase::Writing(read) => {
                state.record = read.clone();
                state.history.advanced(request, read.generation);
                answer(state, request, How::Advanced)
            }
            Phase::Answered(..) => request.phase.clone(),
        }
    }

    /// Takes the step in the store, of which the server does not hear: it will ask again. `false`
    /// if the record does not move, so that nothing is lost.
    pub(crate) fn lose_acknowledgement(&self, state: &mut State, request: &Request) -> bool {
        let Phase::Asking { standing, .. } = request.phase else {
            return false;
        };
        let step = self.step(request, standing);
        let mut after = state.record.clone();
        let advanced = after.transition(self.idle, |grant| transition::advance(grant, &step));
        if advanced {
            state.remember();
            state.record = after;
            state.history.advanced(request, state.record.generation);
        }
        advanced
    }

    fn ask(&self, state: &mut State, request: &Request, standing: u8, round: u8) -> Phase {
        let mut after = state.record.clone();
        let decision = self.decide(&mut after, request, standing, round);
        if self.server == ServerKind::ReadThenWrite && after != state.record {
            return Phase::Writing(after);
        }
        match decision {
            Decision::Serve(how) => {
                if how != How::Recognized {
                    self.judge(state, request);
                }
                if after != state.record {
                    state.remember();
                    state.record = after;
                    state.history.advanced(request, state.record.generation);
                }
                if self.server == ServerKind::DrawnSuccessors {
                    state.draws ^= 1;
                }
                answer(state, request, how)
            }
            Decision::Refuse(how) => self.refuse(state, request, how),
            Decision::End => Phase::Ending,
            Decision::Repair => Phase::Asking {
                standing: state.record.generation,
                round: 1,
            },
            Decision::ComeAgain => {
                // That helps where the window of a restored record still runs, or where another
                // request moved it meanwhile.
                if standing == state.record.generation
                    && !state.history.within(request, self.window)
                {
                    state.history.breaks(Broken::Undecided);
                }
                Phase::Answered(Answer::Unavailable, How::Refused)
            }
        }
    }

    /// How a token of `generation` would be served if it were presented now, all alone.
    pub(crate) fn would_serve(&self, state: &State, generation: u8) -> Option<How> {
        let mut record = state.record.clone();
        // The attempt is a new one, which nothing that stands is the result of.
        record.last_attempt = None;
        let request = Request::new(crate::Who::Thief, Token::derived(generation), 0, state);
        let decision = match self.decide(&mut record, &request, generation, 0) {
            Decision::Repair => {
                let standing = record.generation;
                self.decide(&mut record, &request, standing, 1)
            }
            decision => decision,
        };
        match decision {
            Decision::Serve(how) => Some(how),
            _ => None,
        }
    }

    /// One round of `rotate`, or the exchange of a code.
    fn decide(&self, record: &mut Record, request: &Request, standing: u8, round: u8) -> Decision {
        let step = self.step(request, standing);
        let taken = record.transition(self.idle, |grant| {
            if transition::advance(grant, &step) {
                Some(if round == 0 {
                    How::Advanced
                } else {
                    How::Repaired
                })
            } else {
                transition::is_result_of(grant, &step).then_some(How::Recognized)
            }
        });
        if let Some(how) = taken {
            return Decision::Serve(how);
        }
        let grant = record.grant(self.idle);
        if !grant.is_live(step.now) {
            return Decision::Refuse(How::Ended);
        }
        if request.token.generation == 0 {
            return code_conflict(&grant, &step);
        }
        let window = match self.server {
            ServerKind::NoWindow => Seconds(u64::MAX),
            _ => step.window,
        };
        let presented = request.token.generation.into();
        match transition::place(&grant, presented, window, step.now) {
            Place::Stands | Place::JustSuperseded | Place::Ahead if !require(&grant, &step) => {
                Decision::Refuse(How::Refused)
            }
            Place::Stands => Decision::Serve(How::Stands),
            Place::JustSuperseded => Decision::Serve(How::JustSuperseded),
            Place::Reused if self.server == ServerKind::NoReuseDetection => {
                Decision::Refuse(How::Reused)
            }
            Place::Reused => Decision::End,
            Place::Redeemable => Decision::Refuse(How::Refused),
            Place::Ahead if round == 0 => Decision::Repair,
            Place::Ahead => Decision::ComeAgain,
        }
    }

    fn step(&self, request: &Request, standing: u8) -> Step {
        let window = match self.server {
            ServerKind::NoGrace => 0,
            _ => self.window,
        };
        record::step(request, standing, window)
    }

    /// Judges that `request` is about to be served, before anything moves for it.
    fn judge(&self, state: &mut State, request: &Request) {
        let history = &mut state.history;
        if history.is_reuse(request, self.window) {
            history.breaks(Broken::OldTokenServed);
        }
        if !history.within(request, self.window) && !history.took_part(request.party()) {
            history.breaks(Broken::MissedWindowServed);
        }
    }

    fn refuse(&self, state: &mut State, request: &Request, how: How) -> Phase {
        let record = &state.record;
        let reused = if request.token.generation == 0 {
            // RFC 6749 §4.1.2; within the window a replay is taken for a double submit.
            let since = record.redeemed.map(|redeemed| redeemed - request.age());
            since.is_some_and(|since| since > self.window)
        } else {
            state.history.is_reuse(request, self.window)
        };
        if reused && record.live {
            state.history.breaks(Broken::ReuseUnpunished);
        }
        if request.party() == Party::Honest && request.token.generation > 0 {
            state.history.breaks(Broken::HonestRefused);
        }
        if how == How::Reused {
            state.history.revocation_answered = true;
        }
        Phase::Answered(Answer::InvalidGrant, how)
    }
}

fn answer(state: &mut State, request: &Request, how: How) -> Phase {
    let token = Token {
        generation: state.record.generation,
        draw: state.draws,
    };
    if token != Token::derived(state.history.standing.generation) {
        state.history.breaks(Broken::NotTheStandingToken);
    }
    state.history.answer(request, token);
    Phase::Answered(Answer::Tokens(token), how)
}

/// The `conflict` of `grant/authorization_code.rs`.
fn code_conflict(grant: &Grant, step: &Step) -> Decision {
    match grant.redeemed_at {
        Some(redeemed_at) if step.now.since(redeemed_at) > step.window => Decision::End,
        _ => Decision::Refuse(How::Refused),
    }
}

/// The `require` of `grant/refresh_token.rs`, without the narrowing that the model leaves out.
fn require(standing: &Grant, step: &Step) -> bool {
    standing.created_at >= step.created_from && step.now < standing.idle_expires_at
}
