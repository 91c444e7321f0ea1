//! The DHT, and what is in it: names with their claimants' documents, and plain records.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use bitpie::dht::{Bootstrap, Dht, DhtOptions, Directory};
use bitpie::identity::{IdentityDocument, IdentityKey, SEED_BYTES, SealingKey};
use bitpie::nickname::Nickname;
use mainline::async_dht::AsyncDht;
use mainline::{Dht as MainlineDht, MutableItem, SigningKey, Testnet};

/// Nodes that carry the DHT; a record is kept by the twenty that are nearest to its key.
pub const NODES: usize = 60;

/// A complete lookup takes as long, since the first node of the network has told of clients, which do not answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_millis(200);

/// From so many a client hears of the others.
const BOOTSTRAP: usize = 3;

const NETWORK: &str = "bench";

/// Bytes of a plain record: about as many as a claim has.
const RECORD_BYTES: usize = 132;

/// The network.
pub struct Network {
    testnet: Testnet,
    /// Writes what is to be read.
    owner: Directory,
    plain: AsyncDht,
    /// Names and records that have been made.
    made: u32,
    /// Names that have several claimants.
    shared: Vec<(u8, Nickname)>,
    /// Clients that have asked for other things before.
    pub used: Option<(Directory, AsyncDht)>,
}

impl Network {
    /// One in which names with so many claimants each are known.
    ///
    /// # Errors
    /// If anything cannot be written.
    pub async fn new(claimants: &[u8]) -> anyhow::Result<Self> {
        let testnet = Testnet::builder(NODES).build()?;
        let (owner, plain) = (directory(&testnet)?, plain(&testnet)?);
        let mut network = Self { testnet, owner, plain, made: 0, shared: Vec::new(), used: None };
        for count in claimants {
            let name = network.name(*count).await?;
            network.shared.push((*count, name));
        }
        Ok(network)
    }

    /// A client of ours, just started.
    ///
    /// # Errors
    /// If there is no socket.
    pub fn directory(&self) -> anyhow::Result<Directory> {
        directory(&self.testnet)
    }

    /// A client of `mainline`, just started, and set up likewise.
    ///
    /// # Errors
    /// If there is no socket.
    pub fn plain(&self) -> anyhow::Result<AsyncDht> {
        plain(&self.testnet)
    }

    /// A name of which nobody has heard, with so many claimants from the first slot on.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn name(&mut self, claimants: u8) -> anyhow::Result<Nickname> {
        let name: Nickname = format!("name-{}", self.next()).parse()?;
        for index in 0..claimants {
            let key = IdentityKey::from_seed(&self.seed());
            let sealing = SealingKey::derive(&key, 0).public();
            let mut document = IdentityDocument::new(key.id(), sealing, 1, now_unix_ms());
            document.name = Some(name.clone());
            document.contacts = vec!["tcp://127.0.0.1:7771".parse()?].into();
            self.owner.publish(&key, &document.sign(&key).0).await?;
            self.owner.write_slot(&self.owner.slot(&name, index), &key, now_unix_ms()).await?;
        }
        Ok(name)
    }

    /// The name that has so many claimants.
    #[must_use]
    pub fn shared(&self, claimants: u8) -> Nickname {
        self.shared.iter().find(|(count, _)| *count == claimants).expect("it was made at the start").1.clone()
    }

    /// A plain record of which nobody has heard, by its key.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn record(&mut self) -> anyhow::Result<[u8; 32]> {
        let key = SigningKey::from_bytes(&self.seed());
        let item = MutableItem::new(key, &[b'x'; RECORD_BYTES], 1, None);
        let key = *item.key();
        let put = self.plain.put_mutable(item, None).await?;
        ensure!(put.stored_at > 0, "nobody has taken a record");
        Ok(key)
    }

    fn next(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    fn seed(&mut self) -> [u8; SEED_BYTES] {
        let mut seed = [7; SEED_BYTES];
        seed[..4].copy_from_slice(&self.next().to_be_bytes());
        seed
    }
}

fn directory(testnet: &Testnet) -> anyhow::Result<Directory> {
    let options = DhtOptions {
        address: Ipv4Addr::LOCALHOST,
        port: 0,
        bootstrap: Bootstrap::Nodes(testnet.bootstrap[..BOOTSTRAP].to_vec()),
        known: Vec::new(),
        is_server: false,
        request_timeout: REQUEST_TIMEOUT,
    };
    Ok(Directory::new(Dht::open(&options)?, NETWORK))
}

fn plain(testnet: &Testnet) -> anyhow::Result<AsyncDht> {
    let mut builder = MainlineDht::builder();
    builder.bind_address(Ipv4Addr::LOCALHOST).port(0).request_timeout(REQUEST_TIMEOUT);
    Ok(builder.bootstrap(&testnet.bootstrap[..BOOTSTRAP]).build()?.as_async())
}

/// The time of documents and claims.
///
/// # Panics
/// If the clock is before 1970.
#[must_use]
pub fn now_unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    now.as_millis() as u64
}
