//! The network as a neighbour: transports, their sessions, and the interfaces of this machine.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::pin::Pin;

use futures_util::stream::{SelectAll, Stream, poll_fn};
use tokio::sync::mpsc;

use crate::automata::senders::network::network_connector as told;
use crate::automata::senders::transports::network_transport as listening;
use crate::home::clock::unix_ms;
use crate::home::config::Settings;
use crate::home::entropy::chance_ms;
use crate::identity::{Entrypoint, IdentityKey, NodeId};
use crate::name::{TransportName, relay_name};
use crate::runtime::inbound::Proved;
use crate::runtime::interfaces::{self, Surroundings};
use crate::runtime::trace_budget::Charged;
use crate::runtime::transports::{TRANSPORTS, TransportKind, limits_of_carried};
use crate::transports::port_mapping::PortMapper;
use crate::transports::relay::{CircuitNumber, Relay, RelayEvent};
use crate::transports::tcp::TcpTransport;
use crate::transports::{
    Caller, CloseReason, ListenError, OpenBulkError, OpeningBulk, PacketCounts, SessionNumbers, Transport,
    TransportEvent,
};
use crate::wire::{Frame, LENGTH_BYTES};
use crate::world::{Input, SessionInput, Sessions, TransportInput};

use super::gateway::Gateway;
use super::rates::Rates;
use super::upload::Outgoing;

/// Events of transports that wait to be dealt with, at most, for each transport.
const EVENTS_WAITING: usize = 4_096;

/// Of fewer packets than these no share that is lost is told.
const PACKETS_THAT_TELL: u64 = 20;

/// What transports report, each with its name.
pub type TransportEvents = SelectAll<Pin<Box<dyn Stream<Item = (TransportName, TransportEvent)>>>>;

fn named(
    name: TransportName,
    mut receiver: mpsc::Receiver<TransportEvent>,
) -> Pin<Box<dyn Stream<Item = (TransportName, TransportEvent)>>> {
    Box::pin(poll_fn(move |context| receiver.poll_recv(context).map(|event| event.map(|event| (name.clone(), event)))))
}

/// The network, and what is known of it.
pub struct Network {
    transports: BTreeMap<TransportName, OpenTransport>,
    /// Which transport a session is of.
    sessions: HashMap<u64, TransportName>,
    /// What the transport has proved of each session.
    pub(super) proved: HashMap<u64, Proved>,
    /// How fast frames come.
    pub(super) rates: Rates,
    /// What has gone through, and how fast it may.
    pub gateway: Gateway,
    /// Packets of each session, when they were last looked at.
    packets: HashMap<u64, PacketCounts>,
    /// Sessions that others carry, and those of others.
    pub(super) relay: Relay,
    /// To whom each circuit is charged in the trace, until it ends.
    pub(super) circuits: HashMap<CircuitNumber, Charged>,
    /// Maps ports for transports that listen.
    pub(super) router: PortMapper,
    /// As `network_connector` knows them.
    surroundings: Surroundings,
    /// Frames that sessions have taken.
    pub frames_out: u64,
    /// How many connections transports have refused, by their reasons.
    pub refused_connections: BTreeMap<String, u64>,
}

/// How many bytes of frames may come and go in a second.
#[derive(Clone, Copy, Debug)]
pub struct Bandwidth {
    pub download: Option<u64>,
    pub upload: Option<u64>,
}

/// A transport, and where it listens.
struct OpenTransport {
    transport: Box<dyn Transport>,
    /// Where it is to listen.
    wanted: SocketAddr,
    /// Where it listened last.
    listened_at: Option<SocketAddr>,
    /// The port was not set by the user, and may give way to a free one.
    may_move_port: bool,
    port_setting: &'static str,
    address_setting: &'static str,
}

impl OpenTransport {
    /// Where it is to listen: a port that the system chose once stays, so that others still find it there.
    fn wanted_now(&self) -> SocketAddr {
        let chosen = self.listened_at.filter(|_| self.wanted.port() == 0);
        chosen.unwrap_or(self.wanted)
    }
}

