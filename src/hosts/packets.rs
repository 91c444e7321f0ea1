//! Packets that come in, whatever the transport: who hears of them.

use crate::automata::senders::{gateway, handshake};
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::peers::PeerSource;
use crate::wire::{FailReason, PacketId};
use crate::world::{Command, IncomingPacket, OutgoingPacket, PacketContent, Purpose, SessionId, World};

use super::message_delivery;

/// A packet came in by a session that is ready.
pub fn receive(world: &mut World, system: &System, session: SessionId, packet: IncomingPacket) {
    let Some((peer, transport)) = world.sessions.get(session).and_then(|it| Some((it.peer?, it.transport.clone())))
    else {
        return;
    };
    if packet.sender != peer {
        world.tell(gateway::peer_protocol::violation(session));
        return;
    }
    world.counters.packets_in += 1;
    world.last_packet_ms = Some(world.now.ms);
    world.identity.stabilities.heard(&transport, world.now.ms);
    world.tell_if_there(system, gateway::contact_status::inbox_packet(peer));
    world.tell_if_there(system, gateway::p2p_connector::inbox_packet(transport));
    if system.network_connector.get().is_some_and(|instance| instance.state().is_in_disconnected()) {
        world.tell(gateway::network_connector::connection_done());
    }
    content(world, system, session, peer, packet);
}

fn content(world: &mut World, system: &System, session: SessionId, peer: NodeId, packet: IncomingPacket) {
    match packet.content {
        PacketContent::Identity(bytes) => {
            world.command(Command::CommitIdentity { session, sender: peer, packet: packet.id, bytes });
        }
        PacketContent::Ack(of) => {
            message_delivery::acknowledged(world, system, of, peer);
            acknowledged(world, system, &of, peer, true);
        }
        PacketContent::Fail(of, reason) => {
            message_delivery::refused(world, system, of, peer, reason);
            acknowledged(world, system, &of, peer, false);
        }
        PacketContent::Read(of) => message_delivery::read(world, system, of, peer),
        PacketContent::Message(bytes) if world.is_service_on(system, "private-messages") => {
            world.command(Command::CommitMessage { session, sender: peer, packet: packet.id, bytes });
        }
        PacketContent::Message(_) => {
            world.answer_packet(session, peer, OutgoingPacket::Fail(packet.id, FailReason::ServiceOff));
        }
        PacketContent::Unknown => {
            world.answer_packet(session, peer, OutgoingPacket::Fail(packet.id, FailReason::UnknownKind));
        }
    }
}

fn acknowledged(world: &mut World, system: &System, packet: &PacketId, peer: NodeId, is_taken: bool) {
    match world.handshakes.answered(packet, &peer) {
        Some(Purpose::Contact) if is_taken => world.tell(handshake::contact_status::ack_received(peer)),
        Some(Purpose::Contact) => world.tell(handshake::contact_status::send_failed(peer)),
        Some(Purpose::Propagation) => world.tell_if_there(system, handshake::p2p_connector::my_id_answered()),
        None => {}
    }
}

/// What became of a message that came in: it is on disk, or it is not taken.
pub fn message_committed(
    world: &mut World,
    session: SessionId,
    sender: NodeId,
    packet: PacketId,
    refused: Option<FailReason>,
) {
    let answer = match refused {
        None => OutgoingPacket::Ack(packet),
        Some(reason) => OutgoingPacket::Fail(packet, reason),
    };
    world.answer_packet(session, sender, answer);
}

/// What became of an identity document that came in: it is on disk, with these entrypoints, or it is not taken.
pub fn identity_committed(
    world: &mut World,
    session: SessionId,
    sender: NodeId,
    packet: PacketId,
    entrypoints: Option<&[Entrypoint]>,
) {
    let answer = match entrypoints {
        Some(entrypoints) => {
            world.learn(sender, entrypoints, PeerSource::Itself);
            OutgoingPacket::Ack(packet)
        }
        None => OutgoingPacket::Fail(packet, FailReason::Malformed),
    };
    world.answer_packet(session, sender, answer);
}
