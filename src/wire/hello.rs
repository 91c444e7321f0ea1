//! HELLO: the first frame of a session, by which each side says what it is before it says who it is.

use minicbor::{Decode, Encode};

use super::{PROTOCOL_VERSIONS, constants_digest};
use crate::codec::fixed_bytes;
use crate::codec::{AtMost, Text};
use crate::identity::Entrypoint;

/// Bytes of a network's name, at most.
pub const NETWORK_BYTES: usize = 32;

/// Versions in a HELLO, at most.
pub const VERSIONS: usize = 8;

/// Capabilities in a HELLO, at most.
pub const CAPABILITIES: usize = 32;

/// Bytes of a capability's name, at most.
pub const CAPABILITY_BYTES: usize = 32;

/// Bytes of the program's name and version, at most.
pub const AGENT_BYTES: usize = 64;

/// The capability of a node that wants others to be told of it.
pub const LISTED: &str = "listed";

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// The network to which it belongs.
    #[n(0)]
    pub network: Text<NETWORK_BYTES>,
    /// The versions of the protocol that it speaks, the best first.
    #[n(1)]
    pub versions: AtMost<u16, VERSIONS>,
    /// The digest of the network's constants as it has them.
    #[cbor(n(2), with = "fixed_bytes")]
    pub constants: [u8; 32],
    /// Its clock: unix time in milliseconds.
    #[n(3)]
    pub time_unix_ms: u64,
    /// What it can do beyond the version; names that are not known mean nothing.
    #[cbor(n(4), skip_if = "AtMost::is_empty")]
    pub capabilities: AtMost<Text<CAPABILITY_BYTES>, CAPABILITIES>,
    /// The address at which it sees the one whom it tells this.
    #[n(5)]
    pub observed: Option<Entrypoint>,
    /// The program and its version, for people.
    #[n(6)]
    pub agent: Text<AGENT_BYTES>,
}

impl Hello {
    /// What this node says.
    #[must_use]
    pub fn new(network: &str, now_unix_ms: u64, observed: Option<Entrypoint>) -> Self {
        Self {
            network: Text::cut(network),
            versions: PROTOCOL_VERSIONS.iter().copied().collect(),
            constants: constants_digest(network),
            time_unix_ms: now_unix_ms,
            capabilities: AtMost::default(),
            observed,
            agent: Text::cut(concat!("bitpie/", env!("CARGO_PKG_VERSION"))),
        }
    }

    /// The same, of a node that wants others to be told of it, if it does.
    #[must_use]
    pub fn listed(self, is_listed: bool) -> Self {
        let capabilities = is_listed.then(|| Text::cut(LISTED)).into_iter().collect();
        Self { capabilities, ..self }
    }

    /// It wants others to be told of it.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.capabilities.iter().any(|name| name.as_str() == LISTED)
    }

    /// How theirs stands to `self`, ours. What follows from it is for the session's automaton to say.
    #[must_use]
    pub fn compare(&self, theirs: &Self, now_unix_ms: u64) -> HelloComparison {
        HelloComparison {
            same_network: theirs.network == self.network,
            same_constants: theirs.constants == self.constants,
            common_version: self.versions.iter().filter(|version| theirs.versions.contains(version)).max().copied(),
            skew_ms: theirs.time_unix_ms.abs_diff(now_unix_ms),
        }
    }
}

/// How two HELLOs stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloComparison {
    /// They name the same network.
    pub same_network: bool,
    /// They name the same constants.
    pub same_constants: bool,
    /// The highest version that both speak.
    pub common_version: Option<u16>,
    /// How far the peer's clock is from ours, in milliseconds; what the way took is in it.
    pub skew_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    #[test]
    fn two_of_one_kind_are_alike() {
        let ours = Hello::new("main", NOW, None);
        let alike = HelloComparison { same_network: true, same_constants: true, common_version: Some(1), skew_ms: 0 };
        assert_eq!(ours.compare(&ours, NOW), alike);
        let newer = Hello { versions: vec![3, 1, 2].into(), ..ours.clone() };
        let older = Hello { versions: vec![1, 2].into(), ..ours.clone() };
        assert_eq!(newer.compare(&older, NOW).common_version, Some(2));
        assert_eq!(older.compare(&newer, NOW).common_version, Some(2));
    }

    #[test]
    fn each_difference_is_seen() {
        let ours = Hello::new("main", NOW, None);
        let compared = |theirs: Hello| ours.compare(&theirs, NOW);
        let other_network = compared(Hello::new("test", NOW, None));
        assert!(!other_network.same_network && !other_network.same_constants);
        assert!(!compared(Hello { constants: [0; 32], ..ours.clone() }).same_constants);
        for (time_unix_ms, skew_ms) in [(NOW + 7, 7), (NOW - 7, 7), (0, NOW), (u64::MAX, u64::MAX - NOW)] {
            assert_eq!(compared(Hello { time_unix_ms, ..ours.clone() }).skew_ms, skew_ms);
        }
        for versions in [vec![], vec![0, 2]] {
            assert_eq!(compared(Hello { versions: versions.into(), ..ours.clone() }).common_version, None);
        }
    }
}
