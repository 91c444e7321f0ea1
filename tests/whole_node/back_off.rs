//! A contact who is not there is tried less and less often, and a restart of the node is no reason to hammer.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use bitpie::api::answers::{Peer, Peers};
use bitpie::api::methods::ListPeers;
use bitpie::identity::{IdentityKey, NodeId};

use super::nodes::Node;
use super::peer::now_unix_ms;

/// Rounds that fail before the restart: after the fourth, a node rests for so long that it is started again before, on
/// a busy machine too.
const ROUNDS: u32 = 4;

/// What is left of a rest when the node is restarted, at the least: longer than the first of all rests.
const LEFT_MS: u64 = 8_000;

/// What two clocks, of the machine and of the node, may differ by.
const TOLERANCE_MS: u64 = 100;

/// Where somebody should be: whoever comes is noted, and shown out at once.
struct Door {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<u64>>>,
}

impl Door {
    /// It ends with the test's process.
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
        let address = listener.local_addr().expect("it is bound");
        let calls = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&calls);
        std::thread::spawn(move || {
            for caller in listener.incoming() {
                noted.lock().expect("nobody panics with it").push(now_unix_ms());
                drop(caller);
            }
        });
        Self { address, calls }
    }

    /// When somebody came, in milliseconds of unix time.
    fn calls(&self) -> Vec<u64> {
        self.calls.lock().expect("nobody panics with it").clone()
    }

    fn idurl(&self, id: NodeId) -> String {
        format!("bitpie:{id}?at=tcp://{}", self.address)
    }
}

fn somebody(seed: u8) -> NodeId {
    IdentityKey::from_seed(&[seed; 32]).id()
}

fn known(node: &Node, id: NodeId) -> Option<Peer> {
    let Peers { peers } = node.call(&ListPeers {});
    peers.into_iter().find(|peer| peer.id == Some(id))
}

/// Waits until so many rounds have failed and the node rests. When it is to try again.
fn until_it_rests(node: &Node, id: NodeId, rounds: u32) -> u64 {
    let mut next = None;
    node.until("it rests", |node| {
        let peer = known(node, id).expect("it is a contact");
        next = peer.next_attempt_unix_ms.filter(|_| peer.failures >= rounds);
        next.is_some()
    });
    next.expect("it rests")
}

#[test]
fn a_rest_that_was_stopped_goes_on_after_the_start() {
    a_rest_goes_on(false);
}

#[test]
fn a_rest_that_was_killed_goes_on_after_the_start() {
    a_rest_goes_on(true);
}

fn a_rest_goes_on(is_killed: bool) {
    let (door, absent) = (Door::new(), somebody(210));
    let mut node = Node::started();
    node.add(&door.idurl(absent), "absent");
    let next = until_it_rests(&node, absent, ROUNDS);
    assert!(next > now_unix_ms() + LEFT_MS, "after these rounds it rests for longer");
    let calls = door.calls().len();
    assert!(calls >= ROUNDS as usize, "each round is an attempt: {:?}", door.calls());
    // What was said before this is on disk.
    node.contact(absent);
    if is_killed {
        node.kill();
    } else {
        node.stop();
    }

    node.start();
    let peer = known(&node, absent).expect("it is known");
    assert_eq!((peer.failures, peer.next_attempt_unix_ms), (ROUNDS, Some(next)));
    // Somebody new is called at once: nobody has tried that address before.
    let (new_door, newcomer) = (Door::new(), somebody(211));
    node.add(&new_door.idurl(newcomer), "newcomer");
    node.until("the newcomer is called", |_| !new_door.calls().is_empty());
    assert!(new_door.calls()[0] < next, "at once");

    node.until("it is tried again", |_| door.calls().len() > calls);
    let again = door.calls()[calls];
    assert!(again + TOLERANCE_MS >= next, "tried {} ms before the rest was over", next - again);
    // That one fails too, and the node does not begin anew with the shortest rest.
    let after = until_it_rests(&node, absent, ROUNDS + 1);
    assert!(after > again + LEFT_MS, "it rests for {} ms", after - again);
}

/// Of somebody who has moved there is nothing to be waited for.
#[test]
fn a_new_address_of_a_contact_that_is_rested_from_is_tried_at_once() {
    let (door, other_door, absent) = (Door::new(), Door::new(), somebody(212));
    let node = Node::started();
    node.add(&door.idurl(absent), "absent");
    let next = until_it_rests(&node, absent, ROUNDS);
    node.add(&other_door.idurl(absent), "absent");
    node.until("the new address is called", |_| !other_door.calls().is_empty());
    assert!(other_door.calls()[0] < next, "at once");
}
