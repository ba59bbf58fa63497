//! The connections that are open, and which of them has to go for a new one.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::AbortHandle, time::timeout};

use crate::limits::SAFE_FOR;

/// How often a connection that waits to be admitted looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits for a request or for the rest of its head, or for the client to read an answer.
    Head,
    /// It waits for the rest of a body.
    Body,
    /// It waits for us: its request is being answered, or we have not looked yet whether there is one.
    Answer,
}

/// What a connection is doing and since when, shared by it and by [`Connections`].
pub(crate) struct Activity {
    start: Instant,
    /// The milliseconds from `start` to the begin of the phase, 16 bits that count phases, and two that
    /// name this one.
    state: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            state: AtomicU64::new(Phase::Answer as u64),
        }
    }

    /// Begins a phase.
    pub(crate) fn enter(&self, phase: Phase) {
        let since = u64::try_from(self.start.elapsed().as_millis()).unwrap_or_default();
        let count = (self.turn() >> 2).wrapping_add(1) & 0xffff;
        // Nobody but the connection itself changes it.
        self.state.store(
            (since << 18) | (count << 2) | phase as u64,
            Ordering::Relaxed,
        );
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.turn() & 3 {
            0 => Phase::Head,
            1 => Phase::Body,
            _ => Phase::Answer,
        }
    }

    /// A number that the next phase has not.
    pub(crate) fn turn(&self) -> u64 {
        self.state.load(Ordering::Relaxed)
    }

    /// How long its phase lasts.
    fn lasts(&self) -> Duration {
        let since = Duration::from_millis(self.turn() >> 18);
        self.start.elapsed().saturating_sub(since)
    }
}

/// The connections that are open, never more than `most`.
///
/// Where there are as many, a new one takes the place of another: of those whose client we wait for, one
/// of the address that has most, and of these the one that waits longest. So whoever holds connections
/// holds them until somebody else comes, and a proxy that is trusted gives up last. A connection is safe
/// while its request is answered and a moment longer, else a flood would wash out honest clients before
/// they have sent theirs.
pub(crate) struct Connections {
    most: usize,
    open: Mutex<Open>,
    ended: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_number: BTreeMap<u64, Connection>,
}

struct Connection {
    source: Source,
    activity: Arc<Activity>,
    /// Ends its task; `None` before that runs, and once it was used.
    task: Option<AbortHandle>,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A proxy that is trusted, at this address.
    Proxy(IpAddr),
    /// Anybody else: an IPv4 address, or the first 64 bits of an IPv6 address, all of which somebody
    /// who has one of them has.
    Client(IpAddr),
}

impl Source {
    pub(crate) fn client(address: IpAddr) -> Self {
        Self::Client(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        })
    }
}

impl Connections {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            open: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// A place for a new connection, once there is one.
    pub(crate) async fn admit(self: &Arc<Self>, source: Source) -> Place {
        loop {
            if let Some(place) = self.try_admit(source) {
                return place;
            }
            self.shed();
            // Also without news: one that is answered becomes one that waits, and ages.
            let _ = timeout(LOOK_AGAIN, self.ended.notified()).await;
        }
    }

    fn try_admit(self: &Arc<Self>, source: Source) -> Option<Place> {
        let mut open = self.lock();
        if open.by_number.len() >= self.most {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let activity = Arc::new(Activity::new());
        let connection = Connection {
            source,
            activity: Arc::clone(&activity),
            task: None,
        };
        open.by_number.insert(number, connection);
        Some(Place {
            connections: Arc::clone(self),
            number,
            activity,
        })
    }

    /// Lets the task of the connection at `place` be ended for a new connection.
    pub(crate) fn allow_to_end(&self, number: u64, task: AbortHandle) {
        if let Some(connection) = self.lock().by_number.get_mut(&number) {
            connection.task = Some(task);
        }
    }

    fn shed(&self) {
        let mut open = self.lock();
        if let Some(number) = open.first_to_go()
            && let Some(connection) = open.by_number.get_mut(&number)
            && let Some(task) = connection.task.take()
        {
            task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The number of the connection that a new one takes the place of.
    fn first_to_go(&self) -> Option<u64> {
        let mut held = BTreeMap::<Source, usize>::new();
        for connection in self.by_number.values() {
            *held.entry(connection.source).or_default() += 1;
        }
        let worth = |connection: &Connection| {
            let by_same = held.get(&connection.source).copied().unwrap_or_default();
            let is_client = matches!(connection.source, Source::Client(_));
            (is_client, by_same, connection.activity.lasts())
        };
        self.by_number
            .iter()
            .filter(|(_, connection)| {
                connection.task.is_some()
                    && connection.activity.phase() != Phase::Answer
                    && connection.activity.lasts() >= SAFE_FOR
            })
            .max_by_key(|(_, connection)| worth(connection))
            .map(|(number, _)| *number)
    }
}

/// A connection's place among those that are open, until it is dropped.
pub(crate) struct Place {
    connections: Arc<Connections>,
    number: u64,
    pub(crate) activity: Arc<Activity>,
}

impl Place {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().by_number.remove(&self.number);
        self.connections.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    /// Connections of these sources, in this phase, the first of which has lasted longest.
    async fn check(most: usize, held: &[(Source, Phase)], expected: Option<usize>) {
        let connections = Connections::new(most);
        let mut places = Vec::new();
        for (source, phase) in held {
            let place = connections.try_admit(*source).unwrap();
            place.activity.enter(*phase);
            let task = tokio::spawn(pending::<()>());
            connections.allow_to_end(place.number, task.abort_handle());
            places.push(place);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(connections.lock().first_to_go(), None, "all are new");
        tokio::time::sleep(SAFE_FOR).await;
        let number = connections.lock().first_to_go();
        assert_eq!(number.map(|number| number as usize), expected, "{held:?}");
    }

    #[tokio::test]
    async fn who_has_most_gives_up_what_waits_longest() {
        let client = |address: &str| Source::client(address.parse().unwrap());
        let (a, b) = (client("192.0.2.1"), client("192.0.2.2"));
        let proxy = Source::Proxy("192.0.2.3".parse().unwrap());
        use Phase::{Answer, Body, Head};
        check(9, &[], None).await;
        check(9, &[(a, Head), (b, Head), (b, Body)], Some(1)).await;
        check(9, &[(a, Head), (b, Answer), (b, Body)], Some(2)).await;
        check(9, &[(b, Answer), (b, Answer)], None).await;
        check(9, &[(proxy, Head), (proxy, Head), (a, Head)], Some(2)).await;
        check(9, &[(proxy, Head), (proxy, Head), (a, Answer)], Some(0)).await;
        let (one, other) = (client("2001:db8::1"), client("2001:db8::2:1"));
        check(9, &[(a, Head), (one, Head), (other, Head)], Some(1)).await;
    }

    #[tokio::test]
    async fn there_are_never_more_than_fit() {
        let connections = Connections::new(2);
        let source = Source::client("192.0.2.1".parse().unwrap());
        for _ in 0..5 {
            let place = connections.admit(source).await;
            place.activity.enter(Phase::Head);
            let (number, of) = (place.number, Arc::clone(&connections));
            let task = tokio::spawn(async move {
                let _place = place;
                pending::<()>().await;
            });
            of.allow_to_end(number, task.abort_handle());
            assert!(connections.lock().by_number.len() <= 2);
        }
    }
}
