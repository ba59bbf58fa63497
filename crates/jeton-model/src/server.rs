//! The server of the model: the round trips of `grant/generation.rs`, one state per point where a
//! process may die or wait. What moves a record is decided by [`jeton::transition`], and what the
//! answer of the ledger means by [`jeton::rotation`].

use jeton::{
    Advance, Seconds, Step, Unmet,
    rotation::{self, Next, Why},
    transition,
};

use crate::{
    Answer, How, Party, Phase, Protocol, Request, ServerKind, State, Token,
    history::{Broken, within},
    record::{self, Record},
};

impl Protocol {
    /// Takes the next step of the server for `request`. Answers with the phase that the request is then
    /// in.
    pub(crate) fn serve(&self, state: &mut State, request: &Request) -> Phase {
        match &request.phase {
            Phase::Asking { standing } => self.ask(state, request, *standing),
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

    /// Takes the step in the store without the server hearing of it, which will ask again. `false` if the
    /// record does not move, so that there is nothing to lose.
    pub(crate) fn lose_acknowledgement(&self, state: &mut State, request: &Request) -> bool {
        let Phase::Asking { standing } = request.phase else {
            return false;
        };
        let step = self.step(request, standing);
        let mut after = state.record.clone();
        after.transition(self.idle, |grant| transition::take(grant, &step));
        let moved = after != state.record;
        if moved {
            state.remember();
            state.record = after;
            state.history.advanced(request, state.record.generation);
        }
        moved
    }

    fn ask(&self, state: &mut State, request: &Request, standing: u8) -> Phase {
        let mut after = state.record.clone();
        let (next, how) = self.decide(&mut after, request, standing);
        if self.server == ServerKind::ReadThenWrite && after != state.record {
            return Phase::Writing(after);
        }
        match next {
            Next::Serve(_) => {
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
            Next::Refuse(_) => self.refuse(state, request, how),
            Next::End(..) => Phase::Ending,
            Next::Repair { .. } => Phase::Asking {
                standing: state.record.generation,
            },
            Next::Again => {
                // Trying again helps where the window of a restored record still runs, or where another
                // request has moved the record meanwhile.
                if standing == state.record.generation
                    && !state.history.within(request, self.window)
                {
                    state.history.note_broken(Broken::Undecided);
                }
                Phase::Answered(Answer::Unavailable, How::Refused)
            }
        }
    }

    /// How a token of `generation` would be served if it were presented now, with no other request under
    /// way.
    pub(crate) fn would_serve(&self, state: &State, generation: u8) -> Option<How> {
        let mut record = state.record.clone();
        // The attempt is a new one, so the record is not its result.
        record.last_attempt = None;
        let request = Request::new(crate::Who::Thief, Token::derived(generation), 0, state);
        let (mut next, mut how) = self.decide(&mut record, &request, generation);
        if let Next::Repair { .. } = next {
            let standing = record.generation;
            (next, how) = self.decide(&mut record, &request, standing);
        }
        matches!(next, Next::Serve(_)).then_some(how)
    }

    /// What the core's code decides after one answer of the ledger, and how that came about. A server
    /// that is wrong on purpose gives the code something else to decide on, or does something else.
    fn decide(&self, record: &mut Record, request: &Request, standing: u8) -> (Next, How) {
        let mut step = self.step(request, standing);
        let stood = record.generation;
        let answer = record.transition(self.idle, |grant| transition::take(grant, &step));
        let took = match answer {
            Advance::Conflict(_) => None,
            Advance::Advanced(_) if record.generation == stood => Some(How::Recognized),
            Advance::Advanced(_) if step.standing == step.presented() => Some(How::Advanced),
            Advance::Advanced(_) => Some(How::Repaired),
        };
        if self.server == ServerKind::NoWindow {
            step.window = Seconds(u64::MAX);
        }
        let next = match rotation::next(&step, answer) {
            Next::End(_, why) if self.server == ServerKind::NoReuseDetection => Next::Refuse(why),
            next => next,
        };
        let how = match (&next, took) {
            (Next::Serve(_), Some(took)) => took,
            (Next::Serve(_), None) if request.token.generation == stood => How::Stands,
            (Next::Serve(_), None) => How::JustSuperseded,
            (Next::Refuse(Why::Unmet(Unmet::Revoked)), _) => How::Ended,
            (Next::Refuse(Why::Replayed | Why::Reused { .. }), _) => How::Reused,
            _ => How::Refused,
        };
        (next, how)
    }

    fn step(&self, request: &Request, standing: u8) -> Step {
        let window = match self.server {
            ServerKind::NoGrace => 0,
            _ => self.window,
        };
        record::step(request, standing, window)
    }

    /// Notes the promises that serving `request` breaks, before anything moves for it.
    fn judge(&self, state: &mut State, request: &Request) {
        let history = &mut state.history;
        if history.is_reuse(request, self.window) {
            history.note_broken(Broken::OldTokenServed);
        }
        if !history.within(request, self.window) && !history.took_part(request.party()) {
            history.note_broken(Broken::MissedWindowServed);
        }
    }

    fn refuse(&self, state: &mut State, request: &Request, how: How) -> Phase {
        let record = &state.record;
        let reused = if request.token.generation == 0 {
            // RFC 6749 §4.1.2; within the window a replay is taken for a double submit.
            let since = record.redeemed.map(|redeemed| redeemed - request.age());
            since.is_some_and(|since| !within(since, self.window))
        } else {
            state.history.is_reuse(request, self.window)
        };
        if reused && record.live {
            state.history.note_broken(Broken::ReuseUnpunished);
        }
        if request.party() == Party::Honest && request.token.generation > 0 {
            state.history.note_broken(Broken::HonestRefused);
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
        state.history.note_broken(Broken::NotTheStandingToken);
    }
    state.history.answered_with(request, token);
    Phase::Answered(Answer::Tokens(token), how)
}
