//! A message of STUN (RFC 8489, section 5): a header of 20 bytes, and attributes. Reading copies nothing, and takes
//! only messages that are whole.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::fingerprint::fingerprint;

/// Bytes of the header.
pub const HEADER_BYTES: usize = 20;

/// Bytes of a message that is taken, at most: more than a packet of Ethernet, so that a client can find out by PADDING
/// whether fragments pass.
pub const MESSAGE_BYTES: usize = 2_048;

/// Bytes 4 to 7 of every message (RFC 8489, section 5).
pub const MAGIC_COOKIE: u32 = 0x2112_a442;

/// The method Binding, the only one that is used.
const BINDING: u16 = 0x001;

/// Bytes of FINGERPRINT, with its type and length.
pub(super) const FINGERPRINT_BYTES: usize = 8;

/// Types of attributes: RFC 8489, section 18.3; RFC 5780, section 7.
pub mod attribute {
    /// The address of the client, as it is.
    pub const MAPPED_ADDRESS: u16 = 0x0001;
    /// From which address and port the answer is to come.
    pub const CHANGE_REQUEST: u16 = 0x0003;
    /// Who asks, where a server wants to know.
    pub const USERNAME: u16 = 0x0006;
    /// Proof of it.
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    /// Why there is no answer.
    pub const ERROR_CODE: u16 = 0x0009;
    /// What of the request was not understood.
    pub const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    /// For whom a password is.
    pub const REALM: u16 = 0x0014;
    /// A number by which the server knows that a request is fresh.
    pub const NONCE: u16 = 0x0015;
    /// Proof of who asks, by a newer hash.
    pub const MESSAGE_INTEGRITY_SHA256: u16 = 0x001c;
    /// By which algorithm a password is used.
    pub const PASSWORD_ALGORITHM: u16 = 0x001d;
    /// Who asks, hashed.
    pub const USERHASH: u16 = 0x001e;
    /// The address of the client, changed so that no router on its way rewrites it.
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    /// Bytes that mean nothing, by which a message is longer.
    pub const PADDING: u16 = 0x0026;
    /// To which port of the client the answer is to go.
    pub const RESPONSE_PORT: u16 = 0x0027;
    /// What program speaks. Never sent: it would make answers larger, and tell scanners what is here.
    pub const SOFTWARE: u16 = 0x8022;
    /// A checksum, always the last attribute.
    pub const FINGERPRINT: u16 = 0x8028;
    /// From where the answer was sent.
    pub const RESPONSE_ORIGIN: u16 = 0x802b;
    /// The other address and port of the server.
    pub const OTHER_ADDRESS: u16 = 0x802c;

    /// Whether a receiver that does not know the attribute may go on without it.
    #[must_use]
    pub const fn is_optional(kind: u16) -> bool {
        kind >= 0x8000
    }
}

/// The number by which an answer is known to belong to a request: 96 bits of chance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TransactionId(pub [u8; 12]);

impl fmt::Debug for TransactionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Asks for something.
    Request,
    /// Tells something, and wants no answer.
    Indication,
    /// The answer.
    Success,
    /// The other answer.
    Error,
}

impl Class {
    /// Its two bits, among those of the method (RFC 8489, figure 3).
    const fn bits(self) -> u16 {
        match self {
            Self::Request => 0x000,
            Self::Indication => 0x010,
            Self::Success => 0x100,
            Self::Error => 0x110,
        }
    }
}

/// Whether bytes that came by a socket that others use too are meant for STUN: the first byte is what RFC 9443 leaves
/// to it, and the magic cookie is there.
#[must_use]
pub fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER_BYTES && bytes[0] <= 3 && bytes[4..8] == MAGIC_COOKIE.to_be_bytes()
}

/// How many bytes the message has of which this is the header, or the beginning of more; nothing if it is none. For
/// TCP, which has no other frame (RFC 8489, section 6.2.2).
#[must_use]
pub fn length_of(header: &[u8; HEADER_BYTES]) -> Option<usize> {
    let length = HEADER_BYTES + usize::from(u16::from_be_bytes([header[2], header[3]]));
    (is_stun(header) && length.is_multiple_of(4) && length <= MESSAGE_BYTES).then_some(length)
}

