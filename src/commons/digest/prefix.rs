//! The beginning of an id, in hexadecimal digits: the name of a part of the tree.

use std::fmt;

use crate::commons::id::{STATEMENT_ID_BYTES, StatementId};

/// Digits of an id.
pub const PREFIX_DIGITS: usize = 2 * STATEMENT_ID_BYTES;

/// Bytes of a prefix as it travels, at most.
pub const PREFIX_BYTES: usize = 1 + STATEMENT_ID_BYTES;

/// The beginning of an id: 0 to 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// The digits, followed by zeros.
    start: [u8; STATEMENT_ID_BYTES],
    digits: u8,
}

/// The digit of an id at a depth, from 0.
///
/// # Panics
/// If the depth is [`PREFIX_DIGITS`] or more.
#[must_use]
pub(super) fn digit(id: &StatementId, depth: usize) -> usize {
    let byte = id.as_bytes()[depth / 2];
    usize::from(if depth.is_multiple_of(2) { byte >> 4 } else { byte & 0xf })
}

impl Prefix {
    /// That of all ids.
    pub const ROOT: Self = Self { start: [0; STATEMENT_ID_BYTES], digits: 0 };

    /// How many digits there are.
    #[must_use]
    pub fn depth(&self) -> usize {
        usize::from(self.digits)
    }

    /// The prefix that has one digit more.
    ///
    /// # Panics
    /// If there are [`PREFIX_DIGITS`] already, or the digit is 16 or more.
    #[must_use]
    pub fn child(mut self, digit: usize) -> Self {
        assert!(digit < 16 && self.depth() < PREFIX_DIGITS, "a digit is below 16, and an id has 64 of them");
        let shift = if self.depth().is_multiple_of(2) { 4 } else { 0 };
        self.start[self.depth() / 2] |= u8::try_from(digit).expect("it is below 16") << shift;
        self.digits += 1;
        self
    }

    /// The digit at a depth, from 0.
    ///
    /// # Panics
    /// If it has no digit there.
    #[must_use]
    pub fn digit(&self, depth: usize) -> usize {
        assert!(depth < self.depth(), "it has no digit there");
        digit(&StatementId(self.start), depth)
    }

    /// The lowest id that begins so.
    #[must_use]
    pub fn lowest(&self) -> StatementId {
        StatementId(self.start)
    }

    /// Whether an id begins so.
    #[must_use]
    pub fn is_of(&self, id: &StatementId) -> bool {
        let (whole, odd) = (self.depth() / 2, self.depth() % 2);
        let id = id.as_bytes();
        id[..whole] == self.start[..whole] && (odd == 0 || id[whole] >> 4 == self.start[whole] >> 4)
    }

    /// As it travels: the number of digits in one byte, then the digits, two to a byte, the last half of a byte 0.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[self.digits], &self.start[..self.depth().div_ceil(2)]].concat()
    }

    /// The prefix with these bytes, if there is one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (digits, given) = bytes.split_first()?;
        let count = usize::from(*digits);
        let is_padded = count.is_multiple_of(2) || given.last().is_some_and(|last| last & 0xf == 0);
        if count > PREFIX_DIGITS || given.len() != count.div_ceil(2) || !is_padded {
            return None;
        }
        let mut start = [0; STATEMENT_ID_BYTES];
        start[..given.len()].copy_from_slice(given);
        Some(Self { start, digits: *digits })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.depth()).try_for_each(|depth| write!(formatter, "{:x}", self.digit(depth)))
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Prefix({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_id() {
        let id = StatementId(std::array::from_fn(|index| 0x10 + index as u8));
        let mut prefix = Prefix::ROOT;
        for depth in 0..PREFIX_DIGITS {
            assert!(prefix.is_of(&id));
            assert_eq!(Prefix::from_bytes(&prefix.to_bytes()), Some(prefix));
            let sibling = prefix.child((digit(&id, depth) + 1) % 16);
            assert!(!sibling.is_of(&id));
            prefix = prefix.child(digit(&id, depth));
            assert_eq!(prefix.digit(depth), digit(&id, depth));
        }
        assert_eq!(prefix.to_string(), id.to_string());
        assert_eq!(prefix.to_bytes().len(), PREFIX_BYTES);
    }

    #[test]
    fn one_prefix_has_one_form() {
        for wrong in [&[][..], &[0, 0], &[1], &[1, 0x11], &[2, 0x11, 0], &[3, 0x11, 0x01], &[65; 34]] {
            assert_eq!(Prefix::from_bytes(wrong), None, "{wrong:?}");
        }
    }
}
