//! Nodes tell one another at which address they see each other.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use bitpie::api::answers::{ExternalAddress, NodeInfo, PeerInfos};
use bitpie::api::methods::{GetNodeInfo, GetPeerInfo, ListPeers, ListServices};
use bitpie::stun::{Filtering, Mapping};

use super::nodes::Node;

/// A node that has its STUN server at that address of loopback.
fn node_at(address: &str) -> Node {
    let mut node = Node::with(&[("services/stun/address", &format!("\"{address}\""))]);
    node.start_listening();
    node.until("it answers", |node| node.status().stun.state == "SERVING");
    node
}

/// Another address for a node, in another network: what comes there is passed on. A node itself listens only at
/// addresses that an interface has.
fn door(at: &str, to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind((at, 0)).expect("some port is free");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for from in listener.incoming() {
            let (Ok(from), Ok(to)) = (from, TcpStream::connect(to)) else { continue };
            let (Ok(from_too), Ok(to_too)) = (from.try_clone(), to.try_clone()) else { continue };
            for (mut from, mut to) in [(from, to), (to_too, from_too)] {
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    address
}

#[test]
fn an_address_is_believed_once_peers_in_two_networks_see_it() {
    let (mut near, mut far, mut asking) = (node_at("127.0.1.1"), node_at("127.0.2.1"), node_at("127.0.0.1"));
    let idurl = |node: &mut Node, network: &str| node.idurl_at(door(network, node.address()));
    let (near_id, far_id, me) = (near.id(), far.id(), asking.id());
    asking.add(&idurl(&mut near, "127.0.1.1"), "near");
    near.add(&format!("bitpie:{me}"), "asking");
    asking.until("near has answered", |node| node.status().stun.answered == 1);
    assert_eq!(asking.status().stun.external, [], "one peer is never enough");
    asking.add(&idurl(&mut far, "127.0.2.1"), "far");
    far.add(&format!("bitpie:{me}"), "asking");
    asking.until("an address is believed", |node| {
        node.status().stun.external.iter().any(|external| external.address.is_some())
    });
    let NodeInfo { id, stun, listening, .. } = asking.call(&GetNodeInfo {});
    assert_eq!((id, listening), (me, asking.status().transports[0].listening.clone()));
    let [ExternalAddress { ip, observers: 2, networks: 2, mapping: Mapping::Open, .. }] = stun.external[..] else {
        panic!("{stun:?}")
    };
    assert_eq!(ip.to_string(), "127.0.0.1");
    let status = asking.output(&["status"]);
    assert!(status.contains("2 peers in 2 networks"), "{status}");
    asking.until("it is known whom nothing keeps out", |node| {
        node.call(&GetNodeInfo {}).stun.external.iter().any(|it| it.filtering == Filtering::NotPortDependent)
    });
    let status = asking.output(&["status"]);
    assert!(status.contains("are let in, from any port"), "{status}");

    // What each sees of the other is the same from both sides.
    let PeerInfos { peers } = asking.call(&GetPeerInfo { id: None });
    assert_eq!(peers.len(), 2);
    for (other, id) in [(&near, near_id), (&far, far_id)] {
        let info = asking.call(&GetPeerInfo { id: Some(id) }).peers.remove(0);
        assert_eq!(info.stun_server.map(|server| server.ip()), Some(info.remote.address.ip()));
        let seen = info.sees_us_at.expect("it has answered");
        let asked = other.call(&GetPeerInfo { id: Some(me) }).peers.remove(0).asked_from;
        assert!(asked.iter().any(|asked| asked.from == seen), "{asked:?} has not {seen}");
        let listed = asking.call(&ListPeers {}).peers.into_iter().find(|peer| peer.id == Some(id)).expect("listed");
        assert_eq!(listed.sees_us_at, Some(seen));
        // The server is told of in the document, and nobody takes it for a place where sessions are opened.
        assert!(listed.entrypoints.iter().all(|entrypoint| !entrypoint.is_stun()), "{:?}", listed.entrypoints);
    }

    // Without the service nobody is asked, and the sessions stay.
    asking.stop_service("stun");
    asking.until("nobody is asked", |node| node.status().stun.asked == 0);
    assert_eq!(asking.status().stun.state, "CLOSED");
    assert_eq!(asking.call(&GetPeerInfo { id: Some(near_id) }).peers[0].stun_client, None);
    asking.start_service("stun");
    asking.until("both are asked again", |node| node.status().stun.answered == 2);
}

#[test]
fn a_port_that_the_user_has_set_and_another_program_has_is_told() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("some port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let mut node = Node::with(&[("services/stun/port", &port)]);
    node.start_listening();
    let problem = |node: &Node| {
        let services = node.call(&ListServices {}).services;
        services.into_iter().find(|service| service.name.as_str() == "stun").expect("it is listed").problem
    };
    node.until("it is told", |node| problem(node).is_some());
    let said = problem(&node).expect("it was told");
    assert!(said.contains(&port) && said.contains("services/stun/port"), "{said}");
    assert!(node.output(&["status"]).contains("services/stun/port"), "{}", node.output(&["status"]));
}