/// A message that is whole: its attributes fill it exactly, and its fingerprint, if it has one, holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub class: Class,
    /// To which request it belongs.
    pub id: TransactionId,
    /// It has a fingerprint.
    pub has_fingerprint: bool,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a message of the method Binding.
    ///
    /// # Errors
    /// If it is none, or is damaged.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (header, body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(Malformed::NotStun)?;
        if length_of(header) != Some(bytes.len()) {
            return Err(Malformed::NotStun);
        }
        let kind = u16::from_be_bytes([header[0], header[1]]);
        let class = [Class::Request, Class::Indication, Class::Success, Class::Error];
        let class = class.into_iter().find(|class| class.bits() == kind & 0x110).ok_or(Malformed::NotStun)?;
        if kind & !0x110 != BINDING {
            return Err(Malformed::OtherMethod);
        }
        let id = TransactionId(std::array::from_fn(|index| header[8 + index]));
        let mut has_fingerprint = false;
        let mut rest = body;
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            let (kind, value, after) = attribute_of(rest).ok_or(Malformed::Attributes)?;
            if has_fingerprint {
                // Nothing comes after it.
                return Err(Malformed::Attributes);
            }
            if kind == attribute::FINGERPRINT {
                if *value != fingerprint(&bytes[..at]).to_be_bytes() {
                    return Err(Malformed::Fingerprint);
                }
                has_fingerprint = true;
            }
            rest = after;
        }
        Ok(Self { class, id, has_fingerprint, body })
    }

    /// All attributes, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut rest = self.body;
        std::iter::from_fn(move || {
            let (kind, value, after) = attribute_of(rest)?;
            rest = after;
            Some((kind, value))
        })
    }

    /// The first attribute of that type; others of it mean nothing (RFC 8489, section 14).
    #[must_use]
    pub fn get(&self, kind: u16) -> Option<&'a [u8]> {
        self.attributes().find(|(other, _)| *other == kind).map(|(_, value)| value)
    }

    /// An address, as it is.
    #[must_use]
    pub fn address(&self, kind: u16) -> Option<SocketAddr> {
        read_address(self.get(kind)?)
    }

    /// The address in XOR-MAPPED-ADDRESS.
    #[must_use]
    pub fn xor_mapped(&self) -> Option<SocketAddr> {
        self.address(attribute::XOR_MAPPED_ADDRESS).map(|address| xor(address, self.id))
    }

    /// The number in ERROR-CODE, 300 to 699.
    #[must_use]
    pub fn error_code(&self) -> Option<u16> {
        let [_, _, class, number, ..] = *self.get(attribute::ERROR_CODE)? else { return None };
        let code = u16::from(class & 7) * 100 + u16::from(number);
        (number < 100 && (300..700).contains(&code)).then_some(code)
    }
}

/// The first attribute: its type, its value, and what comes behind it.
fn attribute_of(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let (padded, after) = rest.split_at_checked(length.next_multiple_of(4))?;
    Some((u16::from_be_bytes([head[0], head[1]]), &padded[..length], after))
}

/// RFC 8489, section 14.1.
fn read_address(value: &[u8]) -> Option<SocketAddr> {
    let (head, ip) = value.split_first_chunk::<4>()?;
    let ip: IpAddr = match head[1] {
        1 => Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?).into(),
        2 => Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes([head[2], head[3]])))
}

/// Hides an address, or shows one that is hidden (RFC 8489, section 14.2).
fn xor(address: SocketAddr, id: TransactionId) -> SocketAddr {
    let [a, b, ..] = MAGIC_COOKIE.to_be_bytes();
    let port = address.port() ^ u16::from_be_bytes([a, b]);
    let ip: IpAddr = match address.ip() {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() ^ MAGIC_COOKIE).into(),
        IpAddr::V6(ip) => {
            let mut key = [0; 16];
            key[..4].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
            key[4..].copy_from_slice(&id.0);
            Ipv6Addr::from_bits(ip.to_bits() ^ u128::from_be_bytes(key)).into()
        }
    };
    SocketAddr::new(ip, port)
}

/// A message that is being written.
#[derive(Clone, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    id: TransactionId,
}

