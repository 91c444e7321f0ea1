//! Places for connections: a bounded number, and one that is idle gives way to one that comes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

/// Places for a bounded number of connections.
#[derive(Debug)]
pub struct Places {
    most: usize,
    inner: Mutex<Inner>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// Counts what happens: whoever has a lower number has been idle for longer.
    moment: u64,
    taken: BTreeMap<u64, Taken>,
}

#[derive(Debug)]
struct Taken {
    /// Requests that are being answered.
    busy: usize,
    /// It has shown that it is a program of the user.
    is_known: bool,
    idle_since: u64,
    leave: watch::Sender<bool>,
}

/// The place of a connection, which is free again when this goes.
#[derive(Debug)]
pub struct Place {
    number: u64,
    places: Arc<Places>,
}

/// As long as it is there, the connection is not idle.
#[derive(Debug)]
pub struct Busy<'a>(&'a Place);

impl Places {
    /// So many places.
    #[must_use]
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, inner: Mutex::default(), freed: Notify::new() })
    }

    /// A place. If there is none, the connection that has been idle for the longest is told to leave; those that have
    /// not shown whose they are go first.
    pub async fn take(self: &Arc<Self>) -> Place {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take() {
                return place;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>) -> Option<Place> {
        let mut inner = self.lock();
        if inner.taken.len() >= self.most {
            // One is enough, and may still be on its way out.
            let is_leaving = inner.taken.values().any(|taken| *taken.leave.borrow());
            let idle = inner.taken.values().filter(|taken| taken.busy == 0 && !is_leaving);
            if let Some(first) = idle.min_by_key(|taken| (taken.is_known, taken.idle_since)) {
                first.leave.send_replace(true);
            }
            return None;
        }
        inner.moment += 1;
        let number = inner.moment;
        let taken = Taken { busy: 0, is_known: false, idle_since: number, leave: watch::Sender::new(false) };
        inner.taken.insert(number, taken);
        drop(inner);
        Some(Place { number, places: Arc::clone(self) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The connection has shown that it is a program of the user.
    pub fn is_known(&self) {
        self.change(|taken, _| taken.is_known = true);
    }

    /// A request is being answered.
    #[must_use]
    pub fn busy(&self) -> Busy<'_> {
        self.change(|taken, _| taken.busy += 1);
        Busy(self)
    }

    /// Completes when the place is needed for another. Says whether the connection is known, and so is to end in order.
    pub async fn is_to_leave(&self) -> bool {
        let mut leave = {
            let inner = self.places.lock();
            inner.taken[&self.number].leave.subscribe()
        };
        let _ = leave.wait_for(|leave| *leave).await;
        self.places.lock().taken[&self.number].is_known
    }

    fn change(&self, change: impl FnOnce(&mut Taken, u64)) {
        let mut inner = self.places.lock();
        inner.moment += 1;
        let moment = inner.moment;
        if let Some(taken) = inner.taken.get_mut(&self.number) {
            change(taken, moment);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().taken.remove(&self.number);
        self.places.freed.notify_one();
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.change(|taken, moment| {
            taken.busy -= 1;
            taken.idle_since = moment;
        });
        // Whoever waits for a place may have found nobody idle before.
        self.0.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn is_told(place: &Place) -> bool {
        std::pin::pin!(place.is_to_leave()).now_or_never().is_some()
    }

    #[test]
    fn the_longest_idle_gives_way_and_whoever_is_unknown_before_that() {
        let places = Places::new(3);
        let take = || places.take().now_or_never();
        let [known, unknown, busy] = [(); 3].map(|()| take().expect("there is a place"));
        known.is_known();
        busy.is_known();
        let held = busy.busy();
        assert!(take().is_none() && is_told(&unknown) && !is_told(&known) && !is_told(&busy));
        drop(unknown);
        let third = take().expect("there is a place");
        third.is_known();
        // It has been idle for less long than the first, which was there before.
        drop(third.busy());
        assert!(take().is_none() && is_told(&known) && !is_told(&third) && !is_told(&busy));
        drop(known);
        let fourth = take().expect("there is a place");
        let (_of_third, _of_fourth) = (third.busy(), fourth.busy());
        // All are busy: whoever comes waits until one is not.
        assert!(take().is_none() && ![&third, &fourth, &busy].into_iter().any(is_told));
        drop(held);
        assert!(take().is_none() && is_told(&busy));
    }

    #[test]
    fn whoever_waits_is_woken_when_somebody_is_idle_or_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let places = Places::new(1);
            let first = places.take().await;
            let busy = first.busy();
            let mut second = std::pin::pin!(places.take());
            assert!(second.as_mut().now_or_never().is_none() && !is_told(&first));
            drop(busy);
            let leave = async {
                first.is_to_leave().await;
                drop(first);
            };
            tokio::join!(second, leave);
        });
    }
}
