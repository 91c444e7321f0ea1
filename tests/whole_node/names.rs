//! Names: nodes that find one another in a DHT of sixty nodes on loopback.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use bitpie::api::answers::{FoundNames as Found, NicknameResult, NicknameStatus};
use bitpie::api::methods::{ClearNickname, FindName, FoundNames, SetNickname, ShowNickname};
use bitpie::dht::{Bootstrap, Dht, DhtOptions, NicknameClaim, Slot};
use bitpie::identity::{IdentityKey, NodeId, SEED_BYTES};
use bitpie::nickname::Nickname;
use mainline::Testnet;

use super::nodes::Node;

/// A record is kept by the twenty nodes that are nearest to its key.
const DHT_NODES: usize = 60;

fn alice() -> Nickname {
    "alice".parse().expect("a nickname")
}

/// Nodes that carry the DHT.
struct Network(Testnet);

impl Network {
    fn new() -> Self {
        Self(Testnet::builder(DHT_NODES).build().expect("a DHT on loopback"))
    }

    /// A node of ours that is a client of it, and runs.
    fn node(&self) -> Node {
        // A client asks all of its first nodes at each lookup, as long as it does not know more than so many that are near; so they are few.
        let bootstrap: Vec<String> = self.0.bootstrap.iter().take(3).map(|address| format!("\"{address}\"")).collect();
        let bootstrap = format!("[{}]", bootstrap.join(", "));
        let mut node =
            Node::with(&[("services/entangled-dht/bootstrap", &bootstrap), ("testing/nickname-check", "\"2s\"")]);
        node.start();
        node
    }

    /// Somebody who writes into the DHT what they like.
    fn stranger(&self) -> Dht {
        let options = DhtOptions {
            address: Ipv4Addr::LOCALHOST,
            port: 0,
            bootstrap: Bootstrap::Nodes(self.0.bootstrap[..3].to_vec()),
            known: Vec::new(),
            is_server: false,
            request_timeout: Duration::from_millis(200),
        };
        Dht::open(&options).expect("a socket on loopback")
    }

    /// Overwrites a slot.
    fn overwrite(&self, slot: u8, value: &[u8], sequence: i64) {
        let item = Slot::new("test", alice(), slot).item(value, sequence).expect("it fits");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { self.stranger().write(&item, None).await }).expect("anybody can write");
    }
}

impl Node {
    pub fn wish(&self, name: &Nickname) {
        self.call(&SetNickname { name: name.clone() });
    }

    pub fn nickname(&self) -> NicknameStatus {
        self.call(&ShowNickname { wait_ms: 0 })
    }

    /// The slot that it holds.
    pub fn held(&self) -> Option<u8> {
        let nickname = self.nickname();
        let is_ours = matches!(nickname.result, Some(NicknameResult::Own | NicknameResult::Registered));
        nickname.index.filter(|_| nickname.state == "HELD" && is_ours)
    }

    pub fn until_held(&self) -> u8 {
        self.until("its nickname is held", |node| node.held().is_some());
        self.held().expect("it was")
    }

    pub fn is_published(&self) -> bool {
        self.status().dht.identity == "PUBLISHED"
    }

    pub fn find(&self, name: &Nickname, first: bool) -> Found {
        self.until("it is in the DHT", |node| node.status().dht.state == "JOINED");
        let search = self.call(&FindName { name: name.clone(), first }).search;
        let mut seen = 0;
        loop {
            let found = self.call(&FoundNames { search, seen: Some(seen), wait_ms: 5_000 });
            if found.over {
                return found;
            }
            seen = found.seen;
        }
    }

    /// Everybody whom it finds, by slot.
    pub fn finds(&self, name: &Nickname) -> BTreeMap<u8, NodeId> {
        self.find(name, false).claimants.into_iter().map(|claimant| (claimant.index, claimant.id)).collect()
    }
}