impl Writer {
    /// A message of the method Binding, without attributes.
    #[must_use]
    pub fn new(class: Class, id: TransactionId) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend((BINDING | class.bits()).to_be_bytes());
        bytes.extend([0; 2]);
        bytes.extend(MAGIC_COOKIE.to_be_bytes());
        bytes.extend(id.0);
        Self { bytes, id }
    }

    /// How many bytes it has so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes an attribute with that address has.
    #[must_use]
    pub fn bytes_of(address: SocketAddr) -> usize {
        if address.is_ipv4() { 12 } else { 24 }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).expect("attributes are shorter than a message");
        self.bytes.extend(kind.to_be_bytes());
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let body = u16::try_from(self.bytes.len() - HEADER_BYTES).expect("messages are shorter than 64 KiB");
        self.bytes[2..4].copy_from_slice(&body.to_be_bytes());
        self
    }

    /// Adds an address, as it is.
    #[must_use]
    pub fn with_address(self, kind: u16, address: SocketAddr) -> Self {
        let mut value = vec![0, if address.is_ipv4() { 1 } else { 2 }];
        value.extend(address.port().to_be_bytes());
        match address.ip() {
            IpAddr::V4(ip) => value.extend(ip.octets()),
            IpAddr::V6(ip) => value.extend(ip.octets()),
        }
        self.with(kind, &value)
    }

    /// Adds XOR-MAPPED-ADDRESS.
    #[must_use]
    pub fn with_xor_mapped(self, address: SocketAddr) -> Self {
        let hidden = xor(address, self.id);
        self.with_address(attribute::XOR_MAPPED_ADDRESS, hidden)
    }

    /// Adds ERROR-CODE (RFC 8489, section 14.8).
    #[must_use]
    pub fn with_error(self, code: u16, reason: &str) -> Self {
        let class = u8::try_from(code / 100).expect("codes have three digits");
        let number = u8::try_from(code % 100).expect("it is below 100");
        let mut value = vec![0, 0, class, number];
        value.extend(reason.as_bytes());
        self.with(attribute::ERROR_CODE, &value)
    }

    /// The message, with its fingerprint as the last attribute if it is to have one.
    #[must_use]
    pub fn finish(mut self, has_fingerprint: bool) -> Vec<u8> {
        if has_fingerprint {
            // The length in the header counts the attribute already (RFC 8489, section 14.7).
            let before = self.bytes.len();
            self = self.with(attribute::FINGERPRINT, &[0; 4]);
            let sum = fingerprint(&self.bytes[..before]);
            self.bytes[before + 4..].copy_from_slice(&sum.to_be_bytes());
        }
        self.bytes
    }
}

