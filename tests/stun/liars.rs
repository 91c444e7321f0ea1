//! Servers that lie, and answers that are forged.

use std::net::SocketAddr;

use bitpie::stun::message::{Class, Message, Writer};
use bitpie::stun::{Mapping, Observation, Observations, OurSocket, TransactionId};
use bitpie::transports::stun::StunEvent;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::{PATIENCE, clients, ids, next, peer, server_at};

const LIE: &str = "198.51.100.66:666";

fn lie() -> SocketAddr {
    LIE.parse().expect("an address")
}

/// The next request, and from where it came.
async fn receive(socket: &UdpSocket) -> (TransactionId, SocketAddr) {
    let mut buffer = [0; 256];
    let received = timeout(PATIENCE, socket.recv_from(&mut buffer)).await.expect("in time").expect("a datagram");
    let (length, from) = received;
    (Message::read(&buffer[..length]).expect("a request").id, from)
}

fn answer(id: TransactionId, mapped: SocketAddr) -> Vec<u8> {
    Writer::new(Class::Success, id).with_xor_mapped(mapped).finish(true)
}

#[tokio::test]
async fn of_three_servers_of_which_one_lies_it_does_not_win() {
    let (one, two) = (server_at("127.0.1.1"), server_at("127.0.2.1"));
    let liar = UdpSocket::bind("127.0.3.1:0").await.expect("some port is free");
    let servers = [one.address(), two.address(), liar.local_addr().expect("it is bound")];
    let (mut clients, mut events) = clients();
    for (number, server) in (1..).zip(servers) {
        clients.ask(peer(number), server, ids(number), |_, _| None).expect("asked");
    }
    for _ in 0..2 {
        let (id, from) = receive(&liar).await;
        liar.send_to(&answer(id, lie()), from).await.expect("sent");
    }
    let mut observations = Observations::new(true);
    let mut shared = None;
    for _ in 0..6 {
        let StunEvent::Answered { peer: who, socket, local, mapped } = next(&mut events).await else {
            panic!("nobody refuses")
        };
        if socket == OurSocket::Shared {
            shared = Some(local);
        }
        let server = servers[usize::from(who.as_bytes()[0]) - 1];
        observations.note(who, socket, Observation { server, local, mapped, at_ms: 1 });
    }
    let external = observations.external(1);
    assert_eq!(external.len(), 1, "{external:?}");
    assert_eq!((external[0].address, external[0].networks, external[0].mapping), (shared, 2, Mapping::Open));
}

#[tokio::test]
async fn a_thousand_forged_answers_lead_to_nothing() {
    let server = UdpSocket::bind("127.0.0.1:0").await.expect("some port is free");
    let (mut clients, mut events) = clients();
    clients.ask(peer(1), server.local_addr().expect("it is bound"), ids(1), |_, _| None).expect("asked");
    let mut asked = [receive(&server).await, receive(&server).await];
    // By address, so that it is known which is which.
    asked.sort_by_key(|(id, _)| *id != ids(1)[0]);
    let forger = UdpSocket::bind("127.0.0.1:0").await.expect("some port is free");
    for number in 0..1_000_u32 {
        for (id, from) in asked {
            // Who does not see the request guesses its number; here all but the last bits are right.
            let mut guessed = id;
            let last = u32::from_be_bytes([id.0[8], id.0[9], id.0[10], id.0[11]]);
            guessed.0[8..].copy_from_slice(&(last ^ (number + 1)).to_be_bytes());
            server.send_to(&answer(guessed, lie()), from).await.expect("sent");
            // Who sees it answers from elsewhere.
            let _ = forger.send_to(&answer(id, lie()), from).await;
        }
        // So that no buffer overflows, and what is forged is really read.
        tokio::task::yield_now().await;
    }
    for (id, from) in asked {
        server.send_to(&answer(id, from), from).await.expect("sent");
    }
    for _ in 0..2 {
        let event = next(&mut events).await;
        assert!(matches!(event, StunEvent::Answered { local, mapped, .. } if local == mapped), "{event:?}");
    }
    // What was answered is asked no more, so the right number comes too late too.
    for (id, from) in asked {
        server.send_to(&answer(id, lie()), from).await.expect("sent");
    }
    clients.ask(peer(1), server.local_addr().expect("it is bound"), ids(2), |_, _| None).expect("asked");
    for _ in 0..2 {
        let (id, from) = receive(&server).await;
        server.send_to(&answer(id, from), from).await.expect("sent");
    }
    for _ in 0..2 {
        let event = next(&mut events).await;
        assert!(matches!(event, StunEvent::Answered { local, mapped, .. } if local == mapped), "{event:?}");
    }
}

#[tokio::test]
async fn a_request_without_an_answer_is_sent_again_as_it_was() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("some port is free");
    let (mut clients, mut events) = clients();
    clients.ask(peer(1), silent.local_addr().expect("it is bound"), ids(1), |_, _| None).expect("asked");
    let mut first = [receive(&silent).await, receive(&silent).await];
    clients.ask_again(&peer(1), |_, _| None);
    let mut again = [receive(&silent).await, receive(&silent).await];
    first.sort_by_key(|(id, _)| id.0);
    again.sort_by_key(|(id, _)| id.0);
    assert_eq!(first, again);
    // A refusal is an answer too.
    let (id, from) = first[0];
    let refused = Writer::new(Class::Error, id).with_error(420, "Unknown").finish(true);
    silent.send_to(&refused, from).await.expect("sent");
    let StunEvent::Refused { peer: who, reason } = next(&mut events).await else { panic!("it is refused") };
    assert!(who == peer(1) && reason.contains("420"), "{reason}");
}
