//! The record of the grant in the model, and its conversion to the core's: the model has ages, the core
//! times.

use std::sync::LazyLock;

use jeton::{Attempt, Grant, GrantState, Id128, Scope, Seconds, Step, UnixTime};

use crate::Request;

/// The time in every state: only ages differ.
const NOW: i64 = 1_000_000;

/// When the grant was opened: longer ago than any age in the model.
const CREATED: UnixTime = UnixTime(1_000);

const GRANT: Id128 = Id128([7; 16]);

/// The members of the grant that no state changes.
static OPENED: LazyLock<Grant> = LazyLock::new(|| Grant {
    subject: None,
    scope: Scope::default(),
    audiences: Vec::new(),
    claims: Default::default(),
    requested_claims: Default::default(),
    nonce: None,
    expires_at: UnixTime(u64::MAX),
    ..jeton_contracts::grant(GRANT, CREATED)
});

static STEP: LazyLock<Step> = LazyLock::new(|| jeton_contracts::step(GRANT, 0, CREATED));

/// How many ticks ago something happened; negative where the time came from a clock that runs ahead.
pub(crate) type Age = i8;

/// The time that was `age` ago.
fn at(age: Age) -> UnixTime {
    UnixTime((NOW - i64::from(age)).unsigned_abs())
}

fn age(time: UnixTime) -> Age {
    i64::try_from(time.0)
        .ok()
        .and_then(|time| i8::try_from(NOW - time).ok())
        .unwrap_or(Age::MAX)
}

/// `ticks` as the core's seconds.
fn seconds(ticks: Age) -> Seconds {
    Seconds(u64::from(ticks.unsigned_abs()))
}

/// The members of a [`Grant`] that can differ between two states.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Record {
    pub(crate) live: bool,
    pub(crate) generation: u8,
    pub(crate) advanced: Age,
    pub(crate) redeemed: Option<Age>,
    pub(crate) last_attempt: Option<u8>,
}

impl Record {
    /// The record of a login that reached `generation` just now.
    pub(crate) fn opened(generation: u8) -> Self {
        Self {
            live: true,
            generation,
            advanced: 0,
            redeemed: (generation > 0).then_some(0),
            last_attempt: None,
        }
    }

    /// The record as the core's grant.
    pub(crate) fn grant(&self, idle: Option<Age>) -> Grant {
        let idle_lifetime = idle.map_or(Seconds::from_days(365), seconds);
        let advanced_at = at(self.advanced);
        Grant {
            state: if self.live {
                GrantState::Live
            } else {
                GrantState::Revoked
            },
            generation: self.generation.into(),
            advanced_at,
            redeemed_at: self.redeemed.map(at),
            last_attempt: self.last_attempt.map(attempt),
            idle_lifetime,
            idle_expires_at: advanced_at + idle_lifetime,
            ..OPENED.clone()
        }
    }

    /// Applies a transition of the core to the record. It may change only members that a [`Record`] has:
    /// one more that the core learns to change fails here until the model knows it.
    pub(crate) fn transition<T>(
        &mut self,
        idle: Option<Age>,
        change: impl FnOnce(&mut Grant) -> T,
    ) -> T {
        let mut grant = self.grant(idle);
        let result = change(&mut grant);
        *self = Self {
            live: grant.state == GrantState::Live,
            generation: u8::try_from(grant.generation).unwrap_or(u8::MAX),
            advanced: age(grant.advanced_at),
            redeemed: grant.redeemed_at.map(age),
            last_attempt: grant.last_attempt.map(|Id128([first, ..])| first),
        };
        assert_eq!(self.grant(idle), grant, "the model misses a field");
        result
    }

    /// Makes the record one tick older.
    pub(crate) fn tick(&mut self, oldest: Age) {
        self.advanced = older(self.advanced, oldest);
        self.redeemed = self.redeemed.map(|age| older(age, oldest));
    }
}

/// The age one tick later, where all ages from `oldest` on are alike.
pub(crate) fn older(age: Age, oldest: Age) -> Age {
    age.saturating_add(1).min(oldest)
}

/// The attempt of an actor, which has one request at a time.
fn attempt(number: u8) -> Attempt {
    Id128([number; 16])
}

/// The step that `request` asks for, from `standing`.
pub(crate) fn step(request: &Request, standing: u8, window: Age) -> Step {
    Step {
        standing: standing.into(),
        to: u32::from(request.token.generation) + 1,
        created_from: if request.cut_off {
            CREATED + Seconds(1)
        } else {
            CREATED
        },
        window: seconds(window),
        attempt: attempt(request.who.attempt()),
        now: at(request.age()),
        ..STEP.clone()
    }
}
