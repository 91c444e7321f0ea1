//! The one loop that joins core and world: whatever happens becomes an input, whatever the core asks for is carried
//! out.
//!
//! Everything here runs on one thread. Work that waits (for the store, for a way out) is a future among `tasks`, and
//! what comes of it is an input again, so the core sees everything in one order. Each neighbour of the core is a struct
//! in a file of its own, with what is known of it; what joins several of them is here, and in the files of what comes
//! in and goes out: `events` from the network, `commands` of the core, `outside` for what automata ask of parts
//! outside; calls of the local API are in `../handlers`.

mod api_certificates;
mod api_ports;
mod api_questions;
mod callers;
mod commands;
mod dht;
mod dht_socket;
mod events;
mod gateway;
mod holds;
mod network;
mod notices;
mod our_identity;
mod outside;
mod rates;
mod router;
mod sealer;
mod searches;
mod settings;
mod storage;
mod stun;
mod tasks;
mod upload;

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use crate::abort_points::{AbortPoint, reach};
use crate::api::line::Shared;
use crate::api::methods::Call;
use crate::automata::node_life::State;
use crate::automata::senders::user::node_life;
use crate::home::clock::Clock;
use crate::home::config::Config;
use crate::home::logging::Log;
use crate::identity::{NodeId, VerifiedDocument};
use crate::node::Node;
use crate::store::StoreHandle;
use crate::transports::lan::{LanDiscovery, LanEvent};
use crate::transports::relay::RelayEvent;
use crate::wire::{ACK_FURTHER, Frame, PacketId, PacketIds};
use crate::world::{IdentityBuilt, Input, UserRequest};

use super::interface_watch::InterfaceWatch;
use super::recording::{Recorder, Recording};
use api_certificates::ApiCertificates;
use api_ports::ApiPorts;
use callers::Callers;
pub use callers::{WaitingPing, WaitingService};
use dht::DhtNeighbour;
pub use gateway::Traffic;
pub use network::Network;
use network::TransportEvents;
pub use notices::Notices;
use our_identity::Built;
pub use our_identity::{Keys, OurIdentity, build};
pub use searches::{Found, SEARCHES, Search};
pub use settings::OurSettings;
use storage::Storage;
use stun::StunNeighbour;
use tasks::{Cause, Tasks};
pub use tasks::{Committed, Done};

/// Everything that the loop holds.
pub struct Driver {
    pub(super) node: Node<Recorder>,
    pub(super) clock: Clock,
    /// Contacts that the log has said are here.
    contacts_here: BTreeSet<NodeId>,
    tasks: Tasks,
    pub(super) recording: Recording,
    pub(super) identity: OurIdentity,
    pub(super) settings: OurSettings,
    pub(super) network: Network,
    /// Discovery in the local network.
    lan: LanDiscovery,
    pub(super) stun: StunNeighbour,
    pub(super) dht: DhtNeighbour,
    pub(super) api_ports: ApiPorts,
    api_certificates: ApiCertificates,
    pub(super) storage: Storage,
    pub(super) callers: Callers,
    /// The database is damaged, and takes nothing: the node keeps out of the network.
    pub(super) is_damaged: bool,
    /// What the user should know.
    pub(super) notices: Notices,
    /// How often our document had to go above one that others had seen.
    raised: u32,
}

/// What the driver is made of.
pub struct Parts {
    /// The core.
    pub node: Node<Recorder>,
    /// The clock that it goes by.
    pub clock: Clock,
    /// The trace.
    pub recording: Recording,
    /// Who we are.
    pub identity: OurIdentity,
    /// The settings.
    pub settings: OurSettings,
    /// The transports.
    pub network: Network,
    /// Discovery in the local network.
    pub lan: LanDiscovery,
    /// Where everything is kept.
    pub store: StoreHandle,
    /// The API.
    pub api: Arc<Shared>,
    /// The database is damaged, and takes nothing.
    pub is_damaged: bool,
    /// What the user should know already.
    pub notices: Notices,
}

