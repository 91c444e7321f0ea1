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

/// A share that is larger by less than this is no better: or two transports that serve alike would change places all
/// the time, and each change is a new document for all contacts.
const CLEARLY: u32 = ALWAYS / 5;

/// A round trip that is shorter by less than so many milliseconds is no shorter.
const CLEARLY_MS: u32 = 10;

/// How well one transport has served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stability {
    /// The share of sessions that came about and served, in millionths: an exponentially weighted mean.
    success: u32,
    /// The round trip in milliseconds, likewise.
    round_trip_ms: Option<u32>,
    /// Packets that are lost, of a million, likewise.
    loss: Option<u32>,
    /// When something came in by it, in milliseconds since the node was started.
    heard_ms: Option<u64>,
    /// How long its sessions lasted, in milliseconds, likewise.
    lasts_ms: Option<u32>,
    /// When somebody else last opened a session by it, in milliseconds of unix time.
    came_in_unix_ms: Option<u64>,
}

/// Why one transport stands before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Better {
    /// Something came in by it, and nothing by the other.
    IsHeard,
    /// More of its sessions come about and last.
    Serves,
    /// It is quicker.
    IsQuicker,
}

impl Better {
    /// For the user.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::IsHeard => "others come by it",
            Self::Serves => "more of its sessions come about and last",
            Self::IsQuicker => "it is quicker",
        }
    }
}

