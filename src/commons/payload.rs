//! What statements say: profile, note, rating, claim, retraction.

use minicbor::decode::Decoder;
use minicbor::encode::{Encoder, Write};
use minicbor::{Decode, Encode};

use super::id::StatementId;
use crate::codec::{DecodeError, Text, decode, encode, numbered};
use crate::identity::NodeId;
use crate::nickname::Nickname;

/// Bytes of a profile's payload, at most.
pub const PROFILE_BYTES: usize = 1024;

/// Bytes of a note's text, at most.
pub const NOTE_TEXT_BYTES: usize = 4096;

/// Bytes of any payload, at most: a note of full length, which answers another.
pub const PAYLOAD_BYTES: usize = NOTE_TEXT_BYTES + 64;

/// The best rating; the worst is 1.
pub const MOST_STARS: u8 = 5;

numbered! {
    /// What a statement is about.
    pub enum StatementKind: u8 {
        /// Who the author is, in their own words.
        Profile = 1,
        /// A text for all.
        Note = 2,
        /// What the author thinks of a statement or of another author.
        Rating = 3,
        /// The author goes by a nickname.
        Claim = 4,
        /// The author takes one of their own statements back.
        Retraction = 5,
    }
}

/// What is rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A statement.
    Statement(StatementId),
    /// An author.
    Author(NodeId),
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Who the author is.
    Profile(Profile),
    /// A text.
    Note(Note),
    /// A rating.
    Rating(Rating),
    /// A claim to a nickname.
    Claim(Claim),
    /// A statement of the author is taken back.
    Retraction(Retraction),
}

/// Who an author is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Profile {
    /// The name that is shown.
    #[n(0)]
    pub name: Option<Nickname>,
    /// A few lines.
    #[n(1)]
    pub about: Option<Text<PROFILE_BYTES>>,
}

/// A text for all.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Note {
    /// The text, which is not empty.
    #[n(0)]
    pub text: Text<NOTE_TEXT_BYTES>,
    /// The statement that it answers. Nobody checks that it exists.
    #[n(1)]
    pub answers: Option<StatementId>,
}

/// What an author thinks of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// Of what.
    pub target: Target,
    /// From 1 to [`MOST_STARS`].
    pub stars: u8,
}

/// A rating as it is written: of exactly one of the two.
#[derive(Encode, Decode)]
#[cbor(map)]
struct WrittenRating {
    #[n(0)]
    statement: Option<StatementId>,
    #[n(1)]
    author: Option<NodeId>,
    #[n(2)]
    stars: u8,
}

/// The author goes by a nickname.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claim {
    /// Which.
    #[n(0)]
    pub nickname: Nickname,
}

/// A statement of the author is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Retraction {
    /// Which. One that is somebody else's, or a retraction itself, stays as it is.
    #[n(0)]
    pub of: StatementId,
}

impl Payload {
    /// Which kind of statement says this.
    #[must_use]
    pub const fn kind(&self) -> StatementKind {
        match self {
            Self::Profile(_) => StatementKind::Profile,
            Self::Note(_) => StatementKind::Note,
            Self::Rating(_) => StatementKind::Rating,
            Self::Claim(_) => StatementKind::Claim,
            Self::Retraction(_) => StatementKind::Retraction,
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Profile(profile) => encode(profile),
            Self::Note(note) => encode(note),
            Self::Rating(rating) => encode(rating),
            Self::Claim(claim) => encode(claim),
            Self::Retraction(retraction) => encode(retraction),
        }
    }

    /// What these bytes say in a statement of that kind.
    ///
    /// # Errors
    /// If the kind is unknown, or they are too long for it, or say nothing.
    pub fn decode(kind: StatementKind, bytes: &[u8]) -> Result<Self, PayloadError> {
        let limit = match kind {
            StatementKind::Profile => PROFILE_BYTES,
            _ => PAYLOAD_BYTES,
        };
        if bytes.len() > limit {
            return Err(PayloadError::TooLong { bytes: bytes.len(), limit });
        }
        Ok(match kind {
            StatementKind::Profile => Self::Profile(decode(bytes)?),
            StatementKind::Note => {
                let note: Note = decode(bytes)?;
                if note.text.as_str().is_empty() {
                    return Err(PayloadError::EmptyNote);
                }
                Self::Note(note)
            }
            StatementKind::Rating => Self::Rating(decode(bytes)?),
            StatementKind::Claim => Self::Claim(decode(bytes)?),
            StatementKind::Retraction => Self::Retraction(decode(bytes)?),
            StatementKind::Other => return Err(PayloadError::UnknownKind),
        })
    }
}

