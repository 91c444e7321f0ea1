//! What several observers together prove of our address.
//!
//! One observer may lie, and so may all that are in one hand, which have their addresses most cheaply in one network.
//! So each network ([`AddressGroup`]) has one vote, and an address is believed if more than half of the votes are for
//! it, and at least two. What the router does follows from the same votes (RFC 4787, section 4.1; RFC 5780, section
//! 4.3): the outer port of one socket is the same for all, or differs with whom it speaks to.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::filtering::{Filtering, TESTS_COUNT_MS, Tested};
use crate::identity::{Entrypoint, NodeId};
use crate::name::stun_name;
use crate::peers::AddressGroup;

/// How long an observation counts, in milliseconds. A router may give the address to somebody else after two minutes
/// without a packet (RFC 4787, section 4.3), and clients ask several times in that time.
pub const COUNTS_MS: u64 = 3 * 60 * 1000;

/// Observations that are kept, at most; the oldest goes.
pub const OBSERVATIONS: usize = 128;

/// Which of our sockets was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum OurSocket {
    /// The one with which nobody but this observer is asked. Its port says nothing to others; its IP does.
    Single,
    /// The one with which all observers are asked: what they see of it shows how the router maps.
    Shared,
}

/// What one observer saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Where the observer was asked.
    pub server: SocketAddr,
    /// The socket's address on this machine.
    pub local: SocketAddr,
    /// Its address as the observer saw it.
    pub mapped: SocketAddr,
    /// When, in milliseconds since the node was started.
    pub at_ms: u64,
}

/// How the router in front of us maps an inner address to an outer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mapping {
    /// Too few observers agree.
    Unknown,
    /// The outer address is the inner one: nothing is translated. (Whether a firewall lets others in is another
    /// matter.)
    Open,
    /// One outer address, whomever we speak to: others can be told where to send to.
    EndpointIndependent,
    /// Another outer port for each address that we speak to.
    AddressDependent,
    /// Another outer port for each address and port that we speak to.
    AddressAndPortDependent,
    /// One of the last two; no two observers at one address have shown which.
    Dependent,
}

impl Mapping {
    /// As a user is told.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Unknown => "what the router does with ports is not known yet",
            Self::Open => "no router translates it",
            Self::EndpointIndependent => "the router uses the same port towards everybody",
            Self::AddressDependent => "the router uses another port towards each address",
            Self::AddressAndPortDependent => "the router uses another port towards each address and port",
            Self::Dependent => "the router uses another port towards each peer",
        }
    }
}

/// Our address of one family, as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct External {
    /// The IP.
    pub ip: IpAddr,
    /// The address of the shared socket, if one is believed.
    pub address: Option<SocketAddr>,
    /// How many observers say that IP.
    pub observers: usize,
    /// In how many networks they are.
    pub networks: usize,
    /// What the router does with what goes out.
    pub mapping: Mapping,
    /// What it lets in.
    pub filtering: Filtering,
}

/// What all observers saw lately.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    by_observer: BTreeMap<(NodeId, OurSocket), Observation>,
    /// What was tested of what the router lets in, with whose help.
    tests: BTreeMap<NodeId, Tested>,
    /// Addresses inside private networks count too.
    is_private_network: bool,
}

impl Observations {
    /// None yet. In a private network, addresses that only it knows count too.
    #[must_use]
    pub fn new(is_private_network: bool) -> Self {
        Self { is_private_network, ..Self::default() }
    }

    /// An observer has answered.
    pub fn note(&mut self, observer: NodeId, socket: OurSocket, seen: Observation) {
        self.by_observer.insert((observer, socket), seen);
        if self.by_observer.len() > OBSERVATIONS
            && let Some(oldest) = self.by_observer.iter().min_by_key(|(_, seen)| seen.at_ms).map(|(key, _)| *key)
        {
            self.by_observer.remove(&oldest);
        }
    }

    /// It was tested with the help of a peer what the router lets in.
    pub fn note_test(&mut self, helper: NodeId, tested: Tested) {
        self.tests.insert(helper, tested);
        if self.tests.len() > OBSERVATIONS
            && let Some(oldest) = self.tests.iter().min_by_key(|(_, tested)| tested.at_ms).map(|(peer, _)| *peer)
        {
            self.tests.remove(&oldest);
        }
    }

