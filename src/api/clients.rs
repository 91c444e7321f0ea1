//! How much those who come by a port may ask for: places for connections and a rate of requests, for each address and in
//! all. An address is what one household has: an IPv4 address, or 64 bits of IPv6.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::asker::{Asker, CountedAs, Rights};
use super::errors::{ErrorKind, RpcError};
use crate::pace::Pace;

/// Connections of strangers at one address, at once, over all ports.
pub const CONNECTIONS_OF_ADDRESS: usize = 8;

/// Connections of strangers, at once, over all ports.
pub const CONNECTIONS_OF_STRANGERS: usize = 96;

/// Requests of one address in a second, those of a batch counted one by one; some seconds of it may come at once.
pub const REQUESTS_PER_SECOND: u64 = 10;

/// So much may be saved up, in microseconds: 40 requests.
const SAVED_US: u64 = 4_000_000;

/// Requests of all strangers together in a second.
pub const REQUESTS_OF_STRANGERS_PER_SECOND: u64 = 200;

/// Addresses whose rate is remembered, at most. Those that have been on time for the longest are forgotten first.
const REMEMBERED: usize = 4_096;

/// Counts them.
#[derive(Debug)]
pub struct Clients {
    start: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    connections: HashMap<CountedAs, usize>,
    paces: HashMap<CountedAs, Pace>,
    all: Pace,
}

impl Default for Clients {
    fn default() -> Self {
        Self { start: Instant::now(), inner: Mutex::default() }
    }
}

/// The place of a stranger's connection, which is free again when this goes.
#[derive(Debug)]
pub struct StrangersPlace {
    clients: Arc<Clients>,
    counted_as: CountedAs,
}

impl Clients {
    /// A place for a stranger's connection, if there is one.
    #[must_use]
    pub fn admit(self: &Arc<Self>, counted_as: CountedAs) -> Option<StrangersPlace> {
        let mut inner = self.inner();
        let of_all: usize = inner.connections.values().sum();
        let of_address = inner.connections.entry(counted_as).or_default();
        if of_all >= CONNECTIONS_OF_STRANGERS || *of_address >= CONNECTIONS_OF_ADDRESS {
            if *of_address == 0 {
                inner.connections.remove(&counted_as);
            }
            return None;
        }
        *of_address += 1;
        Some(StrangersPlace { clients: Arc::clone(self), counted_as })
    }

    /// Counts so many requests.
    ///
    /// # Errors
    /// If they come too fast.
    pub fn count(&self, asker: Asker, requests: usize) -> Result<(), RpcError> {
        if asker.rights == Rights::User {
            return Ok(());
        }
        // At the start, all has been saved up.
        let now_us = SAVED_US.saturating_add(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX));
        self.inner().take(asker.counted_as, requests, now_us).map_err(|wait| {
            let said = format!("more than {REQUESTS_PER_SECOND} requests a second come from this address, or more than {REQUESTS_OF_STRANGERS_PER_SECOND} in all");
            RpcError::new(ErrorKind::Busy, said).help(format!("try again in {} s", wait.as_secs() + 1))
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Takes the time of so many requests, or none of it.
    fn take(&mut self, counted_as: CountedAs, requests: usize, now_us: u64) -> Result<(), Duration> {
        if self.paces.len() >= REMEMBERED && !self.paces.contains_key(&counted_as) {
            self.paces.retain(|_, pace| pace.next_us() > now_us);
            if self.paces.len() >= REMEMBERED {
                let longest = self.paces.iter().min_by_key(|(_, pace)| pace.next_us()).map(|(it, _)| *it);
                longest.map(|longest| self.paces.remove(&longest));
            }
        }
        let requests = u64::try_from(requests).unwrap_or(u64::MAX);
        let costs = |per_second: u64| requests.saturating_mul(1_000_000 / per_second);
        let mut of_address = self.paces.get(&counted_as).copied().unwrap_or_default();
        let mut of_all = self.all;
        let wait = of_address.take(costs(REQUESTS_PER_SECOND), SAVED_US, now_us).max(of_all.take(
            costs(REQUESTS_OF_STRANGERS_PER_SECOND),
            SAVED_US,
            now_us,
        ));
        if !wait.is_zero() {
            return Err(wait);
        }
        self.paces.insert(counted_as, of_address);
        self.all = of_all;
        Ok(())
    }
}

impl Drop for StrangersPlace {
    fn drop(&mut self) {
        let mut inner = self.clients.inner();
        if let Some(count) = inner.connections.get_mut(&self.counted_as) {
            *count -= 1;
            if *count == 0 {
                inner.connections.remove(&self.counted_as);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: [u8; 4]) -> CountedAs {
        CountedAs::address(address.into())
    }

    #[test]
    fn an_address_has_so_many_places_and_all_have_so_many() {
        let clients = Arc::new(Clients::default());
        let of_one: Vec<_> = (0..CONNECTIONS_OF_ADDRESS).filter_map(|_| clients.admit(at([192, 0, 2, 1]))).collect();
        assert_eq!(of_one.len(), CONNECTIONS_OF_ADDRESS);
        assert!(clients.admit(at([192, 0, 2, 1])).is_none());
        let others: Vec<_> = (0..=255).filter_map(|last| clients.admit(at([198, 51, 100, last]))).collect();
        assert_eq!(of_one.len() + others.len(), CONNECTIONS_OF_STRANGERS);
        drop(of_one);
        assert!(clients.admit(at([192, 0, 2, 1])).is_some());
        drop(others);
        assert!(clients.inner().connections.is_empty(), "nothing is remembered of those who have gone");
    }

    #[test]
    fn requests_that_come_too_fast_are_refused_and_others_are_not() {
        let mut inner = Inner::default();
        let mut now_us = 1_000_000_000;
        let taken = (0..100).filter(|_| inner.take(at([192, 0, 2, 1]), 1, now_us).is_ok()).count();
        assert_eq!(taken, 41, "what was saved up, and one");
        assert!(inner.take(at([192, 0, 2, 2]), 1, now_us).is_ok());
        assert!(inner.take(at([192, 0, 2, 1]), 1, now_us).is_err());
        now_us += 1_000_000;
        let taken = (0..100).filter(|_| inner.take(at([192, 0, 2, 1]), 1, now_us).is_ok()).count();
        assert_eq!(taken as u64, REQUESTS_PER_SECOND);
    }

    #[test]
    fn all_strangers_together_have_a_rate_and_a_bound_of_memory() {
        let mut inner = Inner::default();
        let addresses = (0u32..20_000).map(|number| at(number.to_be_bytes()));
        let taken = addresses.filter(|address| inner.take(*address, 1, 1_000_000_000).is_ok()).count();
        assert_eq!(taken as u64, REQUESTS_OF_STRANGERS_PER_SECOND * 4 + 1);
        for number in 0u32..10_000 {
            let _ = inner.take(at(number.to_be_bytes()), 1, 2_000_000_000 + u64::from(number) * 10_000);
        }
        assert!(inner.paces.len() <= REMEMBERED);
    }
}