impl<C> Encode<C> for Rating {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let (statement, author) = match self.target {
            Target::Statement(id) => (Some(id), None),
            Target::Author(id) => (None, Some(id)),
        };
        WrittenRating { statement, author, stars: self.stars }.encode(encoder, context)
    }
}

impl<'b, C> Decode<'b, C> for Rating {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = decoder.position();
        let wrong = |what: &'static str| minicbor::decode::Error::message(what).at(at);
        let written = WrittenRating::decode(decoder, context)?;
        let target = match (written.statement, written.author) {
            (Some(id), None) => Target::Statement(id),
            (None, Some(id)) => Target::Author(id),
            _ => return Err(wrong("a rating is of a statement or of an author")),
        };
        if !(1..=MOST_STARS).contains(&written.stars) {
            return Err(wrong("a rating has 1 to 5 stars"));
        }
        Ok(Self { target, stars: written.stars })
    }
}

/// Why a payload is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// This version does not know the kind.
    #[error("its kind is unknown")]
    UnknownKind,
    /// There are too many bytes.
    #[error("its payload has {bytes} bytes, and {limit} are allowed")]
    TooLong {
        /// How many.
        bytes: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A note without a text.
    #[error("a note has a text, and this one is empty")]
    EmptyNote,
    /// The bytes are something else.
    #[error("its payload cannot be read: {0}")]
    Malformed(#[from] DecodeError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_survive() {
        let (id, author) = (StatementId([7; 32]), NodeId::from_bytes([8; 32]));
        let name: Nickname = "Zoë".parse().expect("a nickname");
        for payload in [
            Payload::Profile(Profile { name: None, about: None }),
            Payload::Profile(Profile { name: Some(name.clone()), about: Some(Text::cut("a\nb")) }),
            Payload::Note(Note { text: Text::cut(&"x".repeat(NOTE_TEXT_BYTES)), answers: Some(id) }),
            Payload::Rating(Rating { target: Target::Statement(id), stars: 1 }),
            Payload::Rating(Rating { target: Target::Author(author), stars: MOST_STARS }),
            Payload::Claim(Claim { nickname: name }),
            Payload::Retraction(Retraction { of: id }),
        ] {
            assert_eq!(Payload::decode(payload.kind(), &payload.encode()), Ok(payload));
        }
    }

    #[test]
    fn what_says_nothing_is_refused() {
        let note = |text: &str| Payload::Note(Note { text: Text::cut(text), answers: None }).encode();
        let rating = |statement, author, stars| encode(&WrittenRating { statement, author, stars });
        let (id, author) = (Some(StatementId([7; 32])), Some(NodeId::from_bytes([8; 32])));
        assert_eq!(Payload::decode(StatementKind::Note, &note("")), Err(PayloadError::EmptyNote));
        assert_eq!(Payload::decode(StatementKind::Other, &note("a")), Err(PayloadError::UnknownKind));
        let long = Payload::decode(StatementKind::Profile, &[0; PROFILE_BYTES + 1]);
        assert_eq!(long, Err(PayloadError::TooLong { bytes: PROFILE_BYTES + 1, limit: PROFILE_BYTES }));
        for wrong in [rating(id, author, 3), rating(None, None, 3), rating(id, None, 0), rating(id, None, 6)] {
            assert!(matches!(Payload::decode(StatementKind::Rating, &wrong), Err(PayloadError::Malformed(_))));
        }
        for kind in StatementKind::ALL {
            assert!(matches!(Payload::decode(*kind, &[0x80]), Err(PayloadError::Malformed(_))), "{kind:?}");
        }
    }
}
