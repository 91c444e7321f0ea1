//! The one door for packets in and out, whatever the transport; it counts them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::automata::contact_status;
use crate::automata::senders::{contacts, gateway, handshake, identity};
use crate::automata::system::System;
use crate::automata::types::{FailReason, Refusal};
use crate::identity::NodeId;
use crate::node::{Command, IncomingPacket, OutgoingFrame, OutgoingPacket, PacketContent, SessionId, World};
use crate::wire::PacketId;
use crate::words::snake_case;

/// Packets that wait for an acknowledgement, at the most, apart from messages. The oldest is forgotten first.
const AWAITED_LIMIT: usize = 4_096;

/// What an acknowledgement is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A contact's handshake.
    Contact,
    /// The propagation of our identity.
    Propagation,
}

/// Handshakes with contacts, and acknowledgements that are waited for.
#[derive(Clone, Debug, Default)]
pub struct Handshakes {
    /// Contacts whose identity is waited for: there is no session yet.
    pub fetching: BTreeSet<NodeId>,
    awaited: BTreeMap<PacketId, (NodeId, Purpose)>,
    /// Our identity document is being written into the DHT.
    pub is_publishing: bool,
}

impl Handshakes {
    /// That packet is to be acknowledged.
    pub fn wait(&mut self, packet: PacketId, peer: NodeId, purpose: Purpose) {
        if self.awaited.len() >= AWAITED_LIMIT {
            self.awaited.pop_first();
        }
        self.awaited.insert(packet, (peer, purpose));
    }

    /// It was, or was refused, by this peer.
    pub fn answered(&mut self, packet: &PacketId, by: &NodeId) -> Option<Purpose> {
        let (peer, purpose) = *self.awaited.get(packet)?;
        (peer == *by).then(|| self.awaited.remove(packet)).map(|_| purpose)
    }

    /// Nobody waits any more for acknowledgements of that peer. Says for what somebody had.
    pub fn forget(&mut self, peer: &NodeId, purpose: Option<Purpose>) -> Vec<Purpose> {
        let is_it = |(of, what): &(NodeId, Purpose)| of == peer && purpose.is_none_or(|purpose| purpose == *what);
        let forgotten = self.awaited.values().filter(|awaited| is_it(awaited)).map(|(_, purpose)| *purpose).collect();
        self.awaited.retain(|_, awaited| !is_it(awaited));
        forgotten
    }

    /// The propagation of our identity waits for somebody.
    #[must_use]
    pub fn is_propagating(&self) -> bool {
        self.is_publishing || self.awaited.values().any(|(_, purpose)| *purpose == Purpose::Propagation)
    }
}

/// What has been counted since the node was started.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counters {
    /// Frames that came in.
    pub frames_in: u64,
    /// Packets that came in.
    pub packets_in: u64,
    /// Packets that a session has taken.
    pub packets_out: u64,
    /// Packets that no session took.
    pub packets_failed: u64,
    /// Signs of life below the protocol.
    pub keep_alives: u64,
    /// Violations of the protocol.
    pub violations: u64,
    /// Peers that we refused, by the reason.
    pub refused: BTreeMap<String, u64>,
    /// Peers that refused us, by the reason.
    pub refused_by_peers: BTreeMap<String, u64>,
    /// Sessions that ended, by the reason.
    pub sessions_ended: BTreeMap<String, u64>,
    /// Sessions whose peer went away before they were ready, by the state in which they were.
    pub broken_off: BTreeMap<String, u64>,
}

impl Counters {
    /// One more of that reason; reasons are a closed list.
    pub fn count(of: &mut BTreeMap<String, u64>, reason: impl Serialize) {
        *of.entry(snake_case(&reason)).or_default() += 1;
    }
}

impl World {
    /// Sends a packet to a peer, by the session that serves it.
    pub fn send_packet(&mut self, peer: NodeId, packet: OutgoingPacket) -> Option<PacketId> {
        let Some(session) = self.sessions.ready(&peer) else {
            self.counters.packets_failed += 1;
            return None;
        };
        let id = self.packet_id();
        self.counters.packets_out += 1;
        self.command(Command::SendPacket { session, recipient: peer, id, packet });
        Some(id)
    }

    /// Answers a packet, by the session by which it came or, if that is gone, by another.
    pub(super) fn answer_packet(&mut self, session: SessionId, peer: NodeId, packet: OutgoingPacket) {
        let session = if self.sessions.get(session).is_some() { Some(session) } else { self.sessions.ready(&peer) };
        let Some(session) = session else {
            self.counters.packets_failed += 1;
            return;
        };
        let id = self.packet_id();
        self.counters.packets_out += 1;
        self.command(Command::SendPacket { session, recipient: peer, id, packet });
    }

    /// A packet came in by a session that is ready.
    pub fn packet(&mut self, system: &System, session: SessionId, packet: IncomingPacket) {
        let Some((peer, transport)) = self.sessions.get(session).and_then(|it| Some((it.peer?, it.transport.clone())))
        else {
            return;
        };
        if packet.sender != peer {
            self.tell(gateway::peer_protocol::violation(session));
            return;
        }
        self.counters.packets_in += 1;
        self.last_packet_ms = Some(self.now.ms);
        self.identity.stabilities.heard(&transport, self.now.ms);
        self.tell_if_there(system, gateway::contact_status::inbox_packet(peer));
        self.tell_if_there(system, gateway::p2p_connector::inbox_packet(transport));
        if system.network_connector.get().is_some_and(|instance| instance.state().is_in_disconnected()) {
            self.tell(gateway::network_connector::connection_done());
        }
        self.content(system, session, peer, packet);
    }

