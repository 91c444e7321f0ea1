//! The one loop that joins core and world: whatever happens becomes an input, whatever the core asks for is carried out.
//!
//! Everything here runs on one thread. Work that waits (for the store, for a way out) is a future among `tasks`, and what comes of it is
//! an input again, so the core sees everything in one order.

mod commands;
mod commits;
mod dht;
mod events;
mod outside;
mod receipts;
mod sending;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use crate::abort_points::{AbortPoint, reach};
use crate::api::methods::Call;
use crate::dht::{Bootstrap, Directory};
use crate::identity::{NodeId, VerifiedDocument};
use crate::nickname::Nickname;
use crate::node::Node;
use crate::store::StoreHandle;
use crate::transports::lan::{LanDiscovery, LanEvent};
use crate::transports::tcp::TcpTransport;
use crate::transports::{TransportEvent, Waiting};
use crate::wire::{Frame, PacketId};
use crate::world::{IdentityBuilt, Input, RequestId, UserRequest};

use super::inbound::Proved;
use super::our_identity::{self, Keys};
use super::pending::Pending;
use super::recording::{Recorder, Recording};
use super::searches::Searches;
use crate::home::Home;
use crate::home::clock::{Clock, unix_ms};
use crate::home::config::{Config, Settings};
use crate::home::logging::Log;
use receipts::ReceiptsOnTheirWay;
use sending::{Sealer, Sent};

/// What comes of something that was waited for.
pub(super) enum Done {
    /// Nothing that the core has to know.
    Nothing,
    /// These things happened.
    Inputs(Vec<Input>),
    /// Our identity document was built.
    Built(our_identity::Built),
    /// A message is sealed, or cannot be.
    Sealed { session: u64, message: PacketId, bytes: Option<Vec<u8>> },
    /// These read receipts wait.
    Receipts(Vec<receipts::Receipt>),
    /// Messages, contacts or their states changed: whoever waits looks again. And these things happened.
    Changed(Vec<Input>),
    /// The settings changed.
    Settings(Box<Config>),
    /// The socket of the DHT is open, or cannot be.
    DhtOpened(std::io::Result<(Directory, SocketAddr)>),
    /// All slots of a search have answered.
    SlotsRead { search: u64 },
    /// A slot of a search has answered.
    SlotRead { search: u64, index: u8, document: Option<VerifiedDocument>, rest: dht::Answers },
    /// It is known who is to be pinged.
    Ping {
        peer: NodeId,
        name: Option<crate::nickname::Nickname>,
        asked_ms: u64,
        reply: tokio::sync::oneshot::Sender<Result<serde_json::Value, crate::api::errors::RpcError>>,
    },
}

pub(super) type Task = Pin<Box<dyn Future<Output = Done>>>;

/// Everything that the loop holds.
pub struct Driver {
    pub(super) node: Node<Recorder>,
    pub(super) clock: Clock,
    pub(super) started_unix_ms: u64,
    pub(super) keys: Keys,
    pub(super) sealer: Sealer,
    sent: Sent,
    pub(super) document: VerifiedDocument,
    pub(super) store: StoreHandle,
    pub(super) home: Home,
    pub(super) config: Config,
    pub(super) settings: Settings,
    pub(super) log: Option<Log>,
    pub(super) tasks: FuturesUnordered<Task>,
    pub(super) pending: Pending,
    pub(super) changes: watch::Sender<u64>,
    pub(super) frames_out: u64,
    pub(super) refused_connections: BTreeMap<String, u64>,
    pub(super) directory: Option<Directory>,
    pub(super) searches: Searches,
    /// What the holder of our nickname has asked; a new question takes the place of the one before.
    nickname_question: FuturesUnordered<Task>,
    /// From whom the DHT that is open has heard of others; the settings may have changed since.
    dht_of: Bootstrap,
    /// Where the socket of the DHT is.
    pub(super) dht_at: Option<SocketAddr>,
    /// Questions to the DHT. They are not waited for when the node ends.
    dht_tasks: FuturesUnordered<Task>,
    /// Searches whose slots are waited for.
    reading: BTreeSet<u64>,
    /// Slots of nicknames into which a claim was written that may still be there.
    written: Rc<RefCell<BTreeSet<(Nickname, u8)>>>,
    transport: TcpTransport,
    lan: LanDiscovery,
    listen_at: SocketAddr,
    may_move_port: bool,
    recording: Recording,
    proved: HashMap<u64, Proved>,
    receipts: ReceiptsOnTheirWay,
    /// Counts what has just come in against its session. Whoever goes on with it beyond this moment takes it, and so holds the sender back.
    arriving: Option<Waiting>,
    interfaces: Vec<std::net::IpAddr>,
    requests: u64,
    has_stopped: bool,
    pub(super) is_ending: bool,
}

