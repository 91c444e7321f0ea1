//! Server and clients talk to one another.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use bitpie::stun::message::{Class, Message, Writer};
use bitpie::stun::{OurSocket, TransactionId};
use bitpie::transports::ListenError;
use bitpie::transports::stun::{CLIENTS, CONNECTIONS_PER_NETWORK, Place, StunEvent, StunServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{PATIENCE, clients, ids, ip, next, peer, seen, server_at};

#[tokio::test]
async fn both_sockets_learn_their_address_and_the_server_remembers_who_asked() {
    let seen = seen();
    seen.lock().expect("nobody panics").expect(ip("127.0.0.1"));
    // `::` is IPv4 as well, so the address comes back as what it is.
    let place = Place { at: "[::]:0".parse().expect("an address"), other: None };
    let server = StunServer::open(place, Arc::clone(&seen), || 7).expect("some port is free");
    let at = SocketAddr::new(ip("127.0.0.1"), server.address().port());
    let (mut clients, mut events) = clients();
    clients.ask(peer(1), at, ids(1), |_, _| None).expect("asked");
    let mut mapped_of = BTreeSet::new();
    for _ in 0..2 {
        let StunEvent::Answered { peer: who, socket, local, mapped } = next(&mut events).await else {
            panic!("it is answered")
        };
        assert_eq!((who, local), (peer(1), mapped), "nothing is translated on loopback");
        mapped_of.insert((socket, mapped));
    }
    let sockets: Vec<OurSocket> = mapped_of.iter().map(|(socket, _)| *socket).collect();
    assert_eq!(sockets, [OurSocket::Single, OurSocket::Shared]);
    let seen = seen.lock().expect("nobody panics");
    let asked: BTreeSet<SocketAddr> = seen.of(ip("127.0.0.1")).map(|seen| seen.from).collect();
    assert_eq!(asked, mapped_of.into_iter().map(|(_, mapped)| mapped).collect());
}

#[tokio::test]
async fn a_mapping_is_kept_by_the_same_sockets_and_a_new_server_gets_new_ones() {
    let (one, other) = (server_at("127.0.0.1"), server_at("127.0.1.1"));
    let (mut clients, mut events) = clients();
    let mut own = Vec::new();
    for (number, server) in (1..).zip([&one, &one, &other]) {
        clients.ask(peer(1), server.address(), ids(number), |_, _| None).expect("asked");
        for _ in 0..2 {
            if let StunEvent::Answered { socket: OurSocket::Single, mapped, .. } = next(&mut events).await {
                own.push(mapped);
            }
        }
        // Everything is answered: there is nothing to be sent again.
        clients.ask_again(&peer(1), |_, _| None);
    }
    assert_eq!(own[0], own[1]);
    assert_ne!(own[1], own[2]);
    assert_eq!(clients.len(), 1);
    clients.close(&peer(1));
    assert!(clients.is_empty());
}

#[tokio::test]
async fn sockets_are_bounded() {
    let server = server_at("127.0.0.1");
    let (mut clients, _events) = clients();
    for number in 0..CLIENTS {
        let number = u8::try_from(number).expect("there are few");
        clients.ask(peer(number), server.address(), ids(number), |_, _| None).expect("asked");
    }
    let error = clients.ask(peer(99), server.address(), ids(99), |_, _| None).expect_err("there are enough");
    assert!(error.contains(&CLIENTS.to_string()), "{error}");
    clients.close(&peer(0));
    clients.ask(peer(99), server.address(), ids(99), |_, _| None).expect("there is room again");
}

#[tokio::test]
async fn a_port_that_is_taken_by_either_protocol_is_told() {
    let server = server_at("127.0.0.1");
    let again = Place { at: server.address(), other: None };
    assert!(!StunServer::can_open(again));
    let error = StunServer::open(again, seen(), || 7).map(|server| server.address()).expect_err("it is taken");
    assert_eq!(error, ListenError::AddrInUse { address: server.address() });
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").expect("some port is free");
    let taken = Place { at: udp.local_addr().expect("it is bound"), other: None };
    assert!(!StunServer::can_open(taken));
}

fn request(number: u8) -> Vec<u8> {
    Writer::new(Class::Request, TransactionId([number; 12])).finish(true)
}

/// The next answer, or nothing if the server has closed the connection.
async fn receive(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 20];
    timeout(PATIENCE, socket.read_exact(&mut bytes)).await.expect("in time").ok()?;
    let body = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
    bytes.resize(20 + body, 0);
    timeout(PATIENCE, socket.read_exact(&mut bytes[20..])).await.expect("in time").ok()?;
    Some(bytes)
}

#[tokio::test]
async fn a_connection_answers_one_request_after_the_other_however_they_are_cut() {
    let server = server_at("127.0.0.1");
    let mut socket = TcpStream::connect(server.address()).await.expect("it listens");
    socket.set_nodelay(true).expect("a socket");
    let both = [request(1), request(2)].concat();
    for piece in both.chunks(7) {
        socket.write_all(piece).await.expect("written");
    }
    for number in 1..=2 {
        let answer = receive(&mut socket).await.expect("answered");
        let answer = Message::read(&answer).expect("it is whole");
        assert_eq!((answer.class, answer.id), (Class::Success, TransactionId([number; 12])));
        assert_eq!(answer.xor_mapped(), socket.local_addr().ok());
    }
    socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    assert_eq!(receive(&mut socket).await, None, "what is no STUN ends the connection");
}

#[tokio::test]
async fn connections_of_one_network_are_bounded_and_others_get_through() {
    let server = server_at("127.0.0.1");
    let mut held = Vec::new();
    for number in 0..CONNECTIONS_PER_NETWORK {
        let number = u8::try_from(number).expect("there are few");
        let mut socket = TcpStream::connect(server.address()).await.expect("it listens");
        socket.write_all(&request(number)).await.expect("written");
        assert!(receive(&mut socket).await.is_some(), "{number}");
        held.push(socket);
    }
    let mut one_more = TcpStream::connect(server.address()).await.expect("the system accepts it");
    let _ = one_more.write_all(&request(99)).await;
    assert_eq!(receive(&mut one_more).await, None);
    let elsewhere = tokio::net::TcpSocket::new_v4().expect("a socket");
    elsewhere.bind("127.0.9.1:0".parse().expect("an address")).expect("bound");
    let mut elsewhere = elsewhere.connect(server.address()).await.expect("it listens");
    elsewhere.write_all(&request(98)).await.expect("written");
    assert!(receive(&mut elsewhere).await.is_some());
    // And a place is free again once somebody has gone.
    drop(held.pop());
    loop {
        let mut again = TcpStream::connect(server.address()).await.expect("it listens");
        let _ = again.write_all(&request(97)).await;
        if receive(&mut again).await.is_some() {
            break;
        }
    }
}