impl Default for Stability {
    /// Nothing is known: half of what is to be hoped.
    fn default() -> Self {
        Self {
            success: ALWAYS / 2,
            round_trip_ms: None,
            loss: None,
            heard_ms: None,
            lasts_ms: None,
            came_in_unix_ms: None,
        }
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

    /// Packets that are lost in the mean, of a thousand. Nothing is known of a transport that does not count them.
    #[must_use]
    pub fn loss_per_mille(&self) -> Option<u32> {
        self.loss.map(|loss| loss / (ALWAYS / 1_000))
    }

    /// How long its sessions lasted in the mean, in milliseconds.
    #[must_use]
    pub fn lasts_ms(&self) -> Option<u32> {
        self.lasts_ms
    }

    /// When somebody else last opened a session by it, in milliseconds of unix time.
    #[must_use]
    pub fn came_in_unix_ms(&self) -> Option<u64> {
        self.came_in_unix_ms
    }

    /// Why it is clearly better than another, if it is.
    #[must_use]
    pub fn is_better_than(&self, other: &Self) -> Option<Better> {
        match (self.heard_ms.is_some(), other.heard_ms.is_some()) {
            (true, false) => return Some(Better::IsHeard),
            (false, true) => return None,
            _ => {}
        }
        if self.success >= other.success.saturating_add(CLEARLY) {
            return Some(Better::Serves);
        }
        if other.success >= self.success.saturating_add(CLEARLY) {
            return None;
        }
        // A transport that sends again what was lost is slower where much is, and that shows in the round trip.
        let (ours, theirs) = (self.round_trip_ms?, other.round_trip_ms?);
        let is_quicker = ours.saturating_add(CLEARLY_MS) <= theirs && u64::from(ours) * 4 <= u64::from(theirs) * 3;
        is_quicker.then_some(Better::IsQuicker)
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

    /// So many packets of a thousand were lost lately.
    pub fn loss(&mut self, transport: &TransportName, per_mille: u32) {
        let observed = per_mille.min(1_000) * (ALWAYS / 1_000);
        let stability = self.entry(transport);
        stability.loss = Some(stability.loss.map_or(observed, |known| mean(known, observed)));
    }

    /// A packet came in.
    pub fn heard(&mut self, transport: &TransportName, now_ms: u64) {
        self.entry(transport).heard_ms = Some(now_ms);
    }

    /// Somebody else has opened a session by it.
    pub fn came_in(&mut self, transport: &TransportName, now_unix_ms: u64) {
        self.entry(transport).came_in_unix_ms = Some(now_unix_ms);
    }

    /// A session by it that was ready has ended, after so long.
    pub fn lasted(&mut self, transport: &TransportName, ms: u64) {
        let ms = u32::try_from(ms).unwrap_or(u32::MAX);
        let stability = self.entry(transport);
        stability.lasts_ms = Some(stability.lasts_ms.map_or(ms, |known| mean(known, ms)));
    }

    /// Others do not come by it, though it stands first.
    pub fn nobody_comes_by(&mut self, transport: &TransportName) {
        self.entry(transport).heard_ms = None;
    }

    /// These transports, the best first. They stay in the order in which they are given, unless one is clearly better
    /// than the one before it.
    #[must_use]
    pub fn order(&self, mut transports: Vec<TransportName>) -> Vec<TransportName> {
        for _ in 1..transports.len() {
            for second in 1..transports.len() {
                let (before, behind) = (self.of(&transports[second - 1]), self.of(&transports[second]));
                if behind.is_better_than(&before).is_some() {
                    transports.swap(second - 1, second);
                }
            }
        }
        transports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TransportName {
        text.parse().expect("a name")
    }

    fn order(stabilities: &Stabilities, before: [&str; 2]) -> Vec<String> {
        stabilities.order(before.map(name).to_vec()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_fails_falls_behind_though_it_worked_once() {
        let mut stabilities = Stabilities::default();
        for transport in ["tcp", "udp"] {
            stabilities.session(&name(transport), true);
            stabilities.heard(&name(transport), 1);
        }
        assert_eq!(order(&stabilities, ["tcp", "udp"]), ["tcp", "udp"]);
        for _ in 0..4 {
            stabilities.session(&name("tcp"), false);
        }
        assert_eq!(order(&stabilities, ["tcp", "udp"]), ["udp", "tcp"]);
        // And comes back when it serves again, and the other does not.
        for _ in 0..20 {
            stabilities.session(&name("tcp"), true);
        }
        assert_eq!(order(&stabilities, ["udp", "tcp"]), ["tcp", "udp"]);
        assert!(stabilities.of(&name("tcp")).success_percent() > 90);
    }

    #[test]
    fn of_two_that_serve_alike_the_quicker_one_is_better() {
        let mut stabilities = Stabilities::default();
        for (transport, round_trip_ms) in [("tcp", 80), ("udp", 20)] {
            stabilities.heard(&name(transport), 1);
            stabilities.round_trip(&name(transport), round_trip_ms);
        }
        assert_eq!(order(&stabilities, ["tcp", "udp"]), ["udp", "tcp"]);
        for _ in 0..30 {
            stabilities.round_trip(&name("udp"), 300);
        }
        assert_eq!(order(&stabilities, ["udp", "tcp"]), ["tcp", "udp"]);
        assert_eq!(stabilities.of(&name("tcp")).round_trip_ms(), Some(80));
    }

    #[test]
    fn at_the_border_nothing_changes_places() {
        let mut stabilities = Stabilities::default();
        for transport in ["tcp", "udp"] {
            stabilities.heard(&name(transport), 1);
            stabilities.round_trip(&name(transport), 100);
        }
        let mut changes = 0;
        let mut before = ["tcp".to_owned(), "udp".to_owned()].to_vec();
        for step in 0..200u32 {
            // Each is now a little better, now a little worse.
            stabilities.round_trip(&name("tcp"), 90 + step % 3 * 10);
            stabilities.round_trip(&name("udp"), 110 - step % 3 * 10);
            stabilities.session(&name(["tcp", "udp"][step as usize % 2]), step % 7 != 0);
            let now = order(&stabilities, [&before[0], &before[1]]);
            changes += u32::from(now != before);
            before = now;
        }
        assert_eq!(changes, 0);
    }

    #[test]
    fn the_one_by_which_nobody_comes_is_the_last() {
        let mut stabilities = Stabilities::default();
        stabilities.session(&name("tcp"), true);
        stabilities.heard(&name("tcp"), 1);
        assert_eq!(order(&stabilities, ["udp", "tcp"]), ["tcp", "udp"]);
        stabilities.nobody_comes_by(&name("tcp"));
        stabilities.heard(&name("udp"), 2);
        assert_eq!(order(&stabilities, ["tcp", "udp"]), ["udp", "tcp"]);
        let better = stabilities.of(&name("udp")).is_better_than(&stabilities.of(&name("tcp")));
        assert_eq!(better, Some(Better::IsHeard));
    }

    #[test]
    fn means_stay_within_what_was_observed() {
        assert_eq!((mean(u32::MAX, u32::MAX), mean(0, 0)), (u32::MAX, 0));
    }
}
