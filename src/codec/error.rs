//! Why bytes are refused.

/// Why bytes that came from outside are not what they should be. `at` counts the bytes before the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There is more than anything of this protocol has.
    #[error("{bytes} bytes are more than the {limit} that are allowed")]
    TooLong {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        limit: usize,
    },
    /// They end in the middle of a value.
    #[error("the bytes end in the middle of the value that begins at {at}")]
    Truncated {
        /// Where.
        at: usize,
    },
    /// Something stands behind the value.
    #[error("the value ends at {at}, and more bytes follow")]
    TrailingBytes {
        /// Where.
        at: usize,
    },
    /// A number or a length takes more bytes than it needs.
    #[error("the number or length at {at} is not written in its shortest form")]
    NotMinimal {
        /// Where.
        at: usize,
    },
    /// A value does not say how long it is.
    #[error("the value at {at} has no definite length")]
    Indefinite {
        /// Where.
        at: usize,
    },
    /// The keys of a map do not ascend; one may be there twice.
    #[error("the key at {at} is not greater than the one before it")]
    KeyOrder {
        /// Where.
        at: usize,
    },
    /// Lists within lists within lists.
    #[error("the value at {at} is nested too deeply")]
    TooDeep {
        /// Where.
        at: usize,
    },
    /// Too many values.
    #[error("there are too many values; the first that is too many is at {at}")]
    TooManyItems {
        /// Where.
        at: usize,
    },
    /// A text is not UTF-8.
    #[error("the text at {at} is not UTF-8")]
    NotText {
        /// Where.
        at: usize,
    },
    /// A tag, a float, or something that CBOR has not defined.
    #[error("the value at {at} is of a kind that this protocol does not use")]
    Unsupported {
        /// Where.
        at: usize,
    },
    /// It is sound, but no such thing: a field is missing, too long, or of another type.
    #[error("this is not what was expected: {what}")]
    Unexpected {
        /// What is amiss.
        what: Box<str>,
    },
}
