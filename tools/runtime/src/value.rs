//! The built-in types that Rust does not have in the language's sense, and the arithmetic that never overflows.
//!
//! Integers stay at the bound that they would pass, division by zero gives 0 and a note, durations are whole
//! milliseconds (`docs/SEMANTICS.md`, section 1).

use std::fmt;
use std::ops::{Add, Deref, Sub};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::record::Fault;

/// A `duration` of the language: whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Milliseconds(pub u64);

impl Milliseconds {
    /// This many times as long; a negative factor counts as 0, and the result stays at the bound of the type.
    #[must_use]
    pub fn times(self, factor: impl Into<i128>) -> Milliseconds {
        let factor = u128::try_from(factor.into()).unwrap_or(0);
        Milliseconds(u64::try_from(u128::from(self.0).saturating_mul(factor)).unwrap_or(u64::MAX))
    }

    /// Divided, rounded towards zero. A negative divisor counts as 0; dividing by 0 gives 0 and is noted.
    #[must_use]
    pub fn divided(self, divisor: impl Into<i128>, faults: &mut Faults) -> Milliseconds {
        match u128::from(self.0).checked_div(u128::try_from(divisor.into()).unwrap_or(0)) {
            Some(quotient) => Milliseconds(u64::try_from(quotient).unwrap_or(u64::MAX)),
            None => {
                faults.note(Fault::DivisionByZero);
                Milliseconds(0)
            }
        }
    }
}

impl From<std::time::Duration> for Milliseconds {
    /// Parts of a millisecond are dropped.
    fn from(duration: std::time::Duration) -> Self {
        Milliseconds(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<Milliseconds> for std::time::Duration {
    fn from(milliseconds: Milliseconds) -> Self {
        std::time::Duration::from_millis(milliseconds.0)
    }
}

impl Add for Milliseconds {
    type Output = Milliseconds;

    /// Stays at the bound of the type.
    fn add(self, other: Milliseconds) -> Milliseconds {
        Milliseconds(self.0.saturating_add(other.0))
    }
}

impl Sub for Milliseconds {
    type Output = Milliseconds;

    /// Stays at 0.
    fn sub(self, other: Milliseconds) -> Milliseconds {
        Milliseconds(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Milliseconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}ms", self.0)
    }
}

/// The `bytes` of the language: shared, so cloning them copies nothing. In records they are lower-case hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Arc<[u8]>);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(bytes.into())
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Bytes(bytes.into())
    }
}

/// Lower case, two digits for each byte.
pub(crate) struct Hexadecimal<'a>(pub &'a [u8]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Hexadecimal(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| match *pair {
                [high, low] => Some(digit(high)? * 16 + digit(low)?),
                _ => None,
            })
            .collect();
        bytes
            .map(Bytes::from)
            .ok_or_else(|| serde::de::Error::custom("bytes are written as pairs of hexadecimal digits"))
    }
}

/// A type without values, for what an automaton lacks, such as timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Never {}

/// The faults of a delivery so far: a set of [`Fault`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults(u8);

impl Faults {
    const ORDER: [Fault; 4] = [Fault::DivisionByZero, Fault::MicrostepLimit, Fault::DeliveryLimit, Fault::QueueFull];

    /// Adds a fault. Adding it again changes nothing.
    pub fn note(&mut self, fault: Fault) {
        self.0 |= 1 << fault as u8;
    }

    /// Adds all of `others`.
    pub fn note_all(&mut self, others: Faults) {
        self.0 |= others.0;
    }

    /// Whether nothing went wrong.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order in which records list them.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Self::ORDER.into_iter().filter(move |&fault| self.0 & (1 << fault as u8) != 0)
    }
}

impl Serialize for Faults {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// The built-in integers, as far as generated arithmetic needs more than Rust's own saturating methods.
pub trait Integer: Copy + Into<i128> {
    /// The nearest value of this type.
    fn saturating_from(value: impl Into<i128>) -> Self;

