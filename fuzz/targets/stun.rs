//! What anybody can send to the STUN server, and to the sockets of its clients.
//!
//! An input is how it came (1 byte), and then the datagram. Its first bytes may also be made those of a message, and
//! its fingerprint right, so that what stands behind them is reached.

#![no_main]

use std::net::SocketAddr;

use bitpie::stun::message::{Class, HEADER_BYTES, MAGIC_COOKIE, Message, Writer};
use bitpie::stun::{Asked, Carrier, Received, TransactionId, answer, is_stun};
use libfuzzer_sys::fuzz_target;

const ID: TransactionId = TransactionId([7; 12]);

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn serve(bytes: &[u8], how: &Received) {
    let Some(answer) = answer(bytes, how) else { return };
    let limit = bytes.len() + bitpie::stun::server::extra_bytes(how.from.ip());
    assert!(answer.bytes.len() <= limit, "{} bytes for {}", answer.bytes.len(), bytes.len());
    let said = Message::read(&answer.bytes).expect("an answer is whole");
    let asked = Message::read(bytes).expect("only a message is answered");
    assert!(is_stun(&answer.bytes) && said.id == asked.id);
    assert!(matches!(said.class, Class::Success | Class::Error));
    if said.class == Class::Success {
        assert_eq!(said.xor_mapped(), Some(how.from));
    }
    let own = [Some(how.at), how.other].into_iter().flatten();
    let (ips, mut ports): (Vec<_>, Vec<_>) = own.map(|own| (own.ip(), own.port())).unzip();
    ports.extend(how.other_port);
    assert!(ips.contains(&answer.send_from.ip()) && ports.contains(&answer.send_from.port()));
}

/// The same bytes as the rest of a message with this class.
fn as_message(class: Class, rest: &[u8]) -> Vec<u8> {
    let mut bytes = Writer::new(class, ID).finish(false);
    bytes.extend(rest);
    bytes.truncate(HEADER_BYTES + rest.len() / 4 * 4);
    let length = u16::try_from(bytes.len() - HEADER_BYTES).unwrap_or(u16::MAX);
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    assert_eq!(bytes[4..8], MAGIC_COOKIE.to_be_bytes());
    bytes
}

fuzz_target!(|data: &[u8]| {
    let Some((&how, bytes)) = data.split_first() else { return };
    let carrier = if how & 1 == 0 { Carrier::Udp } else { Carrier::Tcp };
    let other = (how & 2 != 0).then(|| at("198.51.100.1:3479"));
    let from = if how & 4 == 0 { at("203.0.113.9:5000") } else { at("[2001:db8::9]:5000") };
    let own_port = (how & 8 != 0).then_some(50_123);
    let other_port = other.map(|other: SocketAddr| other.port()).or(own_port);
    let received = Received { carrier, from, at: at("192.0.2.1:3478"), other, other_port };
    serve(bytes, &received);
    serve(&as_message(Class::Request, bytes), &received);
    let asked = Asked { id: ID, server: at("198.51.100.1:3478") };
    for bytes in [bytes, &as_message(Class::Success, bytes), &as_message(Class::Error, bytes)] {
        if let Ok(answered) = asked.read(asked.server, bytes) {
            assert!(answered.mapped.port() != 0 && Message::read(bytes).is_ok_and(|message| message.id == ID));
        }
        assert!(asked.read(at("198.51.100.1:3479"), bytes).is_err());
    }
});
