//! The node of the Mainline DHT, by the crate `mainline`: a socket, a routing table, and lookups. Everything here may
//! take its time and be called from any task.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, future};
use mainline::async_dht::AsyncDht;
use mainline::errors::{ConcurrencyError, PutMutableError, PutQueryError};
use mainline::{Dht as MainlineDht, MutableItem, RequestFilter, ServerSettings};
use tokio::time::Instant;

use super::Item;

/// How long a lookup may take as a whole, whatever the nodes do that take part in it.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(20);

/// So long the nearest nodes get at the least when what came in is enough: where all are near by, a processor that is
/// busy takes longer than the network.
const LEAST_WAIT: Duration = Duration::from_millis(20);

/// How often a record is looked up, at most, while too few have answered: what travels by UDP can be lost, and many
/// questions at a time come in a burst.
const ATTEMPTS: usize = 3;

/// More than half of the twenty nodes that keep a record (`K` of `mainline`): what none of so many has is not kept by
/// most of them.
const ENOUGH_ANSWERS: u32 = 11;

/// Different values of one record that a lookup may bring; whoever answers with more wants to keep us busy.
const VALUES_PER_LOOKUP: usize = 64;

/// Nodes that are kept for the next start, at most.
pub const SAVED_NODES: usize = 100;

/// From whom a node of the DHT hears of others at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// The well-known nodes of the public DHT.
    Public,
    /// These, as `HOST:PORT`; nobody if there are none.
    Nodes(Vec<String>),
}

/// How a node of the DHT is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhtOptions {
    /// The address on which it listens. The DHT speaks IPv4 only.
    pub address: Ipv4Addr,
    /// The port (UDP); 0 for any.
    pub port: u16,
    /// From whom it hears of others. Names among them are looked up when it opens, which may take as long as DNS does;
    /// whoever is to be told of those that are not found looks them up before.
    pub bootstrap: Bootstrap,
    /// Nodes that answered the last time.
    pub known: Vec<String>,
    /// It keeps records of others, and answers them.
    pub is_server: bool,
    /// How long a single node may take to answer.
    pub request_timeout: Duration,
}

/// A node of the DHT. Cheap to clone; it ends with the last clone.
#[derive(Clone)]
pub struct Dht {
    node: AsyncDht,
}

/// What a lookup has brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Values behind their sequence numbers, and how many nodes gave each. Their signatures hold, which for a slot
    /// means nothing.
    pub values: BTreeMap<(i64, Vec<u8>), u32>,
    /// Nodes that were asked, and those of them that have answered, with a value or without: of the attempt to which
    /// most have.
    pub asked: u32,
    /// See `asked`.
    pub answered: u32,
    /// So many have answered that what none of them has counts as not there. Otherwise it is not known what there is,
    /// besides what was brought.
    pub is_answered: bool,
}

/// How many of those who were asked in one attempt have answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    /// All of them, or more than half of those who keep a record.
    Enough,
    /// Two of three. If it is so twice, those who are silent are most likely gone.
    Most,
    /// Some.
    Few,
    /// Nobody.
    None,
}

impl Share {
    fn of(answered: u32, asked: u32) -> Self {
        match answered {
            0 => Self::None,
            ENOUGH_ANSWERS.. => Self::Enough,
            _ if answered >= asked => Self::Enough,
            _ if answered * 3 >= asked * 2 => Self::Most,
            _ => Self::Few,
        }
    }
}

/// Whether what a lookup has brought so far is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enough {
    /// It is not.
    No,
    /// If those who are nearest to the key say nothing else. They have what was written last, and are asked last.
    Nearly,
    /// Nobody is waited for.
    Yes,
}

impl Bootstrap {
    /// The names, as `HOST:PORT`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Public => mainline::DEFAULT_BOOTSTRAP_NODES.map(str::to_owned).to_vec(),
            Self::Nodes(nodes) => nodes.clone(),
        }
    }
}

impl Found {
    /// The highest sequence number.
    #[must_use]
    pub fn highest_sequence(&self) -> Option<i64> {
        self.values.keys().next_back().map(|(sequence, _)| *sequence)
    }

    /// Another attempt has brought this. A node that has answered both times counts once.
    fn add(&mut self, other: Self) {
        for (value, nodes) in other.values {
            let known = self.values.entry(value).or_default();
            *known = nodes.max(*known);
        }
        while self.values.len() > VALUES_PER_LOOKUP {
            self.values.pop_first();
        }
        if other.answered >= self.answered {
            (self.answered, self.asked) = (other.answered, other.asked);
        }
    }
}

