//! How ids, names, addresses and invitations are written in CBOR.

use std::net::{IpAddr, SocketAddr};

use minicbor::decode::{Decode, Decoder, Error as DecodeError};
use minicbor::encode::{Encode, Encoder, Error as EncodeError, Write};

use super::entrypoint::Entrypoint;
use super::invitation::{INVITATION_BYTES, Invitation};
use super::node_id::{NODE_ID_BYTES, NodeId};
use crate::codec::fixed_bytes;
use crate::name::ServiceName;
use crate::nickname::Nickname;

/// Bytes, as many as a node id has.
impl<C> Encode<C> for NodeId {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        encoder.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for NodeId {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, DecodeError> {
        fixed_bytes::decode::<C, NODE_ID_BYTES>(decoder, context).map(Self::from_bytes)
    }
}

/// Bytes, as many as an invitation has.
impl<C> Encode<C> for Invitation {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        encoder.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Invitation {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, DecodeError> {
        fixed_bytes::decode::<C, INVITATION_BYTES>(decoder, context).map(Self::from_bytes)
    }
}

/// `[transport, address, port]`: a text, 4 or 16 bytes, a number.
impl<C> Encode<C> for Entrypoint {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        encoder.array(3)?.str(self.transport.as_str())?;
        match self.address.ip() {
            IpAddr::V4(ip) => encoder.bytes(&ip.octets())?,
            IpAddr::V6(ip) => encoder.bytes(&ip.octets())?,
        };
        encoder.u16(self.address.port())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Entrypoint {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = decoder.position();
        let wrong = |what: &'static str| DecodeError::message(what).at(at);
        if decoder.array()? != Some(3) {
            return Err(wrong("an entrypoint has three parts"));
        }
        let transport = decoder.str()?.parse().map_err(|_| wrong("an entrypoint names no transport"))?;
        let bytes = decoder.bytes()?;
        let ip = match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
            (Ok(four), _) => IpAddr::from(four),
            (_, Ok(sixteen)) => IpAddr::from(sixteen),
            _ => return Err(wrong("an address has 4 or 16 bytes")),
        };
        match decoder.u16()? {
            0 => Err(wrong("an entrypoint has a port from 1 to 65535")),
            port => Ok(Self { transport, address: SocketAddr::new(ip, port) }),
        }
    }
}

/// A text, normalised already: a name that would have to be changed is refused, since what is signed is what is shown.
impl<C> Encode<C> for Nickname {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        encoder.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Nickname {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = decoder.position();
        let text = decoder.str()?;
        let name: Option<Self> = text.parse().ok().filter(|name: &Self| name.as_str() == text);
        name.ok_or_else(|| DecodeError::message("a text is no nickname in its normal form").at(at))
    }
}

impl<C> Encode<C> for ServiceName {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        encoder.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for ServiceName {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = decoder.position();
        decoder.str()?.parse().map_err(|_| DecodeError::message("a text is no name of a service").at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    #[test]
    fn addresses_survive() {
        for text in ["tcp://203.0.113.5:7771", "udp://[2001:db8::5]:1", "new-one://127.0.0.1:65535"] {
            let entrypoint: Entrypoint = text.parse().expect(text);
            assert_eq!(decode(&encode(&entrypoint)), Ok(entrypoint));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let encoded = |transport: &str, address: &[u8], port: u16| {
            let address = minicbor::bytes::ByteVec::from(address.to_vec());
            decode::<Entrypoint>(&encode(&(transport, address, port)))
        };
        assert!(encoded("tcp", &[1, 2, 3, 4], 1).is_ok());
        assert!(encoded("TCP", &[1, 2, 3, 4], 1).is_err());
        assert!(encoded("tcp", &[1, 2, 3, 4, 5], 1).is_err());
        assert!(encoded("tcp", &[], 1).is_err());
        assert!(encoded("tcp", &[1, 2, 3, 4], 0).is_err());
        assert!(decode::<Entrypoint>(&encode(&("tcp", 1))).is_err());
    }

    #[test]
    fn names_are_taken_in_their_normal_form_alone() {
        assert!(decode::<Nickname>(&encode("Zoë")).is_ok());
        assert!(decode::<Nickname>(&encode("Zoe\u{308}")).is_err());
        assert!(decode::<Nickname>(&encode("")).is_err());
        assert!(decode::<ServiceName>(&encode("private-messages")).is_ok());
        assert!(decode::<ServiceName>(&encode("../etc")).is_err());
    }

    #[test]
    fn an_invitation_has_its_bytes() {
        let bytes = |length: usize| encode(&minicbor::bytes::ByteVec::from(vec![1; length]));
        assert_eq!(decode(&bytes(INVITATION_BYTES)), Ok(Invitation::from_bytes([1; INVITATION_BYTES])));
        for wrong in [0, INVITATION_BYTES - 1, INVITATION_BYTES + 1] {
            assert!(decode::<Invitation>(&bytes(wrong)).is_err(), "{wrong}");
        }
        assert!(decode::<Invitation>(&encode("yyyyyyyyyyyyyyyy")).is_err(), "a text is none");
    }

    #[test]
    fn an_id_has_its_bytes() {
        let bytes = |length: usize| encode(&minicbor::bytes::ByteVec::from(vec![1; length]));
        assert!(decode::<NodeId>(&bytes(NODE_ID_BYTES)).is_ok());
        assert!(decode::<NodeId>(&bytes(NODE_ID_BYTES - 1)).is_err());
        assert!(decode::<NodeId>(&bytes(NODE_ID_BYTES + 1)).is_err());
    }
}
