//! The contract of [`Ledger`].

use jeton::{Grant, GrantId, Ledger, Marker, Seconds, Step, UnixTime};
use sha2::{Digest, Sha256};

use crate::fixture::{grant, step};

mod advance;
mod attachment;
mod index;
mod keep;
mod life;
mod marker;
mod personal;
mod race;

pub use keep::keeping;

/// The time of the test, in 2096. Expiry is judged by the time that is passed, so it need not be today,
/// but it is not long past: a store with a clock of its own refuses steps that were given up.
const NOW: UnixTime = UnixTime(4_000_000_000);

/// The ids of one run of the test: in a store that is kept, each run has its own records.
struct Run<'a>(&'a str);

impl Run<'_> {
    fn id(&self, name: &str) -> GrantId {
        let digest = Sha256::digest(format!("{}/{name}", self.0));
        let mut id = [0; 16];
        id.copy_from_slice(digest.get(..16).unwrap());
        jeton::Id128(id)
    }

    fn marker(&self, name: &str) -> Marker {
        Marker::for_test(&self.id(name).to_string())
    }

    fn grant(&self, name: &str) -> Grant {
        grant(self.id(name), NOW)
    }

    fn step(&self, name: &str, standing: u32, to: u32) -> Step {
        Step {
            to,
            window: Seconds(10),
            attempt: self.id(&format!("attempt {name} {standing} {to}")),
            ..step(self.id(name), standing, NOW + Seconds(1))
        }
    }
}

/// The contract of [`Ledger`], races included. The ids of records follow from `run`: give a fresh text
/// where the store is kept.
pub async fn ledger(ledger: &impl Ledger, run: &str) {
    let run = Run(run);
    life::opening(ledger, &run).await;
    life::keeping_unknown_members(ledger, &run).await;
    advance::advancing(ledger, &run).await;
    advance::refusing(ledger, &run).await;
    advance::new_claims(ledger, &run).await;
    advance::window(ledger, &run).await;
    advance::lost_acknowledgements(ledger, &run).await;
    advance::rolled_back(ledger, &run).await;
    life::revoking(ledger, &run).await;
    life::deciding(ledger, &run).await;
    attachment::attachments(ledger, &run).await;
    index::indexes(ledger, &run).await;
    personal::documents(ledger, &run).await;
    marker::markers(ledger, &run).await;
    marker::counters(ledger, &run).await;
    race::races(ledger, &run).await;
}
