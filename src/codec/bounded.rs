//! Lists and texts that carry their limit in their type: what is longer is refused when it is decoded, and cut when it
//! is made.

use std::fmt;
use std::ops::Deref;

use minicbor::decode::{Decode, Decoder};
use minicbor::encode::{Encode, Encoder, Write};
use serde::{Serialize, Serializer};

/// A list of `MAX` items at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AtMost<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> AtMost<T, MAX> {
    /// How many items there can be.
    pub const MAX: usize = MAX;

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Leaves out the last one.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }
}

impl<T, const MAX: usize> Default for AtMost<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The first `MAX` of them.
impl<T, const MAX: usize> FromIterator<T> for AtMost<T, MAX> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().take(MAX).collect())
    }
}

/// The first `MAX` of them.
impl<T, const MAX: usize> From<Vec<T>> for AtMost<T, MAX> {
    fn from(mut items: Vec<T>) -> Self {
        items.truncate(MAX);
        Self(items)
    }
}

impl<T, const MAX: usize> Deref for AtMost<T, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MAX: usize> IntoIterator for AtMost<T, MAX> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: Serialize, const MAX: usize> Serialize for AtMost<T, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<C, T: Encode<C>, const MAX: usize> Encode<C> for AtMost<T, MAX> {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.0.encode(encoder, context)
    }
}

impl<'b, C, T: Decode<'b, C>, const MAX: usize> Decode<'b, C> for AtMost<T, MAX> {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = decoder.position();
        let items = decoder.array()?.unwrap_or(u64::MAX);
        if items > MAX as u64 {
            return Err(minicbor::decode::Error::message("a list is longer than its limit").at(at));
        }
        (0..items).map(|_| T::decode(decoder, context)).collect::<Result<_, _>>().map(Self)
    }
}

/// A text of `MAX` bytes at most.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(Box<str>);

impl<const MAX: usize> Text<MAX> {
    /// As much of a text as there is room for, in whole characters.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        Self(cut(text, MAX).into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<C, const MAX: usize> Encode<C> for Text<MAX> {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.str(&self.0)?.ok()
    }
}

impl<'b, C, const MAX: usize> Decode<'b, C> for Text<MAX> {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = decoder.position();
        let text = decoder.str()?;
        if text.len() > MAX {
            return Err(minicbor::decode::Error::message("a text is longer than its limit").at(at));
        }
        Ok(Self(text.into()))
    }
}

/// As many whole characters of a text as there is room for in so many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.expect("every text begins at a boundary")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    #[test]
    fn what_is_longer_is_cut_when_made_and_refused_when_decoded() {
        let list: AtMost<u8, 3> = vec![1, 2, 3, 4].into();
        assert_eq!(&*list, [1, 2, 3]);
        assert_eq!(decode::<AtMost<u8, 3>>(&encode(&list)), Ok(list));
        assert!(decode::<AtMost<u8, 3>>(&encode(&vec![1u8, 2, 3, 4])).is_err());

        assert_eq!(Text::<4>::cut("aéé").as_str(), "aé");
        assert_eq!(decode::<Text<4>>(&encode("aéb")), Ok(Text::cut("aéb")));
        assert!(decode::<Text<4>>(&encode("aéé")).is_err());
    }
}
