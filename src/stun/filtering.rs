//! What a router lets in (RFC 4787, section 5): whom does somebody have to be to reach a port that is open? It is tested
//! by a server that answers from elsewhere (RFC 5780, section 4.4): from another address, from another port, or both.
//!
//! That something has come in is a fact: the socket of a test has sent nothing to where it came from. That nothing has
//! may be a lie, or the loss of a packet, so it takes two networks to believe it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::peers::AddressGroup;

/// How long a test counts, in milliseconds. It is repeated every 10 minutes.
pub const TESTS_COUNT_MS: u64 = 25 * 60 * 1000;

/// What one test has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FilteringTest {
    /// Nothing, since the server answers from where it was asked only.
    Impossible,
    /// An answer came in from another address.
    EndpointIndependent,
    /// One came in from another port, and none from another address.
    AddressDependent,
    /// One came in from another port; the server has no other address.
    NotPortDependent,
    /// None came in from another port.
    AddressAndPortDependent,
}

/// A test, and when and where it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Who was asked.
    pub server: SocketAddr,
    /// The address here of the socket that asked.
    pub local: SocketAddr,
    /// What it has shown.
    pub result: FilteringTest,
    /// When, in milliseconds since the node was started.
    pub at_ms: u64,
}

/// Whom the router, or a firewall, lets in to a port from which something was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filtering {
    /// Too little was tested.
    Unknown,
    /// Everybody.
    EndpointIndependent,
    /// Whoever is at an address to which something was sent.
    AddressDependent,
    /// One of the first two: no peer has two addresses that could tell which.
    NotPortDependent,
    /// Whoever is at an address and port to which something was sent.
    AddressAndPortDependent,
}

impl Filtering {
    /// What these tests show together, each with the network of who was asked.
    #[must_use]
    pub fn shown_by(tests: impl Iterator<Item = (AddressGroup, FilteringTest)>) -> Self {
        let tests: Vec<(AddressGroup, FilteringTest)> = tests.collect();
        let networks = |result| {
            let of_result = tests.iter().filter(|(_, shown)| *shown == result);
            of_result.map(|(network, _)| *network).collect::<BTreeSet<_>>().len()
        };
        if networks(FilteringTest::EndpointIndependent) > 0 {
            return Self::EndpointIndependent;
        }
        match (networks(FilteringTest::AddressDependent), networks(FilteringTest::NotPortDependent)) {
            (2.., _) => Self::AddressDependent,
            (1, _) | (_, 1..) => Self::NotPortDependent,
            _ if networks(FilteringTest::AddressAndPortDependent) >= 2 => Self::AddressAndPortDependent,
            _ => Self::Unknown,
        }
    }

    /// As a user is told.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Unknown => "whom it lets in is not known yet",
            Self::EndpointIndependent => "anybody is let in",
            Self::AddressDependent => "only addresses to which this node has sent something are let in",
            Self::NotPortDependent => "addresses to which this node has sent something are let in, from any port",
            Self::AddressAndPortDependent => {
                "only addresses and ports to which this node has sent something are let in"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FilteringTest as Test;
    use super::*;

    fn shown(tests: &[(u8, Test)]) -> Filtering {
        let group = |network: u8| AddressGroup::of([network, 1, 1, 1].into());
        Filtering::shown_by(tests.iter().map(|(network, test)| (group(*network), *test)))
    }

    #[test]
    fn what_came_in_is_believed_at_once_and_what_did_not_if_two_networks_say_so() {
        assert_eq!(shown(&[]), Filtering::Unknown);
        assert_eq!(shown(&[(1, Test::Impossible), (2, Test::Impossible)]), Filtering::Unknown);
        let silent = [(1, Test::AddressAndPortDependent), (1, Test::AddressAndPortDependent)];
        assert_eq!(shown(&silent), Filtering::Unknown, "one network");
        let silent = [(1, Test::AddressAndPortDependent), (2, Test::AddressAndPortDependent)];
        assert_eq!(shown(&silent), Filtering::AddressAndPortDependent);
        assert_eq!(shown(&[silent[0], silent[1], (3, Test::NotPortDependent)]), Filtering::NotPortDependent);
        assert_eq!(shown(&[(3, Test::AddressDependent)]), Filtering::NotPortDependent);
        assert_eq!(shown(&[(3, Test::AddressDependent), (4, Test::AddressDependent)]), Filtering::AddressDependent);
        let all = [silent[0], silent[1], (3, Test::AddressDependent), (4, Test::EndpointIndependent)];
        assert_eq!(shown(&all), Filtering::EndpointIndependent);
    }
}
