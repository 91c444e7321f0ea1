//! Frames: what the two sides of a session say to each other, one thing at a time.
//!
//! A frame is `[tag, body]`; the body is a map. A tag that is not known is skipped by whoever gets it, as a field that
//! is not known is.

use minicbor::decode::{Decode, Decoder};
use minicbor::encode::{Encode, Encoder, Write};

use serde::{Serialize, Serializer};

use super::body::{Body, Empty};
use super::{FRAME_BYTES, Hello, PACKET_BYTES, PeerId, Refusal};
use crate::codec::{AtMost, DecodeError, decode, encode};
use crate::identity::{DOCUMENT_BYTES, Entrypoint, NodeId};

/// Peers in one answer, at most.
pub const PEER_HINTS: usize = 32;

/// Entrypoints of a peer in an answer, at most.
pub const PEER_HINT_ENTRYPOINTS: usize = 8;

/// One thing said in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// What the sender is; the first frame of each side.
    Hello(Hello),
    /// Who the sender is; the second.
    PeerId(PeerId),
    /// The sender has accepted the other; the third.
    Ready,
    /// The sender does not want this session, and closes it.
    Refused(Refusal),
    /// Are you there? With a number to be told back.
    Ping(u64),
    /// Yes.
    Pong(u64),
    /// Whom do you know?
    GetPeers,
    /// Some peers; an answer to [`Frame::GetPeers`].
    Peers(PeerHints),
    /// A signed packet, as it is.
    Packet(Vec<u8>),
    /// The sender closes the session in order.
    Goodbye,
    /// The newest identity document of the other side that the sender has seen, as it is: told before a refusal of one
    /// that is older, so that whoever has lost it goes on above it.
    YourDocument(Vec<u8>),
    /// The sender would like to meet this node, if it is connected with the other side, and wants to meet the sender.
    Introduce(NodeId),
    /// This node would like to meet the other side.
    Sought(NodeId),
    /// Where somebody is whom the other side wants to meet, who hears the same at this moment.
    Meet(Meeting),
    /// Something of a later version, by its tag.
    Unknown(u64),
}

/// Whom to meet, where, and when.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Meeting {
    /// Who.
    #[n(0)]
    pub peer: NodeId,
    /// Where the sender sees that node.
    #[n(1)]
    pub at: Entrypoint,
    /// Whoever hears this dials at once, and the other one a moment later.
    #[n(2)]
    pub first: bool,
}

/// Peers of an answer.
pub type PeerHints = AtMost<PeerHint, PEER_HINTS>;

/// A peer that somebody has told of, and where it may be found. Nothing of it is proved.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct PeerHint {
    /// Who.
    #[n(0)]
    pub id: NodeId,
    /// Where.
    #[cbor(n(1), skip_if = "AtMost::is_empty")]
    pub entrypoints: AtMost<Entrypoint, PEER_HINT_ENTRYPOINTS>,
}

/// In traces: the peer, without the places.
impl Serialize for PeerHint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id.serialize(serializer)
    }
}

/// The number of [`Frame::Hello`].
pub const HELLO: u64 = 0;
const PEER_ID: u64 = 1;
const READY: u64 = 2;
const REFUSED: u64 = 3;
const PING: u64 = 4;
/// The number of [`Frame::Pong`].
pub const PONG: u64 = 5;
const GET_PEERS: u64 = 6;
const PEERS: u64 = 7;
/// The number of [`Frame::Packet`].
pub const PACKET: u64 = 8;
const GOODBYE: u64 = 9;
const YOUR_DOCUMENT: u64 = 10;
const INTRODUCE: u64 = 11;
const SOUGHT: u64 = 12;
const MEET: u64 = 13;

