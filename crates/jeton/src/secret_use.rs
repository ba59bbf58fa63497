//! The days on which clients' secrets are used, by which whoever changes a secret sees when the old one
//! has gone out of use.
//!
//! A day of a secret is a marker in the ledger, which a process tries to take once, after the answer. It is
//! best effort: no token waits for it or fails by it, and one that was lost is not tried again by that
//! process. Uses are not counted, because a write for each token would be the most of what it costs.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
};

use jiff::{Timestamp, tz::Offset};
use serde::{Serialize, Serializer};

use crate::{
    client::SecretHash,
    ledger::{Id128, Ledger, Marker},
    time::{Seconds, UnixTime},
    unavailable::Unavailable,
};

/// How many days are looked back, today among them.
const KEPT_DAYS: u64 = 31;

/// How many secrets a process remembers to have noted today. Beyond that it starts anew, and notes some of
/// them twice.
const CAPACITY: usize = 10_000;

/// What holds each marker: all processes take it for the same.
const HOLDER: Id128 = Id128([0; 16]);

/// The use of a registered client's secret: the first on its day that this process has seen. In the
/// extensions of the response; to be handed to [`Server::note`](crate::Server::note) once that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    secret: SecretHash,
    at: UnixTime,
}

/// A day of UTC, counted from 1970-01-01, and written like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(u64);

impl SecretUse {
    /// Takes the marker of the day.
    pub(crate) async fn note(&self, ledger: &impl Ledger) -> Result<(), Unavailable> {
        let day = Day::of(self.at);
        let marker = day.marker(&self.secret);
        let expires = Day(day.0 + KEPT_DAYS).begins();
        ledger.claim(&marker, HOLDER, expires, self.at).await?;
        Ok(())
    }
}

/// The last day on which a secret made at `created_at` was used, of the last 31. Read from today backwards,
/// so that a secret in use costs one read.
pub(crate) async fn last_used_on(
    ledger: &impl Ledger,
    secret: &SecretHash,
    created_at: Option<UnixTime>,
    now: UnixTime,
) -> Result<Option<Day>, Unavailable> {
    let today = Day::of(now);
    let first = today.0.saturating_sub(KEPT_DAYS - 1);
    let first = first.max(created_at.map_or(0, |at| Day::of(at).0));
    for day in (first..=today.0).rev().map(Day) {
        if ledger.holder(&day.marker(secret), now).await?.is_some() {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

impl Day {
    fn of(time: UnixTime) -> Self {
        Self(time.0 / Seconds::from_days(1).0)
    }

    fn begins(self) -> UnixTime {
        UnixTime(0) + Seconds::from_days(self.0)
    }

    fn marker(self, secret: &SecretHash) -> Marker {
        Marker::new("secret_used", format_args!("{secret}:{}", self.0))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = i64::try_from(self.begins().0).unwrap_or(i64::MAX);
        let begins = Timestamp::from_second(begins).unwrap_or(Timestamp::MAX);
        fmt::Display::fmt(&Offset::UTC.to_datetime(begins).date(), f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The secrets that this process has noted today.
#[derive(Debug)]
pub(crate) struct NotedToday(Mutex<(Day, BTreeSet<SecretHash>)>);

impl NotedToday {
    pub(crate) fn new() -> Self {
        Self(Mutex::new((Day(0), BTreeSet::new())))
    }

    /// The use of `secret` at `now`, unless one of its day has been noted.
    #[inline(never)]
    pub(crate) fn first_use(&self, secret: &SecretHash, now: UnixTime) -> Option<SecretUse> {
        // Each change is whole before anything could panic.
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (day, secrets) = &mut *noted;
        let today = Day::of(now);
        if *day == today && secrets.contains(secret) {
            return None;
        }
        if *day != today || secrets.len() >= CAPACITY {
            secrets.clear();
        }
        *day = today;
        secrets.insert(*secret);
        Some(SecretUse {
            secret: *secret,
            at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::ledger::MemoryLedger;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    /// A ledger in memory never waits.
    fn now_or_never<F: Future>(future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }

    fn days(count: u64) -> Seconds {
        Seconds::from_days(count)
    }

    #[test]
    fn a_day_is_written_as_a_date() {
        assert_eq!(Day::of(UnixTime(0)).to_string(), "1970-01-01");
        assert_eq!(Day::of(UnixTime(1_772_323_199)).to_string(), "2026-02-28");
        assert_eq!(Day::of(UnixTime(1_772_323_200)).to_string(), "2026-03-01");
        assert_eq!(
            Day::of(UnixTime(u64::MAX)).to_string(),
            "9999-12-30",
            "no panic"
        );
    }

    #[test]
    fn a_use_is_found_for_thirty_one_days() {
        let ledger = MemoryLedger::default();
        let secret = SecretHash::of("s");
        let last = |created_at, now| {
            now_or_never(last_used_on(&ledger, &secret, created_at, now)).unwrap()
        };
        let used = |at| {
            let used = SecretUse { secret, at };
            now_or_never(used.note(&ledger)).unwrap();
        };
        assert_eq!(last(None, NOW), None);
        used(NOW);
        used(NOW + Seconds(1));
        let day = Day::of(NOW);
        assert_eq!(last(None, NOW), Some(day));
        assert_eq!(last(Some(NOW), NOW + days(30)), Some(day));
        assert_eq!(last(None, NOW + days(31)), None);
        used(NOW + days(2));
        assert_eq!(last(None, NOW + days(3)), Some(Day(day.0 + 2)));
        let other = SecretHash::of("t");
        let never = now_or_never(last_used_on(&ledger, &other, None, NOW));
        assert_eq!(never.unwrap(), None);
    }

    #[test]
    fn a_process_notes_a_secret_once_a_day() {
        let noted = NotedToday::new();
        let (one, other) = (SecretHash::of("one"), SecretHash::of("other"));
        let used = |secret, at| noted.first_use(secret, at).is_some();
        assert!(used(&one, NOW));
        assert!(!used(&one, NOW + Seconds(60)));
        assert!(used(&other, NOW));
        assert!(used(&one, NOW + days(1)));
        assert!(!used(&one, NOW + days(1)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let noted = NotedToday::new();
        for number in 0..CAPACITY + 5 {
            noted.first_use(&SecretHash::of(&number.to_string()), NOW);
        }
        assert_eq!(noted.0.lock().unwrap().1.len(), 5);
    }
}
