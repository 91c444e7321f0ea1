//! The network as a neighbour: transports, their sessions, and the interfaces of this machine.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use futures_util::stream::{FuturesUnordered, SelectAll, Stream, poll_fn};
use tokio::sync::mpsc;

use crate::automata::senders::network::network_connector as told;
use crate::home::config::Settings;
use crate::identity::{Entrypoint, IdentityKey, NodeId};
use crate::name::TransportName;
use crate::runtime::inbound::Proved;
use crate::runtime::interfaces;
use crate::runtime::transports::TRANSPORTS;
use crate::transports::{CloseReason, ListenError, SessionNumbers, Transport, TransportEvent};
use crate::wire::Frame;
use crate::world::{Input, TransportInput};

use super::rates::Rates;

/// Events of transports that wait to be dealt with, at most, for each transport.
const EVENTS_WAITING: usize = 4_096;

/// What transports report, each with its name.
pub type TransportEvents = SelectAll<Pin<Box<dyn Stream<Item = (TransportName, TransportEvent)>>>>;

/// The network, and what is known of it.
pub struct Network {
    transports: BTreeMap<TransportName, OpenTransport>,
    /// Which transport a session is of.
    sessions: HashMap<u64, TransportName>,
    /// What the transport has proved of each session.
    pub(super) proved: HashMap<u64, Proved>,
    /// How fast frames come.
    pub(super) rates: Rates,
    /// Frames that came too early, each until its time has come.
    pub(super) early: FuturesUnordered<Pin<Box<dyn Future<Output = ()>>>>,
    interfaces: Vec<IpAddr>,
    /// Frames that sessions have taken.
    pub frames_out: u64,
    /// How many connections transports have refused, by their reasons.
    pub refused_connections: BTreeMap<String, u64>,
}

/// A transport, and where it listens.
struct OpenTransport {
    transport: Box<dyn Transport>,
    listens_at: SocketAddr,
    /// The port was not set by the user, and may give way to a free one.
    may_move_port: bool,
    port_setting: &'static str,
}

impl Network {
    /// All transports, of which none listens yet. To be called within a tokio runtime.
    pub fn open(key: &IdentityKey, settings: &Settings) -> (Self, TransportEvents) {
        let numbers = SessionNumbers::default();
        let mut events = TransportEvents::new();
        let mut transports = BTreeMap::new();
        for kind in TRANSPORTS {
            let (sender, mut receiver) = mpsc::channel(EVENTS_WAITING);
            let (listens_at, is_port_set) = (kind.listens_at)(settings);
            let transport = (kind.open)(key, settings, numbers.clone(), sender);
            let line =
                OpenTransport { transport, listens_at, may_move_port: !is_port_set, port_setting: kind.port_setting };
            transports.insert(kind.transport_name(), line);
            let name = kind.transport_name();
            events.push(Box::pin(poll_fn(move |context| {
                receiver.poll_recv(context).map(|event| event.map(|event| (name.clone(), event)))
            })));
        }
        let network = Self {
            transports,
            sessions: HashMap::new(),
            proved: HashMap::new(),
            rates: Rates::default(),
            early: FuturesUnordered::new(),
            interfaces: Vec::new(),
            frames_out: 0,
            refused_connections: BTreeMap::new(),
        };
        (network, events)
    }

    /// Does something with the transport of that name.
    pub(super) fn with(&self, name: &TransportName, order: impl FnOnce(&dyn Transport)) {
        if let Some(line) = self.transports.get(name) {
            order(&*line.transport);
        }
    }

    /// The transport of a session, if that has not ended.
    pub(super) fn of_session(&self, session: u64) -> Option<&dyn Transport> {
        Some(&*self.transports.get(self.sessions.get(&session)?)?.transport)
    }

    /// Opens a session.
    pub(super) fn dial(&mut self, session: u64, to: &Entrypoint, expected: NodeId) {
        self.sessions.insert(session, to.transport.clone());
        self.with(&to.transport, |transport| transport.dial(session, to.address, expected));
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
    }

    /// Which interfaces serve transports, and whether they are those of before.
    pub(super) fn look_at_interfaces(&mut self) -> Input {
        let addresses = self.transports.values().map(|line| line.listens_at.ip());
        let mut found: Vec<IpAddr> = addresses.flat_map(interfaces::interfaces).collect();
        found.sort();
        found.dedup();
        let same = found == self.interfaces;
        self.interfaces = found;
        Input::Event(told::network_info_received(!self.interfaces.is_empty(), same))
    }

    /// Whether there is a way out.
    pub(super) fn probe_internet(&self) -> Input {
        let has_way_out = self.transports.values().any(|line| interfaces::has_way_out(line.listens_at.ip()));
        Input::Event(if has_way_out { told::internet_reached() } else { told::internet_missing() })
    }

    /// Others may connect by that transport.
    pub(super) fn listen(&self, name: &TransportName) {
        if let Some(line) = self.transports.get(name) {
            line.transport.listen(line.listens_at);
        }
    }

    /// Others can connect from now on.
    pub(super) fn listening(&mut self, name: TransportName, address: SocketAddr) -> Input {
        if let Some(line) = self.transports.get_mut(&name) {
            (line.listens_at, line.may_move_port) = (address, false);
        }
        let entrypoints = interfaces::entrypoints(&name, address);
        tracing::info!(transport = %name, %address, "listening");
        Input::Transport(name, TransportInput::Listening { entrypoints })
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
            tracing::warn!(%error, "the default port of {setting} gives way to a free one");
            line.may_move_port = false;
            line.transport.listen(SocketAddr::new(address.ip(), 0));
            return None;
        }
        let reason = format!("{error}; the setting is {setting}");
        Some(Input::Transport(name, TransportInput::Failed { reason }))
    }

    /// Hands a frame to a session. One that takes no more is closed: its peer does not read.
    pub(super) fn send(&mut self, session: u64, frame: &Frame) -> bool {
        let Some(transport) = self.of_session(session) else { return false };
        match transport.send(session, frame.encode()) {
            Ok(()) => {
                self.frames_out += 1;
                true
            }
            Err(error) => {
                tracing::debug!(session, frame = frame.name(), %error, "a frame was not sent");
                transport.close(session, CloseReason::Failed, error.to_string());
                false
            }
        }
    }
}
