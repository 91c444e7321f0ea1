//! The one loop that joins core and world: whatever happens becomes an input, whatever the core asks for is carried out.
//!
//! Everything here runs on one thread. Work that waits (for the store, for a way out) is a future among `tasks`, and what comes of it is
//! an input again, so the core sees everything in one order.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use automata_runtime::trace::Lines;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use crate::abort_points::{AbortPoint, reach};
use crate::api::methods::Call;
use crate::automata::types::{self, DeliveryState, ServiceResult};
use crate::identity::{Entrypoint, NodeId, Rank, VerifiedDocument};
use crate::messages::{Arrival, DeliveryUpdate, Expected, MessageHeader, open, seal};
use crate::node::{
    Command, FrameContent, Input, Node, OutgoingFrame, OutgoingPacket, QueuedMessage, RequestId, SessionInput,
    TransportInput,
};
use crate::store::{Quota, Store, StoreError, StoreHandle};
use crate::transports::tcp::TcpTransport;
use crate::transports::{TransportEvent, Waiting, tcp_name};
use crate::wire::{Fail, Frame, Hello, Packet, PacketId, PacketKind, PeerHint, PeerId, Text};

use super::calls::Pending;
use super::clock::{Clock, unix_ms};
use super::config::{Config, Settings};
use super::entropy::{chance_ms, random};
use super::home::Home;
use super::inbound::{self, Proved};
use super::logging::Log;
use super::names;
use super::network;
use super::own::{self, Keys};
use super::recording::Recording;

/// Read receipts that are sent to one contact when it comes, at the most; the rest follows with the next.
const RECEIPTS_AT_ONCE: usize = 256;

