//! HELLO: the first frame of a session, by which each side says what it is before it says who it is.

use minicbor::{Decode, Encode};

use super::vocabulary::octets;
use super::{AtMost, CLOCK_SKEW_MS, PROTOCOL_VERSIONS, Refusal, Text, constants_digest};
use crate::identity::Entrypoint;

/// Bytes of a network's name, at the most.
pub const NETWORK_BYTES: usize = 32;

/// Versions in a HELLO, at the most.
pub const VERSIONS: usize = 8;

/// Capabilities in a HELLO, at the most.
pub const CAPABILITIES: usize = 32;

/// Bytes of a capability's name, at the most.
pub const CAPABILITY_BYTES: usize = 32;

/// Bytes of the program's name and version, at the most.
pub const AGENT_BYTES: usize = 64;

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
    #[cbor(n(2), with = "octets")]
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

    /// The version in which the two will speak, or why they will not; `self` is ours.
    ///
    /// # Errors
    /// The first reason in this order: network, constants, clocks, versions. A stranger of another network differs in its constants
    /// too, and the former is what its user wants to know.
    pub fn agree(&self, theirs: &Self, now_unix_ms: u64) -> Result<u16, Refusal> {
        if theirs.network != self.network {
            return Err(Refusal::WrongNetwork);
        }
        if theirs.constants != self.constants {
            return Err(Refusal::ConstantsDiffer);
        }
        if theirs.time_unix_ms.abs_diff(now_unix_ms) > CLOCK_SKEW_MS {
            return Err(Refusal::ClocksApart);
        }
        let common = self.versions.iter().filter(|version| theirs.versions.contains(version)).max();
        common.copied().ok_or(Refusal::NoCommonVersion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    #[test]
    fn two_of_one_kind_agree() {
        let ours = Hello::new("main", NOW, None);
        assert_eq!(ours.agree(&ours, NOW), Ok(1));
        let newer = Hello { versions: vec![3, 1, 2].into(), ..ours.clone() };
        let older = Hello { versions: vec![1, 2].into(), ..ours.clone() };
        assert_eq!((newer.agree(&older, NOW), older.agree(&newer, NOW)), (Ok(2), Ok(2)));
        assert_eq!(ours.agree(&Hello { time_unix_ms: NOW + CLOCK_SKEW_MS, ..ours.clone() }, NOW), Ok(1));
    }

    #[test]
    fn each_difference_has_its_name() {
        let ours = Hello::new("main", NOW, None);
        let refused = |theirs: Hello| ours.agree(&theirs, NOW).expect_err("they differ");
        assert_eq!(refused(Hello::new("test", NOW, None)), Refusal::WrongNetwork);
        assert_eq!(refused(Hello { constants: [0; 32], ..ours.clone() }), Refusal::ConstantsDiffer);
        for time_unix_ms in [NOW + CLOCK_SKEW_MS + 1, NOW - CLOCK_SKEW_MS - 1, 0, u64::MAX] {
            assert_eq!(refused(Hello { time_unix_ms, ..ours.clone() }), Refusal::ClocksApart);
        }
        for versions in [vec![], vec![0, 2]] {
            assert_eq!(refused(Hello { versions: versions.into(), ..ours.clone() }), Refusal::NoCommonVersion);
        }
    }
}
