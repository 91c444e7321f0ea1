//! What travels between nodes, as bytes: frames, what is in them, and whatever is signed. Pure; `docs/PROTOCOL.md`
//! describes it.
//!
//! Everything is CBOR in its core deterministic form (RFC 8949, section 4.2) with numbered fields: there is one
//! encoding of a thing, anything else is refused before it is looked at, and fields that are not known are skipped, so
//! that versions can differ.

mod body;
mod bulk;
mod constants;
mod frame;
mod frame_reader;
mod hello;
mod packet;
mod packet_body;
mod payload;
mod peer_id;
mod refusal;

pub use bulk::{BULK_PREFACE_BYTES, BULK_STREAMS, BulkAnswer, BulkOpening, CarryRefusal};
pub use constants::{MESSAGE_LIFETIME_MS, MESSAGE_TEXT_BYTES, PROTOCOL_VERSIONS, constants, constants_digest};
pub use frame::{Frame, HELLO, Meeting, PACKET, PEER_HINT_ENTRYPOINTS, PEER_HINTS, PONG, PeerHint, PeerHints};
pub use frame_reader::{FRAME_BYTES, FrameError, FrameReader, LENGTH_BYTES, write_prefixed};
pub use hello::{AGENT_BYTES, CAPABILITIES, CAPABILITY_BYTES, Hello, HelloComparison, LISTED, NETWORK_BYTES, VERSIONS};
pub use packet::{
    PACKET_BYTES, PACKET_ID_BYTES, Packet, PacketError, PacketId, PacketIds, PacketKind, ParsePacketIdError,
    VerifiedPacket,
};
pub use packet_body::PacketBody;
pub use payload::{ACK_FURTHER, Ack, FAIL_TEXT_BYTES, Fail, FailReason};
pub use peer_id::{HANDSHAKE_HASH_BYTES, PEER_ENTRYPOINTS, PeerId, PeerIdError, Role};
pub use refusal::Refusal;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Debug;

    use crate::codec::{decode, encode};
    use crate::wire::{CarryRefusal, FailReason, PacketKind, Refusal};

    fn check<T>(all: &[T], other: T, code: impl Fn(T) -> u64)
    where
        T: Copy + Debug + Ord + minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
    {
        let codes: BTreeSet<u64> = all.iter().map(|value| code(*value)).collect();
        assert_eq!(codes.len(), all.len(), "a number is there twice");
        assert!(!codes.contains(&code(other)), "it is a number of its own");
        for value in all.iter().copied().chain([other]) {
            assert_eq!(decode::<T>(&encode(&value)), Ok(value));
        }
        assert_eq!(decode::<T>(&encode(&199_u8)), Ok(other), "a number of a later version");
    }

    #[test]
    fn numbers_are_distinct_and_survive() {
        check(Refusal::ALL, Refusal::Other, |value| value.code().into());
        check(CarryRefusal::ALL, CarryRefusal::Other, |value| value.code().into());
        check(FailReason::ALL, FailReason::Other, |value| value.code().into());
        check(PacketKind::ALL, PacketKind::Other, |value| value.code().into());
    }
}
