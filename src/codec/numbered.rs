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
