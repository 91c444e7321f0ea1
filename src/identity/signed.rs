//! Whatever is signed: `[body, signature]`, two strings of bytes.
//!
//! It is verified, hashed, stored and forwarded as the very bytes that came; nobody encodes it anew.

use std::sync::Arc;

use minicbor::Decoder;

use super::keys::{BadSignature, Domain, IdentityKey, SIGNATURE_BYTES, verify};
use super::node_id::NodeId;
use crate::codec::{DecodeError, strict};

/// A body with a signature, of which nobody has said yet whether it holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Signed {
    bytes: Arc<[u8]>,
    /// Where the body begins and ends.
    body: (usize, usize),
    signature: [u8; SIGNATURE_BYTES],
}

impl Signed {
    /// Signs a body.
    #[must_use]
    pub fn sign(key: &IdentityKey, domain: Domain, body: &[u8]) -> Self {
        let signature = key.sign(domain, body);
        let mut encoder = minicbor::Encoder::new(Vec::with_capacity(body.len() + SIGNATURE_BYTES + 8));
        let written = encoder.array(2).and_then(|encoder| encoder.bytes(body)?.bytes(&signature));
        written.expect("a list of bytes takes everything");
        let bytes = encoder.into_writer();
        // Behind the body are the signature and its head of two bytes.
        let end = bytes.len() - SIGNATURE_BYTES - 2;
        Self { bytes: bytes.into(), body: (end - body.len(), end), signature }
    }

    /// Takes bytes for signed ones. The signature is not looked at.
    ///
    /// # Errors
    /// If they are not a list of a body and 64 bytes, and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        strict::check(bytes)?;
        let unexpected = |what: &str| DecodeError::Unexpected { what: what.into() };
        let mut decoder = Decoder::new(bytes);
        if decoder.array().ok().flatten() != Some(2) {
            return Err(unexpected("what is signed is a list of a body and a signature"));
        }
        let body = decoder.bytes().map_err(|_| unexpected("the body of what is signed is a string of bytes"))?;
        let end = decoder.position();
        let signature = decoder.bytes().ok().and_then(|signature| signature.try_into().ok());
        let signature = signature.ok_or_else(|| unexpected("a signature is a string of 64 bytes"))?;
        Ok(Self { bytes: bytes.into(), body: (end - body.len(), end), signature })
    }

    /// The exact bytes, to be sent, stored and hashed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The exact bytes, shared.
    #[must_use]
    pub fn to_shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    /// The body, if the signature over it is that of `id`.
    ///
    /// # Errors
    /// If it is not.
    pub fn verify(&self, id: &NodeId, domain: Domain) -> Result<&[u8], BadSignature> {
        verify(id, domain, self.unverified_body(), &self.signature).map(|()| self.unverified_body())
    }

    /// The body, before anybody knows whose it is; to find out who is said to have signed it.
    #[must_use]
    pub fn unverified_body(&self) -> &[u8] {
        &self.bytes[self.body.0..self.body.1]
    }
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Signed({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SEED_BYTES;

    fn key() -> IdentityKey {
        IdentityKey::from_seed(&[7; SEED_BYTES])
    }

    #[test]
    fn what_was_signed_is_read_as_it_is() {
        for length in [0, 1, 23, 24, 255, 256, 60_000] {
            let body: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let signed = Signed::sign(&key(), Domain::Packet, &body);
            assert_eq!(signed.unverified_body(), body);
            let read = Signed::parse(signed.as_bytes()).expect("what was written");
            assert_eq!(read, signed);
            assert_eq!(read.verify(&key().id(), Domain::Packet), Ok(&body[..]));
            assert!(read.verify(&key().id(), Domain::Document).is_err());
        }
    }

    #[test]
    fn no_bit_can_be_another() {
        let signed = Signed::sign(&key(), Domain::Packet, b"a body");
        for bit in 0..signed.as_bytes().len() * 8 {
            let mut bytes = signed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let holds = Signed::parse(&bytes).is_ok_and(|read| read.verify(&key().id(), Domain::Packet).is_ok());
            assert!(!holds, "bit {bit}");
        }
    }

    #[test]
    fn nothing_stands_beside_body_and_signature() {
        let signed = Signed::sign(&key(), Domain::Packet, b"a body");
        let bytes = signed.as_bytes();
        let longer = [&[0x83], &bytes[1..], &[0]].concat();
        let shorter = [&[0x81], &bytes[1..8]].concat();
        for wrong in [&longer[..], &shorter[..], &[bytes, &[0]].concat(), &bytes[..bytes.len() - 1], &[0x80], &[]] {
            assert!(Signed::parse(wrong).is_err());
        }
    }
}
