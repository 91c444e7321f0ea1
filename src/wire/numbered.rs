//! Enumerations that are numbers on the wire and names in texts, and that keep a number which they do not know.

/// Declares such an enumeration.
macro_rules! numbered {
    (
        $(#[$doc:meta])*
        pub enum $type:ident: $number:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $name:literal;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
            /// One that this version does not know.
            Other($number),
        }

        impl $type {
            /// Those that are known.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> $number {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }

            /// The one with this number.
            #[must_use]
            pub const fn from_code(code: $number) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    code => Self::Other(code),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant => formatter.pad($name),)*
                    Self::Other(code) => formatter.pad(&format!("other_{code}")),
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::wire::numbered::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let other = || text.strip_prefix("other_")?.parse().ok().map(Self::Other);
                match text {
                    $($name => Ok(Self::$variant),)*
                    _ => other().ok_or_else(|| $crate::wire::numbered::UnknownName::new(text)),
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = $crate::wire::numbered::UnknownName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }

        impl<C> minicbor::Encode<C> for $type {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.u64(self.code().into())?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $type {
            fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                decoder.$number().map(Self::from_code)
            }
        }
    };
}

pub(crate) use numbered;

use super::bounded::cut;

/// A name that is none of an enumeration's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no `{}`", .text.escape_debug())]
pub struct UnknownName {
    text: Box<str>,
}

impl UnknownName {
    /// Bytes of a text that is quoted, at the most.
    const QUOTED_BYTES: usize = 64;

    pub(crate) fn new(text: &str) -> Self {
        Self { text: cut(text, Self::QUOTED_BYTES).into() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use crate::wire::{FailReason, PacketKind, Refusal, decode, encode};

    fn check<T>(all: &[T], other: T, code: impl Fn(T) -> u64)
    where
        T: Copy + Debug + Display + Ord + FromStr<Err: Debug> + minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
    {
        let codes: BTreeSet<u64> = all.iter().map(|value| code(*value)).collect();
        let names: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!((codes.len(), names.len()), (all.len(), all.len()), "a code or a name is there twice");
        for value in all.iter().copied().chain([other]) {
            assert_eq!(decode::<T>(&encode(&value)), Ok(value));
            assert_eq!(value.to_string().parse::<T>().expect("its own name"), value);
        }
        assert!("nothing_of_that_kind".parse::<T>().is_err());
    }

    #[test]
    fn numbers_and_names_are_distinct_and_survive() {
        check(Refusal::ALL, Refusal::Other(999), |value| value.code().into());
        check(FailReason::ALL, FailReason::Other(999), |value| value.code().into());
        check(PacketKind::ALL, PacketKind::Other(199), |value| value.code().into());
    }
}