    /// What the router lets in, as tests from that address of ours have shown.
    fn filtering(&self, local: IpAddr, now_ms: u64) -> Filtering {
        let is_fresh = |tested: &Tested| now_ms < tested.at_ms.saturating_add(TESTS_COUNT_MS);
        let counts = |tested: &&Tested| {
            let is_of_internet = || Entrypoint { transport: stun_name(), address: tested.server }.is_public();
            tested.local.ip() == local && is_fresh(tested) && (self.is_private_network || is_of_internet())
        };
        let tests = self.tests.values().filter(counts);
        Filtering::shown_by(tests.map(|tested| (AddressGroup::of(tested.server.ip()), tested.result)))
    }

    /// The socket that this observer alone was asked with is closed. What it saw of the shared one goes on counting.
    pub fn own_socket_closed(&mut self, observer: &NodeId) {
        self.by_observer.remove(&(*observer, OurSocket::Single));
    }

    /// What this observer saw, if it still counts.
    #[must_use]
    pub fn of(&self, observer: &NodeId, socket: OurSocket, now_ms: u64) -> Option<&Observation> {
        self.by_observer.get(&(*observer, socket)).filter(|seen| is_fresh(seen, now_ms))
    }

    /// Our addresses that are believed now: one of IPv4, one of IPv6, or none.
    #[must_use]
    pub fn external(&self, now_ms: u64) -> Vec<External> {
        [true, false].into_iter().filter_map(|is_v4| self.of_family(is_v4, now_ms)).collect()
    }

    fn of_family(&self, is_v4: bool, now_ms: u64) -> Option<External> {
        let counts = |seen: &Observation| {
            let public = |address| Entrypoint { transport: stun_name(), address }.is_public();
            let is_of_internet = || public(seen.mapped) && public(seen.server);
            seen.mapped.is_ipv4() == is_v4 && is_fresh(seen, now_ms) && (self.is_private_network || is_of_internet())
        };
        let all: Vec<(NodeId, OurSocket, &Observation)> = self
            .by_observer
            .iter()
            .filter(|(_, seen)| counts(seen))
            .map(|((observer, socket), seen)| (*observer, *socket, seen))
            .collect();
        // After a change of network, and where there are two at a time, most of them decide of which it is.
        let local = most_frequent(all.iter().map(|(_, _, seen)| seen.local.ip()))?;
        let all = all.into_iter().filter(|(_, _, seen)| seen.local.ip() == local);
        // Of an observer who saw both sockets, the shared one counts, which comes behind the other.
        let by_observer: BTreeMap<NodeId, (OurSocket, &Observation)> =
            all.map(|(observer, socket, seen)| (observer, (socket, seen))).collect();
        let (ip, networks) = majority(by_observer.values().map(|(_, seen)| (seen.server, seen.mapped.ip())))?;
        let shared = by_observer.values().filter(|(socket, _)| *socket == OurSocket::Shared).map(|(_, seen)| *seen);
        let shared: Vec<&Observation> = shared.collect();
        let address = majority(shared.iter().map(|seen| (seen.server, seen.mapped)));
        let address = address.map(|(address, _)| address).filter(|address| address.ip() == ip);
        let observers = by_observer.values().filter(|(_, seen)| seen.mapped.ip() == ip).count();
        Some(External {
            ip,
            address,
            observers,
            networks,
            mapping: mapping(&shared, address, ip),
            filtering: self.filtering(local, now_ms),
        })
    }
}

fn is_fresh(seen: &Observation, now_ms: u64) -> bool {
    now_ms < seen.at_ms.saturating_add(COUNTS_MS)
}

fn most_frequent<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