/// Why bytes are no message that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They are something else, or damaged at their beginning or end.
    #[error("it is not a message of STUN, or not a whole one")]
    NotStun,
    /// It is for a protocol that stands on STUN, like TURN.
    #[error("it is not of the method Binding")]
    OtherMethod,
    /// The attributes do not fill the message exactly.
    #[error("its attributes do not fill it exactly")]
    Attributes,
    /// The checksum is wrong.
    #[error("its fingerprint does not match its content")]
    Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769, section 2.1.
    const SAMPLE_REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae\
        802200105354554e207465737420636c69656e74\
        002400046e0001ff80290008932ff9b151263b36\
        000600096576746a3a68367659202020\
        000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2\
        80280004e57a3bcf";

    /// RFC 5769, section 2.2.
    const SAMPLE_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae\
        8022000b7465737420766563746f7220\
        002000080001a147e112a643\
        000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7\
        80280004c07d4c96";

    /// RFC 5769, section 2.3.
    const SAMPLE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae\
        8022000b7465737420766563746f7220\
        002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9\
        00080014a382954e4be67bf11784c97c8292c275bfe3ed41\
        80280004c8fb0b4c";

    fn bytes(hex: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("digits")
    }

    const ID: TransactionId = TransactionId([0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae]);

    #[test]
    fn the_samples_of_rfc_5769_are_read() {
        let request = bytes(SAMPLE_REQUEST);
        let request = Message::read(&request).expect("it is whole");
        assert_eq!((request.class, request.id, request.has_fingerprint), (Class::Request, ID, true));
        assert_eq!(request.get(attribute::SOFTWARE), Some(&b"STUN test client"[..]));
        assert_eq!(request.get(attribute::USERNAME), Some(&b"evtj:h6vY"[..]));
        for (sample, address) in
            [(SAMPLE_V4, "192.0.2.1:32853"), (SAMPLE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853")]
        {
            let answer = bytes(sample);
            let answer = Message::read(&answer).expect("it is whole");
            assert_eq!((answer.class, answer.id, answer.has_fingerprint), (Class::Success, ID, true));
            let mapped = answer.xor_mapped().expect("it is there");
            assert_eq!(mapped.to_string(), address);
            // And is written as it stands there.
            let written = Writer::new(Class::Success, ID).with_xor_mapped(mapped).finish(false);
            let value = Message::read(&written).expect("it is whole").get(attribute::XOR_MAPPED_ADDRESS);
            assert_eq!(value, answer.get(attribute::XOR_MAPPED_ADDRESS));
        }
    }

    #[test]
    fn no_bit_of_a_sample_can_be_changed() {
        for sample in [SAMPLE_REQUEST, SAMPLE_V4, SAMPLE_V6] {
            let whole = bytes(sample);
            for bit in 0..whole.len() * 8 {
                let mut changed = whole.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                // Where a length swallows the fingerprint, there is none.
                let is_taken = Message::read(&changed).is_ok_and(|message| message.has_fingerprint);
                assert!(!is_taken, "bit {bit}");
            }
            for length in 0..whole.len() {
                assert!(Message::read(&whole[..length]).is_err(), "{length} bytes");
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let at: SocketAddr = "203.0.113.5:7".parse().expect("an address");
        for has_fingerprint in [false, true] {
            let written = Writer::new(Class::Error, ID)
                .with_error(420, "Unknown Attribute")
                .with_address(attribute::OTHER_ADDRESS, at)
                .with(attribute::PADDING, &[1, 2, 3, 4, 5])
                .finish(has_fingerprint);
            let read = Message::read(&written).expect("it is whole");
            assert_eq!((read.class, read.id, read.has_fingerprint), (Class::Error, ID, has_fingerprint));
            assert_eq!(read.error_code(), Some(420));
            assert_eq!(read.address(attribute::OTHER_ADDRESS), Some(at));
            assert_eq!(read.get(attribute::PADDING), Some(&[1, 2, 3, 4, 5][..]));
            assert_eq!(read.get(attribute::SOFTWARE), None);
        }
    }

    #[test]
    fn only_what_may_be_stun_is_taken_for_it() {
        assert!(is_stun(&bytes(SAMPLE_REQUEST)));
        // QUIC: long headers begin with 0xc0 and more, short ones with 0x40 and more.
        for first in [0x40, 0x80, 0xc3, 0x04] {
            let mut other = bytes(SAMPLE_REQUEST);
            other[0] = first;
            assert!(!is_stun(&other), "{first:#x}");
        }
        assert!(!is_stun(&bytes(SAMPLE_REQUEST)[..HEADER_BYTES - 1]));
        // RFC 3489 had no cookie.
        let mut old = bytes(SAMPLE_REQUEST);
        old[4] = 0;
        assert!(!is_stun(&old) && Message::read(&old) == Err(Malformed::NotStun));
    }

    #[test]
    fn an_attribute_that_says_it_is_longer_than_the_message_is_refused() {
        let mut written = Writer::new(Class::Request, ID).with(attribute::PADDING, &[0; 8]).finish(false);
        for length in [9_u16, 12, 13, 0xffff] {
            written[HEADER_BYTES + 2..HEADER_BYTES + 4].copy_from_slice(&length.to_be_bytes());
            assert_eq!(Message::read(&written), Err(Malformed::Attributes), "{length}");
        }
        let allocate = [&[0, 3][..], &written[2..HEADER_BYTES - 1]].concat();
        assert!(Message::read(&allocate).is_err());
        let mut turn = Writer::new(Class::Request, ID).finish(false);
        turn[1] = 3;
        assert_eq!(Message::read(&turn), Err(Malformed::OtherMethod));
    }
}