/// What comes of something that was waited for.
pub(super) enum Done {
    /// Nothing that the core has to know.
    Nothing,
    /// These things happened.
    Inputs(Vec<Input>),
    /// Our identity document was built.
    Built(own::Built),
    /// A message is sealed, or cannot be.
    Sealed { session: u64, message: PacketId, bytes: Option<Vec<u8>> },
    /// Messages, contacts or their states changed: whoever waits looks again. And these things happened.
    Changed(Vec<Input>),
    /// The settings changed.
    Settings(Box<Config>),
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
    pub(super) node: Node<Lines>,
    pub(super) clock: Clock,
    pub(super) started_unix_ms: u64,
    pub(super) keys: Keys,
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
    transport: TcpTransport,
    listen_at: SocketAddr,
    may_move_port: bool,
    recording: Recording,
    proved: HashMap<u64, Proved>,
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
    pub node: Node<Lines>,
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
            transport: parts.transport,
            listen_at,
            recording: parts.recording,
            proved: HashMap::new(),
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
        mut calls: mpsc::Receiver<Call>,
        end: impl Future<Output = ()>,
    ) -> Option<Log> {
        let mut end = std::pin::pin!(end);
        // The first lines say how everything stood before anything happened.
        self.recording.take(&mut self.node, 0);
        self.input(Input::Begin);
        while !self.has_stopped {
            let deadline = self.node.poll_deadline().map(|ms| self.clock.at(ms));
            tokio::select! {
                Some(event) = events.recv() => self.transport_event(event),
                Some(done) = self.tasks.next() => self.done(done),
                Some(call) = calls.recv() => self.call(call),
                () = async { sleep_until(deadline.expect("it is guarded")).await }, if deadline.is_some() => {
                    self.node.advance(self.clock.now());
                    self.carry_out();
                }
                () = &mut end, if !self.is_ending => self.begin_to_end(),
            }
        }
        // What was asked of the store is done before it closes.
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
        self.node.handle(self.clock.now(), input);
        self.carry_out();
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

    /// Does something with the store. What comes of it, or nothing if it fails, which is logged.
    fn store_task<T: Send + 'static>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
        then: impl FnOnce(Option<T>) -> Done + 'static,
    ) {
        let store = self.store.clone();
        self.task(async move {
            let result =
                store.run(work).await.inspect_err(|error| tracing::error!(%error, "the store could not {doing}"));
            then(result.ok())
        });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Inputs(inputs) => inputs.into_iter().for_each(|input| self.input(input)),
            Done::Built(built) => {
                let revision = built.document.document().revision;
                let (contacts_changed, is_new) = (built.contacts_changed, built.is_new);
                self.document = built.document;
                self.input(Input::IdentityBuilt {
                    contacts_changed,
                    identity_changed: is_new && !contacts_changed,
                    revision,
                });
            }
            Done::Sealed { session, message, bytes } => {
                reach(AbortPoint::BeforeSending);
                let is_sent = bytes.is_some_and(|bytes| self.send(session, &Frame::Packet(bytes)));
                reach(AbortPoint::AfterSending);
                self.input(Input::Transmitted { message, is_sent });
            }
            Done::Changed(inputs) => {
                inputs.into_iter().for_each(|input| self.input(input));
                self.changed();
            }
            Done::Settings(config) => self.settings_changed(*config),
            Done::Ping { peer, name, asked_ms, reply } => self.begin_ping(peer, name, asked_ms, reply),
        }
    }

    /// Whoever waits for messages or their states looks again.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn transport_event(&mut self, event: TransportEvent) {
        let session = |session, input| Input::Session(session, input);
        let input = match event {
            TransportEvent::Listening { address } => {
                self.listen_at = address;
                self.may_move_port = false;
                let entrypoints = network::entrypoints(address);
                tracing::info!(%address, "listening");
                Input::Transport(tcp_name(), TransportInput::Listening { entrypoints })
            }
            TransportEvent::ListenFailed { address, error } => {
                if self.may_move_port && address.port() != 0 {
                    tracing::warn!(%error, "the default port of services/tcp-transport/port gives way to a free one");
                    self.may_move_port = false;
                    self.transport.listen(SocketAddr::new(address.ip(), 0));
                    return;
                }
                let reason = format!("{error}; the setting is services/tcp-transport/port");
                Input::Transport(tcp_name(), TransportInput::Failed { reason })
            }
            TransportEvent::ListeningStopped => Input::Transport(tcp_name(), TransportInput::Stopped),
            TransportEvent::Accepted { session: number, remote } => {
                session(number, SessionInput::Accepted { transport: tcp_name(), remote })
            }
            TransportEvent::Connected { session: number, .. } => session(number, SessionInput::Connected),
            TransportEvent::Authenticated { session: number, peer, handshake_hash, outgoing } => {
                self.proved.insert(number, Proved { peer, handshake_hash, is_outgoing: outgoing });
                session(number, SessionInput::Authenticated { peer })
            }
            TransportEvent::KeepAlive { session: number } => session(number, SessionInput::KeepAlive),
            TransportEvent::Frame { session: number, bytes, waiting } => {
                self.frame(number, &bytes, waiting);
                return;
            }
            TransportEvent::Closed { session: number, reason, detail } => {
                self.proved.remove(&number);
                tracing::debug!(session = number, ?reason, detail, "session closed");
                match reason {
                    crate::transports::CloseReason::UnexpectedId => self.count_refusal("unexpected_id", 1),
                    // The session's protocol says what follows from it, as it does for what it sees itself.
                    crate::transports::CloseReason::Violation => {
                        let content = FrameContent::Violation(detail.clone());
                        self.input(Input::Session(number, SessionInput::Frame { length: 0, content }));
                    }
                    _ => {}
                }
                let reason = match reason {
                    crate::transports::CloseReason::Local => types::CloseReason::Local,
                    crate::transports::CloseReason::Remote => types::CloseReason::Remote,
                    crate::transports::CloseReason::TimedOut => types::CloseReason::TimedOut,
                    crate::transports::CloseReason::Failed
                    | crate::transports::CloseReason::UnexpectedId
                    | crate::transports::CloseReason::Violation => types::CloseReason::Failed,
                };
                session(number, SessionInput::Closed { reason, detail, chance_ms: chance_ms() })
            }
            TransportEvent::Refused { remote, why, count } => {
                self.count_refusal(why.text(), count);
                tracing::debug!(%remote, %why, count, "connections refused");
                return;
            }
        };
        self.input(input);
    }

    fn count_refusal(&mut self, name: &str, count: u64) {
        *self.refused_connections.entry(name.to_owned()).or_default() += count;
    }

    fn frame(&mut self, session: u64, bytes: &[u8], waiting: Waiting) {
        let Some(proved) = self.proved.get(&session).copied() else { return };
        let now_unix_ms = unix_ms();
        let content = inbound::content(bytes, &proved, &self.settings.network, &self.keys.id(), now_unix_ms);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        match (content, Frame::decode(bytes)) {
            // Whether the document is older than one that was seen, only the store knows.
            (
                FrameContent::PeerId { peer, is_proven, is_document_valid: true, entrypoints },
                Ok(Frame::PeerId(peer_id)),
            ) if peer == proved.peer => {
                let document = VerifiedDocument::verify_whenever(&peer_id.document).ok();
                self.store_task(
                    "keep an identity document",
                    move |store| document.map(|document| store.keep_document(&document, now_unix_ms)).transpose(),
                    move |verdict| {
                        drop(waiting);
                        let is_document_valid = matches!(verdict, Some(Some(Rank::Newer | Rank::Same)));
                        let content = FrameContent::PeerId { peer, is_proven, is_document_valid, entrypoints };
                        Done::Inputs(vec![Input::Session(session, SessionInput::Frame { length, content })])
                    },
                );
            }
            (content, _) => {
                self.arriving = Some(waiting);
                self.input(Input::Session(session, SessionInput::Frame { length, content }));
                self.arriving = None;
            }
        }
    }

    /// Hands a frame to a session. One that takes no more is closed: its peer does not read.
    fn send(&mut self, session: u64, frame: &Frame) -> bool {
        match self.transport.send(session, frame.encode()) {
            Ok(()) => {
                self.frames_out += 1;
                true
            }
            Err(error) => {
                tracing::debug!(session, frame = frame.name(), %error, "a frame was not sent");
                self.transport.close(session, crate::transports::CloseReason::Failed, error.to_string());
                false
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(command) = self.node.poll_command() {
            self.command(command);
        }
        self.look_at_pings();
        self.recording.take(&mut self.node, self.clock.now().ms);
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::CheckInterfaces => {
                let found = network::interfaces(self.listen_at.ip());
                let same = found == self.interfaces;
                self.interfaces = found;
                let active = !self.interfaces.is_empty();
                self.task(async move { Done::Inputs(vec![Input::InterfacesChecked { active, same }]) });
            }
            Command::ProbeInternet => {
                let reached = network::has_way_out(self.listen_at.ip());
                self.task(async move { Done::Inputs(vec![Input::InternetProbed { reached }]) });
            }
            Command::Listen(_) => self.transport.listen(self.listen_at),
            Command::StopListening(_) => self.transport.stop_listening(),
            Command::Dial { session, entrypoint, expected } => {
                tracing::debug!(session, %entrypoint, peer = %expected, "dialling");
                self.transport.dial(session, entrypoint.address, Some(expected));
            }
            Command::BeginHandshake(session) => self.transport.begin_handshake(session),
            Command::OpenStream(session) => self.transport.open_stream(session),
            Command::KeepAlive(session) => self.transport.send_keep_alive(session),
            Command::Close(session) => {
                self.transport.close(session, crate::transports::CloseReason::Local, "it is no longer wanted");
            }
            Command::Send(session, frame) => {
                if let Some(frame) = self.outgoing(session, frame) {
                    self.send(session, &frame);
                }
            }
            Command::SendPacket { session, recipient, id, packet } => self.send_packet(session, recipient, id, packet),
            Command::Transmit { session, message, recipient } => self.transmit(session, message, recipient),
            Command::CommitMessage { session, sender, packet, bytes } => {
                self.commit_message(session, sender, packet, bytes)
            }
            Command::CommitIdentity { session, sender, packet, bytes } => {
                self.commit_identity(session, sender, packet, bytes)
            }
            Command::BuildIdentity { entrypoints, services } => {
                let (keys, name, now) = (self.keys.clone(), self.settings.name.clone(), unix_ms());
                self.store_task(
                    "build the identity document",
                    move |store| own::build(store, &keys, name, entrypoints, services, now),
                    |built| built.map_or(Done::Nothing, Done::Built),
                );
            }
            Command::RecordDelivery { message, state, attempts, pause_ms } => {
                self.record_delivery(message, state, attempts, pause_ms);
            }
            Command::LoadMessages => {
                self.store_task("read the messages that are on their way", Store::unfinished_deliveries, |deliveries| {
                    Done::Inputs(deliveries.into_iter().flatten().map(queued).map(Input::MessageQueued).collect())
                })
            }
            Command::FindDelivered { message, peer } => {
                let now = unix_ms();
                let id = message;
                self.store_task(
                    "write down that a message was read",
                    move |store| store.confirm_read(&id, &peer, now),
                    |_| Done::Changed(Vec::new()),
                );
            }
            Command::RecordRefusal { message, reason } => {
                let update = DeliveryUpdate {
                    refusal: Some(names::fail_in_words(reason).to_owned()),
                    ..update(crate::messages::DeliveryState::Refused, 0, 0)
                };
                self.update_delivery(message, update);
            }
            Command::RememberPeer(peer) => {
                self.store_task("remember a peer", move |store| store.save_peer(&peer), |_| Done::Nothing)
            }
            Command::ReportPresence { peer, is_here } => {
                tracing::info!(%peer, is_here, "contact");
                if is_here {
                    self.send_receipts();
                }
                self.changed();
            }
            Command::CountPresence(counted) => {
                let seen: Vec<NodeId> =
                    counted.into_iter().filter(|(_, is_here)| *is_here).map(|(peer, _)| peer).collect();
                let now = unix_ms();
                self.store_task(
                    "count who is there",
                    move |store| store.count_minutes(1, &seen, now),
                    |_| Done::Nothing,
                );
            }
            Command::Report { what, reason } => tracing::warn!(reason, "{what}"),
            Command::Answer(request, result) => self.answer_service(request, result),
            Command::Stopped => self.has_stopped = true,
        }
    }

    /// A frame, with what only the rim knows.
    fn outgoing(&self, session: u64, frame: OutgoingFrame) -> Option<Frame> {
        Some(match frame {
            OutgoingFrame::Hello { observed } => {
                Frame::Hello(Hello::new(&self.settings.network, unix_ms(), Some(observed)))
            }
            OutgoingFrame::PeerId => {
                let proved = self.proved.get(&session)?;
                let entrypoints = self.node.world().identity.published.clone();
                Frame::PeerId(PeerId::new(
                    &self.keys.identity,
                    &self.document,
                    &proved.handshake_hash,
                    proved.role(),
                    entrypoints,
                ))
            }
            OutgoingFrame::Ready => Frame::Ready,
            OutgoingFrame::Refused(reason) => Frame::Refused(names::refusal_to_wire(reason)),
            OutgoingFrame::Ping(nonce) => Frame::Ping(nonce),
            OutgoingFrame::Pong(nonce) => Frame::Pong(nonce),
            OutgoingFrame::GetPeers => Frame::GetPeers,
            OutgoingFrame::Peers(peers) => {
                let hint =
                    |(id, entrypoints): (NodeId, Vec<Entrypoint>)| PeerHint { id, entrypoints: entrypoints.into() };
                Frame::Peers(peers.into_iter().map(hint).collect())
            }
        })
    }

    fn send_packet(&mut self, session: u64, recipient: NodeId, id: PacketId, packet: OutgoingPacket) {
        let (kind, answers, payload) = match packet {
            OutgoingPacket::Identity => (PacketKind::Identity, None, self.document.as_bytes().to_vec()),
            OutgoingPacket::Ack(of) => (PacketKind::Ack, Some(of), Vec::new()),
            OutgoingPacket::Read(of) => (PacketKind::Read, Some(of), Vec::new()),
            OutgoingPacket::Fail(of, reason) => {
                let fail = Fail { reason: names::fail_to_wire(reason), text: Text::cut(names::fail_in_words(reason)) };
                (PacketKind::Fail, Some(of), fail.encode())
            }
        };
        let is_ack = kind == PacketKind::Ack;
        let packet = Packet { kind, id, sender: self.keys.id(), recipient, time_unix_ms: unix_ms(), answers, payload };
        let signed = match packet.sign(&self.keys.identity) {
            Ok(signed) => signed,
            Err(error) => return tracing::error!(%error, "a packet of ours cannot be"),
        };
        if is_ack {
            reach(AbortPoint::BeforeAcknowledgement);
        }
        let is_sent = self.send(session, &Frame::Packet(signed.as_bytes().to_vec()));
        if is_ack {
            reach(AbortPoint::AfterAcknowledgement);
        }
        if let (true, PacketKind::Read, Some(of)) = (is_sent, kind, answers) {
            let id = of;
            self.store_task("note a receipt", move |store| store.receipt_sent(&recipient, &id), |_| Done::Nothing);
        }
    }

    /// Sealed and signed once; whatever is sent again is the same to the last octet.
    fn transmit(&mut self, session: u64, message: PacketId, recipient: NodeId) {
        let keys = self.keys.clone();
        let randomness: [u8; 32] = random();
        let now = unix_ms();
        self.store_task(
            "seal a message",
            move |store| sealed(store, &keys, message, recipient, randomness, now),
            move |bytes| Done::Sealed { session, message, bytes: bytes.flatten() },
        );
    }

    fn commit_message(&mut self, session: u64, sender: NodeId, packet: PacketId, bytes: std::sync::Arc<[u8]>) {
        let keys = self.keys.clone();
        let waiting = self.arriving.take();
        let quota = Quota {
            messages_per_stranger: self.settings.requests_per_stranger,
            messages_of_all: self.settings.requests_of_all,
            ..Quota::default()
        };
        let now = unix_ms();
        self.store_task(
            "keep a message",
            move |store| {
                let expected = Expected { sender, recipient: keys.id(), message: packet };
                let opened = match open(&keys.sealing, &expected, &bytes) {
                    Ok(opened) => opened,
                    Err(error) => {
                        tracing::debug!(%sender, %error, "a message cannot be opened");
                        return Ok(Some(types::FailReason::Unreadable));
                    }
                };
                let arrival = Arrival {
                    sender,
                    id: packet,
                    text: opened.text,
                    reply_to: opened.header.reply_to,
                    sent_unix_ms: opened.header.time_unix_ms,
                    expires_unix_ms: opened.header.expires_unix_ms,
                };
                store.receive(&arrival, &quota, now).map(names::refused_arrival)
            },
            // What was not committed is not answered either; the sender sends it again.
            move |refused| {
                drop(waiting);
                match refused {
                    Some(refused) => Done::Changed(vec![Input::MessageCommitted { session, sender, packet, refused }]),
                    None => Done::Nothing,
                }
            },
        );
    }

    fn commit_identity(&mut self, session: u64, sender: NodeId, packet: PacketId, bytes: std::sync::Arc<[u8]>) {
        let now = unix_ms();
        let waiting = self.arriving.take();
        let verified = VerifiedDocument::verify(&bytes, now).ok().filter(|document| document.id() == sender);
        let entrypoints = verified.as_ref().map(|document| document.document().contacts.to_vec());
        self.store_task(
            "keep an identity document",
            move |store| match verified {
                Some(document) => store.keep_document(&document, now).map(Some),
                None => Ok(None),
            },
            move |verdict| {
                drop(waiting);
                let is_taken = matches!(verdict, Some(Some(Rank::Newer | Rank::Same)));
                let entrypoints = entrypoints.filter(|_| is_taken);
                Done::Inputs(vec![Input::IdentityCommitted { session, sender, packet, entrypoints }])
            },
        );
    }

    fn record_delivery(&mut self, message: PacketId, state: DeliveryState, attempts: u16, pause_ms: u64) {
        if state == DeliveryState::Delivered {
            reach(AbortPoint::BeforeDelivered);
        }
        self.update_delivery(message, update(names::delivery_to_store(state), u32::from(attempts), pause_ms));
    }

    fn update_delivery(&mut self, message: PacketId, update: DeliveryUpdate) {
        let now = unix_ms();
        let id = message;
        self.store_task(
            "write down what became of a message",
            move |store| store.update_delivery(&id, &update, now),
            |_| {
                reach(AbortPoint::AfterDelivered);
                Done::Changed(Vec::new())
            },
        );
    }

    /// Receipts that wait, for those who are here.
    pub(super) fn send_receipts(&mut self) {
        self.store_task(
            "read receipts",
            |store| store.receipts(RECEIPTS_AT_ONCE),
            |receipts| {
                let receipt = |(sender, id): (NodeId, PacketId)| Input::ReadReceipt { sender, message: id };
                Done::Inputs(receipts.into_iter().flatten().map(receipt).collect())
            },
        );
    }

    fn answer_service(&mut self, request: RequestId, result: ServiceResult) {
        self.pending.answer_service(request, result, &self.node);
    }

    fn settings_changed(&mut self, config: Config) {
        let Ok(settings) = Settings::of(&config) else { return };
        if settings.log_level != self.settings.log_level
            && let Some(log) = &self.log
        {
            let _ = log.set_level(&settings.log_level);
        }
        // The network and the address count from the next start.
        let name_changed = settings.name != self.settings.name;
        self.settings = Settings { network: self.settings.network.clone(), ..settings };
        self.config = config;
        if name_changed {
            self.input(Input::Request(RequestId(0), crate::node::UserRequest::Synchronize));
        }
    }
}

