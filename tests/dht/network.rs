//! A DHT of nodes on loopback, and clients of it.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bitpie::dht::{Bootstrap, Dht, DhtOptions, Directory};
use bitpie::identity::{IdentityDocument, IdentityKey, SEED_BYTES, SealingKey, VerifiedDocument};
use bitpie::nickname::Nickname;
use mainline::Testnet;

/// Nodes of the DHT; a record is kept by the twenty that are nearest to its key.
pub const NODES: usize = 60;

pub const NETWORK: &str = "test";

pub const REQUEST_TIMEOUT: Duration = Duration::from_millis(200);

pub struct Network {
    pub testnet: Testnet,
}

impl Network {
    pub fn new() -> Self {
        Self::of(NODES)
    }

    pub fn of(nodes: usize) -> Self {
        Self { testnet: Testnet::builder(nodes).build().expect("a DHT on loopback") }
    }

    pub fn client(&self) -> Dht {
        client(self.testnet.bootstrap.iter().take(3).cloned().collect())
    }

    /// A client of two networks that know nothing of each other.
    pub fn client_of_both(&self, other: &Self) -> Dht {
        client([&self.testnet.bootstrap[..3], &other.testnet.bootstrap[..3]].concat())
    }

    pub fn directory(&self) -> Directory {
        Directory::new(self.client(), NETWORK)
    }
}

/// A server at that port, which knows those at the others.
pub fn server_at(port: u16, ports: &[u16]) -> Dht {
    let others = ports.iter().filter(|other| **other != port).map(|port| format!("127.0.0.1:{port}"));
    open_at(port, others.collect(), true)
}

/// A server that knows nobody else, and its address.
pub async fn server() -> (Dht, String) {
    let dht = open(Vec::new(), true);
    let address = dht.local_address().await.to_string();
    (dht, address)
}

/// A node that takes every question and answers none.
pub fn silent() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket on loopback")
}

/// Stands before a node, and loses one packet of four, on the way to it and back.
pub struct Relay {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Relay {
    pub fn new(node: &str, seed: u64) -> Self {
        let node: SocketAddr = node.parse().expect("an address");
        let front = silent();
        front.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        let (address, is_over) = (front.local_addr().expect("an address"), Arc::new(AtomicBool::new(false)));
        let stop = Arc::clone(&is_over);
        std::thread::spawn(move || {
            let (mut asker, mut random, mut buffer) = (None, seed + 1, [0; 2048]);
            while !stop.load(Ordering::Relaxed) {
                let Ok((length, from)) = front.recv_from(&mut buffer) else { continue };
                if from != node {
                    asker = Some(from);
                }
                // The generator of Knuth; its high bits are as good as any.
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let to = if from == node { asker } else { Some(node) };
                if let Some(to) = to.filter(|_| random >> 62 != 0) {
                    let _ = front.send_to(&buffer[..length], to);
                }
            }
        });
        Self { address, is_over }
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

pub fn client(bootstrap: Vec<String>) -> Dht {
    open(bootstrap, false)
}

fn open(bootstrap: Vec<String>, is_server: bool) -> Dht {
    open_at(0, bootstrap, is_server)
}

fn open_at(port: u16, bootstrap: Vec<String>, is_server: bool) -> Dht {
    let options = DhtOptions {
        address: Ipv4Addr::LOCALHOST,
        port,
        bootstrap: Bootstrap::Nodes(bootstrap),
        known: Vec::new(),
        is_server,
        request_timeout: REQUEST_TIMEOUT,
    };
    Dht::open(&options).expect("a socket on loopback")
}

pub fn key(seed: u8) -> IdentityKey {
    IdentityKey::from_seed(&[seed; SEED_BYTES])
}

pub fn alice() -> Nickname {
    "alice".parse().expect("a nickname")
}

pub fn now_unix_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    now.as_millis() as u64
}

pub fn document(key: &IdentityKey, revision: u64, name: Option<Nickname>) -> VerifiedDocument {
    let mut document = IdentityDocument::new(key.id(), SealingKey::derive(key, 0).public(), revision, now_unix_ms());
    document.name = name;
    document.contacts = vec![format!("tcp://127.0.0.1:{}", 7000 + revision).parse().expect("an entrypoint")].into();
    document.sign(key).0
}