    fn content(&mut self, system: &System, session: SessionId, peer: NodeId, packet: IncomingPacket) {
        match packet.content {
            PacketContent::Identity(bytes) => {
                self.command(Command::CommitIdentity { session, sender: peer, packet: packet.id, bytes });
            }
            PacketContent::Ack(of) => {
                if system.message_delivery.get(&of).is_some_and(|delivery| delivery.parameters.peer == peer) {
                    self.tell(gateway::message_delivery::acknowledged(of));
                }
                self.acknowledged(system, &of, peer, true);
            }
            PacketContent::Fail(of, reason) => {
                if system.message_delivery.get(&of).is_some_and(|delivery| delivery.parameters.peer == peer) {
                    self.tell(gateway::message_delivery::refused(of, reason));
                }
                self.acknowledged(system, &of, peer, false);
            }
            PacketContent::Read(of) => self.read(system, of, peer),
            PacketContent::Message(bytes) if self.is_service_on(system, "private-messages") => {
                self.command(Command::CommitMessage { session, sender: peer, packet: packet.id, bytes });
            }
            PacketContent::Message(_) => {
                self.answer_packet(session, peer, OutgoingPacket::Fail(packet.id, FailReason::ServiceOff));
            }
            PacketContent::Unknown => {
                self.answer_packet(session, peer, OutgoingPacket::Fail(packet.id, FailReason::UnknownKind));
            }
        }
    }

    /// A read receipt. It may come long after the delivery has come to its end; the store then knows whether the message was for that peer.
    fn read(&mut self, system: &System, message: PacketId, peer: NodeId) {
        match system.message_delivery.get(&message) {
            Some(delivery) if delivery.parameters.peer == peer => self.tell(gateway::message_delivery::read(message)),
            Some(_) => {}
            None => self.command(Command::FindDelivered { message, peer }),
        }
    }

    fn acknowledged(&mut self, system: &System, packet: &PacketId, peer: NodeId, is_taken: bool) {
        match self.handshakes.answered(packet, &peer) {
            Some(Purpose::Contact) if is_taken => self.tell(handshake::contact_status::ack_received(peer)),
            Some(Purpose::Contact) => self.tell(handshake::contact_status::send_failed(peer)),
            Some(Purpose::Propagation) => self.look_at_propagation(system),
            None => {}
        }
    }

    /// Our identity has been propagated once nobody is waited for.
    pub fn look_at_propagation(&mut self, system: &System) {
        if !self.handshakes.is_propagating() {
            self.tell_if_there(system, identity::p2p_connector::my_id_propagated());
        }
    }

    /// A peer has no session any more: what waited for its answers waits in vain.
    pub fn lost(&mut self, system: &System, peer: NodeId) {
        let forgotten = self.handshakes.forget(&peer, None);
        if forgotten.contains(&Purpose::Contact) {
            self.tell_if_there(system, handshake::contact_status::send_failed(peer));
        }
        self.tell_if_there(system, gateway::contact_status::session_closed(peer));
        if forgotten.contains(&Purpose::Propagation) {
            self.look_at_propagation(system);
        }
        self.lines.step_back(&peer);
        for (message, delivery) in system.message_delivery.iter() {
            if delivery.parameters.peer == peer {
                self.tell(gateway::message_delivery::session_lost(*message));
            }
        }
    }

    /// Messages whose turn it is may go, if the contact is here.
    pub fn let_messages_go(&mut self, system: &System, peer: NodeId) {
        let is_here = |status: contact_status::State| status == contact_status::State::Connected;
        if self.sessions.ready(&peer).is_none()
            || !system.contact_status.get(&peer).is_some_and(|status| is_here(status.state()))
        {
            return;
        }
        while let Some(message) = self.lines.next(&peer) {
            self.tell(gateway::message_delivery::turn(message));
        }
    }

    /// A peer has a session now.
    pub fn found(&mut self, system: &System, peer: NodeId) {
        self.tell_if_there(system, gateway::contact_status::session_opened(peer));
        if self.handshakes.fetching.remove(&peer) {
            self.tell_if_there(system, handshake::contact_status::identity_fetched(peer));
        }
        self.tell_if_there(system, gateway::peer_link::session_ready(peer));
        self.reached(system, peer, true);
    }

    /// Sends a frame that is no packet.
    pub fn send_frame(&mut self, session: SessionId, frame: OutgoingFrame) {
        self.command(Command::Send(session, frame));
    }

    /// Tells a peer why we do not take it, and counts it.
    pub fn refuse(&mut self, session: SessionId, reason: Refusal) {
        Counters::count(&mut self.counters.refused, reason);
        if let Some(session) = self.sessions.get_mut(session) {
            session.ended_because = Some(format!("we refused: {reason:?}"));
        }
        self.send_frame(session, OutgoingFrame::Refused(reason));
    }

    /// A session ended because its peer was too slow, without a word.
    pub fn count_timed_out(&mut self) {
        Counters::count(&mut self.counters.refused, Refusal::TimedOut);
    }

    /// A link is wanted at once, and there is one from now on if there was none.
    pub fn hurry_link(&mut self, system: &System, peer: NodeId) {
        if system.peer_link.get(&peer).is_some() {
            self.tell(contacts::peer_link::wanted_now(peer));
        } else {
            self.want_link(peer);
        }
    }
}
