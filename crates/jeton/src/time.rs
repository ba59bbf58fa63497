//! Times and lengths of time. The core has no clock: the time is a parameter.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z, RFC 7519 §2's `NumericDate` without fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(pub u64);

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

/// The longest lifetime of a signed token. JWKS publishes the key of the previous epoch of 30 days
/// ([`EPOCH`](crate::EPOCH)), so a token signed in an epoch's last second must have expired before
/// the next epoch ends; a day is left for clocks and caches.
pub const LONGEST_TOKEN_LIFETIME: Seconds = Seconds::from_days(29);

/// The longest life of a grant: of `refresh_token_lifetime`, whatever a client's record says.
pub const LONGEST_GRANT_LIFETIME: Seconds = Seconds::from_days(3650);

/// How far the clock of somebody else may differ from ours: that of a login application, or of whoever
/// signs an assertion or a proof. Clocks that are set over the network differ by less. There is none
/// against ourselves: what we said expires at a time has expired then.
pub const LEEWAY: Seconds = Seconds(10);

impl UnixTime {
    /// The Gregorian date in UTC: year, month and day.
    #[must_use]
    pub const fn date(self) -> (u64, u64, u64) {
        // Years are counted from March, so that the leap day is a year's last.
        let days = self.0 / 86_400 + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, later) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        (era * 400 + year + later, month, day)
    }

    /// How long before this time `earlier` was; zero if it was after it, because clocks of different
    /// hosts differ.
    #[must_use]
    pub fn since(self, earlier: UnixTime) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }
}

impl Seconds {
    /// The length of `days` days.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self(days * 24 * 60 * 60)
    }
}

impl Add<Seconds> for UnixTime {
    type Output = UnixTime;

    fn add(self, length: Seconds) -> UnixTime {
        UnixTime(self.0.saturating_add(length.0))
    }
}

impl Add<Seconds> for Seconds {
    type Output = Seconds;

    fn add(self, length: Seconds) -> Seconds {
        Seconds(self.0.saturating_add(length.0))
    }
}

impl Sub<Seconds> for UnixTime {
    type Output = UnixTime;

    fn sub(self, length: Seconds) -> UnixTime {
        UnixTime(self.0.saturating_sub(length.0))
    }
}