impl Driver {
    /// Ready to begin.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { node, clock, recording, identity, settings, network, lan, store, api, is_damaged, notices } = parts;
        Self {
            node,
            clock,
            contacts_here: BTreeSet::new(),
            tasks: Tasks::default(),
            recording,
            network,
            lan,
            stun: StunNeighbour::new(),
            dht: DhtNeighbour::new(store.clone(), identity.keys.clone()),
            storage: Storage::new(store, identity.keys.clone()),
            callers: Callers::new(api.desk.doors().feeds.clone()),
            api_ports: ApiPorts::new(api),
            api_certificates: ApiCertificates::default(),
            is_damaged,
            notices,
            raised: 0,
            identity,
            settings,
        }
    }

    /// Runs until everything has come to rest after `end`. The log is given back, so that the last words are in it.
    pub async fn run(
        mut self,
        mut events: TransportEvents,
        mut carried: mpsc::Receiver<RelayEvent>,
        mut near: mpsc::Receiver<LanEvent>,
        mut calls: mpsc::Receiver<Call>,
        end: impl Future<Output = ()>,
    ) -> Option<Log> {
        let mut end = std::pin::pin!(end);
        let mut interfaces = InterfaceWatch::start();
        // The first lines say how everything stood before anything happened.
        self.recording.take(&mut self.node, 0);
        self.input(Input::Begin);
        while !self.node.has_stopped() {
            let deadline = self.node.poll_deadline().map(|ms| self.clock.at(ms));
            let sent_due = self.storage.sent_due;
            let upload_due_us = self.network.gateway.upload.due_us(self.settings.bandwidth().upload);
            let upload_due = upload_due_us.map(|us| self.clock.at(us.div_ceil(1_000)));
            let hold_due = self.network.rates.holds.due_us().map(|us| self.clock.at(us.div_ceil(1_000)));
            let flush_due = self.recording.flush_due_ms().map(|ms| self.clock.at(ms));
            tokio::select! {
                Some((transport, event)) = events.next() => self.transport_event(transport, event),
                Some(event) = carried.recv() => self.relay_event(event),
                Some(event) = near.recv() => self.lan_event(event),
                Some(answered) = self.stun.next() => self.input(answered),
                Some(event) = self.api_ports.next() => self.input(event),
                () = interfaces.changed() => {
                    let changed = self.network.interfaces_may_differ();
                    self.inputs(changed);
                }
                Some((done, cause)) = self.tasks.next() => self.done_because_of(done, cause),
                Some(done) = self.dht.questions.next() => self.done(done),
                Some(done) = self.dht.nickname_question.next() => self.done(done),
                Some(call) = calls.recv() => call.hand_to(&mut self),
                () = async { sleep_until(deadline.expect("it is guarded")).await }, if deadline.is_some() => {
                    let now = self.clock.now();
                    self.recording.before(&mut self.node, None, now.ms);
                    self.node.advance(now);
                    self.carry_out();
                }
                () = async { sleep_until(sent_due.expect("it is guarded")).await }, if sent_due.is_some() => {
                    self.tasks.extend(self.storage.write_down_sent());
                }
                () = async { sleep_until(upload_due.expect("it is guarded")).await }, if upload_due.is_some() => {
                    self.network.send_what_is_due(&self.settings.bandwidth(), self.clock.elapsed_us());
                }
                () = async { sleep_until(hold_due.expect("it is guarded")).await }, if hold_due.is_some() => {
                    self.network.rates.holds.release_due(self.clock.elapsed_us());
                }
                () = async { sleep_until(flush_due.expect("it is guarded")).await }, if flush_due.is_some() => {
                    self.recording.hand_over(&mut self.node, self.clock.now().ms);
                }
                () = &mut end, if self.is_running() => self.begin_to_end(),
            }
        }
        // What was asked of the store is done before it closes; the DHT is not waited for.
        self.tasks.extend(self.storage.write_down_sent());
        self.dht.close();
        while self.tasks.next().await.is_some() {}
        self.network.end().await;
        self.recording.end(&mut self.node, self.clock.now().ms);
        self.settings.log
    }

    /// The node is to stop, in order.
    pub(super) fn begin_to_end(&mut self) {
        if self.is_running() {
            tracing::info!("stopping");
            self.input(Input::Event(node_life::stop()));
        }
    }

    fn is_running(&self) -> bool {
        self.node.system().node_life.get().is_some_and(|life| life.state() == State::Running)
    }

    /// Something happened.
    pub(super) fn input(&mut self, input: Input) {
        let boundary = match &input {
            Input::MessagesCommitted { .. } => {
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
        let now = self.clock.now();
        self.recording.before(&mut self.node, self.tasks.charged(), now.ms);
        self.node.handle(now, input);
        self.recording.after(&mut self.node, now.ms);
        self.carry_out();
        if let Some((_, after)) = boundary {
            reach(after);
        }
    }

    /// These things happened, one after the other.
    fn inputs(&mut self, inputs: impl IntoIterator<Item = Input>) {
        inputs.into_iter().for_each(|input| self.input(input));
    }

    /// Queues these inputs behind the one at hand.
    fn later(&mut self, inputs: impl IntoIterator<Item = Input>) {
        let inputs: Vec<Input> = inputs.into_iter().collect();
        if !inputs.is_empty() {
            self.task(ready(Done::Inputs(inputs)));
        }
    }

    /// What is begun meanwhile is held against the frame that has led to it.
    fn because_of(&mut self, cause: Cause, work: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.tasks.cause, cause);
        work(self);
        self.tasks.cause = before;
    }

    /// Waits for something, and goes on.
    pub(super) fn task(&mut self, task: impl Future<Output = Done> + 'static) {
        self.tasks.push(Box::pin(task));
    }

    /// What has come of something, and because of what it was begun.
    fn done_because_of(&mut self, done: Done, cause: Cause) {
        let mut at_hand = Some((done, cause));
        while let Some((done, cause)) = at_hand.take() {
            match done {
                Done::Committed(first) => at_hand = self.acknowledge(first, cause),
                done => self.because_of(cause, |driver| driver.done(done)),
            }
        }
    }

    /// Acknowledges a message, together with others that came by the same session and are on disk too. What else has
    /// been done by then is given back.
    fn acknowledge(&mut self, first: Committed, cause: Cause) -> Option<(Done, Cause)> {
        let (mut packets, mut causes) = (vec![first.packet], vec![cause.clone()]);
        let rest = loop {
            if packets.len() > ACK_FURTHER {
                break None;
            }
            match self.tasks.next_at_hand() {
                Some((Done::Committed(it), cause)) if (it.session, it.sender) == (first.session, first.sender) => {
                    packets.push(it.packet);
                    causes.push(cause);
                }
                other => break other,
            }
        };
        let Committed { session, sender, .. } = first;
        // All of them are charged as the first, for they came by one session.
        self.because_of(cause, |driver| driver.committed(session, sender, packets));
        rest
    }

    fn committed(&mut self, session: u64, sender: NodeId, packets: PacketIds) {
        self.input(Input::MessagesCommitted { session, sender, packets });
        self.callers.changed();
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Committed(Committed { session, sender, packet }) => {
                self.committed(session, sender, vec![packet]);
            }
            Done::Inputs(inputs) => self.inputs(inputs),
            Done::Built(built) => self.built(built),
            Done::Raised(built) => {
                self.raised += 1;
                let revision = built.document.document().revision;
                let why = match self.raised {
                    1 => {
                        "its history was lost or is an older copy, or another node uses the same key. Nothing has to be \
                          done unless this is told again"
                    }
                    _ => {
                        "if this goes on, another node uses the same key, and takes messages from this one: stop one of \
                          the two, and do not start it again"
                    }
                };
                const NEWER: &str = "others knew a newer identity document of yours than this home: ";
                let times = if self.raised > 1 { format!(" ({} times)", self.raised) } else { String::new() };
                let notice = format!("{NEWER}{why}. This node has gone above it, to revision {revision}{times}.");
                self.notices.tell_instead(NEWER, notice);
                self.built(built);
            }
            Done::Introduced { session, newest, event } => {
                if let Some(newest) = newest {
                    self.send_frame(session, &Frame::YourDocument(newest));
                }
                self.input(event);
            }
            Done::Outdated { published, event } => {
                self.raise_revision(published);
                self.input(event);
            }
            Done::MessagePacket { session, message, bytes } => self.send_sealed(session, message, bytes),
            Done::Changed(inputs) => {
                self.inputs(inputs);
                self.callers.changed();
            }
            Done::Unrecorded(updates) => self.storage.unrecorded(updates),
            Done::DhtOpened(opened) => {
                let opened = self.dht.opened(opened);
                self.input(opened);
            }
            Done::SlotsRead { search } => self.dht.stop_reading(search),
            Done::SlotRead { search, index, document, is_answered, rest } => {
                if self.dht.is_reading(search, rest) {
                    self.input(dht::slot_read(search, index, document, is_answered));
                }
            }
            Done::Ping(waiting) => self.begin_ping(waiting),
            Done::OpenApiPort(service) => self.open_api_port(service),
        }
    }

    /// Sends a frame. Says whether a session has taken it, or it waits for its time.
    pub(super) fn send_frame(&mut self, session: u64, frame: &Frame) -> bool {
        let (limits, now_us) = (self.settings.bandwidth(), self.clock.elapsed_us());
        self.network.send(session, frame, &limits, now_us)
    }

    fn raise_revision(&mut self, seen: VerifiedDocument) {
        self.tasks.push(self.storage.raise_revision(seen));
    }

    fn built(&mut self, built: Built) {
        let Built { document, contacts_changed, is_new } = built;
        self.identity.document = document;
        let document = self.identity.document.document();
        self.input(Input::IdentityBuilt(IdentityBuilt {
            contacts_changed,
            identity_changed: is_new && !contacts_changed,
            document: self.identity.document.as_bytes().into(),
            revision: document.revision,
            name: document.name.clone(),
        }));
    }

    fn send_sealed(&mut self, session: u64, message: PacketId, bytes: Option<Vec<u8>>) {
        reach(AbortPoint::BeforeSending);
        let is_sent = bytes.is_some_and(|bytes| self.send_frame(session, &Frame::Packet(bytes)));
        reach(AbortPoint::AfterSending);
        self.input(Input::Transmitted { message, session, is_sent });
    }

    pub(super) fn settings_changed(&mut self, config: Config) {
        let before = self.settings.bandwidth();
        let name_changed = self.settings.take_over(config);
        self.network.limits_changed(&before, &self.settings.bandwidth());
        self.lan.use_interfaces(self.settings.values.lan.interfaces.clone());
        if name_changed {
            let name = self.settings.values.identity.name.clone();
            self.input(Input::Request(UserRequest::SetNickname(name)));
        }
    }
}