    /// Divided, rounded towards zero. Dividing by zero gives 0 and is noted.
    fn divided(self, divisor: Self, faults: &mut Faults) -> Self;

    /// The remainder, with the sign of the left side. Dividing by zero gives 0 and is noted.
    fn remainder(self, divisor: Self, faults: &mut Faults) -> Self;
}

macro_rules! integer {
    ($($integer:ident)*) => {$(
        impl Integer for $integer {
            fn saturating_from(value: impl Into<i128>) -> Self {
                let value = value.into();
                $integer::try_from(value).unwrap_or(if value < 0 { $integer::MIN } else { $integer::MAX })
            }

            fn divided(self, divisor: Self, faults: &mut Faults) -> Self {
                if divisor == 0 {
                    faults.note(Fault::DivisionByZero);
                    return 0;
                }
                self.saturating_div(divisor)
            }

            fn remainder(self, divisor: Self, faults: &mut Faults) -> Self {
                if divisor == 0 {
                    faults.note(Fault::DivisionByZero);
                    return 0;
                }
                self.wrapping_rem(divisor)
            }
        }
    )*};
}

integer!(u8 u16 u32 u64 i8 i16 i32 i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_at_the_bound_they_would_leave() {
        assert_eq!(u8::saturating_from(300_u16), 255);
        assert_eq!(u8::saturating_from(-1_i8), 0);
        assert_eq!(i8::saturating_from(-1_000_i64), -128);
        assert_eq!(i64::saturating_from(u64::MAX), i64::MAX);
        assert_eq!(7_u8, u8::saturating_from(7_u64));
    }

    #[test]
    fn division_truncates_and_notes_zero() {
        let mut faults = Faults::default();
        assert_eq!((-7_i8).divided(2, &mut faults), -3);
        assert_eq!((-7_i8).remainder(2, &mut faults), -1);
        assert_eq!(i64::MIN.divided(-1, &mut faults), i64::MAX);
        assert_eq!(i64::MIN.remainder(-1, &mut faults), 0);
        assert!(faults.is_empty());
        assert_eq!(7_u8.divided(0, &mut faults), 0);
        assert_eq!(faults.iter().collect::<Vec<_>>(), [Fault::DivisionByZero]);
    }

    #[test]
    fn durations_saturate() {
        let mut faults = Faults::default();
        assert_eq!(Milliseconds(5) - Milliseconds(7), Milliseconds(0));
        assert_eq!(Milliseconds(u64::MAX) + Milliseconds(1), Milliseconds(u64::MAX));
        assert_eq!(Milliseconds(5).times(-1), Milliseconds(0));
        assert_eq!(Milliseconds(u64::MAX).times(u64::MAX), Milliseconds(u64::MAX));
        assert_eq!(Milliseconds(7).divided(2_u8, &mut faults), Milliseconds(3));
        assert!(faults.is_empty());
        assert_eq!(Milliseconds(7).divided(-2, &mut faults), Milliseconds(0));
        assert!(!faults.is_empty());
    }

    #[test]
    fn faults_are_listed_in_the_order_of_the_semantics() {
        let mut faults = Faults::default();
        for fault in [Fault::QueueFull, Fault::DivisionByZero, Fault::QueueFull, Fault::DeliveryLimit] {
            faults.note(fault);
        }
        let json = serde_json::to_string(&faults).expect("names serialise");
        assert_eq!(json, r#"["division_by_zero","delivery_limit","queue_full"]"#);
    }

    #[test]
    fn bytes_are_hexadecimal_in_records() {
        let bytes = Bytes::from(vec![0, 171, 255]);
        let json = serde_json::to_string(&bytes).expect("text serialises");
        assert_eq!(json, r#""00abff""#);
        assert_eq!(serde_json::from_str::<Bytes>(&json).expect("it was just written"), bytes);
        assert!(serde_json::from_str::<Bytes>(r#""0""#).is_err());
        assert!(serde_json::from_str::<Bytes>(r#""0g""#).is_err());
    }
}
