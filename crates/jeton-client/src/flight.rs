//! Work that many wait for and one does.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

/// A place for one flight at a time.
///
/// Whoever waits for a flight drives it. If one of them goes away the others carry it on; if all do,
/// it stands still until somebody comes, who then gets what had been answered meanwhile. So nothing
/// that was sent is sent again because a caller was cancelled, and no task is spawned.
///
/// What flies must not own the slot: that would be a circle.
#[derive(Debug)]
pub(crate) struct Slot<T: Clone>(Mutex<Option<Flight<T>>>);

#[derive(Debug)]
struct Flight<T: Clone> {
    future: Shared<BoxFuture<'static, T>>,
    /// Held by each who waits, and by the slot.
    seats: Arc<()>,
}

/// One's own wait for a flight.
#[derive(Debug)]
pub(crate) struct Ride<T: Clone> {
    future: Shared<BoxFuture<'static, T>>,
    seat: Arc<()>,
    resumed: bool,
}

impl<T: Clone> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

/// On Cloudflare Workers what one request waits for cannot be awaited by another: there a flight
/// serves its own caller alone.
const SHARED: bool = !cfg!(target_arch = "wasm32");

impl<T: Clone> Slot<T> {
    /// Lets nobody board the flight under way any more.
    pub(crate) fn clear(&self) {
        let flight = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(flight);
    }

    /// Boards the flight under way, or the one that `start` makes.
    pub(crate) fn join(&self, start: impl FnOnce() -> BoxFuture<'static, T>) -> Ride<T> {
        let mut flight = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match flight.as_ref().filter(|flight| flight.is_under_way()) {
            Some(flight) if SHARED => flight.board(),
            _ => flight.insert(Flight::new(start())).board(),
        }
    }

    /// The same where nobody waits for the flight under way; else nothing.
    pub(crate) fn lead(&self, start: impl FnOnce() -> BoxFuture<'static, T>) -> Option<Ride<T>> {
        let mut flight = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match flight.as_ref().filter(|flight| flight.is_under_way()) {
            Some(flight) if !flight.is_abandoned() => None,
            Some(flight) if SHARED => Some(flight.board()),
            _ => Some(flight.insert(Flight::new(start())).board()),
        }
    }
}

impl<T: Clone> Flight<T> {
    fn new(future: BoxFuture<'static, T>) -> Self {
        Self {
            future: future.shared(),
            seats: Arc::new(()),
        }
    }

    fn is_under_way(&self) -> bool {
        self.future.peek().is_none()
    }

    fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.seats) == 1
    }

    fn board(&self) -> Ride<T> {
        Ride {
            future: self.future.clone(),
            resumed: self.is_abandoned(),
            seat: Arc::clone(&self.seats),
        }
    }
}

impl<T: Clone> Ride<T> {
    /// That nobody was waiting for the flight: it may have begun long ago, or just now.
    pub(crate) fn is_resumed(&self) -> bool {
        self.resumed
    }

    pub(crate) async fn land(self) -> T {
        let landed = self.future.await;
        drop(self.seat);
        landed
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::{future::join_all, poll};
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn one_flies_for_all() {
        let (slot, started) = (Slot::default(), AtomicU32::new(0));
        let (land, landed) = oneshot::channel::<u32>();
        let mut landed = Some(landed);
        let rides: Vec<_> = (0..10_000)
            .map(|_| {
                slot.join(|| {
                    started.fetch_add(1, Ordering::Relaxed);
                    let landed = landed.take().unwrap();
                    Box::pin(async move { landed.await.unwrap() })
                })
                .land()
            })
            .collect();
        land.send(7).unwrap();
        assert!(join_all(rides).await.iter().all(|&landed| landed == 7));
        assert_eq!(started.into_inner(), 1);
    }

    #[tokio::test]
    async fn a_passenger_who_leaves_takes_nobody_along() {
        let slot = Slot::default();
        let (land, landed) = oneshot::channel::<u32>();
        let mut first = Box::pin(
            slot.join(|| Box::pin(async { landed.await.unwrap() }))
                .land(),
        );
        let mut second = Box::pin(slot.join(|| panic!("one flies")).land());
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        drop(first);
        land.send(7).unwrap();
        assert_eq!(second.await, 7);
    }

    #[tokio::test]
    async fn an_abandoned_flight_is_carried_on() {
        let slot = Slot::default();
        let (land, landed) = oneshot::channel::<u32>();
        let mut first = Box::pin(
            slot.lead(|| Box::pin(async { landed.await.unwrap() }))
                .unwrap()
                .land(),
        );
        assert!(poll!(&mut first).is_pending());
        assert!(slot.lead(|| panic!("one flies")).is_none());
        drop(first);
        land.send(7).unwrap();
        let second = slot.lead(|| panic!("one flies")).unwrap();
        assert!(second.is_resumed());
        assert_eq!(second.land().await, 7);
    }

    #[tokio::test]
    async fn after_one_has_landed_comes_the_next() {
        let slot = Slot::default();
        assert_eq!(slot.join(|| Box::pin(async { 1 })).land().await, 1);
        assert_eq!(slot.join(|| Box::pin(async { 2 })).land().await, 2);
    }
}
