//! A network that loses, delays and repeats messages, and splits.

use std::collections::{BTreeMap, BTreeSet};

use crate::automata::system::Message;
use crate::chance::Chance;

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Of a hundred messages, so many are lost.
    pub lost: u64,
    /// So many come twice.
    pub twice: u64,
    /// The longest time on the way, in milliseconds.
    pub longest_ms: u64,
}

impl Weather {
    /// Everything arrives, once, and soon.
    pub const FAIR: Self = Self { lost: 0, twice: 0, longest_ms: 10 };
    /// Many messages are lost, and others may arrive out of order.
    pub const STORM: Self = Self { lost: 15, twice: 15, longest_ms: 200 };
}

/// Messages on their way.
#[derive(Debug)]
pub struct Network {
    /// How bad it is now.
    pub weather: Weather,
    /// Nodes that can reach each other, but none of the others.
    pub island: BTreeSet<u8>,
    sent: u64,
    /// By the time of arrival, then in the order of sending.
    on_their_way: BTreeMap<(u64, u64), Message>,
}

impl Network {
    /// In fair weather.
    pub fn new() -> Self {
        Self { weather: Weather::FAIR, island: BTreeSet::new(), sent: 0, on_their_way: BTreeMap::new() }
    }

    /// Takes a message at that time.
    pub fn send(&mut self, now_ms: u64, from: u8, to: u8, message: Message, chance: &mut Chance) {
        let is_cut_off = self.island.contains(&from) != self.island.contains(&to);
        let copies = if chance.percent(self.weather.twice) { 2 } else { 1 };
        for _ in 0..copies {
            let at_ms = now_ms + chance.between(1, self.weather.longest_ms);
            if !is_cut_off && !chance.percent(self.weather.lost) {
                self.sent += 1;
                self.on_their_way.insert((at_ms, self.sent), message.clone());
            }
        }
    }

    /// When the next one arrives.
    pub fn next_ms(&self) -> Option<u64> {
        self.on_their_way.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// One that has arrived by then.
    pub fn arrived(&mut self, now_ms: u64) -> Option<Message> {
        let entry = self.on_their_way.first_entry()?;
        (entry.key().0 <= now_ms).then(|| entry.remove())
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}
