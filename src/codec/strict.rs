//! A walk over bytes which finds whether they are CBOR as this protocol wants it, before anything is made of them.
//!
//! One encoding for each value (RFC 8949, section 4.2.1): shortest heads, definite lengths, the keys of a map in
//! ascending order of their bytes, and therefore none twice. Of the kinds of values only those that some field uses:
//! integers, bytes, text, lists, maps, `false`, `true` and `null`; no tags, no floats. Nesting and the number of items
//! are bounded, and a length is compared with what is there before anybody allocates by it.

use super::error::DecodeError;

/// How deep lists and maps may stand in one another.
pub const NESTING: usize = 8;

/// Values in one encoding, at most.
pub const ITEMS: usize = 4096;

/// Whether this is one value, well-formed and in the one form that is allowed, and nothing behind it.
///
/// # Errors
/// What is wrong, and where.
pub fn check(bytes: &[u8]) -> Result<(), DecodeError> {
    let mut walk = Walk { bytes, at: 0, items: 0 };
    walk.value(0)?;
    if walk.at < bytes.len() { Err(DecodeError::TrailingBytes { at: walk.at }) } else { Ok(()) }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    items: usize,
}

impl<'a> Walk<'a> {
    fn value(&mut self, depth: usize) -> Result<(), DecodeError> {
        let at = self.at;
        self.items += 1;
        if self.items > ITEMS {
            return Err(DecodeError::TooManyItems { at });
        }
        let (major, argument) = self.head()?;
        match major {
            0 | 1 => Ok(()),
            2 => self.take(argument).map(|_| ()),
            3 => std::str::from_utf8(self.take(argument)?).map(|_| ()).map_err(|_| DecodeError::NotText { at }),
            4 => {
                self.room_for(argument, 1, depth, at)?;
                (0..argument).try_for_each(|_| self.value(depth + 1))
            }
            5 => {
                self.room_for(argument, 2, depth, at)?;
                self.pairs(argument, depth)
            }
            // `false`, `true` and `null`; anything else of major type 7 is a float or has no meaning yet.
            7 if self.at == at + 1 && (20..=22).contains(&argument) => Ok(()),
            _ => Err(DecodeError::Unsupported { at }),
        }
    }

    fn pairs(&mut self, pairs: u64, depth: usize) -> Result<(), DecodeError> {
        let mut last: &[u8] = &[];
        for _ in 0..pairs {
            let at = self.at;
            self.value(depth + 1)?;
            let key = &self.bytes[at..self.at];
            // No key is empty, so the first one is greater than nothing.
            if key <= last {
                return Err(DecodeError::KeyOrder { at });
            }
            last = key;
            self.value(depth + 1)?;
        }
        Ok(())
    }

    /// Whether so many values, of a byte or more each, can follow.
    fn room_for(&self, items: u64, values: u64, depth: usize, at: usize) -> Result<(), DecodeError> {
        if depth >= NESTING {
            return Err(DecodeError::TooDeep { at });
        }
        let left = (self.bytes.len() - self.at) as u64;
        if items.saturating_mul(values) > left { Err(DecodeError::Truncated { at }) } else { Ok(()) }
    }

    /// The major type and the argument of the value that begins here.
    fn head(&mut self) -> Result<(u8, u64), DecodeError> {
        let at = self.at;
        let first = self.take(1)?[0];
        let (major, information) = (first >> 5, first & 0x1f);
        let (argument, least) = match information {
            0..=23 => return Ok((major, information.into())),
            24 => (self.number(1)?, 24),
            25 => (self.number(2)?, 1 << 8),
            26 => (self.number(4)?, 1 << 16),
            27 => (self.number(8)?, 1 << 32),
            31 => return Err(DecodeError::Indefinite { at }),
            _ => return Err(DecodeError::Unsupported { at }),
        };
        // In major type 7 the bytes behind the first are no number, and all of those are refused.
        if argument < least && major != 7 { Err(DecodeError::NotMinimal { at }) } else { Ok((major, argument)) }
    }

    fn number(&mut self, count: u64) -> Result<u64, DecodeError> {
        Ok(self.take(count)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or(DecodeError::Truncated { at: self.at })?;
        self.at += taken.len();
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 8949, appendix A, that are of the kinds used here.
    #[test]
    fn what_is_deterministic_is_taken() {
        for hex in [
            "00",
            "17",
            "1818",
            "18ff",
            "190100",
            "1a00010000",
            "1bffffffffffffffff",
            "20",
            "3863",
            "40",
            "4401020304",
            "60",
            "62c3bc",
            "80",
            "83010203",
            "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
            "a0",
            "a201020304",
            "a26161016162820203",
            "f4",
            "f5",
            "f6",
        ] {
            assert_eq!(check(&bytes(hex)), Ok(()), "{hex}");
        }
    }

    #[test]
    fn what_could_be_said_otherwise_is_refused() {
        let at = 0;
        for hex in ["1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "380a", "5803010203", "7800", "9800", "b800"]
        {
            assert_eq!(check(&bytes(hex)), Err(DecodeError::NotMinimal { at }), "{hex}");
        }
        for hex in ["5f41ff", "7fff", "9fff", "bfff", "ff"] {
            assert_eq!(check(&bytes(hex)), Err(DecodeError::Indefinite { at }), "{hex}");
        }
        for hex in ["a201000100", "a202000100", "a20a000900", "a2616200616100"] {
            assert!(matches!(check(&bytes(hex)), Err(DecodeError::KeyOrder { .. })), "{hex}");
        }
    }

    #[test]
    fn what_no_field_uses_is_refused() {
        for hex in
            ["c000", "d82000", "f90000", "fa00000000", "fb0000000000000000", "f7", "f0", "f814", "f8ff", "1c", "fe"]
        {
            assert_eq!(check(&bytes(hex)), Err(DecodeError::Unsupported { at: 0 }), "{hex}");
        }
        assert_eq!(check(&bytes("61ff")), Err(DecodeError::NotText { at: 0 }));
    }

    #[test]
    fn what_is_too_short_or_too_long_is_refused() {
        for hex in [
            "",
            "18",
            "1901",
            "41",
            "6261",
            "81",
            "a1",
            "a100",
            "5affffffff",
            "9bffffffffffffffff",
            "bbffffffffffffffff",
        ] {
            assert!(matches!(check(&bytes(hex)), Err(DecodeError::Truncated { .. })), "{hex}");
        }
        for hex in ["0000", "a000", "f6f6"] {
            assert_eq!(check(&bytes(hex)), Err(DecodeError::TrailingBytes { at: 1 }), "{hex}");
        }
    }

    #[test]
    fn depth_and_items_are_bounded() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0]].concat();
        assert_eq!(check(&nested(NESTING)), Ok(()));
        assert_eq!(check(&nested(NESTING + 1)), Err(DecodeError::TooDeep { at: NESTING }));
        let list = |items: u16| [&[0x99][..], &items.to_be_bytes(), &vec![0; items.into()]].concat();
        assert_eq!(check(&list(ITEMS as u16 - 1)), Ok(()));
        assert_eq!(check(&list(ITEMS as u16)), Err(DecodeError::TooManyItems { at: 3 + ITEMS - 1 }));
    }

    fn bytes(hex: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal digits")
    }
}
