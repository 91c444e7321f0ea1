//! Why a session is not wanted.

use super::numbered::numbered;

numbered! {
    /// Why one side ends a session before, or after, it was ready; it is told to the other and counted by its name.
    pub enum Refusal: u16 {
        /// The two belong to different networks.
        WrongNetwork = 1, "wrong_network";
        /// They disagree about a constant of the network.
        ConstantsDiffer = 2, "constants_differ";
        /// Their clocks are further apart than 150 s.
        ClocksApart = 3, "clocks_apart";
        /// There is no version of the protocol that both speak.
        NoCommonVersion = 4, "no_common_version";
        /// The other is not whom we wanted to reach, or not whom its document names.
        UnexpectedId = 5, "unexpected_id";
        /// We have reached ourselves.
        IsMyself = 6, "is_myself";
        /// The handshake was not signed by the identity.
        BadProof = 7, "bad_proof";
        /// The identity document is not sound, or no longer valid.
        BadDocument = 8, "bad_document";
        /// There is a session with this peer, and it stays.
        AlreadyConnected = 9, "already_connected";
        /// There are as many sessions as there may be.
        LimitReached = 10, "limit_reached";
        /// The peer has broken the protocol too often lately.
        Misbehaved = 11, "misbehaved";
        /// The node stops.
        Stopping = 12, "stopping";
        /// The other side did not say in time what it had to say.
        TimedOut = 13, "timed_out";
        /// What came is not as the protocol has it.
        Violation = 14, "violation";
        /// The user of the other side wants it so.
        Requested = 15, "requested";
    }
}
