//! The client's side: a request, and whether what comes back is an answer to it.

use std::net::SocketAddr;

use super::message::{Class, Malformed, Message, TransactionId, Writer, attribute};

/// A request that was sent, and is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its number, which nobody can guess who has not seen it.
    pub id: TransactionId,
    /// Who was asked.
    pub server: SocketAddr,
}

/// What a server has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The address from which the request came, as the server saw it.
    pub mapped: SocketAddr,
    /// From where the server says that it has answered (RFC 5780).
    pub origin: Option<SocketAddr>,
    /// Another address of the server (RFC 5780).
    pub other: Option<SocketAddr>,
}

/// From where an answer is wanted, if not from where was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// From the other address of the server, and another port.
    AddressAndPort,
    /// From another port at the same address.
    Port,
}

impl Asked {
    /// The request, with a fingerprint, so that the answer has one too and is not taken for something else where
    /// another protocol shares the socket. A repetition is the same message (RFC 8489, section 6.2.1).
    #[must_use]
    pub fn request(&self) -> Vec<u8> {
        Writer::new(Class::Request, self.id).finish(true)
    }

    /// The same request, whose answer is to come from elsewhere: from another port of the server, and from its other
    /// address too if that is wanted (RFC 5780, section 7.2).
    #[must_use]
    pub fn request_from(&self, elsewhere: Elsewhere) -> Vec<u8> {
        let flags = match elsewhere {
            Elsewhere::AddressAndPort => 6,
            Elsewhere::Port => 2,
        };
        Writer::new(Class::Request, self.id).with(attribute::CHANGE_REQUEST, &[0, 0, 0, flags]).finish(true)
    }

    /// Reads what came from an address.
    ///
    /// # Errors
    /// If it is not the answer to this request, or one that says nothing.
    pub fn read(&self, from: SocketAddr, bytes: &[u8]) -> Result<Answered, Unbelievable> {
        if canonical(from) != canonical(self.server) {
            return Err(Unbelievable::OtherAddress { from });
        }
        self.read_whoever_sent(bytes)
    }

    /// Reads the answer to [`Asked::request_from`], which has to come from there.
    ///
    /// # Errors
    /// If it is not the answer to this request, does not come from there, or says nothing. A server that cannot answer
    /// from there refuses, from where it was asked.
    pub fn read_from(&self, elsewhere: Elsewhere, from: SocketAddr, bytes: &[u8]) -> Result<Answered, Unbelievable> {
        let (server, sender) = (canonical(self.server), canonical(from));
        if server == sender {
            return self.read_whoever_sent(bytes).and(Err(Unbelievable::OtherAddress { from }));
        }
        let is_elsewhere = match elsewhere {
            Elsewhere::AddressAndPort => sender.ip() != server.ip(),
            Elsewhere::Port => sender.ip() == server.ip(),
        };
        if is_elsewhere { self.read_whoever_sent(bytes) } else { Err(Unbelievable::OtherAddress { from }) }
    }

    fn read_whoever_sent(&self, bytes: &[u8]) -> Result<Answered, Unbelievable> {
        let message = Message::read(bytes)?;
        if message.id != self.id {
            return Err(Unbelievable::OtherTransaction);
        }
        match message.class {
            Class::Request | Class::Indication => return Err(Unbelievable::NoAnswer),
            Class::Error => return Err(Unbelievable::Refused { code: message.error_code().unwrap_or(0) }),
            Class::Success => {}
        }
        if let Some(kind) = message.attributes().map(|(kind, _)| kind).find(|kind| !is_known(*kind)) {
            // RFC 8489, section 6.3.3.
            return Err(Unbelievable::Unknown { kind });
        }
        // Servers of RFC 3489 know the second alone.
        let mapped = message.xor_mapped().or_else(|| message.address(attribute::MAPPED_ADDRESS));
        let mapped = mapped.map(canonical).filter(|mapped| is_possible(*mapped)).ok_or(Unbelievable::NoAddress)?;
        let (origin, other) = (attribute::RESPONSE_ORIGIN, attribute::OTHER_ADDRESS);
        Ok(Answered { mapped, origin: message.address(origin), other: message.address(other) })
    }
}

fn is_known(kind: u16) -> bool {
    attribute::is_optional(kind)
        || matches!(kind, attribute::MAPPED_ADDRESS | attribute::XOR_MAPPED_ADDRESS | attribute::PADDING)
        || matches!(kind, attribute::MESSAGE_INTEGRITY | attribute::MESSAGE_INTEGRITY_SHA256)
}

/// Somebody can be there.
fn is_possible(address: SocketAddr) -> bool {
    let ip = address.ip();
    address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
}

