//! The actions that are possible in a state, and the state that follows from each.

use std::collections::{BTreeMap, BTreeSet};

use stateright::{Model, Property};

use crate::{
    Action, Answer, ClientKind, Phase, Protocol, Request, Restore, Revocation, ServerKind, State,
    Tab, Thief, Token, Who,
    history::History,
    properties,
    record::{Age, Record},
};

impl Protocol {
    /// The age from which on all ages are alike: beyond every window, for every request under way.
    fn oldest(&self) -> Age {
        self.window.max(self.idle.unwrap_or(0)) + self.latency + self.skew + 1
    }

    /// For how long after its first presentation the honest client presents a token again.
    fn patience(&self) -> Option<Age> {
        match self.client {
            ClientKind::Careless => None,
            ClientKind::WithinGrace => Some(self.window - self.latency - self.skew),
            ClientKind::WithinGraceToTheEdge => Some(self.window),
        }
    }

    fn tabs<'a>(&self, state: &'a State) -> impl Iterator<Item = (Who, &'a Tab)> {
        let tabs = [Who::First, Who::Second].into_iter().zip(&state.tabs);
        // They are kept in order, so that a tab that does nothing comes first.
        tabs.skip(2_usize.saturating_sub(self.tabs))
    }

    fn may_present(&self, state: &State, token: Token) -> bool {
        token.generation < self.last
            && self.patience().is_none_or(|patience| {
                let mut since = state
                    .tabs
                    .iter()
                    .map(|tab| tab.presented.get(&token.generation));
                since.all(|age| age.is_none_or(|age| *age <= patience))
            })
    }

    fn send(&self, state: &mut State, who: Who, token: Token, skew: Age) {
        let request = Request::new(who, token, skew, state);
        *state.request_mut(who) = Some(request);
        let careful = self.client != ClientKind::Careless;
        if let Some(tab) = state.tab_mut(who)
            && careful
        {
            tab.presented.entry(token.generation).or_insert(0);
        }
    }

    fn deliver(&self, state: &mut State, who: Who) {
        let Some(request) = state.finish(who) else {
            return;
        };
        let Phase::Answered(answer, _) = request.phase else {
            return;
        };
        match (who, answer) {
            (Who::Thief, Answer::Tokens(token)) => {
                state.thief.tokens.insert(token);
            }
            (Who::Thief, _) | (_, Answer::Unavailable) => {}
            (_, Answer::Tokens(token)) => {
                state.history.held.insert(token);
                state.shared = Some(token);
                if let Some(tab) = state.tab_mut(who) {
                    tab.holds = Some(token);
                    if token == request.token {
                        tab.presented.remove(&token.generation);
                    }
                }
            }
            (_, Answer::InvalidGrant) => {
                if state.shared == Some(request.token) {
                    state.shared = None;
                }
                if let Some(tab) = state.tab_mut(who) {
                    tab.holds = None;
                }
            }
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let token = Token::derived(self.first);
        let tab = Tab {
            holds: Some(token),
            request: None,
            presented: BTreeMap::new(),
        };
        let idle = Tab {
            holds: None,
            ..tab.clone()
        };
        vec![State {
            record: Record::opened(self.first),
            draws: 0,
            tabs: [if self.tabs > 1 { tab.clone() } else { idle }, tab],
            shared: Some(token),
            thief: Thief {
                tokens: BTreeSet::new(),
                copies_left: self.copies,
                request: None,
            },
            revocation: Revocation::NotBegun,
            cut_off: false,
            earlier: Vec::new(),
            restores_left: u8::from(self.restore != Restore::Never),
            history: History::new(token),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state
            .requests()
            .all(|request| request.elapsed < self.latency)
        {
            actions.push(Action::Tick);
        }
        for (who, tab) in self.tabs(state) {
            if tab.request.is_some() {
                continue;
            }
            if state.shared.is_some() && tab.holds != state.shared {
                actions.push(Action::Read(who));
            }
            if let Some(token) = tab.holds
                && self.may_present(state, token)
            {
                actions.extend((0..=self.skew).map(|skew| Action::Send(who, token, skew)));
            }
        }
        if state.thief.request.is_none() {
            for token in &state.thief.tokens {
                if token.generation < self.last {
                    let skews = 0..=self.skew;
                    actions.extend(skews.map(|skew| Action::Send(Who::Thief, *token, skew)));
                }
            }
        }
        for request in state.requests() {
            actions.push(Action::Lose(request.who));
            match request.phase {
                Phase::Answered(..) => actions.push(Action::Deliver(request.who)),
                Phase::Asking { .. } => {
                    actions.push(Action::Serve(request.who));
                    if state.record.last_attempt != Some(request.who.attempt())
                        && self.server != ServerKind::ReadThenWrite
                    {
                        actions.push(Action::LoseAcknowledgement(request.who));
                    }
                }
                Phase::Ending | Phase::Writing(_) => actions.push(Action::Serve(request.who)),
            }
        }
        if state.thief.copies_left > 0 {
            let news = state.history.held.difference(&state.thief.tokens);
            actions.extend(news.map(|token| Action::Copy(*token)));
        }
        match state.revocation {
            Revocation::NotBegun if self.revoker => actions.push(Action::Revoke),
            Revocation::Done => actions.push(Action::AnswerRevocation),
            _ => {}
        }
        let quiet = state.requests().next().is_none() && state.history.standing.age > self.window;
        if state.restores_left > 0 && (quiet || self.restore == Restore::AnyTime) {
            actions.extend((0..state.earlier.len()).map(Action::Restore));
        }
        if self.cut_off && !state.cut_off {
            actions.push(Action::CutOff);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Tick => state.tick(self.oldest()),
            Action::Read(who) => {
                let shared = state.shared;
                state.tab_mut(who)?.holds = shared;
            }
            Action::Send(who, token, skew) => self.send(&mut state, who, token, skew),
            Action::Serve(who) => {
                let request = last.request(who)?;
                let phase = self.serve(&mut state, request);
                state.request_mut(who).as_mut()?.phase = phase;
            }
            Action::LoseAcknowledgement(who) => {
                if !self.lose_acknowledgement(&mut state, last.request(who)?) {
                    return None;
                }
            }
            Action::Lose(who) => {
                state.finish(who);
            }
            Action::Deliver(who) => self.deliver(&mut state, who),
            Action::Copy(token) => {
                state.thief.copies_left -= 1;
                state.thief.tokens.insert(token);
                state.history.copied |= token.generation >= state.history.standing.generation;
            }
            Action::Revoke => {
                state.remember();
                state
                    .record
                    .transition(self.idle, jeton::transition::revoke);
                state.revocation = Revocation::Done;
            }
            Action::AnswerRevocation => {
                state.revocation = Revocation::Answered;
                state.history.revocation_answered = true;
            }
            Action::Restore(which) => {
                let (record, standing) = state.earlier.get(which)?.clone();
                state.restores_left = 0;
                state.earlier.clear();
                state.record = record;
                state.history.restored(standing);
                // A revocation is undone with the rest, and whoever hears of it later hears of
                // nothing. What ends a grant for good then is a cut-off.
                state.revocation = Revocation::NotBegun;
                state.history.revocation_answered = state.cut_off;
                for who in Who::ALL {
                    if let Some(request) = state.request_mut(who) {
                        request.after_revocation = request.cut_off;
                    }
                }
            }
            Action::CutOff => {
                state.cut_off = true;
                state.history.revocation_answered = true;
            }
        }
        Some(state.canonical(self.oldest()))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self)
    }
}
