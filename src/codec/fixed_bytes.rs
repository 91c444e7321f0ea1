//! Bytes of which the number is known: `#[cbor(with = "bytes")]`.

use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};

pub fn encode<C, W: Write, const LENGTH: usize>(
    bytes: &[u8; LENGTH],
    encoder: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    encoder.bytes(bytes)?.ok()
}

pub fn decode<C, const LENGTH: usize>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<[u8; LENGTH], DecodeError> {
    let at = decoder.position();
    let bytes = decoder.bytes()?.try_into();
    bytes.map_err(|_| DecodeError::message("there are more or fewer bytes than this has").at(at))
}
