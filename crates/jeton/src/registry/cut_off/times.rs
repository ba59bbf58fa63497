//! Whose grants cut-offs end, and the times of those that are kept under one name.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{client::ClientId, time::UnixTime};

/// At how many clients a subject has cut-offs. With a further one, the earliest becomes the subject's at all
/// clients: what it ended stays ended, and of what is younger nothing ends.
const MOST_CLIENTS: usize = 100;

/// Whose grants a cut-off ends: those of a subject, of a client, or of a subject at a client. It is kept under
/// a name, such as `subject:LPJNul-w…`: at most 51 characters of base64url and one colon, whatever the subject
/// is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CutOff {
    name: String,
    /// Of a subject's, at which client.
    at: Option<String>,
}

impl CutOff {
    /// The cut-off of all grants of a subject.
    #[must_use]
    pub fn subject(subject: &str) -> Self {
        Self::new("subject", subject)
    }

    /// The cut-off of a subject's grants at one client.
    #[must_use]
    pub fn subject_at(subject: &str, client: &ClientId) -> Self {
        // 64 bits: the ids are ours or the operator's, so nobody looks for two that are the same.
        let hash = Sha256::digest(client.as_str());
        let hash = hash.first_chunk::<8>().copied().unwrap_or_default();
        Self {
            at: Some(URL_SAFE_NO_PAD.encode(hash)),
            ..Self::subject(subject)
        }
    }

    /// The cut-off of all grants of a client, and of the tokens it got for itself.
    #[must_use]
    pub fn client(client: &ClientId) -> Self {
        Self::new("client", client.as_str())
    }

    fn new(kind: &str, whose: &str) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(whose));
        Self {
            name: format!("{kind}:{hash}"),
            at: None,
        }
    }

    /// The name as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

/// The times of the cut-offs of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CutOffTimes {
    /// Of a subject at any client, or of a client.
    pub(super) before: UnixTime,
    /// Of a subject at single clients, by the hash of their ids; later than `before`.
    pub(super) clients: Vec<(String, UnixTime)>,
}

impl CutOffTimes {
    pub(crate) const NONE: Self = Self {
        before: UnixTime(0),
        clients: Vec::new(),
    };

    /// The time before which the grants of `of` have ended.
    pub(crate) fn of(&self, of: &CutOff) -> UnixTime {
        let mut own = self.clients.iter();
        let own = own.find(|(client, _)| Some(client) == of.at.as_ref());
        own.map_or(self.before, |(_, at)| self.before.max(*at))
    }

    /// Each of them, or the later one of `others`.
    pub(crate) fn latest(mut self, others: &Self) -> Self {
        self.before = self.before.max(others.before);
        for (client, at) in &others.clients {
            self.raise(client, *at);
        }
        self.bounded()
    }

    /// Sets that of `of`, which only grows.
    pub(super) fn set(&mut self, of: &CutOff, at: UnixTime) {
        match &of.at {
            None => self.before = at,
            Some(client) => self.raise(client, at),
        }
    }

    fn raise(&mut self, client: &str, at: UnixTime) {
        let mut own = self.clients.iter_mut();
        match own.find(|(own, _)| own == client) {
            Some((_, standing)) => *standing = at.max(*standing),
            None => self.clients.push((client.to_owned(), at)),
        }
    }

    /// The same, at no more than [`MOST_CLIENTS`] single clients.
    pub(super) fn bounded(mut self) -> Self {
        loop {
            self.clients.retain(|(_, at)| *at > self.before);
            if self.clients.len() <= MOST_CLIENTS {
                return self;
            }
            let times = self.clients.iter().map(|(_, at)| *at);
            self.before = times.min().unwrap_or(self.before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_of_too_many_clients_is_for_all() {
        let client = |n: usize| CutOff::subject_at("alice", &format!("app{n}").parse().unwrap());
        let time = |n: usize| UnixTime(1_800_000_000 + n as u64);
        let mut times = CutOffTimes::NONE;
        for n in 0..=MOST_CLIENTS {
            assert_eq!(times.before, UnixTime(0));
            times.set(&client(n), time(n));
            times = times.bounded();
        }
        assert_eq!(times.clients.len(), MOST_CLIENTS);
        assert_eq!(times.before, time(0));
        assert_eq!(times.of(&client(0)), time(0), "what has ended stays so");
        assert_eq!(times.of(&client(MOST_CLIENTS)), time(MOST_CLIENTS));
        let other = CutOff::subject_at("alice", &"else".parse().unwrap());
        assert_eq!(times.of(&other), time(0));
    }

    #[test]
    fn of_two_readings_each_time_is_the_later() {
        let [one, two] = ["one", "two"].map(|id| CutOff::subject_at("alice", &id.parse().unwrap()));
        let (mut first, mut second) = (CutOffTimes::NONE, CutOffTimes::NONE);
        first.set(&one, UnixTime(5));
        first.set(&two, UnixTime(9));
        second.set(&one, UnixTime(7));
        second.set(&two, UnixTime(8));
        let both = first.latest(&second);
        assert_eq!([both.of(&one), both.of(&two)], [UnixTime(7), UnixTime(9)]);
        assert_eq!(both.of(&CutOff::subject("alice")), UnixTime(0));
        second.before = UnixTime(8);
        let both = both.latest(&second);
        assert_eq!([both.of(&one), both.of(&two)], [UnixTime(8), UnixTime(9)]);
    }
}
