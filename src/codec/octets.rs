//! Octets of which the number is known: `#[cbor(with = "octets")]`.

use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};

pub fn encode<C, W: Write, const LENGTH: usize>(
    octets: &[u8; LENGTH],
    encoder: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    encoder.bytes(octets)?.ok()
}

pub fn decode<C, const LENGTH: usize>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<[u8; LENGTH], DecodeError> {
    let at = decoder.position();
    let octets = decoder.bytes()?.try_into();
    octets.map_err(|_| DecodeError::message("there are more or fewer octets than this has").at(at))
}
