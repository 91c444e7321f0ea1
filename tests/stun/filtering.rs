//! Clients find out whom a router lets in. Loopback has none, so the one of these tests is a socket that passes on what
//! it wants.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bitpie::stun::{FilteringTest, TransactionId};
use bitpie::transports::stun::{Place, StunEvent, StunServer};
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use super::{clients, ids, ip, next, peer, seen, server_at};

/// Whom the router lets in to a port that is open.
#[derive(Clone, Copy)]
enum LetsIn {
    OtherPorts,
    WhomWasSentTo,
}

/// A server that is reached at another address: what goes there is passed on to it, and its answers are sent from where
/// they come, if they are let in.
async fn behind_router(server: SocketAddr, lets_in: LetsIn) -> (SocketAddr, AbortHandle) {
    let outside = UdpSocket::bind("127.0.6.1:0").await.expect("some port is free");
    let address = outside.local_addr().expect("it is bound");
    let task = tokio::spawn(async move {
        // What a client is towards the server: a socket for each.
        let mut flows: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
        let outside = Arc::new(outside);
        let mut buffer = [0; 2_048];
        loop {
            let (length, client) = outside.recv_from(&mut buffer).await.expect("a datagram");
            let inner = match flows.get(&client) {
                Some(inner) => Arc::clone(inner),
                None => {
                    let inner = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("some port is free"));
                    tokio::spawn(pass_back(Arc::clone(&inner), Arc::clone(&outside), client, server, lets_in));
                    flows.insert(client, Arc::clone(&inner));
                    inner
                }
            };
            inner.send_to(&buffer[..length], server).await.expect("sent");
        }
    });
    (address, task.abort_handle())
}

async fn pass_back(
    inner: Arc<UdpSocket>,
    outside: Arc<UdpSocket>,
    client: SocketAddr,
    server: SocketAddr,
    lets_in: LetsIn,
) {
    let second = UdpSocket::bind("127.0.6.1:0").await.expect("some port is free");
    let mut buffer = [0; 2_048];
    loop {
        let (length, from) = inner.recv_from(&mut buffer).await.expect("a datagram");
        let answer = &buffer[..length];
        match lets_in {
            _ if from == server => drop(outside.send_to(answer, client).await),
            LetsIn::OtherPorts => drop(second.send_to(answer, client).await),
            LetsIn::WhomWasSentTo => {}
        }
    }
}

/// What a test with the help of a server has shown.
async fn shown(server: SocketAddr) -> FilteringTest {
    let (mut clients, mut events) = clients();
    clients.ask(peer(1), server, ids(1), |_, _| None).expect("there is room");
    clients.test_filtering(peer(1), server, [1, 2, 3].map(|number| TransactionId([number; 12])));
    loop {
        if let StunEvent::FilteringTested { peer: tested, server: asked, result, local } = next(&mut events).await {
            assert_eq!((tested, asked, local.ip()), (peer(1), server, ip("127.0.0.1")));
            return result;
        }
    }
}

#[tokio::test]
async fn where_nothing_stands_between_everything_comes_in() {
    let place = Place { at: SocketAddr::new(ip("127.0.4.1"), 0), other: Some(ip("127.0.5.1")) };
    let two = StunServer::open(place, seen(), || 7).expect("some port is free");
    assert_eq!(shown(two.address()).await, FilteringTest::EndpointIndependent);
    let one = server_at("127.0.4.2");
    assert_eq!(shown(one.address()).await, FilteringTest::NotPortDependent, "it has one address");
}

#[tokio::test]
async fn what_a_router_keeps_out_shows_how_it_filters() {
    let one = server_at("127.0.4.3");
    for (lets_in, expected) in [
        (LetsIn::OtherPorts, FilteringTest::NotPortDependent),
        (LetsIn::WhomWasSentTo, FilteringTest::AddressAndPortDependent),
    ] {
        let (router, task) = behind_router(one.address(), lets_in).await;
        assert_eq!(shown(router).await, expected);
        task.abort();
    }
}

#[tokio::test]
async fn a_peer_that_is_not_asked_is_not_asked_for_this_either() {
    let server = UdpSocket::bind("127.0.0.1:0").await.expect("some port is free");
    let at = server.local_addr().expect("it is bound");
    let (mut clients, _events) = clients();
    clients.test_filtering(peer(1), at, [TransactionId([1; 12]); 3]);
    clients.ask(peer(1), at, ids(1), |_, _| None).expect("there is room");
    let mut buffer = [0; 64];
    let (length, _) = server.recv_from(&mut buffer).await.expect("a datagram");
    assert_eq!(length, 28, "a request without attributes but its fingerprint: the one for the address");
}