impl Network {
    /// All transports, of which none listens yet. To be called within a tokio runtime.
    pub fn open(key: &IdentityKey, settings: &Settings) -> (Self, TransportEvents, mpsc::Receiver<RelayEvent>) {
        let numbers = SessionNumbers::default();
        let mut events = TransportEvents::new();
        let mut transports = BTreeMap::new();
        for kind in TRANSPORTS {
            let (sender, receiver) = mpsc::channel(EVENTS_WAITING);
            let (wanted, is_port_set) = (kind.listens_at)(settings);
            let transport = (kind.open)(key, settings, numbers.clone(), sender);
            let may_move_port = !is_port_set && wanted.port() != 0;
            let &TransportKind { port_setting, address_setting, .. } = kind;
            let line =
                OpenTransport { transport, wanted, listened_at: None, may_move_port, port_setting, address_setting };
            transports.insert(kind.transport_name(), line);
            events.push(named(kind.transport_name(), receiver));
        }
        let (sender, receiver) = mpsc::channel(EVENTS_WAITING);
        let carried = TcpTransport::new(key, unix_ms, limits_of_carried(settings), numbers, sender);
        events.push(named(relay_name(), receiver));
        let (sender, relay_events) = mpsc::channel(EVENTS_WAITING);
        let relay = Relay::new(carried, sender);
        for line in transports.values() {
            let (relay, mut incoming) = (relay.clone(), line.transport.incoming_bulk());
            tokio::spawn(async move {
                while let Some(bulk) = incoming.recv().await {
                    relay.incoming(bulk);
                }
            });
        }
        let network = Self {
            transports,
            sessions: HashMap::new(),
            proved: HashMap::new(),
            rates: Rates::default(),
            gateway: Gateway::default(),
            packets: HashMap::new(),
            relay,
            circuits: HashMap::new(),
            router: PortMapper::default(),
            surroundings: Surroundings::default(),
            frames_out: 0,
            refused_connections: BTreeMap::new(),
        };
        (network, events, relay_events)
    }

    /// Does something with the transport of that name.
    pub(super) fn with(&self, name: &TransportName, order: impl FnOnce(&dyn Transport)) {
        if let Some(line) = self.transports.get(name) {
            order(&*line.transport);
        }
    }

    /// Sends a message of STUN by the socket that sessions over UDP go by, if there is one, and says which port that
    /// is.
    pub(super) fn send_stun(&self, to: SocketAddr, message: &[u8]) -> Option<u16> {
        self.transports.values().find_map(|line| line.transport.send_stun(to, message))
    }

    /// The transport of a session, if that has not ended.
    pub(super) fn of_session(&self, session: u64) -> Option<&dyn Transport> {
        let transport = self.sessions.get(&session)?;
        if *transport == relay_name() {
            return Some(self.relay.sessions());
        }
        Some(&*self.transports.get(transport)?.transport)
    }

    /// Opens a session. If there is no such transport, nobody else says so.
    pub(super) fn dial(&mut self, session: u64, to: &Entrypoint, expected: NodeId) -> Option<Input> {
        let Some(line) = self.transports.get(&to.transport) else {
            let (reason, detail) = (CloseReason::Failed, format!("there is no transport {}", to.transport));
            return Some(Input::Session(session, SessionInput::Closed { reason, detail, chance_ms: chance_ms() }));
        };
        self.sessions.insert(session, to.transport.clone());
        line.transport.dial(session, to.address, expected);
        None
    }

    /// Opens a session that the other side of `through`, which is at that address, is to carry.
    pub(super) fn dial_through(&mut self, session: u64, through: u64, remote: SocketAddr, expected: NodeId) {
        self.sessions.insert(session, relay_name());
        self.relay.dial(session, self.open_bulk(Some(through)), remote, expected);
    }

    /// Asks a node whether it takes a session with another one, which this node is to carry.
    pub(super) fn offer(&self, circuit: u64, target: &NodeId, caller: NodeId, sessions: &Sessions) {
        let session = sessions.direct(target).map(|(session, _)| session);
        self.relay.offer(circuit, self.open_bulk(session), caller);
    }

    /// Opens a bulk stream of a session; if that has ended meanwhile, the stream says so.
    fn open_bulk(&self, session: Option<u64>) -> OpeningBulk {
        let transport = session.and_then(|session| Some((self.of_session(session)?, session)));
        match transport {
            Some((transport, session)) => transport.open_bulk(session),
            None => Box::pin(std::future::ready(Err(OpenBulkError::Closed))),
        }
    }

