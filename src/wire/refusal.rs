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
