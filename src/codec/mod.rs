//! From values to bytes and back, as everything is written that travels or is signed: CBOR in its core deterministic
//! form (RFC 8949, section 4.2). Pure.

mod bounded;
mod error;
pub(crate) mod fixed_bytes;
mod numbered;
pub mod strict;

use minicbor::{Decode, Encode};

pub use bounded::{AtMost, Text};
pub use error::DecodeError;
pub(crate) use numbered::numbered;

/// Bytes of one value, at most: nothing of this protocol has more.
pub const VALUE_BYTES: usize = 64 * 1024;

/// The bytes of a value.
#[must_use]
pub fn encode<T: Encode<()> + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    minicbor::encode(value, &mut bytes).expect("a list of bytes takes everything");
    bytes
}

/// The value of these bytes, which are it as a whole and in the one form that is allowed.
///
/// # Errors
/// Where they are not, or are not what is expected.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    if bytes.len() > VALUE_BYTES {
        return Err(DecodeError::TooLong { bytes: bytes.len(), limit: VALUE_BYTES });
    }
    strict::check(bytes)?;
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|error| DecodeError::Unexpected { what: error.to_string().into() })?;
    // A decoder that reads less than the whole value would let two encodings pass for one.
    let at = decoder.position();
    if at < bytes.len() { Err(DecodeError::TrailingBytes { at }) } else { Ok(value) }
}