/// What the driver is made of.
pub struct Parts {
    /// The core.
    pub node: Node<Recorder>,
    /// The clock that it goes by.
    pub clock: Clock,
    /// Our keys.
    pub keys: Keys,
    /// Our identity document.
    pub document: VerifiedDocument,
    /// Where everything is kept.
    pub store: StoreHandle,
    /// The home folder.
    pub home: Home,
    /// The settings, as they stand in the file.
    pub config: Config,
    /// The same, with types.
    pub settings: Settings,
    /// The log, if it is ours.
    pub log: Option<Log>,
    /// The trace.
    pub recording: Recording,
    /// The transport over TCP.
    pub transport: TcpTransport,
    /// Discovery in the local network.
    pub lan: LanDiscovery,
    /// Tells whoever waits for messages.
    pub changes: watch::Sender<u64>,
}

impl Driver {
    /// Ready to begin.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let listen_at = SocketAddr::new(parts.settings.tcp_address, parts.settings.tcp_port.port);
        Self {
            node: parts.node,
            clock: parts.clock,
            started_unix_ms: unix_ms(),
            sealer: Sealer::new(parts.keys.clone()),
            sent: Sent::default(),
            keys: parts.keys,
            document: parts.document,
            store: parts.store,
            home: parts.home,
            config: parts.config,
            may_move_port: !parts.settings.tcp_port.is_set,
            settings: parts.settings,
            log: parts.log,
            tasks: FuturesUnordered::new(),
            pending: Pending::default(),
            changes: parts.changes,
            frames_out: 0,
            refused_connections: BTreeMap::new(),
            directory: None,
            searches: Searches::default(),
            nickname_question: FuturesUnordered::new(),
            dht_of: Bootstrap::Nodes(Vec::new()),
            dht_at: None,
            dht_tasks: FuturesUnordered::new(),
            reading: BTreeSet::new(),
            written: Rc::default(),
            transport: parts.transport,
            lan: parts.lan,
            listen_at,
            recording: parts.recording,
            proved: HashMap::new(),
            receipts: ReceiptsOnTheirWay::default(),
            arriving: None,
            interfaces: Vec::new(),
            requests: 0,
            has_stopped: false,
            is_ending: false,
        }
    }

    /// Runs until everything has come to rest after `end`. The log is given back, so that the last words are in it.
    pub async fn run(
        mut self,
        mut events: mpsc::Receiver<TransportEvent>,
        mut near: mpsc::Receiver<LanEvent>,
        mut calls: mpsc::Receiver<Call>,
        end: impl Future<Output = ()>,
    ) -> Option<Log> {
        let mut end = std::pin::pin!(end);
        // The first lines say how everything stood before anything happened.
        self.recording.take(&mut self.node, 0);
        self.input(Input::Begin);
        while !self.has_stopped {
            let deadline = self.node.poll_deadline().map(|ms| self.clock.at(ms));
            let sent_due = self.sent.due();
            let flush_due = self.recording.flush_due_ms().map(|ms| self.clock.at(ms));
            tokio::select! {
                Some(event) = events.recv() => self.transport_event(event),
                Some(event) = near.recv() => self.lan_event(event),
                Some(done) = self.tasks.next() => self.done(done),
                Some(done) = self.dht_tasks.next() => self.done(done),
                Some(done) = self.nickname_question.next() => self.done(done),
                Some(call) = calls.recv() => self.call(call),
                () = async { sleep_until(deadline.expect("it is guarded")).await }, if deadline.is_some() => {
                    self.node.advance(self.clock.now());
                    self.carry_out();
                }
                () = async { sleep_until(sent_due.expect("it is guarded")).await }, if sent_due.is_some() => {
                    self.write_down_sent();
                }
                () = async { sleep_until(flush_due.expect("it is guarded")).await }, if flush_due.is_some() => {
                    self.recording.flush();
                }
                () = &mut end, if !self.is_ending => self.begin_to_end(),
            }
        }
        self.write_down_sent();
        // What was asked of the store is done before it closes; the DHT is not waited for.
        self.dht_tasks.clear();
        self.nickname_question.clear();
        self.directory = None;
        while let Some(done) = self.tasks.next().await {
            if let Done::Built(built) = done {
                self.document = built.document;
            }
        }
        self.recording.take(&mut self.node, self.clock.now().ms);
        self.recording.end();
        self.log
    }

    /// The node is to stop, in order.
    pub(super) fn begin_to_end(&mut self) {
        if !std::mem::replace(&mut self.is_ending, true) {
            tracing::info!("stopping");
            self.input(Input::Stop);
        }
    }

    /// Something happened.
    pub(super) fn input(&mut self, input: Input) {
        let boundary = match &input {
            Input::MessageCommitted { refused: None, .. } => {
                Some((AbortPoint::BeforeAcknowledgement, AbortPoint::AfterAcknowledgement))
            }
            Input::IdentityCommitted { .. } => {
                Some((AbortPoint::BeforeIdentityAcknowledgement, AbortPoint::AfterIdentityAcknowledgement))
            }
            Input::IdentityBuilt(_) => Some((AbortPoint::BeforeIdentityShown, AbortPoint::AfterIdentityShown)),
            _ => None,
        };
        if let Some((before, _)) = boundary {
            reach(before);
        }
        self.node.handle(self.clock.now(), input);
        self.carry_out();
        if let Some((_, after)) = boundary {
            reach(after);
        }
    }

    /// A number for a request of the user. Even, so that those of the core never meet them.
    pub(super) fn request_id(&mut self) -> RequestId {
        self.requests += 2;
        RequestId(self.requests)
    }

    /// Waits for something, and goes on.
    pub(super) fn task(&mut self, task: impl Future<Output = Done> + 'static) {
        self.tasks.push(Box::pin(task));
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Inputs(inputs) => inputs.into_iter().for_each(|input| self.input(input)),
            Done::Built(built) => {
                self.document = built.document;
                let document = self.document.document();
                self.input(Input::IdentityBuilt(IdentityBuilt {
                    contacts_changed: built.contacts_changed,
                    identity_changed: built.is_new && !built.contacts_changed,
                    revision: document.revision,
                    name: document.name.clone(),
                }));
            }
            Done::Sealed { session, message, bytes } => {
                reach(AbortPoint::BeforeSending);
                let is_sent = bytes.is_some_and(|bytes| self.send(session, &Frame::Packet(bytes)));
                reach(AbortPoint::AfterSending);
                self.input(Input::Transmitted { message, is_sent });
            }
            Done::Receipts(receipts) => self.receipts_found(receipts),
            Done::Changed(inputs) => {
                inputs.into_iter().for_each(|input| self.input(input));
                self.changed();
            }
            Done::DhtOpened(opened) => self.dht_opened(opened),
            Done::SlotsRead { search } => self.slots_read(search),
            Done::SlotRead { search, index, document, rest } => self.slot_read(search, index, document, rest),
            Done::Settings(config) => self.settings_changed(*config),
            Done::Ping { peer, name, asked_ms, reply } => self.begin_ping(peer, name, asked_ms, reply),
        }
    }

    /// Whoever waits for messages or their states looks again.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn settings_changed(&mut self, config: Config) {
        let Ok(settings) = Settings::of(&config) else { return };
        if settings.log_level != self.settings.log_level
            && let Some(log) = &self.log
        {
            let _ = log.set_level(&settings.log_level);
        }
        self.lan.use_interfaces(settings.lan_interfaces.clone());
        // The network and the address count from the next start.
        let name_changed = settings.name != self.settings.name;
        self.settings = Settings { network: self.settings.network.clone(), ..settings };
        self.config = config;
        if name_changed {
            let name = self.settings.name.clone();
            self.input(Input::Request(UserRequest::SetNickname(name)));
        }
    }
}
