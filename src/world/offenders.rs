//! Misbehaviour of addresses from which nobody has proved who they are: whoever has a stolen or invented key is counted
//! here, and not against the identity that it names.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::peers::{AddressGroup, Misbehaviour};

/// Groups of addresses that are remembered at most; the one that misbehaved least is forgotten first.
const REMEMBERED_GROUPS: usize = 1_024;

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Offenders {
    groups: BTreeMap<AddressGroup, Misbehaviour>,
}

impl Offenders {
    /// Somebody at that address misbehaved.
    pub fn add(&mut self, address: IpAddr, points: u32, now_unix_ms: u64) {
        let group = AddressGroup::of(address);
        self.groups.entry(group).or_default().add(points, now_unix_ms);
        if self.groups.len() > REMEMBERED_GROUPS {
            let others = self.groups.iter().filter(|(other, _)| **other != group);
            let least = others.min_by_key(|(_, misbehaviour)| misbehaviour.points_at(now_unix_ms));
            if let Some(least) = least.map(|(least, _)| *least) {
                self.groups.remove(&least);
            }
        }
    }

    /// Too much came from there lately.
    #[must_use]
    pub fn is_refused_at(&self, address: IpAddr, now_unix_ms: u64) -> bool {
        self.groups.get(&AddressGroup::of(address)).is_some_and(|group| group.is_refused_at(now_unix_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_answer_for_one_another_and_the_worst_are_remembered() {
        let mut offenders = Offenders::default();
        let address = |high: u8, low: u8| IpAddr::from([10, high, low, 7]);
        for _ in 0..5 {
            offenders.add(address(255, 255), 20, 1_000);
        }
        for number in 0..2 * REMEMBERED_GROUPS {
            let [.., high, low] = number.to_be_bytes();
            offenders.add(address(high, low), 20, 1_000);
        }
        assert_eq!(offenders.groups.len(), REMEMBERED_GROUPS);
        assert!(offenders.is_refused_at(IpAddr::from([10, 255, 255, 99]), 1_000));
        assert!(!offenders.is_refused_at(IpAddr::from([10, 255, 254, 7]), 1_000));
        assert!(!offenders.is_refused_at(IpAddr::from([10, 255, 255, 99]), 40_000), "a point is forgotten in 36 s");
    }
}
