//! What the synchroniser says: `[tag, body]`, as frames are.

use minicbor::decode::Decoder;
use minicbor::encode::{Encoder, Write};
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use crate::codec::{AtMost, DecodeError, decode, encode, fixed_bytes, numbered};
use crate::commons::digest::{CHILDREN, EMPTY, Hash, LEAF_IDS, Prefix};
use crate::commons::id::{PLACE_BYTES, Place, StatementId};
use crate::commons::limits::STATEMENT_BYTES;

/// Parts of a tree in a question, at most.
pub const ASKED_PARTS: usize = 128;

/// Statements in a question, at most.
pub const ASKED_IDS: usize = 512;

/// Statements in an announcement, at most.
pub const ANNOUNCED_IDS: usize = 512;

/// Tips that a peer names, at most: those with the highest places.
pub const STATE_TIPS: usize = 64;

/// Bytes of a fingerprint.
pub const FINGERPRINT_BYTES: usize = 8;

/// What stands for the hash of a part. It is short because it is salted: an author of statements cannot know the salt,
/// and so cannot make two sets that have the same.
pub type Fingerprint = [u8; FINGERPRINT_BYTES];

/// Chosen at random by the one who asks, for one walk.
pub type Salt = [u8; 16];

/// The first 8 bytes of SHA-256 of `bitpie/commons-fingerprint/1`, a zero byte, the salt, and the hash of a part; zeros
/// for a part without ids.
#[must_use]
pub fn fingerprint(salt: &Salt, hash: &Hash) -> Fingerprint {
    if *hash == EMPTY {
        return [0; FINGERPRINT_BYTES];
    }
    let hash =
        Sha256::new_with_prefix("bitpie/commons-fingerprint/1\0").chain_update(salt).chain_update(hash).finalize();
    hash[..FINGERPRINT_BYTES].try_into().expect("SHA-256 has 32 bytes")
}

/// What a node has.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PeerState {
    /// The root of its tree.
    #[cbor(n(0), with = "fixed_bytes")]
    pub root: Hash,
    /// How many statements it has.
    #[n(1)]
    pub count: u64,
    /// How many of them no other names.
    #[n(2)]
    pub tip_count: u64,
    /// Those, with the highest places.
    #[cbor(n(3), skip_if = "AtMost::is_empty")]
    pub tips: AtMost<StatementId, STATE_TIPS>,
}

/// A part of the tree of the one who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartAnswer {
    /// Few ids, or none: all of them, in ascending order, with their generations.
    Leaf(Vec<Place>),
    /// Many: the fingerprints of its children.
    Children([Fingerprint; CHILDREN]),
}

numbered! {
    /// How a stream of statements ends.
    pub enum StreamEnd: u8 {
        /// All that was asked for was sent.
        Complete = 1,
        /// As much as one stream may have was sent. There is more: ask again.
        Limit = 2,
        /// The rest of what was asked for is not here.
        NotHere = 3,
        /// The question was not valid.
        Invalid = 4,
        /// The sender failed; another one may not.
        Internal = 5,
    }
}

/// What the synchroniser says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncMessage {
    /// What have you? Answered with `State`.
    AskState,
    /// This.
    State(PeerState),
    /// What is in these parts of your tree? Answered with `Parts`.
    AskParts {
        /// For the fingerprints of the answer.
        salt: Salt,
        /// Which parts.
        prefixes: AtMost<Prefix, ASKED_PARTS>,
    },
    /// This, in the order of the question.
    Parts(AtMost<PartAnswer, ASKED_PARTS>),
    /// Send these, in this order. Answered with `Statement`s and an `End`.
    AskStatements(AtMost<StatementId, ASKED_IDS>),
    /// Send what comes after this place, in order. Answered with `Statement`s and an `End`.
    AskAfter(Place),
    /// A statement, by its exact bytes.
    Statement(Vec<u8>),
    /// The stream is at its end.
    End(StreamEnd),
    /// These are new here. A node that lacks them asks for them.
    Announce(AtMost<StatementId, ANNOUNCED_IDS>),
    /// Something of a later version, by its tag.
    Unknown(u64),
}

const ASK_STATE: u64 = 0;
const STATE: u64 = 1;
const ASK_PARTS: u64 = 2;
const PARTS: u64 = 3;
const ASK_STATEMENTS: u64 = 4;
const ASK_AFTER: u64 = 5;
const STATEMENT: u64 = 6;
const END: u64 = 7;
const ANNOUNCE: u64 = 8;

