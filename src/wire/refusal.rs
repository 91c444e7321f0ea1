//! Why a session is not wanted.

use crate::codec::numbered;

numbered! {
    /// Why one side ends a session before, or after, it was ready; it is told to the other and counted by its name.
    pub enum Refusal: u16 {
        /// The two belong to different networks.
        WrongNetwork = 1,
        /// They disagree about a constant of the network.
        ConstantsDiffer = 2,
        /// Their clocks are further apart than 150 s.
        ClocksApart = 3,
        /// There is no version of the protocol that both speak.
        NoCommonVersion = 4,
        /// The other is not whom we wanted to reach, or not whom its document names.
        UnexpectedId = 5,
        /// We have reached ourselves.
        IsMyself = 6,
        /// The handshake was not signed by the identity.
        BadProof = 7,
        /// The identity document is not sound, or no longer valid.
        BadDocument = 8,
        /// There is a session with this peer, and it stays.
        AlreadyConnected = 9,
        /// There are as many sessions as there may be.
        LimitReached = 10,
        /// The peer has broken the protocol too often lately.
        Misbehaved = 11,
        /// The node stops.
        Stopping = 12,
        /// The other side did not say in time what it had to say.
        TimedOut = 13,
        /// What came is not as the protocol has it.
        Violation = 14,
        /// The user of the other side wants it so.
        Requested = 15,
    }
}

impl Refusal {
    /// What the user reads, of whichever side has refused.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::WrongNetwork => "the two nodes are in different networks",
            Self::ConstantsDiffer => "the two nodes disagree about a constant of the network: one runs another version",
            Self::ClocksApart => "the two clocks are more than 150 s apart",
            Self::NoCommonVersion => "the two nodes have no version of the protocol in common",
            Self::UnexpectedId => "another node is at that address",
            Self::IsMyself => "the address leads back to the same node",
            Self::BadProof => "the handshake was not signed by the key of the node",
            Self::BadDocument => "the identity document is not valid",
            Self::AlreadyConnected => "the two nodes have a session already",
            Self::LimitReached => "no room for another session",
            Self::Misbehaved => "the protocol was broken too often lately",
            Self::Stopping => "the node is stopping",
            Self::TimedOut => "an answer did not come in time",
            Self::Violation => "the protocol was broken",
            Self::Requested => "the user has ended the session",
            Self::Other => "a reason that this version does not know",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_words_of_its_own_and_no_name_of_the_code() {
        let all = || Refusal::ALL.iter().copied().chain([Refusal::Other]);
        for refusal in all() {
            let words = refusal.in_words();
            assert_eq!(all().filter(|other| other.in_words() == words).count(), 1, "{refusal:?}");
            assert!(words.contains(' ') && !words.contains(&format!("{refusal:?}")), "{words}");
        }
    }
}
