//! The network as a neighbour: sessions over TCP, others in the local network, and the interfaces of this machine.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};

use crate::automata::senders::network::network_connector as told;
use crate::home::config::Settings;
use crate::runtime::inbound::Proved;
use crate::runtime::interfaces;
use crate::transports::lan::LanDiscovery;
use crate::transports::tcp::TcpTransport;
use crate::transports::{CloseReason, ListenError, Waiting, tcp_name};
use crate::wire::{Frame, VerifiedPacket};
use crate::world::{Input, TransportInput};

/// The network, and what is known of it.
pub struct Network {
    pub(super) transport: TcpTransport,
    pub(super) lan: LanDiscovery,
    listen_at: SocketAddr,
    /// The port was not set by the user, and may give way to a free one.
    may_move_port: bool,
    /// What the transport has proved of each session.
    pub(super) proved: HashMap<u64, Proved>,
    interfaces: Vec<IpAddr>,
    /// Frames that sessions have taken.
    pub frames_out: u64,
    /// How many connections the transport has refused, by its reasons.
    pub refused_connections: BTreeMap<String, u64>,
}

impl Network {
    pub(super) fn new(transport: TcpTransport, lan: LanDiscovery, settings: &Settings) -> Self {
        Self {
            transport,
            lan,
            listen_at: SocketAddr::new(settings.tcp.address, settings.tcp.port.port),
            may_move_port: !settings.tcp.port.is_set,
            proved: HashMap::new(),
            interfaces: Vec::new(),
            frames_out: 0,
            refused_connections: BTreeMap::new(),
        }
    }

    /// Which interfaces are up, and whether they are those of before.
    pub(super) fn look_at_interfaces(&mut self) -> Input {
        let found = interfaces::interfaces(self.listen_at.ip());
        let same = found == self.interfaces;
        self.interfaces = found;
        Input::Event(told::network_info_received(!self.interfaces.is_empty(), same))
    }

    /// Whether there is a way out.
    pub(super) fn probe_internet(&self) -> Input {
        let has_way_out = interfaces::has_way_out(self.listen_at.ip());
        Input::Event(if has_way_out { told::internet_reached() } else { told::internet_missing() })
    }

    /// Others may connect.
    pub(super) fn listen(&self) {
        self.transport.listen(self.listen_at);
    }

    /// Others can connect from now on.
    pub(super) fn listening(&mut self, address: SocketAddr) -> Input {
        self.listen_at = address;
        self.may_move_port = false;
        let entrypoints = interfaces::entrypoints(address);
        tracing::info!(%address, "listening");
        Input::Transport(tcp_name(), TransportInput::Listening { entrypoints })
    }

    /// Nobody can connect there. A port that nobody has set gives way to a free one, which is tried at once.
    pub(super) fn listen_failed(&mut self, address: SocketAddr, error: &ListenError) -> Option<Input> {
        if self.may_move_port && address.port() != 0 {
            tracing::warn!(%error, "the default port of services/tcp-transport/port gives way to a free one");
            self.may_move_port = false;
            self.transport.listen(SocketAddr::new(address.ip(), 0));
            return None;
        }
        let reason = format!("{error}; the setting is services/tcp-transport/port");
        Some(Input::Transport(tcp_name(), TransportInput::Failed { reason }))
    }

    /// Counts a packet against the session by which it came, until it is done with.
    pub(super) fn hold(&self, session: u64, packet: &VerifiedPacket) -> Option<Waiting> {
        self.transport.hold(session, packet.as_bytes().len())
    }

    /// Hands a frame to a session. One that takes no more is closed: its peer does not read.
    pub(super) fn send(&mut self, session: u64, frame: &Frame) -> bool {
        match self.transport.send(session, frame.encode()) {
            Ok(()) => {
                self.frames_out += 1;
                true
            }
            Err(error) => {
                tracing::debug!(session, frame = frame.name(), %error, "a frame was not sent");
                self.transport.close(session, CloseReason::Failed, error.to_string());
                false
            }
        }
    }
}