/// The body of a message that says nothing.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Nothing {}

/// The body of a message that says one thing.
#[derive(Encode, Decode)]
#[cbor(map)]
struct One<T> {
    #[n(0)]
    value: T,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Asked {
    #[cbor(n(0), with = "fixed_bytes")]
    salt: Salt,
    #[n(1)]
    prefixes: AtMost<Prefix, ASKED_PARTS>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Bytes {
    #[cbor(n(0), with = "minicbor::bytes")]
    bytes: Vec<u8>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct At {
    #[cbor(n(0), with = "fixed_bytes")]
    place: [u8; PLACE_BYTES],
}

impl SyncMessage {
    /// Its bytes, without the length that stands in front of them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// The message with these bytes.
    ///
    /// # Errors
    /// If they are not a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

type EncodeResult<W> = Result<(), minicbor::encode::Error<<W as Write>::Error>>;

fn say<C, W: Write, T: Encode<C>>(encoder: &mut Encoder<W>, context: &mut C, tag: u64, body: &T) -> EncodeResult<W> {
    body.encode(encoder.array(2)?.u64(tag)?, context)
}

impl<C> Encode<C> for SyncMessage {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, context: &mut C) -> EncodeResult<W> {
        match self {
            Self::AskState => say(encoder, context, ASK_STATE, &Nothing {}),
            Self::State(state) => say(encoder, context, STATE, state),
            Self::AskParts { salt, prefixes } => {
                say(encoder, context, ASK_PARTS, &Asked { salt: *salt, prefixes: prefixes.clone() })
            }
            Self::Parts(parts) => say(encoder, context, PARTS, &One { value: parts.clone() }),
            Self::AskStatements(ids) => say(encoder, context, ASK_STATEMENTS, &One { value: ids.clone() }),
            Self::AskAfter(place) => say(encoder, context, ASK_AFTER, &At { place: place.to_bytes() }),
            Self::Statement(bytes) => say(encoder, context, STATEMENT, &Bytes { bytes: bytes.clone() }),
            Self::End(end) => say(encoder, context, END, &One { value: *end }),
            Self::Announce(ids) => say(encoder, context, ANNOUNCE, &One { value: ids.clone() }),
            Self::Unknown(tag) => say(encoder, context, *tag, &Nothing {}),
        }
    }
}

impl<'b, C> Decode<'b, C> for SyncMessage {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = decoder.position();
        let wrong = |what: &'static str| minicbor::decode::Error::message(what).at(at);
        if decoder.array()? != Some(2) {
            return Err(wrong("a message of the synchroniser is a tag and a body"));
        }
        Ok(match decoder.u64()? {
            ASK_STATE => {
                Nothing::decode(decoder, context)?;
                Self::AskState
            }
            STATE => Self::State(PeerState::decode(decoder, context)?),
            ASK_PARTS => {
                let Asked { salt, prefixes } = Asked::decode(decoder, context)?;
                Self::AskParts { salt, prefixes }
            }
            PARTS => Self::Parts(One::decode(decoder, context)?.value),
            ASK_STATEMENTS => Self::AskStatements(One::decode(decoder, context)?.value),
            ASK_AFTER => Self::AskAfter(Place::from_bytes(&At::decode(decoder, context)?.place)),
            STATEMENT => {
                let Bytes { bytes } = Bytes::decode(decoder, context)?;
                if bytes.len() > STATEMENT_BYTES {
                    return Err(wrong("a statement is too long"));
                }
                Self::Statement(bytes)
            }
            END => Self::End(One::decode(decoder, context)?.value),
            ANNOUNCE => Self::Announce(One::decode(decoder, context)?.value),
            other => {
                decoder.skip()?;
                Self::Unknown(other)
            }
        })
    }
}

impl<C> Encode<C> for Prefix {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> EncodeResult<W> {
        encoder.bytes(&self.to_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Prefix {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = decoder.position();
        let prefix = Self::from_bytes(decoder.bytes()?);
        prefix.ok_or_else(|| minicbor::decode::Error::message("this is not the beginning of an id").at(at))
    }
}

/// `[kind, bytes]`: 0 and places, or 1 and fingerprints, one behind the other.
impl<C> Encode<C> for PartAnswer {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> EncodeResult<W> {
        encoder.array(2)?;
        match self {
            Self::Leaf(places) => {
                let bytes: Vec<u8> = places.iter().flat_map(|place| place.to_bytes()).collect();
                encoder.u8(0)?.bytes(&bytes)?.ok()
            }
            Self::Children(children) => encoder.u8(1)?.bytes(&children.concat())?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for PartAnswer {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = decoder.position();
        let wrong = |what: &'static str| minicbor::decode::Error::message(what).at(at);
        if decoder.array()? != Some(2) {
            return Err(wrong("a part of a tree is a kind and bytes"));
        }
        let (kind, bytes) = (decoder.u8()?, decoder.bytes()?);
        match kind {
            0 if bytes.len().is_multiple_of(PLACE_BYTES) && bytes.len() <= LEAF_IDS * PLACE_BYTES => {
                let place = |bytes: &[u8]| Place::from_bytes(bytes.try_into().expect("it was cut so"));
                Ok(Self::Leaf(bytes.chunks_exact(PLACE_BYTES).map(place).collect()))
            }
            1 if bytes.len() == CHILDREN * FINGERPRINT_BYTES => {
                let child = |index: usize| bytes[index * FINGERPRINT_BYTES..][..FINGERPRINT_BYTES].try_into();
                Ok(Self::Children(std::array::from_fn(|index| child(index).expect("8 bytes"))))
            }
            _ => Err(wrong("a part of a tree is at most 8 places, or 16 fingerprints")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::VALUE_BYTES;

    fn id(byte: u8) -> StatementId {
        StatementId([byte; 32])
    }

    #[test]
    fn messages_survive_and_the_largest_fit() {
        let place = Place { generation: u64::MAX, id: id(0xff) };
        let ids = |count: usize| vec![id(0xff); count];
        let deepest = (0..64).fold(Prefix::ROOT, |prefix, _| prefix.child(15));
        let state = PeerState { root: [7; 32], count: u64::MAX, tip_count: u64::MAX, tips: ids(STATE_TIPS).into() };
        for message in [
            SyncMessage::AskState,
            SyncMessage::State(state),
            SyncMessage::AskParts { salt: [1; 16], prefixes: vec![deepest; ASKED_PARTS].into() },
            SyncMessage::Parts(vec![PartAnswer::Leaf(vec![place; LEAF_IDS]); ASKED_PARTS].into()),
            SyncMessage::Parts(vec![PartAnswer::Children([[9; 8]; 16]); ASKED_PARTS].into()),
            SyncMessage::Parts(vec![PartAnswer::Leaf(vec![])].into()),
            SyncMessage::AskStatements(ids(ASKED_IDS).into()),
            SyncMessage::AskAfter(place),
            SyncMessage::Statement(vec![3; STATEMENT_BYTES]),
            SyncMessage::End(StreamEnd::Limit),
            SyncMessage::Announce(ids(ANNOUNCED_IDS).into()),
            SyncMessage::Unknown(99),
        ] {
            let bytes = message.encode();
            assert!(bytes.len() < VALUE_BYTES - 1024, "{} bytes", bytes.len());
            assert_eq!(SyncMessage::decode(&bytes), Ok(message));
        }
    }

    #[test]
    fn what_is_longer_than_it_may_be_is_refused() {
        let too_many = encode(&(ANNOUNCE, One { value: vec![id(1); ANNOUNCED_IDS + 1] }));
        assert!(SyncMessage::decode(&too_many).is_err());
        assert!(SyncMessage::decode(&SyncMessage::Statement(vec![0; STATEMENT_BYTES + 1]).encode()).is_err());
        let nine = SyncMessage::Parts(vec![PartAnswer::Leaf(vec![Place::FIRST; LEAF_IDS + 1])].into());
        assert!(SyncMessage::decode(&nine.encode()).is_err());
    }

    #[test]
    fn fingerprints_depend_on_the_salt() {
        assert_ne!(fingerprint(&[1; 16], &[5; 32]), fingerprint(&[2; 16], &[5; 32]));
        assert_ne!(fingerprint(&[1; 16], &[5; 32]), fingerprint(&[1; 16], &[6; 32]));
        assert_eq!(fingerprint(&[1; 16], &EMPTY), [0; 8]);
    }
}
