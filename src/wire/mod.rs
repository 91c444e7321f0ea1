//! What travels between nodes, as octets: frames, what is in them, and whatever is signed. Pure; `docs/PROTOCOL.md` describes it.
//!
//! Everything is CBOR in its core deterministic form (RFC 8949, section 4.2) with numbered fields: there is one encoding of a thing,
//! anything else is refused before it is looked at, and fields that are not known are skipped, so that versions can differ.

mod bounded;
mod codec;
mod constants;
mod frame;
mod frame_reader;
mod hello;
mod numbered;
mod packet;
mod payload;
mod peer_id;
mod refusal;
mod signed;
mod strict;
mod vocabulary;

pub use bounded::{AtMost, Text};
pub use codec::{DecodeError, decode, encode};
pub use constants::{
    CLOCK_SKEW_MS, MESSAGE_LIFETIME_MS, MESSAGE_TEXT_BYTES, PROTOCOL_VERSIONS, constants, constants_digest,
};
pub use frame::{Frame, PEER_HINT_ENTRYPOINTS, PEER_HINTS, PeerHint};
pub use frame_reader::{FRAME_BYTES, FrameError, FrameReader, LENGTH_BYTES, write_prefixed};
pub use hello::{AGENT_BYTES, CAPABILITIES, CAPABILITY_BYTES, Hello, HelloComparison, NETWORK_BYTES, VERSIONS};
pub use packet::{
    PACKET_BYTES, PACKET_ID_BYTES, Packet, PacketError, PacketId, PacketKind, ParsePacketIdError, VerifiedPacket,
};
pub use payload::{FAIL_TEXT_BYTES, Fail, FailReason};
pub use peer_id::{HANDSHAKE_HASH_BYTES, PEER_ENTRYPOINTS, PeerId, PeerIdError, Role};
pub use refusal::Refusal;
pub use signed::Signed;
pub(crate) use vocabulary::octets;