fn update(state: crate::messages::DeliveryState, attempts: u32, pause_ms: u64) -> DeliveryUpdate {
    DeliveryUpdate { state, attempts, pause_ms, refusal: None }
}

fn queued(delivery: crate::messages::Delivery) -> QueuedMessage {
    QueuedMessage {
        message: delivery.id,
        peer: delivery.to,
        expires_unix_ms: delivery.expires_unix_ms,
        attempts: u16::try_from(delivery.attempts).unwrap_or(u16::MAX),
        pause_ms: delivery.pause_ms,
    }
}

/// The packet that carries a message: the one that is on disk, or a new one that is there from now on. Nothing if the recipient's key is not known.
fn sealed(
    store: &Store,
    keys: &Keys,
    message: PacketId,
    recipient: NodeId,
    randomness: [u8; 32],
    now_unix_ms: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let id = message;
    if let Some(bytes) = store.sealed_message(&id)? {
        return Ok(Some(bytes));
    }
    let (Some(item), Some(document)) = (store.outgoing(&id)?, store.document(&recipient)?) else { return Ok(None) };
    let Ok(document) = VerifiedDocument::verify_whenever(&document.bytes) else { return Ok(None) };
    let mut header = MessageHeader::new(keys.id(), recipient, message, item.sent_unix_ms, item.expires_unix_ms);
    header.reply_to = item.reply_to;
    let payload = match seal(&keys.identity, &document.document().sealing_key, &header, &item.text, randomness) {
        Ok(payload) => payload,
        Err(error) => {
            tracing::warn!(%error, "a message cannot be sealed");
            return Ok(None);
        }
    };
    let packet = Packet {
        kind: PacketKind::Message,
        id: message,
        sender: keys.id(),
        recipient,
        time_unix_ms: now_unix_ms,
        answers: None,
        payload,
    };
    match packet.sign(&keys.identity) {
        Ok(signed) => store.seal_message(&id, signed.as_bytes()),
        Err(error) => {
            tracing::error!(%error, "a message of ours is too long for a packet");
            Ok(None)
        }
    }
}
