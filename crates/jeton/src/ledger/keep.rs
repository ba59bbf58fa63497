//! How long stores keep records: one rule for all of them.

use super::grant::Grant;
use crate::time::{Seconds, UnixTime};

/// How much longer than until its expiry a store keeps a record: more than the clocks of hosts and
/// stores differ. Expiry is judged by the time of a request, which may come from a clock that is behind
/// the one by which a store collects its garbage.
pub const SLACK: Seconds = Seconds(5 * 60);

impl Grant {
    /// How long the record is kept after nothing of it can be redeemed any more. Its being there is what
    /// keeps a ticket from opening it twice, so it outlives every ticket: 35 minutes from the first use of
    /// one, and [`SLACK`] for clocks.
    pub const KEPT: Seconds = Seconds(35 * 60 + SLACK.0);

    /// Until when stores keep the record. Until its code is redeemed that is soon, so that requests which
    /// nobody goes on with leave nothing behind; then as long as it has tokens. A grant that was revoked or
    /// denied is kept as long as it would have been otherwise: whoever presents a token of it is told so.
    #[must_use]
    pub fn kept_until(&self) -> UnixTime {
        let needed_until = match self.generation {
            0 => self.idle_expires_at,
            _ => self.expires_at,
        };
        needed_until + Self::KEPT
    }
}
