//! The server's side: what a request is answered with, and from where.
//!
//! Requests over UDP come from whoever their sender says, so answers can be aimed at others. Therefore an answer is
//! never more than [`extra_bytes`] longer than its request, what asks for an answer to another port than that of the
//! request is refused, and [`Rates`](super::Rates) bounds how many go into one network. Attributes are left out where
//! they do not fit: the address that was asked for comes first, and always fits.

use std::net::{IpAddr, SocketAddr};

use super::message::{Class, FINGERPRINT_BYTES, Message, Writer, attribute};

/// How much longer an answer may be than its request, in bytes: as much as four attributes with an address of IPv4, or
/// three of IPv6 and a fingerprint. A client of RFC 5780 pads nothing, and needs three. With the headers of IP and UDP
/// that makes twice what was sent at most, or 2.2 times over IPv6.
#[must_use]
pub fn extra_bytes(to: IpAddr) -> usize {
    if to.to_canonical().is_ipv4() { 48 } else { 80 }
}

/// Attributes of a request that are named as not understood, at most.
const NAMED_UNKNOWN: usize = 16;

/// By what a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In a datagram, of which nobody knows who sent it.
    Udp,
    /// By a connection, whose other end has answered.
    Tcp,
}

/// How a request came.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// By what.
    pub carrier: Carrier,
    /// From where, as it looks here.
    pub from: SocketAddr,
    /// At which address of ours; its IP is unspecified if that is not known.
    pub at: SocketAddr,
    /// The address that differs from `at` in IP and port, from which answers can be sent as well.
    pub other: Option<SocketAddr>,
    /// The port that differs from that of `at`, at the same IP, from which answers can be sent as well.
    pub other_port: Option<u16>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The message.
    pub bytes: Vec<u8>,
    /// From which of our addresses it has to be sent, to where the request came from. It is `at`, or has the IP or the
    /// port of `other` instead.
    pub send_from: SocketAddr,
}

/// What a request asks for beside the address (RFC 5780, section 7).
struct Wishes {
    change_ip: bool,
    change_port: bool,
    padding: Option<usize>,
}

/// Why a request is not answered as it wants to be.
enum Refusal {
    /// 400: it contradicts itself.
    BadRequest,
    /// 420: these attributes of it are not understood, or what they ask for cannot be done.
    Unknown(Vec<u16>),
}

/// The answer to what came, if it is to be answered: anything but a request of the method Binding is passed over in
/// silence.
#[must_use]
pub fn answer(bytes: &[u8], how: &Received) -> Option<Answer> {
    let request = Message::read(bytes).ok().filter(|message| message.class == Class::Request)?;
    let from = SocketAddr::new(how.from.ip().to_canonical(), how.from.port());
    let limit = bytes.len() + extra_bytes(from.ip());
    Some(match wishes(&request, how) {
        Ok(wishes) => success(&request, how, from, &wishes, bytes.len(), limit),
        Err(refusal) => Answer { bytes: error(&request, &refusal), send_from: how.at },
    })
}

