//! What our server saw of those who asked it: from which addresses, how often, when. Only those are remembered who are
//! at an address of somebody with whom there was a session: senders of datagrams can be forged, and a flood of them
//! would wash away what is known.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

/// Addresses that are remembered, at most; the one that has had no session for longest is forgotten.
pub const SEEN_ADDRESSES: usize = 512;

/// Ports of one address, at most; the one that has asked for longest not is forgotten.
pub const SEEN_PORTS: usize = 8;

/// From where somebody asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenFrom {
    /// As it looked here.
    pub from: SocketAddr,
    /// How often.
    pub requests: u64,
    /// When last, in milliseconds of unix time.
    pub at_unix_ms: u64,
}

/// Who has asked.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    by_address: BTreeMap<IpAddr, VecDeque<SeenFrom>>,
    /// The one that has had a session last is the last.
    order: VecDeque<IpAddr>,
}

impl Seen {
    /// There is a session with somebody at this address, so what asks from there is remembered.
    pub fn expect(&mut self, ip: IpAddr) {
        let ip = ip.to_canonical();
        self.order.retain(|other| *other != ip);
        self.order.push_back(ip);
        self.by_address.entry(ip).or_default();
        if self.order.len() > SEEN_ADDRESSES
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_address.remove(&oldest);
        }
    }

    /// A request was answered.
    pub fn note(&mut self, from: SocketAddr, now_unix_ms: u64) {
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let Some(ports) = self.by_address.get_mut(&from.ip()) else { return };
        let before = ports.iter().position(|seen| seen.from == from).and_then(|place| ports.remove(place));
        let requests = before.map_or(0, |seen| seen.requests).saturating_add(1);
        ports.push_back(SeenFrom { from, requests, at_unix_ms: now_unix_ms });
        if ports.len() > SEEN_PORTS {
            ports.pop_front();
        }
    }

    /// From which ports of this address somebody asked, the latest last.
    pub fn of(&self, ip: IpAddr) -> impl Iterator<Item = &SeenFrom> {
        self.by_address.get(&ip.to_canonical()).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn only_those_with_a_session_are_remembered_and_the_latest_stay() {
        let mut seen = Seen::default();
        seen.note(SocketAddr::new(ip(1), 5), 1);
        assert_eq!(seen.of(ip(1)).count(), 0, "a stranger");
        seen.expect(ip(1));
        for port in 1..=20 {
            seen.note(SocketAddr::new(ip(1), port), port.into());
            seen.note(SocketAddr::new(ip(1), 1), port.into());
        }
        let ports: Vec<u16> = seen.of(ip(1)).map(|seen| seen.from.port()).collect();
        assert_eq!(ports, [14, 15, 16, 17, 18, 19, 20, 1]);
        assert_eq!(seen.of(ip(1)).last().map(|seen| seen.requests), Some(21));
        for number in 2..5_000 {
            seen.expect(ip(number));
        }
        assert_eq!((seen.by_address.len(), seen.order.len()), (SEEN_ADDRESSES, SEEN_ADDRESSES));
        assert_eq!(seen.of(ip(1)).count(), 0);
    }
}
