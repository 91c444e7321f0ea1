//! Names: nodes that find one another in a DHT of sixty nodes on loopback.

mod cells;
mod denied;
mod governed;
mod people;
mod revisions;
mod taken;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use bitpie::api::answers::{FoundNames as Found, NicknameStatus};
use bitpie::api::methods::{FindName, FoundNames, SetNickname, ShowNickname};
use bitpie::dht::{Bootstrap, Dht, DhtOptions, Directory, NicknameClaim, Slot};
use bitpie::identity::{IdentityDocument, IdentityKey, NodeId, SEED_BYTES, SealingKey};
use bitpie::nickname::Nickname;
use bitpie::nickname::NicknameResult;
use mainline::Testnet;
use tokio::runtime::Runtime;

use super::nodes::{self, Node};
use super::peer::now_unix_ms;

/// A record is kept by the twenty nodes that are nearest to its key.
const DHT_NODES: usize = 60;

fn alice() -> Nickname {
    "alice".parse().expect("a nickname")
}

fn bob() -> Nickname {
    "bob".parse().expect("a nickname")
}

/// The identity of somebody else.
fn key(seed: u8) -> IdentityKey {
    IdentityKey::from_seed(&[seed; SEED_BYTES])
}

/// Nodes that carry the DHT.
pub(super) struct Network(Testnet);

impl Network {
    pub(super) fn new() -> Self {
        Self(Testnet::builder(DHT_NODES).build().expect("a DHT on loopback"))
    }

    /// Of whom a node hears first. A client asks all of them at each lookup, as long as it does not know more than so
    /// many that are near; so they are few.
    fn bootstrap(&self) -> &[String] {
        &self.0.bootstrap[..3]
    }

    /// A node of ours that is a client of it, and runs.
    pub(super) fn node(&self) -> Node {
        self.node_with(&[])
    }

    /// The same, with more settings.
    pub(super) fn node_with(&self, settings: &[(&str, &str)]) -> Node {
        let mut node = node(self.bootstrap(), settings);
        node.start();
        node
    }

    /// Somebody who writes into the DHT what they like.
    fn stranger(&self) -> Stranger {
        Stranger::new(self.bootstrap(), "test")
    }
}

/// A node of ours that hears of the DHT from these, and does not run yet.
fn node(bootstrap: &[String], settings: &[(&str, &str)]) -> Node {
    let bootstrap = format!("{bootstrap:?}");
    let always = [("services/entangled-dht/bootstrap", &*bootstrap), ("testing/nickname-check", "\"2s\"")];
    Node::with(&[&always[..], settings].concat())
}

/// Somebody who writes into the DHT what they like: what no honest node does too.
struct Stranger {
    runtime: Runtime,
    network: String,
    directory: Directory,
}

impl Stranger {
    fn new(bootstrap: &[String], network: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let dht = Dht::open(&dht_options(bootstrap.to_vec(), 0, false)).expect("a socket on loopback");
        let directory = runtime.block_on(async { Directory::new(dht, network) });
        Self { runtime, network: network.to_owned(), directory }
    }

    /// Overwrites a slot.
    fn overwrite(&self, slot: u8, value: &[u8], sequence: i64) {
        let item = Slot::new(&self.network, alice(), slot).item(value, sequence).expect("it fits");
        self.runtime.block_on(self.directory.dht().write(&item, None)).expect("anybody can write");
    }

    /// The highest sequence number in a slot.
    fn sequence(&self, slot: u8) -> Option<i64> {
        let slot = Slot::new(&self.network, alice(), slot);
        self.runtime.block_on(self.directory.dht().read(&slot.public_key())).highest_sequence()
    }

    /// Publishes the identity document of a key: what it calls itself, and where it says that it can be reached.
    fn publish(&self, key: &IdentityKey, name: Option<Nickname>, addresses: &[std::net::SocketAddr]) {
        let sealing = SealingKey::derive(key, 0).public();
        let mut document = IdentityDocument::new(key.id(), sealing, now_unix_ms() / 1000, now_unix_ms());
        document.name = name;
        let entrypoints = addresses.iter().map(|at| format!("tcp://{at}").parse().expect("an entrypoint"));
        document.contacts = entrypoints.collect::<Vec<_>>().into();
        let (document, _) = document.sign(key);
        self.runtime.block_on(self.directory.publish(key, &document)).expect("it is published");
    }

    /// Claims a slot of the name `alice` for a key, at a time.
    fn claim(&self, key: &IdentityKey, slot: u8, at_unix_ms: u64, sequence: i64) {
        let claim = NicknameClaim::new(&self.network, alice(), slot, key.id(), at_unix_ms).sign(key);
        self.overwrite(slot, claim.as_bytes(), sequence);
    }
}

/// How a node of the DHT is set up that is none of ours.
fn dht_options(bootstrap: Vec<String>, port: u16, is_server: bool) -> DhtOptions {
    DhtOptions {
        address: Ipv4Addr::LOCALHOST,
        port,
        bootstrap: Bootstrap::Nodes(bootstrap),
        known: Vec::new(),
        is_server,
        request_timeout: Duration::from_millis(200),
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
        self.had().filter(|_| ["FRESH", "HELD"].contains(&self.nickname().state.as_str()))
    }

    /// The slot that it had when it looked last, even if it looks again just now.
    pub fn had(&self) -> Option<u8> {
        let nickname = self.nickname();
        nickname.index.filter(|_| matches!(nickname.result, Some(NicknameResult::Own | NicknameResult::Registered)))
    }

    pub fn until_held(&self) -> u8 {
        self.until("its nickname is held", |node| node.held().is_some());
        self.held().expect("it was")
    }

    /// Waits until the holder of its nickname is in that state.
    pub fn until_holder_is(&self, state: &str) {
        self.until(&format!("the holder of its nickname is in {state}"), |node| node.nickname().state == state);
    }

    pub fn is_published(&self) -> bool {
        self.status().dht.identity == "PUBLISHED"
    }

    pub fn find(&self, name: &Nickname, first: bool) -> Found {
        self.until("it is in the DHT", |node| node.status().dht.state == "JOINED");
        self.found(self.call(&FindName { name: name.clone(), first }).search)
    }

    /// What a search has found when it is over.
    pub fn found(&self, search: u64) -> Found {
        let mut seen = 0;
        nodes::until("the search is over", || {
            let found = self.call(&FoundNames { search, seen: Some(seen), wait_ms: 5_000 });
            seen = found.seen;
            found.over.then_some(found)
        })
    }

    /// Everybody whom it finds, by slot.
    pub fn finds(&self, name: &Nickname) -> BTreeMap<u8, NodeId> {
        self.find(name, false).claimants.into_iter().map(|claimant| (claimant.index, claimant.id)).collect()
    }
}
