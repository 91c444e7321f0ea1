//! Enumerations that are numbers on the wire, where a later version may have more of them.

/// Declares such an enumeration.
macro_rules! numbered {
    (
        $(#[$doc:meta])*
        pub enum $type:ident: $number:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
            /// One that this version does not know. It is written as 0.
            Other,
        }

        impl $type {
            /// Those that are known.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> $number {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other => 0,
                }
            }

            /// The one with this number.
            #[must_use]
            pub const fn from_code(code: $number) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    _ => Self::Other,
                }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Debug;

    use crate::wire::{FailReason, PacketKind, Refusal, decode, encode};

    fn check<T>(all: &[T], other: T, code: impl Fn(T) -> u64)
    where
        T: Copy + Debug + Ord + minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
    {
        let codes: BTreeSet<u64> = all.iter().map(|value| code(*value)).collect();
        assert_eq!(codes.len(), all.len(), "a number is there twice");
        assert!(!codes.contains(&code(other)), "it is a number of its own");
        for value in all.iter().copied().chain([other]) {
            assert_eq!(decode::<T>(&encode(&value)), Ok(value));
        }
        assert_eq!(decode::<T>(&encode(&199_u8)), Ok(other), "a number of a later version");
    }

    #[test]
    fn numbers_are_distinct_and_survive() {
        check(Refusal::ALL, Refusal::Other, |value| value.code().into());
        check(FailReason::ALL, FailReason::Other, |value| value.code().into());
        check(PacketKind::ALL, PacketKind::Other, |value| value.code().into());
    }
}
