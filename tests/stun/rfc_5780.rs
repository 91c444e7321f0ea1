//! A server with two addresses, by which a client finds out what its router does (RFC 5780).

use std::net::SocketAddr;

use bitpie::stun::TransactionId;
use bitpie::stun::message::{Class, Message, Writer, attribute};
use bitpie::transports::stun::{Place, StunServer};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::{PATIENCE, ip, seen};

/// A server with two addresses, and two ports that are free.
fn server() -> StunServer {
    let place = Place { at: SocketAddr::new(ip("127.0.4.1"), 0), other: Some(ip("127.0.5.1")) };
    StunServer::open(place, seen(), || 7).expect("some port is free")
}

#[tokio::test]
async fn it_answers_from_the_address_and_port_that_are_asked_for() {
    let server = server();
    let at = server.address();
    let other = SocketAddr::new(ip("127.0.5.1"), at.port().checked_add(1).unwrap_or(at.port() - 1));
    let client = UdpSocket::bind("127.0.0.1:0").await.expect("some port is free");
    // Asked at each of its addresses, the other is the opposite one.
    for (asked, opposite) in [(at, other), (other, at)] {
        for flags in [0_u8, 2, 4, 6] {
            let request = Writer::new(Class::Request, TransactionId([flags; 12]));
            let request = request.with(attribute::CHANGE_REQUEST, &[0, 0, 0, flags]).finish(true);
            client.send_to(&request, asked).await.expect("sent");
            let mut buffer = [0; 256];
            let received = timeout(PATIENCE, client.recv_from(&mut buffer)).await.expect("in time");
            let (length, from) = received.expect("a datagram");
            let answer = Message::read(&buffer[..length]).expect("it is whole");
            assert_eq!((answer.class, answer.id), (Class::Success, TransactionId([flags; 12])));
            let ip = if flags & 4 != 0 { opposite.ip() } else { asked.ip() };
            let port = if flags & 2 != 0 { opposite.port() } else { asked.port() };
            assert_eq!(from, SocketAddr::new(ip, port), "flags {flags}");
            assert_eq!(answer.address(attribute::RESPONSE_ORIGIN), Some(from));
            assert_eq!(answer.address(attribute::OTHER_ADDRESS), Some(opposite));
            assert_eq!(answer.xor_mapped(), client.local_addr().ok());
        }
    }
}