/// What the request wants, if that can be done.
fn wishes(request: &Message<'_>, how: &Received) -> Result<Wishes, Refusal> {
    let is_known = |kind: u16| {
        // Who asks is nothing to a server that answers everybody (RFC 8489, section 12), so that is understood, and not
        // looked at.
        matches!(kind, attribute::USERNAME | attribute::MESSAGE_INTEGRITY | attribute::REALM | attribute::NONCE)
            || matches!(kind, attribute::MESSAGE_INTEGRITY_SHA256 | attribute::PASSWORD_ALGORITHM)
            || matches!(kind, attribute::USERHASH | attribute::CHANGE_REQUEST)
            || matches!(kind, attribute::PADDING | attribute::RESPONSE_PORT)
    };
    let unknown = request.attributes().map(|(kind, _)| kind);
    let mut unknown: Vec<u16> = unknown.filter(|kind| !attribute::is_optional(*kind) && !is_known(*kind)).collect();
    let padding = request.get(attribute::PADDING).map(<[u8]>::len);
    let response_port = match request.get(attribute::RESPONSE_PORT) {
        Some(&[high, low, ..]) => Some(u16::from_be_bytes([high, low])),
        Some(_) => return Err(Refusal::BadRequest),
        None => None,
    };
    if padding.is_some() && response_port.is_some() {
        // RFC 5780, section 6.1.
        return Err(Refusal::BadRequest);
    }
    // An answer to another port may hit somebody who has not asked. To the port that it came from it goes anyway.
    if response_port.is_some_and(|port| port != how.from.port()) {
        unknown.push(attribute::RESPONSE_PORT);
    }
    let flags = match request.get(attribute::CHANGE_REQUEST) {
        Some(&[_, _, _, flags]) => flags,
        Some(_) => return Err(Refusal::BadRequest),
        None => 0,
    };
    let (change_ip, change_port) = (flags & 4 != 0, flags & 2 != 0);
    // RFC 5780 has a server refuse all of this if it has only one address. To answer from another port it needs no
    // second address, and few nodes have one.
    let can_change = (!change_ip || how.other.is_some()) && (!change_port || how.other_port.is_some());
    if (change_ip || change_port) && (!can_change || how.carrier == Carrier::Tcp) {
        unknown.push(attribute::CHANGE_REQUEST);
    }
    if unknown.is_empty() { Ok(Wishes { change_ip, change_port, padding }) } else { Err(Refusal::Unknown(unknown)) }
}

fn success(
    request: &Message<'_>,
    how: &Received,
    from: SocketAddr,
    wishes: &Wishes,
    request_bytes: usize,
    limit: usize,
) -> Answer {
    let ip = how.other.filter(|_| wishes.change_ip).map_or(how.at.ip(), |other| other.ip());
    let port = how.other_port.filter(|_| wishes.change_port).unwrap_or(how.at.port());
    let send_from = SocketAddr::new(ip, port);
    let kept = if request.has_fingerprint { FINGERPRINT_BYTES } else { 0 };
    let mut writer = Writer::new(Class::Success, request.id).with_xor_mapped(from);
    // Only a server with two addresses is one of RFC 5780; nobody else's client needs more than the address.
    if let Some(other) = how.other.filter(|_| how.carrier == Carrier::Udp) {
        for (kind, address) in [
            (attribute::RESPONSE_ORIGIN, send_from),
            (attribute::OTHER_ADDRESS, other),
            (attribute::MAPPED_ADDRESS, from),
        ] {
            if writer.bytes() + Writer::bytes_of(address) + kept <= limit {
                writer = writer.with_address(kind, address);
            }
        }
    }
    // As long as what came, and not longer: what is asked is whether so large a packet gets through.
    if let Some(wanted) = wishes.padding.filter(|_| how.carrier == Carrier::Udp) {
        let room = request_bytes.checked_sub(writer.bytes() + 4 + kept);
        if let Some(room) = room {
            writer = writer.with(attribute::PADDING, &vec![0; wanted.min(room / 4 * 4)]);
        }
    }
    Answer { bytes: writer.finish(request.has_fingerprint), send_from }
}

