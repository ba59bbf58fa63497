//! Epochs: the stretches of time for which a derived key signs.

use crate::time::{Seconds, UnixTime};

/// How long a derived key signs: the length of an epoch.
pub const EPOCH: Seconds = Seconds::from_days(30);

/// The number of an epoch, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(pub(super) u64);

impl Epoch {
    pub(crate) fn at(now: UnixTime) -> Self {
        Self(now.0 / EPOCH.0)
    }

    /// The epochs whose keys JWKS publishes: the previous, the current and the next one, so that caches
    /// learn a key an epoch before it signs and keep it an epoch after.
    pub(super) fn published(self) -> [Self; 3] {
        [
            Self(self.0.saturating_sub(1)),
            self,
            Self(self.0.saturating_add(1)),
        ]
    }
}
