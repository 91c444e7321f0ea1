//! STUN as a neighbour: the server of this node, and the clients that ask peers.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::automata::senders::transports::{stun_client, stun_server};
use crate::home::clock::unix_ms;
use crate::home::config::Settings;
use crate::home::entropy::random;
use crate::identity::NodeId;
use crate::name::stun_name;
use crate::runtime::interfaces;
use crate::stun::{Seen, SeenFrom, TransactionId};
use crate::transports::ListenError;
use crate::transports::stun::{Place, StunClients, StunEvent, StunServer};
use crate::world::Input;

use super::network::Network;

/// Answers of peers that wait for the loop, at most. The sockets wait with them, and lose what comes too fast.
const EVENTS_WAITING: usize = 64;

/// STUN, and what is known of it.
pub struct StunNeighbour {
    server: Option<StunServer>,
    /// The port that it had last, which others know.
    last_port: Option<u16>,
    clients: StunClients,
    seen: Arc<Mutex<Seen>>,
    events: mpsc::Receiver<StunEvent>,
}

fn told(event: StunEvent) -> Input {
    Input::Event(match event {
        StunEvent::Answered { peer, socket, local, mapped } => stun_client::answered(peer, socket, local, mapped),
        StunEvent::FilteringTested { peer, server, local, result } => {
            stun_client::filtering_tested(peer, server, local, result)
        }
        StunEvent::Refused { peer, reason } => stun_client::failed(peer, reason),
    })
}

/// Where the server is to be, by the settings.
struct Wanted {
    place: Place,
    /// Nobody has set the port, so it gives way to a free one.
    may_move_port: bool,
}

impl Wanted {
    fn of(settings: &Settings) -> Self {
        let stun = &settings.stun;
        let place = Place { at: SocketAddr::new(stun.address, stun.port.port), other: stun.other_address };
        Self { place, may_move_port: !stun.port.is_set && stun.port.port != 0 }
    }

    fn at_port(&self, port: u16) -> Place {
        Place { at: SocketAddr::new(self.place.at.ip(), port), ..self.place }
    }

    /// Why the second address is none.
    fn problem(&self) -> Option<String> {
        let (at, other) = (self.place.at.ip(), self.place.other?);
        let said = "services/stun/other-address is of use only beside one other address of the same kind in \
                    services/stun/address";
        let fits = |ip: IpAddr| !ip.is_unspecified() && !ip.is_multicast();
        let is_pair = fits(at) && fits(other) && at != other && at.is_ipv4() == other.is_ipv4();
        (!is_pair).then(|| said.to_owned())
    }
}

impl StunNeighbour {
    /// Nobody is asked or answered yet.
    #[must_use]
    pub fn new() -> Self {
        let (sender, events) = mpsc::channel(EVENTS_WAITING);
        Self { server: None, last_port: None, clients: StunClients::new(sender), seen: Arc::default(), events }
    }

    /// What comes next of a question.
    pub(super) async fn next(&mut self) -> Option<Input> {
        self.events.recv().await.map(told)
    }

    /// Something came by the socket that sessions over UDP go by.
    pub(super) fn heard_by_transport(&self, from: SocketAddr, bytes: &[u8]) -> Option<Input> {
        self.clients.heard_by_transport(from, bytes).map(told)
    }

    /// Opens the server, if it is not open. Says where it is.
    pub(super) fn open(&mut self, settings: &Settings) -> Input {
        let wanted = Wanted::of(settings);
        if self.server.is_none() {
            match self.bound(&wanted) {
                Ok(server) => {
                    tracing::info!(address = %server.address(), "STUN requests are answered");
                    self.server = Some(server);
                }
                Err(reason) => return Input::Event(stun_server::failed(reason)),
            }
        }
        let address = self.server.as_ref().expect("it was there, or is now").address();
        self.last_port = Some(address.port());
        let gave_way = wanted.may_move_port && wanted.place.at.port() != address.port();
        let entrypoints = interfaces::entrypoints(&stun_name(), address);
        Input::Event(stun_server::serving(entrypoints, gave_way))
    }

    /// A default port that is taken gives way: to the one of last time, then to any.
    fn bound(&self, wanted: &Wanted) -> Result<StunServer, String> {
        if let Some(problem) = wanted.problem() {
            return Err(problem);
        }
        let place = wanted.place;
        let last = self.last_port.filter(|port| *port != place.at.port());
        let kept = last.filter(|_| place.at.port() == 0);
        let first = self.opened(kept.map_or(place, |port| wanted.at_port(port)));
        let is_taken = matches!(first, Err(ListenError::AddrInUse { .. }));
        let opened = if is_taken && (wanted.may_move_port || kept.is_some()) {
            let before = last.filter(|_| kept.is_none()).map(|port| self.opened(wanted.at_port(port)));
            before.and_then(Result::ok).map_or_else(|| self.opened(wanted.at_port(0)), Ok)
        } else {
            first
        };
        opened.map_err(|error| {
            let setting = match error {
                ListenError::AddrNotAvailable { .. } => "services/stun/address",
                _ => "services/stun/port",
            };
            format!("{error}; the setting is {setting}")
        })
    }

    fn opened(&self, place: Place) -> Result<StunServer, ListenError> {
        StunServer::open(place, Arc::clone(&self.seen), unix_ms)
    }

    /// Nobody is answered any more.
    pub(super) fn close(&mut self) {
        self.server = None;
    }

    /// Whether the default port, which gave way to another, can be had now.
    pub(super) fn try_port(&self, settings: &Settings) -> Input {
        let is_free = StunServer::can_open(Wanted::of(settings).place);
        Input::Event(if is_free { stun_server::port_free() } else { stun_server::port_taken() })
    }

    /// Asks a peer. Says so at once if that cannot be.
    pub(super) fn ask(&mut self, peer: NodeId, server: Option<SocketAddr>, network: &Network) -> Option<Input> {
        let ids = [TransactionId(random()), TransactionId(random())];
        let asked = match server {
            Some(server) => self.clients.ask(peer, server, ids, |to, message| network.send_stun(to, message)),
            None => Err("it is not known where its server is".to_owned()),
        };
        asked.err().map(|reason| {
            tracing::debug!(%peer, reason, "the peer is not asked where it sees this node");
            Input::Event(stun_client::failed(peer, reason))
        })
    }

    /// Asks a peer once more.
    pub(super) fn ask_again(&self, peer: &NodeId, network: &Network) {
        self.clients.ask_again(peer, |to, message| network.send_stun(to, message));
    }

    /// Tests with the help of a peer what the router lets in.
    pub(super) fn test_filtering(&mut self, peer: NodeId, server: Option<SocketAddr>) {
        if let Some(server) = server {
            self.clients.test_filtering(peer, server, std::array::from_fn(|_| TransactionId(random())));
        }
    }

    /// The peer is not asked any more.
    pub(super) fn stop_asking(&mut self, peer: &NodeId) {
        self.clients.close(peer);
    }

    /// Somebody at this address has a session with this node: what asks the server from there is remembered.
    pub(super) fn expect(&self, ip: IpAddr) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).expect(ip);
    }

    /// From where somebody at this address asked the server, the latest last.
    pub fn seen(&self, ip: IpAddr) -> Vec<SeenFrom> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).of(ip).copied().collect()
    }
}