impl Dht {
    /// Opens the socket.
    ///
    /// # Errors
    /// If the port is taken, or the address is none of this machine.
    pub fn open(options: &DhtOptions) -> io::Result<Self> {
        let port = if options.is_server { own_port(options)? } else { options.port };
        let mut builder = MainlineDht::builder();
        builder.bind_address(options.address).port(port).request_timeout(options.request_timeout);
        // A port that cannot be had makes the library panic in one of its threads, so it is tried here first.
        drop(UdpSocket::bind((options.address, port))?);
        match &options.bootstrap {
            // Named, since otherwise nodes that are known would take their place.
            Bootstrap::Public => {
                builder.bootstrap(&mainline::DEFAULT_BOOTSTRAP_NODES);
            }
            Bootstrap::Nodes(nodes) if options.is_server => {
                builder.bootstrap(&[nodes.clone(), vec![own_address(options.address, port)]].concat());
            }
            Bootstrap::Nodes(nodes) if nodes.is_empty() && options.known.is_empty() => {
                builder.no_bootstrap();
            }
            Bootstrap::Nodes(nodes) => {
                builder.bootstrap(nodes);
            }
        }
        if !options.known.is_empty() {
            builder.extra_bootstrap(&options.known);
        }
        if options.is_server {
            builder.server_mode();
        } else {
            // A client that finds out that others reach it would begin to serve them by itself.
            builder.server_settings(ServerSettings { filter: Box::new(AnswerNobody), ..ServerSettings::default() });
        }
        Ok(Self { node: builder.build()?.as_async() })
    }

    /// Where it listens.
    pub async fn local_address(&self) -> SocketAddrV4 {
        self.node.info().await.local_addr()
    }

    /// Whether anybody answers. The routing table is no answer: it remembers those who have gone for a quarter of an
    /// hour.
    pub async fn is_anybody_there(&self) -> bool {
        let mut key = [0; 32];
        let id = *self.node.info().await.id();
        key[..20].copy_from_slice(id.as_bytes());
        for _ in 0..ATTEMPTS {
            if self.look_up(&key, |_| Enough::Yes).await.1 != Share::None {
                return true;
            }
        }
        false
    }

    /// Nodes that answered lately, as `ADDRESS:PORT`.
    pub async fn nodes(&self) -> Vec<String> {
        let mut nodes = self.node.to_bootstrap().await;
        nodes.truncate(SAVED_NODES);
        nodes
    }

    /// Looks a record up, until everybody who is near to its key has answered or had the time to.
    pub async fn read(&self, key: &[u8; 32]) -> Found {
        self.read_until(key, |_| Enough::No).await
    }

    /// Looks a record up, until what came in is enough; if it is nearly enough, for as long again as that took. Whoever
    /// has not answered until then is not waited for; a node that has gone would take its whole time.
    ///
    /// A lookup to which too few answer is tried again; nothing is concluded from the silence of the others.
    pub async fn read_until(&self, key: &[u8; 32], enough: impl Fn(&Found) -> Enough) -> Found {
        let mut found = Found::default();
        let mut shares = Vec::with_capacity(ATTEMPTS);
        let began = Instant::now();
        while shares.len() < ATTEMPTS && began.elapsed() < LOOKUP_TIMEOUT {
            let (brought, share) = self.look_up(key, &enough).await;
            found.add(brought);
            shares.push(share);
            let times = |share| shares.iter().filter(|other| **other == share).count();
            found.is_answered = share == Share::Enough || times(Share::Most) > 1;
            if found.is_answered || times(Share::None) > 1 {
                break;
            }
        }
        found
    }

    /// One attempt.
    async fn look_up(&self, key: &[u8; 32], enough: impl Fn(&Found) -> Enough) -> (Found, Share) {
        let mut found = Found::default();
        let began = Instant::now();
        let mut lookup = self.node.get_mutable_detailed(key, None, None);
        // The thread of `mainline` may notice only after 50 ms that it is asked. It answers in turn, so with this
        // answer the lookup is on its way.
        let asked_at = Cell::new(None);
        let notice = async {
            self.node.info().await;
            asked_at.set(Some(Instant::now()));
        };
        let collect = async {
            let mut over_at = None;
            while let Some(item) = next_before(&mut lookup.items, over_at).await {
                let value = (item.seq(), item.value().to_vec());
                *found.values.entry(value).or_default() += 1;
                // The highest sequence numbers are what counts.
                if found.values.len() > VALUES_PER_LOOKUP {
                    found.values.pop_first();
                }
                over_at = match enough(&found) {
                    Enough::No => None,
                    Enough::Nearly => over_at.or_else(|| {
                        let took = asked_at.get().unwrap_or(began).elapsed();
                        Some(Instant::now() + took.max(LEAST_WAIT))
                    }),
                    Enough::Yes => return Share::Enough,
                };
            }
            if over_at.is_some() {
                return Share::Enough;
            }
            let outcome = lookup.outcome.recv().await;
            // A node that answers with an error has not said what it keeps.
            (found.answered, found.asked) = (outcome.valid_responses(), outcome.queried);
            Share::of(found.answered, found.asked)
        };
        let over = within(future::join(collect, notice)).await;
        let share = match over {
            Some((share, ())) => share,
            None if found.values.is_empty() => Share::None,
            None => Share::Few,
        };
        tracing::debug!(
            key = %data_encoding::HEXLOWER.encode(&key[..4]),
            values = found.values.len(),
            found.answered,
            found.asked,
            is_over = over.is_some(),
            is_enough = share == Share::Enough,
            took_ms = began.elapsed().as_millis(),
            "looked up in the DHT"
        );
        (found, share)
    }

