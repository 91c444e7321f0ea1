//! Who reaches whom, and what goes over the wire.

use std::net::SocketAddr;

use bitpie::automata::system::Message;
use bitpie::automata::types::CloseReason;
use bitpie::identity::Entrypoint;
use bitpie::runtime::inbound;
use bitpie::wire::{Frame, Packet, PacketId, PacketKind};
use bitpie::world::{Input, SessionId, SessionInput};

use super::host::Host;
use super::{DELAY_MS, EPOCH_MS, World, closed, key, message};

impl World {
    pub(super) fn dial(&mut self, index: usize, session: SessionId, to: &Entrypoint) {
        self.hosts[index].dialled.push((self.now_ms, to.clone()));
        let other = (0..self.hosts.len()).find(|other| self.is_open(*other, index, to));
        let reachable = other.filter(|other| {
            let host = &self.hosts[*other];
            host.is_plugged && host.listening.contains(&to.transport) && self.hosts[index].is_plugged
        });
        let Some(other) = reachable else {
            self.knock(index, to);
            self.tell(index, 50, closed(session, CloseReason::Failed));
            return;
        };
        let host = &mut self.hosts[other];
        host.accepted += 2;
        let theirs = host.accepted - 1;
        host.wires.insert(theirs, (index, session));
        self.hosts[index].wires.insert(session, (other, theirs));
        let (transport, remote) = (to.transport.clone(), self.outer(index));
        self.tell(other, DELAY_MS, Input::Session(theirs, SessionInput::Accepted { transport, remote, through: None }));
        self.tell(index, DELAY_MS, Input::Session(session, SessionInput::Connected));
    }

    /// A packet comes unasked. A router that answers it takes the port of that flow for itself, for a while.
    pub(super) fn knock(&mut self, index: usize, to: &Entrypoint) {
        let knocked = (0..self.hosts.len()).find(|other| self.outer(*other) == to.address);
        if let Some(other) = knocked.filter(|other| self.hosts[*other].router_answers) {
            self.taken_ports.insert((other, index), self.now_ms);
        }
    }

    /// What that host sends to the other one leaves by a port that nobody knows.
    pub(super) fn leaves_elsewhere(&self, host: usize, other: usize) -> bool {
        self.taken_ports.get(&(host, other)).is_some_and(|at_ms| self.now_ms < at_ms + 30_000)
    }

    /// Where others see a host: behind a router, at an address that stands in no document.
    pub(super) fn outer(&self, index: usize) -> SocketAddr {
        let mut address = self.hosts[index].address;
        if self.hosts[index].is_behind_router {
            address.set_port(40_000);
        }
        address
    }

    /// Whether whoever dials this address gets to that host: behind a router, if the host has dialled them over UDP a
    /// moment ago.
    pub(super) fn is_open(&self, host: usize, dialler: usize, to: &Entrypoint) -> bool {
        let sent_to_dialler = |(at_ms, sent): &(u64, Entrypoint)| {
            let is_udp = sent.transport == to.transport && to.transport == bitpie::name::udp_name();
            is_udp && sent.address == self.outer(dialler) && self.now_ms < at_ms + 5_000
        };
        let is_there = self.outer(host) == to.address;
        is_there
            && !self.leaves_elsewhere(dialler, host)
            && (!self.hosts[host].is_behind_router
                || !self.hosts[host].lets_nobody_in && self.hosts[host].dialled.iter().rev().any(sent_to_dialler))
    }

    /// Sends a packet of that kind to the one peer that there is, and tells its id.
    pub fn say(&mut self, index: usize, kind: PacketKind, answers: Option<PacketId>) -> PacketId {
        let (&session, &(other, _)) = self.hosts[index].wires.first_key_value().expect("there is a session");
        let (sender, recipient) = (self.hosts[index].id, self.hosts[other].id);
        let id = message(99);
        let time_unix_ms = EPOCH_MS + self.now_ms;
        self.packet(
            index,
            session,
            &Packet { kind, id, sender, recipient, time_unix_ms, answers, payload: Vec::new() },
        );
        id
    }

    /// A packet, signed as its host's number says.
    pub(super) fn packet(&mut self, index: usize, session: SessionId, packet: &Packet) {
        let signed = packet.sign(&key(index as u8 + 1)).expect("it is short");
        self.frame(index, session, Frame::Packet(signed.as_bytes().to_vec()));
    }

    /// A frame, which is decoded on the other side as a node does.
    pub fn frame(&mut self, index: usize, session: SessionId, frame: Frame) {
        let unix_ms = EPOCH_MS + self.now_ms;
        self.tell_peer(index, session, |theirs, other| {
            inbound::event(theirs, frame.clone(), other.network, unix_ms + other.skew_ms)
        });
    }

    pub(super) fn tell_peer(
        &mut self,
        index: usize,
        session: SessionId,
        event: impl FnOnce(SessionId, &Host) -> Option<Message>,
    ) {
        let Some(&(other, theirs)) = self.hosts[index].wires.get(&session) else { return };
        if self.hosts[index].is_plugged && self.hosts[other].is_plugged && self.is_line_whole(index, session) {
            let event = event(theirs, &self.hosts[other]);
            let transport = self.hosts[index].core.world().sessions.get(session).map(|it| &it.transport);
            let slow = self.slow.as_ref().filter(|(slow, _)| Some(slow) == transport);
            let delay_ms = DELAY_MS + slow.map_or(0, |(_, ms)| *ms);
            self.tell(other, delay_ms, Input::Session(theirs, SessionInput::Frame(event)));
        }
    }
}