    /// Answers somebody who has called through another node.
    pub(super) fn take(&self, circuit: u64, through: NodeId, caller: NodeId, sessions: &Sessions) {
        match sessions.direct(&through) {
            Some((_, carrier)) => self.relay.take(circuit, Caller { caller, through, remote: carrier.remote }),
            None => self.relay.cut(circuit),
        }
    }

    /// Somebody has opened a session.
    pub(super) fn accepted(&mut self, session: u64, transport: TransportName) {
        self.sessions.insert(session, transport);
    }

    /// A session has ended.
    pub(super) fn closed(&mut self, session: u64) {
        self.sessions.remove(&session);
        self.proved.remove(&session);
        self.rates.forget(session);
        self.gateway.forget(session);
        self.packets.remove(&session);
    }

    /// Which interfaces serve transports, and whether they are those of before.
    pub(super) fn look_at_interfaces(&mut self) -> Input {
        let found = self.look_around();
        let same = found.addresses == self.surroundings.addresses;
        self.surroundings = found;
        Input::Event(told::network_info_received(!self.surroundings.addresses.is_empty(), same))
    }

    /// Interfaces may have changed. Tells so if they are not what they were when they were last asked for.
    pub(super) fn interfaces_may_differ(&self) -> Option<Input> {
        let found = self.look_around();
        (found != self.surroundings).then(|| {
            tracing::info!(addresses = ?found.addresses, "the network of this machine has changed");
            Input::Event(told::interfaces_changed())
        })
    }

    fn look_around(&self) -> Surroundings {
        Surroundings::of(self.transports.values().map(|line| line.wanted.ip()))
    }

    /// Ends what came by addresses that this machine no longer has.
    pub(super) fn set_up(&self) -> Input {
        if let Some(own) = interfaces::own_addresses() {
            self.transports.values().for_each(|line| line.transport.end_stranded(&own));
        }
        Input::Event(told::network_up())
    }

    /// Whether there is a way out.
    pub(super) fn probe_internet(&self) -> Input {
        let has_way_out = self.transports.values().any(|line| interfaces::has_way_out(line.wanted.ip()));
        Input::Event(if has_way_out { told::internet_reached() } else { told::internet_missing() })
    }

    /// Ends all transports, and waits until their sockets are free for whoever starts next.
    pub(super) async fn end(&self) {
        futures_util::future::join_all(self.transports.values().map(|line| line.transport.end())).await;
    }

    /// Others may connect by that transport.
    pub(super) fn listen(&self, name: &TransportName) {
        if let Some(line) = self.transports.get(name) {
            line.transport.listen(line.wanted_now());
        }
    }

    /// Where a transport has come to listen last.
    pub(super) fn listens_at(&self, name: &TransportName) -> Option<SocketAddr> {
        self.transports.get(name)?.listened_at
    }

    /// Whether the default port of a transport, which gave way to another, can be had now.
    pub(super) fn try_port(&self, name: TransportName) -> Input {
        let is_free = self.transports.get(&name).is_some_and(|line| line.transport.can_listen(line.wanted));
        Input::Event(if is_free { listening::port_free(name) } else { listening::port_taken(name) })
    }

    /// Others can connect from now on.
    pub(super) fn listening(&mut self, name: TransportName, address: SocketAddr) -> Input {
        let mut gave_way = false;
        if let Some(line) = self.transports.get_mut(&name) {
            line.listened_at = Some(address);
            gave_way = line.wanted.port() != 0 && line.wanted.port() != address.port();
        }
        let entrypoints = interfaces::entrypoints(&name, address);
        tracing::info!(transport = %name, %address, "listening");
        Input::Transport(name, TransportInput::Listening { entrypoints, gave_way })
    }

    /// Nobody can connect there. A port that is taken, and that nobody has set, gives way to a free
    /// one, which is tried at once.
    pub(super) fn listen_failed(
        &mut self,
        name: TransportName,
        address: SocketAddr,
        error: &ListenError,
    ) -> Option<Input> {
        let line = self.transports.get_mut(&name)?;
        let setting = line.port_setting;
        let is_taken = matches!(error, ListenError::AddrInUse { .. });
        if line.may_move_port && is_taken && address.port() != 0 {
            // The port that it had last is known to others; that too may be taken now.
            let before = line.listened_at.map(|at| at.port()).filter(|port| *port != address.port());
            let is_wanted = address.port() == line.wanted.port();
            let next = before.filter(|_| is_wanted).unwrap_or(0);
            if is_wanted {
                tracing::warn!(%error, "the default port of {setting} gives way to another until it is free");
            }
            line.transport.listen(SocketAddr::new(address.ip(), next));
            return None;
        }
        let setting = match error {
            ListenError::AddrNotAvailable { .. } => line.address_setting,
            _ => setting,
        };
        let reason = format!("{error}; the setting is {setting}");
        Some(Input::Transport(name, TransportInput::Failed { reason }))
    }