/// An error: shorter than the limit, whatever the request, since each attribute that is named has 4 bytes there and 2
/// here.
fn error(request: &Message<'_>, refusal: &Refusal) -> Vec<u8> {
    let writer = Writer::new(Class::Error, request.id);
    let writer = match refusal {
        Refusal::BadRequest => writer.with_error(400, "Bad Request"),
        Refusal::Unknown(kinds) => {
            let named: Vec<u8> = kinds.iter().take(NAMED_UNKNOWN).flat_map(|kind| kind.to_be_bytes()).collect();
            writer.with_error(420, "Unknown").with(attribute::UNKNOWN_ATTRIBUTES, &named)
        }
    };
    writer.finish(request.has_fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stun::message::{HEADER_BYTES, MESSAGE_BYTES, TransactionId};

    const ID: TransactionId = TransactionId([7; 12]);

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn received(from: &str) -> Received {
        Received { carrier: Carrier::Udp, from: at(from), at: at("192.0.2.1:3478"), other: None, other_port: None }
    }

    /// A server with two addresses and two ports.
    fn rfc_5780(from: &str) -> Received {
        Received { other: Some(at("198.51.100.1:3479")), other_port: Some(3479), ..received(from) }
    }

    /// A server with one address and two ports.
    fn two_ports(from: &str) -> Received {
        Received { other_port: Some(50_123), ..received(from) }
    }

    fn request(attributes: &[(u16, &[u8])], has_fingerprint: bool) -> Vec<u8> {
        let writer = Writer::new(Class::Request, ID);
        attributes.iter().fold(writer, |writer, (kind, value)| writer.with(*kind, value)).finish(has_fingerprint)
    }

    #[test]
    fn whoever_asks_is_told_where_they_are() {
        for from in ["203.0.113.9:5000", "[2001:db8::9]:5000", "[::ffff:203.0.113.9]:5000"] {
            for has_fingerprint in [false, true] {
                let answer = answer(&request(&[], has_fingerprint), &received(from)).expect("answered");
                let read = Message::read(&answer.bytes).expect("it is whole");
                assert_eq!((read.class, read.id, read.has_fingerprint), (Class::Success, ID, has_fingerprint));
                let seen = read.xor_mapped().expect("an address");
                assert_eq!((seen.ip(), seen.port()), (at(from).ip().to_canonical(), 5000));
                assert_eq!(answer.send_from, at("192.0.2.1:3478"));
                let expected = if has_fingerprint { 2 } else { 1 };
                assert_eq!(read.attributes().count(), expected, "nothing that nobody has asked for");
            }
        }
    }

    #[test]
    fn a_server_with_two_addresses_answers_from_the_one_that_is_wanted() {
        let change = |flags: u8| request(&[(attribute::CHANGE_REQUEST, &[0, 0, 0, flags])], false);
        for (flags, from) in
            [(0, "192.0.2.1:3478"), (2, "192.0.2.1:3479"), (4, "198.51.100.1:3478"), (6, "198.51.100.1:3479")]
        {
            let answer = answer(&change(flags), &rfc_5780("203.0.113.9:5000")).expect("answered");
            assert_eq!(answer.send_from, at(from));
            let read = Message::read(&answer.bytes).expect("it is whole");
            assert_eq!(read.address(attribute::RESPONSE_ORIGIN), Some(at(from)));
            assert_eq!(read.address(attribute::OTHER_ADDRESS), Some(at("198.51.100.1:3479")));
            assert_eq!(read.address(attribute::MAPPED_ADDRESS), Some(at("203.0.113.9:5000")));
            // With one address it cannot, and over TCP neither.
            let tcp = Received { carrier: Carrier::Tcp, ..rfc_5780("203.0.113.9:5000") };
            for how in [received("203.0.113.9:5000"), tcp] {
                let answer = super::answer(&change(flags), &how).expect("answered");
                let read = Message::read(&answer.bytes).expect("it is whole");
                assert_eq!(read.error_code(), (flags != 0).then_some(420));
                let unknown = read.get(attribute::UNKNOWN_ATTRIBUTES);
                assert_eq!(unknown, (flags != 0).then_some(&[0, 3][..]));
            }
        }
    }

    #[test]
    fn a_server_with_two_ports_answers_from_the_one_that_is_wanted_and_tells_of_no_other_address() {
        let change = |flags: u8| request(&[(attribute::CHANGE_REQUEST, &[0, 0, 0, flags])], false);
        for (flags, from, code) in [(0, 3478, None), (2, 50_123, None), (4, 3478, Some(420)), (6, 3478, Some(420))] {
            let answer = answer(&change(flags), &two_ports("203.0.113.9:5000")).expect("answered");
            assert_eq!(answer.send_from, SocketAddr::new(at("192.0.2.1:0").ip(), from), "flags {flags}");
            let read = Message::read(&answer.bytes).expect("it is whole");
            assert_eq!((read.error_code(), read.address(attribute::OTHER_ADDRESS)), (code, None));
        }
        let tcp = Received { carrier: Carrier::Tcp, ..two_ports("203.0.113.9:5000") };
        let answer = answer(&change(2), &tcp).expect("answered");
        assert_eq!(Message::read(&answer.bytes).expect("it is whole").error_code(), Some(420));
    }

    #[test]
    fn nobody_is_hit_by_an_answer_to_another_port() {
        let to = |port: u16| {
            let [high, low] = port.to_be_bytes();
            request(&[(attribute::RESPONSE_PORT, &[high, low, 0, 0])], false)
        };
        let code = |bytes: &[u8]| {
            let answer = answer(bytes, &rfc_5780("203.0.113.9:5000")).expect("answered");
            Message::read(&answer.bytes).expect("it is whole").error_code()
        };
        assert_eq!(code(&to(5000)), None, "it goes there anyway");
        assert_eq!(code(&to(53)), Some(420));
        assert_eq!(code(&request(&[(attribute::RESPONSE_PORT, &[1])], false)), Some(400));
        let both = [(attribute::RESPONSE_PORT, &[0x13, 0x88, 0, 0][..]), (attribute::PADDING, &[0; 8])];
        assert_eq!(code(&request(&both, false)), Some(400));
    }

    #[test]
    fn what_is_not_understood_is_named_if_it_must_be_and_ignored_if_it_may_be() {
        let priority = [(0x0024, &[0, 0, 0, 1][..]), (0x8029, &[0; 8])];
        let answer = answer(&request(&priority, true), &received("203.0.113.9:5000")).expect("answered");
        let read = Message::read(&answer.bytes).expect("it is whole");
        assert_eq!((read.error_code(), read.get(attribute::UNKNOWN_ATTRIBUTES)), (Some(420), Some(&[0, 0x24][..])));
        let who = [(attribute::USERNAME, &b"evtj:h6vY"[..]), (attribute::MESSAGE_INTEGRITY, &[1; 20])];
        let answer = super::answer(&request(&who, false), &received("203.0.113.9:5000")).expect("answered");
        assert_eq!(Message::read(&answer.bytes).expect("it is whole").error_code(), None);
    }

    #[test]
    fn only_requests_are_answered() {
        let how = received("203.0.113.9:5000");
        for class in [Class::Indication, Class::Success, Class::Error] {
            assert_eq!(answer(&Writer::new(class, ID).finish(true), &how), None);
        }
        assert_eq!(answer(b"GET / HTTP/1.1\r\n\r\n", &how), None);
        assert_eq!(answer(&[], &how), None);
        let mut allocate = request(&[], false);
        allocate[1] = 3;
        assert_eq!(answer(&allocate, &how), None);
    }

    #[test]
    fn no_answer_is_longer_than_it_may_be() {
        let many: Vec<(u16, &[u8])> = (1..400).map(|kind| (0x0100 + kind, &[][..])).collect();
        let padding = vec![0; MESSAGE_BYTES - HEADER_BYTES - 12];
        let mut requests: Vec<Vec<u8>> = (0..40).map(|count| request(&many[..count], count % 2 == 0)).collect();
        requests.push(request(&many, false));
        for length in (0..padding.len()).step_by(7) {
            requests.push(request(&[(attribute::PADDING, &padding[..length])], length % 2 == 0));
        }
        for flags in 0..8 {
            requests.push(request(&[(attribute::CHANGE_REQUEST, &[0, 0, 0, flags])], true));
            requests.push(request(&[(attribute::CHANGE_REQUEST, &[flags; 3])], true));
        }
        for from in ["203.0.113.9:5000", "[2001:db8::9]:5000"] {
            for request in &requests {
                let other = Some(at("[2001:db8::2]:3479"));
                let v6 = Received { at: at("[2001:db8::1]:3478"), other, other_port: Some(3479), ..received(from) };
                for how in [received(from), two_ports(from), rfc_5780(from), v6] {
                    let answer = answer(request, &how).expect("answered");
                    let limit = request.len() + extra_bytes(how.from.ip());
                    assert!(answer.bytes.len() <= limit, "{} bytes for {}", answer.bytes.len(), request.len());
                    assert!(Message::read(&answer.bytes).is_ok());
                }
            }
        }
    }

    #[test]
    fn padding_comes_back_as_long_as_it_came() {
        let padded = request(&[(attribute::PADDING, &[0; 1_600])], false);
        let answer = answer(&padded, &received("203.0.113.9:5000")).expect("answered");
        assert_eq!(answer.bytes.len(), padded.len());
    }
}
