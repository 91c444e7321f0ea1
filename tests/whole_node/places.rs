//! Strangers who take all that they can get, and what contacts and honest strangers find all the same. Strangers come
//! from networks of 127.0.0.0/8, which only Linux has without further ado; elsewhere these tests are left out.

use std::net::Ipv4Addr;

use bitpie::api::methods::ListPeers;
use bitpie::identity::IdentityKey;
use bitpie::wire::{Frame, PeerHint, Refusal};
use tokio::runtime::Runtime;

use super::nodes::{Node, pair_online, until};
use super::peer::Peer;
use super::raw::{DATA, frame, yamux};
use super::stranger::{Stage, Stranger, hello, peer_id};

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn key(network: u8, number: u8) -> IdentityKey {
    let mut seed = [0x77; 32];
    (seed[0], seed[1]) = (network, number);
    IdentityKey::from_seed(&seed)
}

fn address(network: u8, number: u8) -> Ipv4Addr {
    [127, network, 1, number.max(1)].into()
}

/// What the node says to a stranger of that network who does all as it should be.
async fn knock(node: &Node, network: u8, key: IdentityKey) -> Option<Refusal> {
    let mut stranger = Stranger::reach_from(address(network, 200), node, key.clone(), Stage::Third).await;
    let session = stranger.session();
    session.open(&frame(&hello())).await;
    let proof = frame(&peer_id(&key, &session.handshake_hash));
    session.write(&yamux(DATA, 0, 1, &proof)).await;
    while let Some(bytes) = session.hear().await {
        match Frame::decode(&bytes).expect("an honest node says what can be read") {
            Frame::Refused(refusal) => return Some(refusal),
            Frame::Ready => return None,
            _ => {}
        }
    }
    panic!("the session ended without a word");
}

#[test]
fn strangers_of_few_networks_keep_neither_contacts_out_nor_strangers_of_others() {
    if !cfg!(target_os = "linux") {
        return eprintln!("left out: this system has only one loopback address");
    }
    let mut node = Node::with(&[("sessions/inbound", "20")]);
    node.start_listening();
    let runtime = runtime();
    let mut crowd = Vec::new();
    let is_ready = |node: &Node| node.status().sessions.incoming;
    for number in 0..16 {
        let (network, whom) = (1 + number % 2, key(1 + number % 2, number));
        let stranger = Stranger::reach_from(address(network, 1), &node, whom, Stage::Ready);
        crowd.push(runtime.block_on(stranger));
    }
    assert_eq!(is_ready(&node), 16, "all places that strangers may have");
    assert_eq!(
        runtime.block_on(knock(&node, 1, key(1, 99))),
        Some(Refusal::LimitReached),
        "there is no more for those who have them"
    );
    assert_eq!(runtime.block_on(knock(&node, 3, key(3, 1))), None, "somebody of another network is taken");
    // Whoever gave way for them was told why.
    until("one of the crowd was refused", || (node.refusals("limit_reached") == 2).then_some(()));

    // A contact comes in, and the strangers do not make it wait.
    let mut friend = Node::started();
    friend.add(&node.idurl(), "node");
    node.add(&friend.id().to_string(), "friend");
    friend.until_online(node.id());
    node.until_online(friend.id());
    drop(crowd);
}

#[test]
fn what_is_done_with_a_stolen_session_key_is_not_held_against_its_owner_but_against_the_address() {
    if !cfg!(target_os = "linux") {
        return eprintln!("left out: this system has only one loopback address");
    }
    let mut node = Node::new();
    node.start_listening();
    let runtime = runtime();
    let mut owner = Peer::new(33);
    let session = owner.join(&node);
    owner.close(session);
    for _ in 0..6 {
        runtime.block_on(async {
            // Whoever has the session key goes as far as this, and cannot prove more.
            let mut thief = Stranger::reach_from(address(9, 7), &node, owner.key.clone(), Stage::Third).await;
            thief.session().open(&frame(&[0xff; 40])).await;
            while thief.session().hear().await.is_some() {}
        });
    }
    assert_eq!(node.refusals("violation"), 5, "at the sixth time it is not listened to any more");
    let misbehaviour = |node: &Node| {
        let peers = node.call(&ListPeers {}).peers;
        peers.iter().filter(|peer| peer.id == Some(owner.key.id())).map(|peer| peer.misbehaviour).sum::<f64>()
    };
    assert_eq!(misbehaviour(&node), 0.0);
    let session = owner.join(&node);
    owner.close(session);
    // Neighbours of the thief are not heard for a while, others are.
    let refused = async |network, whom| {
        let mut stranger = Stranger::reach_from(address(network, 8), &node, whom, Stage::Third).await;
        stranger.session().open(&frame(&hello())).await;
        let said = stranger.session().hear().await.expect("it says something");
        matches!(Frame::decode(&said), Ok(Frame::Refused(Refusal::Misbehaved)))
    };
    assert!(runtime.block_on(refused(9, key(9, 1))));
    assert!(!runtime.block_on(refused(10, key(10, 1))));
}

#[test]
fn a_contact_is_not_dialled_where_a_stranger_says_that_it_is() {
    let (mut node, mut friend) = pair_online();
    let friend_id = friend.id();
    friend.stop();
    // Somebody who would see us call.
    let trap = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    trap.set_nonblocking(true).expect("it is a socket");
    let at = format!("tcp://{}", trap.local_addr().expect("an address")).parse().expect("an entrypoint");
    let mut liar = Peer::new(34);
    let session = liar.join(&node);
    liar.say(session, &Frame::Peers(vec![PeerHint { id: friend_id, entrypoints: vec![at].into() }].into()));
    liar.assert_alive(session);
    let known: Vec<String> = {
        let peers = node.call(&ListPeers {}).peers;
        let of_friend = peers.into_iter().filter(|peer| peer.id == Some(friend_id));
        of_friend.flat_map(|peer| peer.entrypoints).map(|at| at.address.to_string()).collect()
    };
    assert_eq!(known, [friend.address().to_string()], "what our user said, and nothing else");
    assert!(node.id() != friend_id && trap.accept().is_err(), "nobody has called there");
}