/// An address of IPv4 as what it is, also if it came by a socket for both.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Why something is no answer that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbelievable {
    /// Somebody else sent it than who was asked.
    #[error("it came from {from}, which was not asked")]
    OtherAddress {
        /// From where.
        from: SocketAddr,
    },
    /// It is no message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It answers another request, or was guessed.
    #[error("it answers another request")]
    OtherTransaction,
    /// It is no answer at all.
    #[error("it is not an answer")]
    NoAnswer,
    /// The server does not want to answer.
    #[error("the server refuses, with error {code}")]
    Refused {
        /// ERROR-CODE, or 0 if there is none.
        code: u16,
    },
    /// It has an attribute without which it may not be understood.
    #[error("it has an unknown attribute {kind:#06x} that must be understood")]
    Unknown {
        /// Its type.
        kind: u16,
    },
    /// It says no address, or one at which nobody can be.
    #[error("it says no address, or one at which nobody can be")]
    NoAddress,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn asked() -> Asked {
        Asked { id: TransactionId([7; 12]), server: at("198.51.100.1:3478") }
    }

    fn success(id: TransactionId, mapped: &str) -> Vec<u8> {
        Writer::new(Class::Success, id).with_xor_mapped(at(mapped)).finish(true)
    }

    #[test]
    fn an_answer_is_read_also_by_a_socket_for_both_families() {
        let answer = success(asked().id, "203.0.113.9:5000");
        for from in ["198.51.100.1:3478", "[::ffff:198.51.100.1]:3478"] {
            assert_eq!(asked().read(at(from), &answer).expect("it counts").mapped, at("203.0.113.9:5000"));
        }
        let old = Writer::new(Class::Success, asked().id);
        let old = old.with_address(attribute::MAPPED_ADDRESS, at("203.0.113.9:5000")).finish(false);
        assert!(asked().read(asked().server, &old).is_ok());
    }

    #[test]
    fn an_answer_from_elsewhere_counts_only_if_it_comes_from_there() {
        let asked = asked();
        let (port, address) = (at("198.51.100.1:9"), at("203.0.113.1:3479"));
        let right = success(asked.id, "203.0.113.9:5000");
        for (elsewhere, from, counts) in [
            (Elsewhere::Port, port, true),
            (Elsewhere::Port, address, false),
            (Elsewhere::Port, asked.server, false),
            (Elsewhere::AddressAndPort, address, true),
            (Elsewhere::AddressAndPort, port, false),
            (Elsewhere::AddressAndPort, asked.server, false),
        ] {
            assert_eq!(asked.read_from(elsewhere, from, &right).is_ok(), counts, "{elsewhere:?} {from}");
            let other = success(TransactionId([8; 12]), "203.0.113.9:5000");
            assert!(asked.read_from(elsewhere, from, &other).is_err());
        }
        let refused = Writer::new(Class::Error, asked.id).with_error(420, "Unknown").finish(true);
        let refused = asked.read_from(Elsewhere::Port, asked.server, &refused);
        assert_eq!(refused, Err(Unbelievable::Refused { code: 420 }));
    }

    #[test]
    fn a_thousand_forged_answers_are_not_believed() {
        let asked = asked();
        for number in 0..1_000_u32 {
            let mut id = asked.id;
            // Somebody who does not see the request guesses; here all but the last bits are even right.
            id.0[8..].copy_from_slice(&(u32::from_be_bytes([7; 4]) ^ (number + 1)).to_be_bytes());
            let forged = success(id, "192.0.2.66:666");
            assert_eq!(asked.read(asked.server, &forged), Err(Unbelievable::OtherTransaction), "{number}");
            // Somebody sees it, and answers from elsewhere: another port, or another address.
            let right = success(asked.id, "192.0.2.66:666");
            let port = u16::try_from(number + 1_024).expect("it is small");
            let [.., low] = number.to_be_bytes();
            for from in [SocketAddr::new(asked.server.ip(), port), SocketAddr::new([203, 0, 113, low].into(), 3478)] {
                assert_eq!(asked.read(from, &right), Err(Unbelievable::OtherAddress { from }));
            }
        }
        assert!(asked.read(asked.server, &success(asked.id, "203.0.113.9:5000")).is_ok());
    }

    #[test]
    fn what_says_nothing_is_no_answer() {
        let asked = asked();
        let read = |bytes: Vec<u8>| asked.read(asked.server, &bytes);
        assert_eq!(read(asked.request()), Err(Unbelievable::NoAnswer));
        let refused = Writer::new(Class::Error, asked.id).with_error(420, "Unknown").finish(true);
        assert_eq!(read(refused), Err(Unbelievable::Refused { code: 420 }));
        assert_eq!(read(Writer::new(Class::Success, asked.id).finish(true)), Err(Unbelievable::NoAddress));
        for nowhere in ["0.0.0.0:1", "203.0.113.9:0", "224.0.0.1:1", "[::]:1"] {
            assert_eq!(read(success(asked.id, nowhere)), Err(Unbelievable::NoAddress), "{nowhere}");
        }
        let odd = Writer::new(Class::Success, asked.id).with_xor_mapped(at("203.0.113.9:5000"));
        assert_eq!(read(odd.with(0x0042, &[]).finish(true)), Err(Unbelievable::Unknown { kind: 0x42 }));
        assert!(matches!(read(vec![0; 20]), Err(Unbelievable::Malformed(_))));
    }
}