    /// Writes a record to those who are nearest to its key. `replaces` is the sequence number that it takes the place
    /// of: whoever holds another refuses it. Says how many have taken it.
    ///
    /// # Errors
    /// If nobody has.
    pub async fn write(&self, item: &Item, replaces: Option<i64>) -> Result<u32, WriteError> {
        let item = MutableItem::new_signed_unchecked(item.key, item.signature, &item.value, item.sequence, None);
        match within(self.node.put_mutable(item, replaces)).await {
            Some(Ok(outcome)) => Ok(outcome.stored_at),
            // `mainline` knows two refusals, and says of all others that there was no answer.
            Some(Err(PutMutableError::Query(PutQueryError::Timeout))) => Err(WriteError::NoneTook),
            Some(Err(PutMutableError::Concurrency(ConcurrencyError::CasFailed))) => Err(WriteError::HoldOther),
            Some(Err(error)) => Err(WriteError::Refused { why: error.to_string() }),
            None => Err(WriteError::TimedOut),
        }
    }
}

/// Why a record was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nobody took it.
    #[error("nobody in the DHT has taken the record: {why}")]
    Refused {
        /// Why.
        why: String,
    },
    /// Whoever has answered has refused it, for another reason than its sequence number.
    #[error(
        "nobody in the DHT has taken the record: there was no answer, or nothing but refusals (its signature or its size)"
    )]
    NoneTook,
    /// Most of those who keep it hold another sequence number than the one whose place it was to take: somebody has
    /// written meanwhile, or what was written before has not reached them all.
    #[error("most nodes of the DHT that keep the record hold another one than it was to replace")]
    HoldOther,
    /// There was no answer in time.
    #[error("nobody in the DHT has answered within {} s", LOOKUP_TIMEOUT.as_secs())]
    TimedOut,
}

/// The port of a server, which has to be known before its socket is opened.
fn own_port(options: &DhtOptions) -> io::Result<u16> {
    match options.port {
        0 => Ok(UdpSocket::bind((options.address, 0))?.local_addr()?.port()),
        port => Ok(port),
    }
}

/// Where a server asks itself. It keeps records like any other, so it has to be asked too, and nobody else may be there
/// to name it. Besides, `mainline` takes a node that has nobody to ask for the first one of all, which takes whoever
/// asks it for a node: clients, which answer nobody, and for whom everybody would wait at each lookup.
fn own_address(address: Ipv4Addr, port: u16) -> String {
    let address = if address.is_unspecified() { Ipv4Addr::LOCALHOST } else { address };
    SocketAddrV4::new(address, port).to_string()
}

/// The next of them; nothing if there is none any more, or none in time.
async fn next_before<T>(items: &mut (impl Stream<Item = T> + Unpin), over_at: Option<Instant>) -> Option<T> {
    match over_at {
        Some(over_at) => tokio::time::timeout_at(over_at, items.next()).await.ok().flatten(),
        None => items.next().await,
    }
}

async fn within<T>(what: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(LOOKUP_TIMEOUT, what).await.ok()
}

/// Nobody is served.
#[derive(Clone, Debug)]
struct AnswerNobody;

impl RequestFilter for AnswerNobody {
    fn allow_request(&self, _: &mainline::RequestSpecific, _: SocketAddrV4) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_have_to_answer() {
        let cases = [
            (0, 0, Share::None),
            (0, 3, Share::None),
            (1, 1, Share::Enough),
            (1, 2, Share::Few),
            (1, 3, Share::Few),
            (2, 3, Share::Most),
            (3, 3, Share::Enough),
            (5, 9, Share::Few),
            (6, 9, Share::Most),
            (10, 40, Share::Few),
            (11, 40, Share::Enough),
        ];
        for (answered, asked, expected) in cases {
            assert_eq!(Share::of(answered, asked), expected, "{answered} of {asked}");
        }
    }

    #[test]
    fn a_node_that_has_answered_twice_counts_once() {
        let found = |values: &[(i64, u32)], answered, asked| Found {
            values: values.iter().map(|(sequence, nodes)| ((*sequence, b"value".to_vec()), *nodes)).collect(),
            answered,
            asked,
            is_answered: false,
        };
        let mut all = found(&[(1, 2)], 2, 3);
        all.add(found(&[(1, 1), (2, 1)], 1, 3));
        assert_eq!(all, found(&[(1, 2), (2, 1)], 2, 3));
    }
}
