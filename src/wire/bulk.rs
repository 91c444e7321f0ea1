//! What is said first in a stream of bulk data: what it is for, by whoever has opened it, and whether it is taken, by
//! the other side. Both stand behind their lengths, as frames do.

use minicbor::decode::{Decode, Decoder};
use minicbor::encode::{Encode, Encoder, Write};

use super::body::{Body, Empty};
use crate::codec::{DecodeError, decode, encode, numbered};
use crate::identity::NodeId;

/// Bulk streams of a session that each side may have opened at a time. A session that is carried takes one of its
/// caller's, and one of the carrier's towards the other side.
pub const BULK_STREAMS: usize = 8;

/// Bytes of either, at most.
pub const BULK_PREFACE_BYTES: usize = 128;

const CARRY: u64 = 0;
const CALL: u64 = 1;
const TAKEN: u64 = 0;
const TURNED_DOWN: u64 = 1;

/// What a bulk stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkOpening {
    /// The sender wants a session with this node, and asks the other side to carry it.
    Carry(NodeId),
    /// This node wants a session with the other side, and the sender carries it.
    Call(NodeId),
    /// Something of a later version, by its tag.
    Unknown(u64),
}

/// The answer. If it is taken, what comes behind it is what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkAnswer {
    /// Yes.
    Taken,
    /// No.
    TurnedDown(CarryRefusal),
}

numbered! {
    /// Why a session is not carried.
    pub enum CarryRefusal: u16 {
        /// The node carries no sessions of others, or no longer.
        NotOffered = 1,
        /// Whoever is wanted has no session of its own with the node, or does not want the session. Which of the two,
        /// nobody learns.
        NotHere = 2,
        /// The node carries as many sessions as it may.
        NoRoom = 3,
        /// The other side does not want the session. Told to the carrier alone.
        NotWanted = 4,
    }
}

impl CarryRefusal {
    /// For people.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::NotOffered => "it relays no sessions",
            Self::NotHere => "the other node is not connected to it, or does not want the session",
            Self::NoRoom => "it relays as many sessions as it may",
            Self::NotWanted => "the other node does not want the session",
            Self::Other => "unknown reason (it runs a newer version)",
        }
    }
}

impl BulkOpening {
    /// Its bytes, without the length that stands in front of them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// What these bytes say.
    ///
    /// # Errors
    /// If they say nothing.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

impl BulkAnswer {
    /// Its bytes, without the length that stands in front of them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// What these bytes say.
    ///
    /// # Errors
    /// If they say nothing.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

fn begin<W: Write>(encoder: &mut Encoder<W>, tag: u64) -> Result<(), minicbor::encode::Error<W::Error>> {
    encoder.array(2)?.u64(tag)?.ok()
}

fn tag(decoder: &mut Decoder<'_>) -> Result<u64, minicbor::decode::Error> {
    if decoder.array()? != Some(2) {
        return Err(minicbor::decode::Error::message("what a stream begins with is a tag and a body"));
    }
    decoder.u64()
}

impl<C> Encode<C> for BulkOpening {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Carry(node) => {
                begin(encoder, CARRY)?;
                Body { value: *node }.encode(encoder, context)
            }
            Self::Call(node) => {
                begin(encoder, CALL)?;
                Body { value: *node }.encode(encoder, context)
            }
            Self::Unknown(tag) => {
                begin(encoder, *tag)?;
                encoder.map(0)?.ok()
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for BulkOpening {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        Ok(match tag(decoder)? {
            CARRY => Self::Carry(Body::decode(decoder, context)?.value),
            CALL => Self::Call(Body::decode(decoder, context)?.value),
            other => {
                decoder.skip()?;
                Self::Unknown(other)
            }
        })
    }
}

impl<C> Encode<C> for BulkAnswer {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Taken => {
                begin(encoder, TAKEN)?;
                encoder.map(0)?.ok()
            }
            Self::TurnedDown(reason) => {
                begin(encoder, TURNED_DOWN)?;
                Body { value: *reason }.encode(encoder, context)
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for BulkAnswer {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        Ok(match tag(decoder)? {
            TAKEN => Empty::decode(decoder, context).map(|Empty {}| Self::Taken)?,
            TURNED_DOWN => Self::TurnedDown(Body::decode(decoder, context)?.value),
            _ => return Err(minicbor::decode::Error::message("a stream is taken or turned down")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_first_survives_and_is_short() {
        let node = NodeId::from_bytes([7; 32]);
        for opening in [BulkOpening::Carry(node), BulkOpening::Call(node), BulkOpening::Unknown(77)] {
            let bytes = opening.encode();
            assert!(bytes.len() <= BULK_PREFACE_BYTES);
            assert_eq!(BulkOpening::decode(&bytes), Ok(opening));
        }
        let refusals = CarryRefusal::ALL.iter().map(|reason| BulkAnswer::TurnedDown(*reason));
        for answer in refusals.chain([BulkAnswer::Taken]) {
            assert_eq!(BulkAnswer::decode(&answer.encode()), Ok(answer));
        }
    }

    #[test]
    fn what_a_later_version_says_is_skipped_and_what_is_nothing_is_refused() {
        // [77, {1: "x"}], and [0, {0: h'…', 1: "x"}]
        assert_eq!(BulkOpening::decode(&[0x82, 0x18, 77, 0xa1, 1, 0x61, b'x']), Ok(BulkOpening::Unknown(77)));
        let with_more = [&[0x82, 0, 0xa2, 0, 0x58, 32][..], &[7; 32], &[1, 0x61, b'x']].concat();
        assert_eq!(BulkOpening::decode(&with_more), Ok(BulkOpening::Carry(NodeId::from_bytes([7; 32]))));
        assert_eq!(
            BulkAnswer::decode(&[0x82, 1, 0xa1, 0, 0x19, 3, 0xe7]),
            Ok(BulkAnswer::TurnedDown(CarryRefusal::Other))
        );
        for wrong in [&[][..], &[0xa0], &[0x81, 0], &[0x82, 0, 0], &[0x82, 0, 0xa1, 0, 0x41, 1]] {
            assert!(BulkOpening::decode(wrong).is_err(), "{wrong:02x?}");
        }
        assert!(BulkAnswer::decode(&[0x82, 2, 0xa0]).is_err());
    }
}