/// What more than half of the networks say, and at least two; and how many say it. A network whose observers contradict
/// one another has a vote for what most of them say, or for nothing.
fn majority<T: Ord + Copy>(said: impl Iterator<Item = (SocketAddr, T)>) -> Option<(T, usize)> {
    let mut networks: BTreeMap<AddressGroup, BTreeMap<T, usize>> = BTreeMap::new();
    for (observer, value) in said {
        *networks.entry(AddressGroup::of(observer.ip())).or_default().entry(value).or_default() += 1;
    }
    let vote = |said: &BTreeMap<T, usize>| {
        let all: usize = said.values().sum();
        said.iter().find(|(_, count)| 2 * **count > all).map(|(value, _)| *value)
    };
    let mut votes: BTreeMap<T, usize> = BTreeMap::new();
    networks.values().filter_map(vote).for_each(|value| *votes.entry(value).or_default() += 1);
    votes.into_iter().find(|(_, count)| *count >= 2 && 2 * count > networks.len())
}

/// What the router does, by what observers saw of the shared socket.
fn mapping(shared: &[&Observation], believed: Option<SocketAddr>, ip: IpAddr) -> Mapping {
    if let Some(address) = believed {
        let is_own = shared.iter().any(|seen| seen.mapped == address && seen.local == address);
        return if is_own { Mapping::Open } else { Mapping::EndpointIndependent };
    }
    let seen: Vec<&&Observation> = shared.iter().filter(|seen| seen.mapped.ip() == ip).collect();
    let group = |seen: &Observation| AddressGroup::of(seen.server.ip());
    let ports: BTreeMap<u16, AddressGroup> = seen.iter().map(|seen| (seen.mapped.port(), group(seen))).collect();
    let networks = ports.values().copied().collect::<std::collections::BTreeSet<_>>().len();
    let is_split =
        |one: &Observation, other: &Observation| group(one) == group(other) || one.mapped.port() != other.mapped.port();
    let all_differ = seen.iter().all(|one| seen.iter().all(|other| is_split(one, other)));
    // Of two that differ, one may lie. Of three, all of which differ, two would have to.
    if networks < 3 || !all_differ {
        return Mapping::Unknown;
    }
    let at_one_address = seen.iter().flat_map(|one| seen.iter().map(move |other| (one, other)));
    let mut at_one_address =
        at_one_address.filter(|(one, other)| one.server.ip() == other.server.ip() && one.server != other.server);
    match at_one_address.next() {
        None => Mapping::Dependent,
        Some((one, other)) if one.mapped.port() == other.mapped.port() => Mapping::AddressDependent,
        Some(_) => Mapping::AddressAndPortDependent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stun::FilteringTest;

    const NOW_MS: u64 = 1_000_000;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn observer(number: u8) -> NodeId {
        NodeId::from_bytes([number; 32])
    }

    /// Observers, numbered from 1, each with where it is and what it saw of the shared socket.
    fn seen_by(said: &[(&str, &str)]) -> Observations {
        let mut observations = Observations::new(false);
        for (number, (server, mapped)) in (1..).zip(said) {
            let seen =
                Observation { server: at(server), local: at("10.0.0.2:40000"), mapped: at(mapped), at_ms: NOW_MS };
            observations.note(observer(number), OurSocket::Shared, seen);
        }
        observations
    }

    fn believed(said: &[(&str, &str)]) -> Option<(SocketAddr, usize, usize)> {
        let external = seen_by(said).external(NOW_MS);
        external.first().and_then(|it| Some((it.address?, it.observers, it.networks)))
    }

    const TRUE: &str = "8.8.4.4:50000";
    const LIE: &str = "9.9.9.9:666";

    #[test]
    fn one_observer_or_several_of_one_network_are_never_enough() {
        assert_eq!(believed(&[("1.1.1.1:3478", TRUE)]), None);
        let crowd: Vec<String> = (1..100).map(|host| format!("1.1.1.{host}:3478")).collect();
        let crowd: Vec<(&str, &str)> = crowd.iter().map(|server| (server.as_str(), LIE)).collect();
        assert_eq!(believed(&crowd), None);
        // And one more, who tells the truth, does not make the crowd believed.
        let and_one: Vec<_> = crowd.iter().copied().chain([("1.0.0.1:3478", TRUE)]).collect();
        assert_eq!(believed(&and_one), None);
        let and_two: Vec<_> = and_one.iter().copied().chain([("4.4.4.4:3478", TRUE)]).collect();
        assert_eq!(believed(&and_two), Some((at(TRUE), 2, 2)));
    }

    #[test]
    fn of_three_of_whom_one_lies_the_two_win_wherever_the_liar_stands() {
        for liar in 0..3 {
            let mut said = [("1.1.1.1:3478", TRUE), ("2.2.2.2:3478", TRUE), ("3.3.3.3:3478", TRUE)];
            said[liar].1 = LIE;
            assert_eq!(believed(&said), Some((at(TRUE), 2, 2)));
            assert_eq!(seen_by(&said).external(NOW_MS)[0].mapping, Mapping::EndpointIndependent);
        }
    }

    #[test]
    fn two_against_two_is_nothing_and_three_against_two_is() {
        let two = [("1.1.1.1:1", TRUE), ("2.2.2.2:1", TRUE), ("3.3.3.3:1", LIE), ("4.4.4.4:1", LIE)];
        assert_eq!(believed(&two), None);
        let three: Vec<_> = two.into_iter().chain([("5.5.5.5:1", TRUE)]).collect();
        assert_eq!(believed(&three), Some((at(TRUE), 3, 3)));
        // A network whose own observers contradict one another counts against, and for nobody.
        let torn = [("1.1.1.1:1", TRUE), ("2.2.2.2:1", TRUE), ("3.3.3.3:1", LIE), ("3.3.3.4:1", TRUE)];
        assert_eq!(believed(&torn).map(|(address, ..)| address), Some(at(TRUE)));
        let torn = [&torn[..], &[("4.4.4.4:1", LIE)]].concat();
        assert_eq!(believed(&torn), None);
    }

    #[test]
    fn an_observation_counts_for_some_minutes() {
        let said = [("1.1.1.1:1", TRUE), ("2.2.2.2:1", TRUE)];
        let observations = seen_by(&said);
        assert_eq!(observations.external(NOW_MS + COUNTS_MS - 1).len(), 1);
        assert_eq!(observations.external(NOW_MS + COUNTS_MS), []);
        assert!(observations.of(&observer(1), OurSocket::Shared, NOW_MS + COUNTS_MS).is_none());
    }

    #[test]
    fn what_is_seen_inside_a_network_says_nothing_of_the_internet() {
        let inside = [("10.1.0.1:1", "10.0.0.2:40000"), ("10.2.0.1:1", "10.0.0.2:40000")];
        assert_eq!(seen_by(&inside).external(NOW_MS), []);
        // The observers are in our network, and say that we are on the internet.
        assert_eq!(seen_by(&[("10.1.0.1:1", TRUE), ("10.2.0.1:1", TRUE)]).external(NOW_MS), []);
        let private = Observations { is_private_network: true, ..seen_by(&inside) };
        let external = private.external(NOW_MS);
        assert_eq!((external[0].address, external[0].mapping), (Some(at("10.0.0.2:40000")), Mapping::Open));
    }

    #[test]
    fn what_the_router_does_follows_from_the_ports_that_observers_see() {
        let mapping = |said: &[(&str, &str)]| seen_by(said).external(NOW_MS).first().map(|it| (it.address, it.mapping));
        let one = [("1.1.1.1:1", "8.8.4.4:1"), ("2.2.2.2:1", "8.8.4.4:2")];
        assert_eq!(mapping(&one), Some((None, Mapping::Unknown)), "one of the two may lie");
        let three = [&one[..], &[("3.3.3.3:1", "8.8.4.4:3")]].concat();
        assert_eq!(mapping(&three), Some((None, Mapping::Dependent)));
        let same = [&three[..], &[("3.3.3.3:2", "8.8.4.4:3")]].concat();
        assert_eq!(mapping(&same), Some((None, Mapping::AddressDependent)));
        let other = [&three[..], &[("3.3.3.3:2", "8.8.4.4:4")]].concat();
        assert_eq!(mapping(&other), Some((None, Mapping::AddressAndPortDependent)));
        let independent = [("1.1.1.1:1", TRUE), ("2.2.2.2:1", TRUE)];
        assert_eq!(mapping(&independent), Some((Some(at(TRUE)), Mapping::EndpointIndependent)));
    }

    #[test]
    fn sockets_of_their_own_prove_the_ip_and_no_port() {
        let mut observations = Observations::new(false);
        for number in 1..=2 {
            let server = SocketAddr::new([number, number, number, number].into(), 3478);
            let mapped = SocketAddr::new([8, 8, 4, 4].into(), 50_000 + u16::from(number));
            let local = SocketAddr::new([10, 0, 0, 2].into(), 40_000 + u16::from(number));
            let seen = Observation { server, local, mapped, at_ms: NOW_MS };
            observations.note(observer(number), OurSocket::Single, seen);
        }
        let external = observations.external(NOW_MS);
        assert_eq!((external[0].ip, external[0].address), ([8, 8, 4, 4].into(), None));
        assert_eq!((external[0].observers, external[0].mapping), (2, Mapping::Unknown));
        observations.own_socket_closed(&observer(1));
        assert_eq!(observations.external(NOW_MS), []);
    }

    #[test]
    fn what_the_router_lets_in_is_shown_with_the_address_that_it_was_tested_from() {
        let mut observations = seen_by(&[("1.1.1.1:1", TRUE), ("2.2.2.2:1", TRUE)]);
        let filtering = |observations: &Observations, now_ms| observations.external(now_ms)[0].filtering;
        assert_eq!(filtering(&observations, NOW_MS), Filtering::Unknown);
        let tested = |server, local| Tested {
            server: at(server),
            local: at(local),
            result: FilteringTest::AddressAndPortDependent,
            at_ms: NOW_MS,
        };
        observations.note_test(observer(1), tested("1.1.1.1:1", "10.0.0.2:7"));
        observations.note_test(observer(2), tested("2.2.2.2:1", "10.9.0.2:7"));
        observations.note_test(observer(3), tested("10.2.2.2:1", "10.0.0.2:7"));
        assert_eq!(filtering(&observations, NOW_MS), Filtering::Unknown, "one says so here; one elsewhere, one within");
        observations.note_test(observer(4), tested("4.4.4.4:1", "10.0.0.2:8"));
        assert_eq!(filtering(&observations, NOW_MS), Filtering::AddressAndPortDependent);
        let later_ms = NOW_MS + TESTS_COUNT_MS;
        let seen = Observation { server: at("1.1.1.1:1"), local: at("10.0.0.2:1"), mapped: at(TRUE), at_ms: later_ms };
        observations.note(observer(1), OurSocket::Shared, seen);
        observations.note(observer(2), OurSocket::Shared, Observation { server: at("2.2.2.2:1"), ..seen });
        assert_eq!(filtering(&observations, later_ms), Filtering::Unknown, "that was long ago");
    }

    #[test]
    fn both_families_are_believed_apart_and_memory_is_bounded() {
        let said = [
            ("1.1.1.1:1", TRUE),
            ("2.2.2.2:1", TRUE),
            ("[2606:4700::1]:1", "[2a00::1]:5"),
            ("[2001:4860::1]:1", "[2a00::1]:5"),
        ];
        let mut observations = seen_by(&said);
        let ips: Vec<IpAddr> = observations.external(NOW_MS).iter().map(|it| it.ip).collect();
        assert_eq!(ips, [at(TRUE).ip(), at("[2a00::1]:5").ip()]);
        let seen =
            Observation { server: at("1.1.1.1:1"), local: at("10.0.0.2:1"), mapped: at(TRUE), at_ms: NOW_MS + 1 };
        for number in 0..1_000_u16 {
            let [high, low] = number.to_be_bytes();
            let mut id = [high; 32];
            id[31] = low;
            observations.note(NodeId::from_bytes(id), OurSocket::Single, seen);
        }
        assert_eq!(observations.by_observer.len(), OBSERVATIONS);
        let tested = Tested {
            server: at("1.1.1.1:1"),
            local: at("10.0.0.2:1"),
            result: FilteringTest::EndpointIndependent,
            at_ms: NOW_MS,
        };
        for number in 0..1_000_u16 {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&number.to_be_bytes());
            observations.note_test(NodeId::from_bytes(id), tested);
        }
        assert_eq!(observations.tests.len(), OBSERVATIONS);
    }
}
