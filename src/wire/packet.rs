//! Packets: what one user's node says to another's, signed, whatever carries it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use minicbor::{Decode, Encode};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::codec::fixed_bytes;
use crate::codec::numbered;
use crate::codec::{DecodeError, decode, encode};
use crate::identity::Signed;
use crate::identity::{BadSignature, Domain, IdentityKey, NodeId};

/// Bytes of a packet, signature and all, at most: it fits a frame.
pub const PACKET_BYTES: usize = 60_000;

/// Bytes of a packet's id.
pub const PACKET_ID_BYTES: usize = 16;

numbered! {
    /// What a packet is about.
    pub enum PacketKind: u8 {
        /// An identity document. Answered with `Ack`.
        Identity = 1,
        /// What was asked for is done, or what was told is kept.
        Ack = 2,
        /// It is not, and why.
        Fail = 3,
        /// A sealed message. Answered with `Ack` once it is committed, or with `Fail`.
        Message = 4,
        /// A file is offered.
        FileOffer = 5,
        /// It is wanted.
        FileAccept = 6,
        /// Ratings of peers.
        Ratings = 7,
        /// A service is asked for.
        RequestService = 8,
        /// It is no longer wanted.
        CancelService = 9,
        /// The message that is answered has been seen by its reader.
        Read = 10,
    }
}

/// A packet's id, chosen by its sender at random: with the sender it is unique.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PacketId(pub [u8; PACKET_ID_BYTES]);

/// Several packets.
pub type PacketIds = Vec<PacketId>;

impl PacketId {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; PACKET_ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for PacketId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PacketId({self})")
    }
}

impl FromStr for PacketId {
    type Err = ParsePacketIdError;

    fn from_str(text: &str) -> Result<Self, ParsePacketIdError> {
        let id = HEXLOWER.decode(text.as_bytes()).ok().and_then(|id| id.try_into().ok());
        id.map(Self).ok_or(ParsePacketIdError)
    }
}

impl TryFrom<String> for PacketId {
    type Error = ParsePacketIdError;

    fn try_from(text: String) -> Result<Self, ParsePacketIdError> {
        text.parse()
    }
}

impl From<PacketId> for String {
    fn from(id: PacketId) -> Self {
        id.to_string()
    }
}

impl<C> Encode<C> for PacketId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        fixed_bytes::encode(&self.0, encoder, context)
    }
}

impl<'b, C> Decode<'b, C> for PacketId {
    fn decode(decoder: &mut minicbor::Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        fixed_bytes::decode(decoder, context).map(Self)
    }
}

/// A text that is no packet's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a packet or message is {} hexadecimal digits, in lower case", PACKET_ID_BYTES * 2)]
pub struct ParsePacketIdError;

/// What one node says to another.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Packet {
    /// What it is about.
    #[n(0)]
    pub kind: PacketKind,
    /// Its id.
    #[n(1)]
    pub id: PacketId,
    /// Who says it, and signs it.
    #[n(2)]
    pub sender: NodeId,
    /// To whom.
    #[n(3)]
    pub recipient: NodeId,
    /// When: unix time in milliseconds, by the sender's clock.
    #[n(4)]
    pub time_unix_ms: u64,
    /// Which packet, sent by the recipient, it answers.
    #[n(5)]
    pub answers: Option<PacketId>,
    /// What the kind needs.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
}

impl Packet {
    /// The packet, signed by its sender.
    ///
    /// # Errors
    /// If it would be longer than [`PACKET_BYTES`].
    ///
    /// # Panics
    /// If the key is not that of the sender.
    pub fn sign(&self, key: &IdentityKey) -> Result<Signed, PacketError> {
        assert_eq!(key.id(), self.sender, "a packet is signed by its sender");
        let signed = Signed::sign(key, Domain::Packet, &encode(self));
        within_limit(signed.as_bytes()).map(|()| signed)
    }
}

/// Payloads can be anything, and long.
impl fmt::Debug for Packet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Packet")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("sender", &self.sender)
            .field("recipient", &self.recipient)
            .field("time_unix_ms", &self.time_unix_ms)
            .field("answers", &self.answers)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// A packet that its sender has signed. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedPacket {
    packet: Arc<Packet>,
    bytes: Arc<[u8]>,
}

/// In traces: what it is about, and never its payload.
impl Serialize for VerifiedPacket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut told = serializer.serialize_struct("Packet", 4)?;
        told.serialize_field("kind", &format!("{:?}", self.packet.kind))?;
        told.serialize_field("id", &self.packet.id)?;
        told.serialize_field("sender", &self.packet.sender)?;
        told.serialize_field("length", &self.bytes.len())?;
        told.end()
    }
}

