//! How well each transport has served, measured: which share of its sessions came about, how long a round trip takes,
//! whether anything came in by it.
//!
//! The original knew one bit, "something came in since the contacts changed". Two transports, one of which worked once
//! and fails since, were the same to it.

use std::collections::BTreeMap;

use crate::name::TransportName;

/// A new observation counts for one part in so many.
const WEIGHT: u32 = 8;

/// All sessions came about.
const ALWAYS: u32 = 1_000_000;

/// Shares are compared in steps of a tenth: less is noise.
const STEP: u32 = ALWAYS / 10;

/// How well one transport has served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stability {
    /// The share of sessions that came about and served, in millionths: an exponentially weighted mean.
    success: u32,
    /// The round trip in milliseconds, likewise.
    round_trip_ms: Option<u32>,
    /// When something came in by it, in milliseconds since the node was started.
    heard_ms: Option<u64>,
}

impl Default for Stability {
    /// Nothing is known: half of what is to be hoped.
    fn default() -> Self {
        Self { success: ALWAYS / 2, round_trip_ms: None, heard_ms: None }
    }
}

impl Stability {
    /// The share of sessions that came about and served, from 0 to 100.
    #[must_use]
    pub fn success_percent(&self) -> u32 {
        self.success / (ALWAYS / 100)
    }

    /// The mean round trip, in milliseconds.
    #[must_use]
    pub fn round_trip_ms(&self) -> Option<u32> {
        self.round_trip_ms
    }

    fn observe(&mut self, is_success: bool) {
        let observed = if is_success { ALWAYS } else { 0 };
        self.success = mean(self.success, observed);
    }
}

fn mean(mean: u32, observed: u32) -> u32 {
    // Neither is above `u32::MAX`, so the mean is not.
    let sum = u64::from(mean) * u64::from(WEIGHT - 1) + u64::from(observed);
    u32::try_from(sum / u64::from(WEIGHT)).unwrap_or(u32::MAX)
}

/// All transports.
#[derive(Clone, Debug, Default)]
pub struct Stabilities(BTreeMap<TransportName, Stability>);

impl Stabilities {
    /// How well that one has served.
    #[must_use]
    pub fn of(&self, transport: &TransportName) -> Stability {
        self.0.get(transport).copied().unwrap_or_default()
    }

    fn entry(&mut self, transport: &TransportName) -> &mut Stability {
        self.0.entry(transport.clone()).or_default()
    }

    /// A session came about, or did not, or broke.
    pub fn session(&mut self, transport: &TransportName, is_success: bool) {
        self.entry(transport).observe(is_success);
    }

    /// An answer came after so long.
    pub fn round_trip(&mut self, transport: &TransportName, round_trip_ms: u32) {
        let stability = self.entry(transport);
        stability.round_trip_ms =
            Some(stability.round_trip_ms.map_or(round_trip_ms, |known| mean(known, round_trip_ms)));
    }

    /// A packet came in.
    pub fn heard(&mut self, transport: &TransportName, now_ms: u64) {
        self.entry(transport).heard_ms = Some(now_ms);
    }

    /// Others do not come by it, though it stands first.
    pub fn nobody_comes_by(&mut self, transport: &TransportName) {
        let stability = self.entry(transport);
        stability.success = 0;
        stability.heard_ms = None;
    }

    /// Behind all others comes the one by which nobody has come; then the one that fails more, then the slower one.
    #[must_use]
    pub fn rank(&self, transport: &TransportName) -> impl Ord + use<> {
        let stability = self.of(transport);
        let fails = ALWAYS / STEP - stability.success / STEP;
        (stability.heard_ms.is_none(), fails, stability.round_trip_ms.unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TransportName {
        text.parse().expect("a name")
    }

    fn best(stabilities: &Stabilities) -> &'static str {
        ["tcp", "udp"].into_iter().min_by_key(|text| stabilities.rank(&name(text))).expect("there are two")
    }

    #[test]
    fn what_fails_falls_behind_though_it_worked_once() {
        let mut stabilities = Stabilities::default();
        for transport in ["tcp", "udp"] {
            stabilities.session(&name(transport), true);
            stabilities.heard(&name(transport), 1);
        }
        assert_eq!(best(&stabilities), "tcp");
        for _ in 0..4 {
            stabilities.session(&name("tcp"), false);
        }
        assert_eq!(best(&stabilities), "udp");
        // And comes back when it serves again.
        for _ in 0..20 {
            stabilities.session(&name("tcp"), true);
        }
        assert_eq!(best(&stabilities), "tcp");
        assert!(stabilities.of(&name("tcp")).success_percent() > 90);
    }

    #[test]
    fn of_two_that_serve_alike_the_quicker_one_is_better() {
        let mut stabilities = Stabilities::default();
        for (transport, round_trip_ms) in [("tcp", 80), ("udp", 20)] {
            stabilities.heard(&name(transport), 1);
            stabilities.round_trip(&name(transport), round_trip_ms);
        }
        assert_eq!(best(&stabilities), "udp");
        for _ in 0..30 {
            stabilities.round_trip(&name("udp"), 300);
        }
        assert_eq!(best(&stabilities), "tcp");
        assert_eq!(stabilities.of(&name("tcp")).round_trip_ms(), Some(80));
    }

    #[test]
    fn the_one_by_which_nobody_comes_is_the_last() {
        let mut stabilities = Stabilities::default();
        stabilities.session(&name("tcp"), true);
        stabilities.heard(&name("tcp"), 1);
        assert_eq!(best(&stabilities), "tcp");
        stabilities.nobody_comes_by(&name("tcp"));
        stabilities.heard(&name("udp"), 2);
        assert_eq!(best(&stabilities), "udp");
    }

    #[test]
    fn means_stay_within_what_was_observed() {
        assert_eq!((mean(u32::MAX, u32::MAX), mean(0, 0)), (u32::MAX, 0));
    }
}
