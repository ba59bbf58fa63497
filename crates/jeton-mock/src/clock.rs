//! The time an issuer lives in.

use jeton::UnixTime;
use serde::Serialize;

use crate::spec::{ClockSpec, InvalidSpec};

/// The last second of the year 9999: later times are no dates to most libraries.
const LATEST: u64 = 253_402_300_799;

/// An issuer's clock: real time, shifted or standing still.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// Seconds ahead of the real time.
    offset: i64,
    frozen: Option<UnixTime>,
}

/// What an issuer's clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClockState {
    /// Seconds since 1970.
    pub now: UnixTime,
    /// Whether it stands still.
    pub frozen: bool,
    /// Seconds ahead of the real time.
    pub offset: i64,
}

impl Clock {
    pub(crate) fn now(&self, real: UnixTime) -> UnixTime {
        self.frozen
            .unwrap_or(UnixTime(real.0.saturating_add_signed(self.offset)))
    }

    pub(crate) fn state(&self, real: UnixTime) -> ClockState {
        let now = self.now(real);
        ClockState {
            now,
            frozen: self.frozen.is_some(),
            offset: difference(now, real),
        }
    }

    /// Whether a clock can be moved so.
    pub(crate) fn check(spec: &ClockSpec) -> Result<(), InvalidSpec> {
        let expected = "seconds that lead to no later than the year 9999";
        if spec.set.is_some_and(|set| set > LATEST) {
            return Err(InvalidSpec::new("set", expected));
        }
        if spec.advance.is_some_and(|it| it.unsigned_abs() > LATEST) {
            return Err(InvalidSpec::new("advance", expected));
        }
        Ok(())
    }

    pub(crate) fn move_by(&mut self, spec: &ClockSpec, real: UnixTime) {
        if spec.reset == Some(true) {
            *self = Self::default();
        }
        let mut now = self.now(real);
        if let Some(set) = spec.set {
            now = UnixTime(set);
        }
        if let Some(seconds) = spec.advance {
            now = UnixTime(now.0.saturating_add_signed(seconds).min(LATEST));
        }
        let frozen = spec.freeze.unwrap_or(self.frozen.is_some());
        *self = Self {
            offset: difference(now, real),
            frozen: frozen.then_some(now),
        };
    }
}

fn difference(now: UnixTime, real: UnixTime) -> i64 {
    now.0
        .checked_signed_diff(real.0)
        .unwrap_or(if now > real { i64::MAX } else { i64::MIN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves() {
        let at = |set, advance, freeze| ClockSpec {
            reset: None,
            set,
            advance,
            freeze,
        };
        let mut clock = Clock::default();
        for (spec, real, expected) in [
            (at(None, None, None), 100, 100),
            (at(None, Some(50), None), 100, 150),
            (at(None, None, Some(true)), 110, 160),
            (at(None, None, None), 200, 160),
            (at(None, Some(5), None), 200, 165),
            (at(None, None, Some(false)), 300, 165),
            (at(None, None, None), 310, 175),
            (at(Some(1_000), Some(-1), None), 310, 999),
            (at(None, Some(i64::MIN), None), 310, 0),
            (at(Some(LATEST), Some(1), None), 310, LATEST),
        ] {
            clock.move_by(&spec, UnixTime(real));
            assert_eq!(clock.now(UnixTime(real)).0, expected, "{spec:?} {real}");
        }
        clock.move_by(
            &ClockSpec {
                reset: Some(true),
                ..ClockSpec::default()
            },
            UnixTime(7),
        );
        assert_eq!(clock.now(UnixTime(7)).0, 7);
    }
}
