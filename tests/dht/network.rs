//! A DHT of nodes on loopback, and clients of it.

use std::net::Ipv4Addr;
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
        client(self.testnet.bootstrap[..3].to_vec())
    }

    /// A client of two networks that know nothing of each other.
    pub fn client_of_both(&self, other: &Self) -> Dht {
        client([&self.testnet.bootstrap[..3], &other.testnet.bootstrap[..3]].concat())
    }

    pub fn directory(&self) -> Directory {
        Directory::new(self.client(), NETWORK)
    }
}

fn client(bootstrap: Vec<String>) -> Dht {
    let options = DhtOptions {
        address: Ipv4Addr::LOCALHOST,
        port: 0,
        bootstrap: Bootstrap::Nodes(bootstrap),
        known: Vec::new(),
        is_server: false,
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