    /// Which transport a session is of.
    pub(super) fn transport_of(&self, session: u64) -> Option<&TransportName> {
        self.sessions.get(&session)
    }

    /// Packets that a session has lost since this was asked last, of a thousand that it has sent; nothing if it has sent
    /// too few to tell, or its transport does not count them.
    pub(super) fn loss_per_mille(&mut self, session: u64) -> Option<u32> {
        let now = self.of_session(session)?.packets(session)?;
        let before = self.packets.entry(session).or_default();
        let sent = now.sent.saturating_sub(before.sent);
        if sent < PACKETS_THAT_TELL {
            return None;
        }
        let lost = now.lost.saturating_sub(before.lost).min(sent);
        *before = now;
        u32::try_from(lost * 1_000 / sent).ok()
    }

    /// Hands a frame to a session, or lets it wait if more is sent in a second than may be. A session of which too much
    /// waits is closed, as is one that takes no more: its peer does not read.
    pub(super) fn send(&mut self, session: u64, frame: &Frame, limits: &Bandwidth, now_us: u64) -> bool {
        match self.gateway.upload.send(session, frame.encode(), limits.upload, now_us) {
            Outgoing::Now(bytes) => self.hand_over(session, bytes),
            Outgoing::Queued => true,
            Outgoing::Full(fullest) => {
                if let Some(transport) = self.of_session(fullest) {
                    let detail = "too much waits to be sent: services/gateway/upload is too low for this";
                    transport.close(fullest, CloseReason::Failed, detail.to_owned());
                }
                fullest != session
            }
        }
    }

    /// Sends what has waited for its time.
    pub(super) fn send_what_is_due(&mut self, limits: &Bandwidth, now_us: u64) {
        while let Some((session, frame)) = self.gateway.upload.next_due(limits.upload, now_us) {
            self.hand_over(session, frame);
        }
    }

    /// A session is about to be closed: what is to be said in it last goes before.
    pub(super) fn send_the_rest(&mut self, session: u64, limits: &Bandwidth, now_us: u64) {
        for frame in self.gateway.upload.release(session, limits.upload, now_us) {
            self.hand_over(session, frame);
        }
    }

    /// The limits are others now, and count at once.
    pub(super) fn limits_changed(&mut self, before: &Bandwidth, now: &Bandwidth) {
        if before.download != now.download {
            self.gateway.download_changed();
            self.rates.holds.release_downloads();
        }
        if before.upload != now.upload {
            self.gateway.upload.begin_again();
        }
    }

    fn hand_over(&mut self, session: u64, frame: Vec<u8>) -> bool {
        let Some(transport) = self.of_session(session) else { return false };
        let bytes = (LENGTH_BYTES + frame.len()) as u64;
        if let Err(error) = transport.send(session, frame) {
            tracing::debug!(session, %error, "a frame was not sent");
            transport.close(session, CloseReason::Failed, error.to_string());
            return false;
        }
        self.frames_out += 1;
        if let (Some(transport), Some(proved)) = (self.sessions.get(&session), self.proved.get(&session)) {
            self.gateway.went(transport, &proved.peer, bytes);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::config::Config;

    #[tokio::test]
    async fn whoever_dials_by_a_transport_that_is_not_there_hears_of_it() {
        let settings = Settings::of(&Config::default()).expect("the defaults are sound");
        let (mut network, ..) = Network::open(&IdentityKey::from_seed(&[1; 32]), &settings);
        let expected = IdentityKey::from_seed(&[2; 32]).id();
        for nowhere in ["relay://127.0.0.1:5", "smoke://127.0.0.1:5"] {
            let nowhere: Entrypoint = nowhere.parse().expect("an entrypoint");
            let told = network.dial(2, &nowhere, expected);
            assert!(matches!(told, Some(Input::Session(2, SessionInput::Closed { .. }))), "{nowhere}");
            assert!(network.of_session(2).is_none());
        }
    }
}
