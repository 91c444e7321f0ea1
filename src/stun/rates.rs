//! How many requests are answered: of each network, and of all together. What comes faster is passed over in silence,
//! so that whoever forges senders fills no line of theirs with our answers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::peers::AddressGroup;

/// So many in a second, after so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    per_second: u64,
    burst: u64,
}

/// Of one network. A client asks once in 20 seconds, so this is enough for hundreds behind one router.
const OF_GROUP: Rate = Rate { per_second: 20, burst: 100 };

/// Of all together: at most 200 KiB in a second go out.
const OF_ALL: Rate = Rate { per_second: 2_000, burst: 2_000 };

/// Networks that are remembered, at most. When there is no room, those that have their whole burst again are forgotten.
/// Each request holds its place for 50 ms, so by the rate of all there are never as many as that at a time.
pub const GROUPS: usize = 4_096;

/// When the next request would be on time (the generic cell rate algorithm, ITU-T I.371), in microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    next_us: u64,
}

impl Bucket {
    fn has_room(self, rate: Rate, now_us: u64) -> bool {
        let interval_us = 1_000_000 / rate.per_second;
        self.next_us <= now_us + (rate.burst - 1) * interval_us
    }

    fn take(&mut self, rate: Rate, now_us: u64) {
        self.next_us = self.next_us.max(now_us) + 1_000_000 / rate.per_second;
    }
}

/// The requests that were answered lately.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    groups: BTreeMap<AddressGroup, Bucket>,
    all: Bucket,
}

impl Rates {
    /// A request came from there, at a time in microseconds that never runs backwards. Says whether it is answered.
    pub fn take(&mut self, from: IpAddr, now_us: u64) -> bool {
        if !self.all.has_room(OF_ALL, now_us) {
            return false;
        }
        let group = AddressGroup::of(from);
        if self.groups.len() >= GROUPS && !self.groups.contains_key(&group) {
            self.groups.retain(|_, bucket| bucket.next_us > now_us);
            if self.groups.len() >= GROUPS {
                return false;
            }
        }
        let bucket = self.groups.entry(group).or_default();
        if !bucket.has_room(OF_GROUP, now_us) {
            return false;
        }
        bucket.take(OF_GROUP, now_us);
        self.all.take(OF_ALL, now_us);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const SECOND_US: u64 = 1_000_000;

    fn count(rates: &mut Rates, from: IpAddr, now_us: u64) -> u64 {
        (0..10_000).filter(|_| rates.take(from, now_us)).count() as u64
    }

    #[test]
    fn a_network_that_floods_does_not_keep_others_from_answers() {
        let mut rates = Rates::default();
        let [flood, neighbour, other] =
            ["203.0.113.1", "203.0.113.200", "198.51.100.1"].map(|ip| ip.parse().expect("an IP"));
        assert_eq!(count(&mut rates, flood, SECOND_US), OF_GROUP.burst);
        assert!(!rates.take(neighbour, SECOND_US), "it is in the same hand");
        assert!(rates.take(other, SECOND_US));
        assert_eq!(count(&mut rates, flood, 2 * SECOND_US), OF_GROUP.per_second);
        // Who was silent for long has a burst again, and not more.
        assert_eq!(count(&mut rates, flood, 3_600 * SECOND_US), OF_GROUP.burst);
    }

    #[test]
    fn a_flood_from_everywhere_is_bounded_in_memory_and_in_answers() {
        let mut rates = Rates::default();
        let mut answered = 0;
        for second in 1..=10_u64 {
            for number in 0..20_000_u32 {
                let from = Ipv4Addr::from_bits(0x0a00_0000 + (second as u32 * 20_000 + number) * 256);
                answered += u64::from(rates.take(from.into(), second * SECOND_US));
            }
            assert!(rates.groups.len() <= GROUPS);
        }
        assert!(answered <= OF_ALL.burst + 10 * OF_ALL.per_second, "{answered}");
        assert!(answered >= 10 * OF_ALL.per_second / 2, "{answered}");
        // Nobody is kept from answers who comes afterwards.
        assert!(rates.take(Ipv4Addr::LOCALHOST.into(), 11 * SECOND_US));
    }
}