impl Frame {
    /// The bytes of the frame, without the length that stands in front of it in a stream.
    ///
    /// # Panics
    /// If it is longer than [`FRAME_BYTES`], which only a packet that nobody has checked can be.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = encode(self);
        assert!(bytes.len() <= FRAME_BYTES, "a frame of {} bytes", bytes.len());
        bytes
    }

    /// The frame of these bytes.
    ///
    /// # Errors
    /// If they are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }

    /// The number by which the kind of these bytes is known, if they begin as a frame does.
    #[must_use]
    pub fn tag_of(bytes: &[u8]) -> Option<u64> {
        let mut decoder = minicbor::Decoder::new(bytes);
        decoder.array().ok().flatten()?;
        decoder.u64().ok()
    }

    /// The number by which the kind of a frame is known.
    #[must_use]
    pub const fn tag(&self) -> u64 {
        match self {
            Self::Hello(_) => HELLO,
            Self::PeerId(_) => PEER_ID,
            Self::Ready => READY,
            Self::Refused(_) => REFUSED,
            Self::Ping(_) => PING,
            Self::Pong(_) => PONG,
            Self::GetPeers => GET_PEERS,
            Self::Peers(_) => PEERS,
            Self::Packet(_) => PACKET,
            Self::Goodbye => GOODBYE,
            Self::YourDocument(_) => YOUR_DOCUMENT,
            Self::Introduce(_) => INTRODUCE,
            Self::Sought(_) => SOUGHT,
            Self::Meet(_) => MEET,
            Self::Unknown(tag) => *tag,
        }
    }

    /// The kind of a frame, for logs and counters.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::PeerId(_) => "peer_id",
            Self::Ready => "ready",
            Self::Refused(_) => "refused",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
            Self::GetPeers => "get_peers",
            Self::Peers(_) => "peers",
            Self::Packet(_) => "packet",
            Self::Goodbye => "goodbye",
            Self::YourDocument(_) => "your_document",
            Self::Introduce(_) => "introduce",
            Self::Sought(_) => "sought",
            Self::Meet(_) => "meet",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl<C> Encode<C> for Frame {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.array(2)?.u64(self.tag())?;
        match self {
            Self::Hello(hello) => hello.encode(encoder, context),
            Self::PeerId(peer_id) => peer_id.encode(encoder, context),
            Self::Refused(refusal) => Body { value: *refusal }.encode(encoder, context),
            Self::Ping(number) | Self::Pong(number) => Body { value: *number }.encode(encoder, context),
            Self::Introduce(node) | Self::Sought(node) => Body { value: *node }.encode(encoder, context),
            Self::Meet(meeting) => meeting.encode(encoder, context),
            Self::Peers(peers) => encoder.map(1)?.u8(0)?.encode_with(peers, context)?.ok(),
            Self::Packet(bytes) | Self::YourDocument(bytes) => encoder.map(1)?.u8(0)?.bytes(bytes)?.ok(),
            Self::Ready | Self::GetPeers | Self::Goodbye | Self::Unknown(_) => encoder.map(0)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Frame {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.array()? != Some(2) {
            return Err(minicbor::decode::Error::message("a frame is a tag and a body"));
        }
        let tag = decoder.u64()?;
        Ok(match tag {
            HELLO => Self::Hello(Hello::decode(decoder, context)?),
            PEER_ID => Self::PeerId(PeerId::decode(decoder, context)?),
            READY => Empty::decode(decoder, context).map(|Empty {}| Self::Ready)?,
            REFUSED => Self::Refused(Body::decode(decoder, context)?.value),
            PING => Self::Ping(Body::decode(decoder, context)?.value),
            PONG => Self::Pong(Body::decode(decoder, context)?.value),
            GET_PEERS => Empty::decode(decoder, context).map(|Empty {}| Self::GetPeers)?,
            INTRODUCE => Self::Introduce(Body::decode(decoder, context)?.value),
            SOUGHT => Self::Sought(Body::decode(decoder, context)?.value),
            MEET => Self::Meet(Meeting::decode(decoder, context)?),
            PEERS => Self::Peers(Body::decode(decoder, context)?.value),
            PACKET => {
                let packet: minicbor::bytes::ByteVec = Body::decode(decoder, context)?.value;
                if packet.len() > PACKET_BYTES {
                    return Err(minicbor::decode::Error::message("a packet is longer than its limit"));
                }
                Self::Packet(packet.into())
            }
            YOUR_DOCUMENT => {
                let document: minicbor::bytes::ByteVec = Body::decode(decoder, context)?.value;
                if document.len() > DOCUMENT_BYTES {
                    return Err(minicbor::decode::Error::message("a document is longer than its limit"));
                }
                Self::YourDocument(document.into())
            }
            GOODBYE => Empty::decode(decoder, context).map(|Empty {}| Self::Goodbye)?,
            tag => {
                decoder.skip()?;
                Self::Unknown(tag)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_version_says_is_skipped() {
        // [77, {1: [h'00', "x"]}]
        let bytes = [0x82, 0x18, 77, 0xa1, 1, 0x82, 0x41, 0, 0x61, b'x'];
        assert_eq!(Frame::decode(&bytes), Ok(Frame::Unknown(77)));
        // [4, {0: 5, 1: null}]: a ping with a field more
        assert_eq!(Frame::decode(&[0x82, 4, 0xa2, 0, 5, 1, 0xf6]), Ok(Frame::Ping(5)));
        // [3, {0: 999}]: a refusal that is not known
        assert_eq!(Frame::decode(&[0x82, 3, 0xa1, 0, 0x19, 3, 0xe7]), Ok(Frame::Refused(Refusal::Other)));
        // [2, {0: 1}]
        assert_eq!(Frame::decode(&[0x82, 2, 0xa1, 0, 1]), Ok(Frame::Ready));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let list_of_hints = |hints: usize| {
            let hint = PeerHint { id: NodeId::from_bytes([1; 32]), entrypoints: AtMost::default() };
            [&[0x82, 7, 0xa1, 0][..], &encode(&vec![hint; hints])].concat()
        };
        assert!(Frame::decode(&list_of_hints(PEER_HINTS)).is_ok());
        for wrong in [
            vec![],
            vec![0xa0],
            vec![0x81, 2],
            vec![0x83, 2, 0xa0, 0xa0],
            vec![0x82, 0x61, b'x', 0xa0],
            vec![0x82, 0x20, 0xa0],
            vec![0x82, 2, 0x80],
            vec![0x82, 2, 0],
            vec![0x82, 4, 0xa0],
            vec![0x82, 4, 0xa1, 0, 0x61, b'x'],
            vec![0x82, 3, 0xa1, 0, 0x1a, 0, 1, 0, 0],
            vec![0x82, 8, 0xa1, 0, 0x61, b'x'],
            list_of_hints(PEER_HINTS + 1),
            Frame::YourDocument(vec![0; DOCUMENT_BYTES + 1]).encode(),
            vec![0; FRAME_BYTES + 1],
        ] {
            assert!(Frame::decode(&wrong).is_err(), "{wrong:02x?}");
        }
    }
}
