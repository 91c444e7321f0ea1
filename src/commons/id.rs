//! The id of a statement, and its place in the order in which the database is folded.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use minicbor::decode::Decoder;
use minicbor::encode::{Encoder, Write};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::codec::fixed_bytes;

/// Bytes of an id: those of SHA-256.
pub const STATEMENT_ID_BYTES: usize = 32;

/// The id of a statement: SHA-256 of its exact bytes, signature included. In texts, 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StatementId(pub [u8; STATEMENT_ID_BYTES]);

impl StatementId {
    /// The id of the statement with these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// What the first statement of a network names as its parent: SHA-256 of `bitpie/commons/1`, a zero byte, and the
    /// network's name. It is not a statement.
    #[must_use]
    pub fn genesis(network: &str) -> Self {
        Self(Sha256::new_with_prefix("bitpie/commons/1\0").chain_update(network).finalize().into())
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; STATEMENT_ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for StatementId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for StatementId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StatementId({self})")
    }
}

impl FromStr for StatementId {
    type Err = ParseStatementIdError;

    fn from_str(text: &str) -> Result<Self, ParseStatementIdError> {
        let id = HEXLOWER.decode(text.as_bytes()).ok().and_then(|id| id.try_into().ok());
        id.map(Self).ok_or(ParseStatementIdError)
    }
}

impl TryFrom<String> for StatementId {
    type Error = ParseStatementIdError;

    fn try_from(text: String) -> Result<Self, ParseStatementIdError> {
        text.parse()
    }
}

impl From<StatementId> for String {
    fn from(id: StatementId) -> Self {
        id.to_string()
    }
}

impl<C> Encode<C> for StatementId {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        fixed_bytes::encode(&self.0, encoder, context)
    }
}

impl<'b, C> Decode<'b, C> for StatementId {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        fixed_bytes::decode(decoder, context).map(Self)
    }
}

/// A text that is not the id of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a statement is 64 hexadecimal digits, in lower case")]
pub struct ParseStatementIdError;

/// Where a statement stands in the order of the database: by generation, then by id. Parents stand before their
/// children, so this order is a topological one, and the same on every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// 1 + the highest generation of the statements that it names as parents or previous; the network's constant has 0.
    pub generation: u64,
    /// Its id.
    pub id: StatementId,
}

/// Bytes of a place where it travels: the generation, most significant byte first, then the id.
pub const PLACE_BYTES: usize = 8 + STATEMENT_ID_BYTES;

impl Place {
    /// Before all statements.
    pub const FIRST: Self = Self { generation: 0, id: StatementId([0; STATEMENT_ID_BYTES]) };
    /// After all statements.
    pub const LAST: Self = Self { generation: u64::MAX, id: StatementId([0xff; STATEMENT_ID_BYTES]) };

    /// As it travels, and as a database keeps it: the order of the bytes is that of the places.
    #[must_use]
    pub fn to_bytes(self) -> [u8; PLACE_BYTES] {
        let mut bytes = [0; PLACE_BYTES];
        bytes[..8].copy_from_slice(&self.generation.to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        bytes
    }

    /// The place with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; PLACE_BYTES]) -> Self {
        let (generation, id) = bytes.split_at(8);
        let generation = u64::from_be_bytes(generation.try_into().expect("8 bytes"));
        Self { generation, id: StatementId(id.try_into().expect("32 bytes")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = StatementId::of(b"a statement");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::from_value::<StatementId>(serde_json::json!(id)).expect("an id"), id);
        for wrong in ["", "ab", &"A".repeat(64), &"a".repeat(63), &"a".repeat(66)] {
            assert_eq!(wrong.parse::<StatementId>(), Err(ParseStatementIdError), "{wrong}");
        }
    }

    #[test]
    fn bytes_of_places_have_the_order_of_places() {
        let id = |byte| StatementId([byte; 32]);
        let places = [
            Place::FIRST,
            Place { generation: 1, id: id(9) },
            Place { generation: 2, id: id(0) },
            Place { generation: 2, id: id(1) },
            Place { generation: 256, id: id(0) },
            Place::LAST,
        ];
        assert!(places.is_sorted() && places.map(Place::to_bytes).is_sorted());
        assert_eq!(places.map(|place| Place::from_bytes(&place.to_bytes())), places);
    }

    #[test]
    fn networks_begin_apart() {
        assert_ne!(StatementId::genesis("main"), StatementId::genesis("test"));
    }
}