impl VerifiedPacket {
    /// Reads a signed packet. Whether it is for us, new, and of our time is not asked here.
    ///
    /// # Errors
    /// If it is too long, is no packet, or is not signed by the one whom it names as its sender.
    pub fn verify(bytes: &[u8]) -> Result<Self, PacketError> {
        within_limit(bytes)?;
        let signed = Signed::parse(bytes)?;
        let packet: Packet = decode(signed.unverified_body())?;
        signed.verify(&packet.sender, Domain::Packet)?;
        Ok(Self { packet: Arc::new(packet), bytes: signed.to_shared() })
    }

    /// What it says.
    #[must_use]
    pub fn packet(&self) -> &Packet {
        &self.packet
    }

    /// The exact bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn within_limit(bytes: &[u8]) -> Result<(), PacketError> {
    if bytes.len() > PACKET_BYTES { Err(PacketError::TooLong { bytes: bytes.len() }) } else { Ok(()) }
}

/// Why bytes are no packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// There are too many.
    #[error("a packet of {bytes} bytes is too long: {PACKET_BYTES} are allowed")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// They are not what a packet is made of.
    #[error("the packet cannot be read: {0}")]
    Malformed(#[from] DecodeError),
    /// The signature does not hold.
    #[error("the packet is forged or damaged: {0}")]
    Signature(#[from] BadSignature),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SEED_BYTES;

    fn key() -> IdentityKey {
        IdentityKey::from_seed(&[1; SEED_BYTES])
    }

    fn packet(payload: Vec<u8>) -> Packet {
        Packet {
            kind: PacketKind::Message,
            id: PacketId([2; PACKET_ID_BYTES]),
            sender: key().id(),
            recipient: NodeId::from_bytes([3; 32]),
            time_unix_ms: 1_700_000_000_000,
            answers: None,
            payload,
        }
    }

    #[test]
    fn a_packet_is_of_its_sender() {
        let packet = Packet { answers: Some(PacketId([9; PACKET_ID_BYTES])), ..packet(vec![1, 2, 3]) };
        let signed = packet.sign(&key()).expect("it is short");
        let verified = VerifiedPacket::verify(signed.as_bytes()).expect("it is sound");
        assert_eq!((verified.packet(), verified.as_bytes()), (&packet, signed.as_bytes()));

        let other = IdentityKey::from_seed(&[4; SEED_BYTES]);
        let forged = Signed::sign(&other, Domain::Packet, &encode(&packet));
        let error = VerifiedPacket::verify(forged.as_bytes());
        assert_eq!(error, Err(PacketError::Signature(BadSignature { of: key().id() })));
        for bit in 0..signed.as_bytes().len() * 8 {
            let mut wrong = signed.as_bytes().to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(VerifiedPacket::verify(&wrong).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_longest_packet_fits_a_frame_and_a_longer_one_is_refused() {
        let around = packet(vec![0; 59_000]).sign(&key()).expect("it is short").as_bytes().len() - 59_000;
        let longest = packet(vec![0; PACKET_BYTES - around]).sign(&key()).expect("it is allowed");
        assert_eq!(longest.as_bytes().len(), PACKET_BYTES);
        assert!(VerifiedPacket::verify(longest.as_bytes()).is_ok());
        let frame = crate::wire::Frame::Packet(longest.as_bytes().to_vec());
        assert_eq!(crate::wire::Frame::decode(&frame.encode()), Ok(frame));

        let too_long = PacketError::TooLong { bytes: PACKET_BYTES + 1 };
        assert_eq!(packet(vec![0; PACKET_BYTES - around + 1]).sign(&key()), Err(too_long.clone()));
        assert_eq!(VerifiedPacket::verify(&vec![0; PACKET_BYTES + 1]), Err(too_long));
        let frame = crate::wire::Frame::Packet(vec![0; PACKET_BYTES + 1]);
        assert!(crate::wire::Frame::decode(&frame.encode()).is_err());
    }

    #[test]
    fn a_kind_of_a_later_version_is_kept() {
        let packet = Packet { kind: PacketKind::Other, ..packet(Vec::new()) };
        let signed = packet.sign(&key()).expect("it is short");
        assert_eq!(VerifiedPacket::verify(signed.as_bytes()).as_ref().map(VerifiedPacket::packet), Ok(&packet));
    }

    #[test]
    fn an_id_has_one_text() {
        let id = PacketId(std::array::from_fn(|index| index as u8 * 17));
        assert_eq!(id.to_string(), "00112233445566778899aabbccddeeff");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "00", &id.to_string().to_uppercase(), &format!("{id}00"), &"g".repeat(32)] {
            assert_eq!(wrong.parse::<PacketId>(), Err(ParsePacketIdError), "{wrong}");
        }
    }

    #[test]
    fn the_payload_is_never_shown() {
        assert!(format!("{:?}", packet(vec![42; 5])).contains("payload_bytes: 5"));
    }
}
