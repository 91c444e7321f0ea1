//! Stamps: a statement costs its author some work, so that to flood everybody costs a flooder more than it costs them.
//!
//! A stamp is a number in the body for which SHA-256 of the body, in its domain, begins with enough zero bits (Hashcash,
//! <http://www.hashcash.org/papers/hashcash.pdf>). The signature is made afterwards: the search needs no key, and can be a
//! thread of its own.

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::payload::StatementKind;
use crate::codec::fixed_bytes;

/// Bytes of a stamp.
pub const STAMP_BYTES: usize = 8;

/// What is hashed in front of the body.
const DOMAIN: &str = "bitpie/stamp/1\0";

/// The number that makes a body's hash begin with zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(pub u64);

/// Always 8 bytes, and in the last field of a body: its other bytes are hashed once, however many stamps are tried.
impl<C> Encode<C> for Stamp {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        fixed_bytes::encode(&self.0.to_be_bytes(), encoder, context)
    }
}

impl<'b, C> Decode<'b, C> for Stamp {
    fn decode(decoder: &mut minicbor::Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        fixed_bytes::decode(decoder, context).map(|bytes| Self(u64::from_be_bytes(bytes)))
    }
}

/// How many zero bits the hash of a body needs: a constant of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampRule {
    /// For the smallest statement of each kind, less [`kind_bits`]; nothing where no stamps are asked for.
    base: Option<u32>,
}

/// Zero bits for a rating in `main`. Each more doubles the work.
const MAIN_BASE_BITS: u32 = 20;

/// Bytes of a payload that cost nothing more. Each doubling beyond costs a bit.
const SMALL_PAYLOAD_BYTES: usize = 256;

impl StampRule {
    /// Where nobody needs a stamp: private networks, whose members know each other.
    pub const NONE: Self = Self { base: None };

    /// The rule of a network.
    #[must_use]
    pub fn of_network(network: &str) -> Self {
        if network == "main" { Self { base: Some(MAIN_BASE_BITS) } } else { Self::NONE }
    }

    /// A rule that asks for so many bits in place of those of `main`, for tests.
    #[must_use]
    pub const fn with_base(bits: u32) -> Self {
        Self { base: Some(bits) }
    }

    /// How many zero bits a statement of that kind needs, whose payload has so many bytes.
    #[must_use]
    pub fn bits(self, kind: StatementKind, payload_bytes: usize) -> u32 {
        let Some(base) = self.base else { return 0 };
        let sizes = payload_bytes.div_ceil(SMALL_PAYLOAD_BYTES).max(1).next_power_of_two().ilog2();
        base + kind_bits(kind) + sizes
    }
}

/// What is read by all costs more than what only adds to a sum; to take something back shall be easy.
const fn kind_bits(kind: StatementKind) -> u32 {
    match kind {
        StatementKind::Retraction | StatementKind::Rating => 0,
        StatementKind::Profile => 1,
        StatementKind::Note | StatementKind::Claim | StatementKind::Other => 2,
    }
}

/// With how many zero bits the hash of a body begins.
#[must_use]
pub fn zero_bits(body: &[u8]) -> u32 {
    leading_zeros(&Sha256::new_with_prefix(DOMAIN).chain_update(body).finalize().into())
}

fn leading_zeros(hash: &[u8; 32]) -> u32 {
    let zeros = hash.iter().take_while(|byte| **byte == 0).count();
    let rest = hash.get(zeros).map_or(0, |byte| byte.leading_zeros());
    8 * u32::try_from(zeros).expect("at most 32") + rest
}

/// The search for a stamp. It is pure: the caller decides how long it works at a time, and may stop between.
pub struct Stamping {
    /// The state of the hash after everything but the stamp.
    start: Sha256,
    body: Vec<u8>,
    bits: u32,
    next: u64,
}

impl Stamping {
    /// Begins. `body` ends with the 8 bytes of its stamp, whatever they are; the search starts from `first`, so that
    /// several can share the work.
    ///
    /// # Panics
    /// If the body is shorter than a stamp.
    #[must_use]
    pub fn new(body: Vec<u8>, bits: u32, first: u64) -> Self {
        let (before, _) = body.split_at(body.len() - STAMP_BYTES);
        let start = Sha256::new_with_prefix(DOMAIN).chain_update(before);
        Self { start, body, bits, next: first }
    }

    /// Tries so many stamps. Returns the body with one that serves, or nothing if none of them did.
    pub fn work(&mut self, attempts: u64) -> Option<Vec<u8>> {
        for _ in 0..attempts {
            let stamp = self.next.to_be_bytes();
            self.next = self.next.wrapping_add(1);
            if leading_zeros(&self.start.clone().chain_update(stamp).finalize().into()) >= self.bits {
                let at = self.body.len() - STAMP_BYTES;
                self.body[at..].copy_from_slice(&stamp);
                return Some(self.body.clone());
            }
        }
        None
    }

    /// How many attempts it takes on average. The work has no memory: what was tried makes the rest no shorter.
    #[must_use]
    pub fn expected_attempts(&self) -> u64 {
        1_u64.checked_shl(self.bits).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encode;

    #[test]
    fn zeros_are_counted_from_the_front() {
        let mut hash = [0xff; 32];
        assert_eq!(leading_zeros(&hash), 0);
        hash[..2].copy_from_slice(&[0, 0x10]);
        assert_eq!(leading_zeros(&hash), 11);
        assert_eq!(leading_zeros(&[0; 32]), 256);
    }

    #[test]
    fn a_stamp_that_was_found_counts_and_its_neighbours_do_not() {
        let body = [b"a body".as_slice(), &encode(&Stamp(0))].concat();
        let mut search = Stamping::new(body, 12, 0);
        assert_eq!(search.expected_attempts(), 4096);
        assert_eq!(search.work(0), None);
        let stamped = (0..1000).find_map(|_| search.work(100)).expect("100,000 attempts are 24 times the average");
        assert!(zero_bits(&stamped) >= 12);
        let mut other = stamped.clone();
        *other.last_mut().expect("a byte") ^= 1;
        assert!(zero_bits(&other) < 12);
    }

    #[test]
    fn several_that_begin_apart_find_different_stamps() {
        let body = encode(&Stamp(0));
        let found = |first| Stamping::new(body.clone(), 4, first).work(10_000).expect("one in 16");
        assert_ne!(found(0), found(1 << 32));
    }

    #[test]
    fn longer_statements_cost_more_and_private_networks_nothing() {
        let rule = StampRule::of_network("main");
        let note = |bytes| rule.bits(StatementKind::Note, bytes);
        assert_eq!([0, 1, 256, 257, 512, 513, 4096].map(note), [22, 22, 22, 23, 23, 24, 26]);
        assert!(rule.bits(StatementKind::Rating, 40) < note(40));
        assert_eq!(StampRule::of_network("test").bits(StatementKind::Note, 4096), 0);
        assert_eq!(StampRule::with_base(3).bits(StatementKind::Retraction, 1), 3);
    }
}