#[test]
fn a_name_is_all_that_it_takes_to_talk() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.wish(&alice());
    assert_eq!(a.until_held(), 0);
    let id = a.id();

    // By the command line, as a user would.
    let found = b.output(&["find", "alice", "--json"]);
    let found: Found = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found.claimants.len(), 1);
    assert_eq!((found.claimants[0].id, found.claimants[0].index, found.complete), (id, 0, true));
    // Nobody has confirmed the fingerprint.
    let refused = b.command(&["msg", "send", "alice", "hello"]).output().expect("it can be run");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("--yes"), "{said}");
    assert!(b.all_messages().is_empty());
    // And now somebody has.
    b.output(&["msg", "send", "alice", "hello", "--yes"]);
    a.until("somebody would like to talk", |node| node.status().contacts.requests == 1);

    let contact = b.contact(id).expect("alice is pinned");
    assert_eq!(contact.name, Some(alice()));
    // It is known now whether she is there.
    b.until("she answers", |node| {
        node.find(&alice(), true).claimants.iter().all(|claimant| claimant.answers == Some(true))
    });
}

#[test]
fn ten_who_want_one_name_at_the_same_moment_get_a_place_each() {
    let network = Network::new();
    let mut nodes: Vec<Node> = (0..10).map(|_| network.node()).collect();
    for node in &nodes {
        node.until("its identity is in the DHT", Node::is_published);
    }
    for node in &nodes {
        node.wish(&alice());
    }
    let mine: BTreeMap<NodeId, usize> = nodes.iter_mut().map(Node::id).enumerate().map(|(at, id)| (id, at)).collect();
    let agree = |nodes: &[Node]| {
        let held: Vec<Option<u8>> = nodes.iter().map(Node::held).collect();
        let places: BTreeSet<u8> = held.iter().flatten().copied().collect();
        places.len() == nodes.len().min(10)
            && nodes.iter().all(|node| {
                let found = node.finds(&alice());
                found.len() == nodes.len() && found.iter().all(|(place, id)| held[mine[id]] == Some(*place))
            })
    };
    super::nodes::until("each has a place, and all agree who has which", || agree(&nodes).then_some(()));
}

#[test]
fn a_name_is_changed_and_given_up() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    let bob: Nickname = "bob".parse().expect("a nickname");
    a.wish(&alice());
    a.until_held();
    a.wish(&bob);
    b.until("the new name is found", |node| node.finds(&bob).len() == 1);
    assert_eq!(b.finds(&alice()), BTreeMap::new());
    // It outlives the node for a while, and is its own when it is back.
    a.stop();
    assert_eq!(b.finds(&bob).len(), 1);
    a.start();
    a.until_held();
    assert_eq!(a.nickname().result, Some(NicknameResult::Own));
    a.call(&ClearNickname {});
    b.until("it is given up", |node| node.finds(&bob).is_empty());
}

#[test]
fn whatever_others_write_into_a_place_its_owner_takes_it_back() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.wish(&alice());
    assert_eq!(a.until_held(), 0);
    let id = a.id();
    let is_back = |node: &Node| node.finds(&alice()) == BTreeMap::from([(0, id)]);
    // Garbage; and a true claim of somebody whose own document does not name the nickname.
    let mallory = IdentityKey::from_seed(&[7; SEED_BYTES]);
    let now = bitpie::runtime::clock::unix_ms();
    let claim = NicknameClaim::new("test", alice(), 0, mallory.id(), now).sign(&mallory);
    for (sequence, value) in [(100, b"garbage".as_slice()), (200, claim.as_bytes())] {
        network.overwrite(0, value, sequence);
        b.until("it is taken back", is_back);
    }
    // The last sequence number there is: nobody can write here any more, and she moves on.
    network.overwrite(0, b"nobody", i64::MAX);
    b.until("she has moved", |node| node.finds(&alice()) == BTreeMap::from([(1, id)]));
    a.until("she knows", |node| node.held() == Some(1));
}

#[test]
fn a_friend_who_has_moved_is_found_by_the_document() {
    let network = Network::new();
    let (mut a, mut b) = (network.node(), network.node());
    let id = a.id();
    // Nothing but the id is known.
    b.until("it is in the DHT", |node| node.status().dht.state == "JOINED");
    a.until("its identity is in the DHT", Node::is_published);
    b.add(&format!("bitpie:{id}"), "a");
    b.until_online(id);
    // Another port: whoever has the old address finds nobody there.
    a.stop();
    let port = super::nodes::free_port();
    a.set("services/tcp-transport/port", Some(&port.to_string()));
    a.start();
    b.until_online(id);
    b.stop();
}
