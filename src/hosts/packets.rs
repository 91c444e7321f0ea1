//! Packets that come in, whatever the transport: who hears of them.

use crate::automata::senders::{gateway, handshake, peers};
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::peers::PeerSource;
use crate::wire::{ACK_FURTHER, Ack, Fail, FailReason, Packet, PacketBody, PacketId, PacketKind, VerifiedPacket};
use crate::world::{Command, Purpose, SessionId, World};

use super::{message_delivery, relay_circuit, stun_client};

/// A packet came in by a session that is ready.
pub fn receive(world: &mut World, system: &System, session: SessionId, packet: VerifiedPacket) {
    let Some((peer, transport)) = world.sessions.get(session).and_then(|it| Some((it.peer?, it.transport.clone())))
    else {
        return;
    };
    let Packet { sender, recipient, .. } = *packet.packet();
    if sender != peer || recipient != world.me {
        let detail = format!("a packet of {sender} for {recipient}");
        return world.tell(gateway::peer_protocol::violation(session, detail));
    }
    world.counters.packets_in += 1;
    if let Some(session) = world.sessions.get_mut(session) {
        session.packets += 1;
    }
    // Whoever sends us documents or messages has us as a contact, or would like to.
    if matches!(packet.packet().kind, PacketKind::Identity | PacketKind::Message) {
        world.acquaint(peer);
    }
    world.identity.stabilities.heard(&transport, world.now.ms);
    world.tell_if_there(system, gateway::contact_status::inbox_packet(peer));
    world.tell_if_there(system, gateway::p2p_connector::inbox_packet(transport));
    // The network was given up, and yet something came.
    if system.network_connector.get().is_some_and(|instance| instance.state().is_in_disconnected()) {
        world.tell(gateway::network_connector::connection_done());
    }
    if let Err(detail) = hand_on(world, system, session, packet) {
        world.tell(gateway::peer_protocol::violation(session, detail));
    }
}

/// Tells whoever a packet is for. An answer is to a message or to our document, and only one of the two knows its id.
/// The error says why the packet is invalid.
fn hand_on(world: &mut World, system: &System, session: SessionId, packet: VerifiedPacket) -> Result<(), String> {
    let Packet { kind, id, sender, answers, .. } = *packet.packet();
    let answered = || answers.ok_or_else(|| format!("{kind:?} names no packet that it answers"));
    match kind {
        PacketKind::Identity => world.command(Command::CommitIdentity { session, packet }),
        PacketKind::Ack => {
            let ack = Ack::decode(&packet.packet().payload).map_err(|error| error.to_string())?;
            for of in std::iter::once(answered()?).chain(ack.further) {
                message_delivery::acknowledged(world, system, of, sender);
                document_answered(world, system, &of, sender, true);
            }
        }
        PacketKind::Fail => {
            let fail = Fail::decode(&packet.packet().payload).map_err(|error| error.to_string())?;
            let of = answered()?;
            message_delivery::refused(world, system, of, sender, fail.reason);
            document_answered(world, system, &of, sender, false);
        }
        PacketKind::Read => message_delivery::read(world, system, answered()?, sender),
        PacketKind::Message if world.is_service_on(system, "private-messages") => {
            world.command(Command::CommitMessage { session, packet });
        }
        PacketKind::Message => world.answer_packet(session, sender, PacketBody::fail(id, FailReason::ServiceOff)),
        // Whatever answers is not answered.
        _ if answers.is_some() => {}
        _ => world.answer_packet(session, sender, PacketBody::fail(id, FailReason::UnknownKind)),
    }
    Ok(())
}

fn document_answered(world: &mut World, system: &System, packet: &PacketId, peer: NodeId, is_taken: bool) {
    match world.acknowledgements.answered(packet, &peer) {
        Some(Purpose::Contact) if is_taken => world.tell(handshake::contact_status::ack_received(peer)),
        Some(Purpose::Contact) => world.tell(handshake::contact_status::send_failed(peer)),
        Some(Purpose::Propagation) => world.tell_if_there(system, handshake::p2p_connector::my_id_answered()),
        None => {}
    }
}

/// Messages that came in by a session are on disk. One signature answers many.
pub fn messages_committed(world: &mut World, session: SessionId, sender: NodeId, packets: &[PacketId]) {
    for together in packets.chunks(1 + ACK_FURTHER) {
        if let [first, further @ ..] = together {
            world.answer_packet(session, sender, PacketBody::acks(*first, further));
        }
    }
}

/// A message that came in is not taken.
pub fn message_refused(world: &mut World, session: SessionId, sender: NodeId, packet: PacketId, reason: FailReason) {
    world.answer_packet(session, sender, PacketBody::fail(packet, reason));
}

/// What became of an identity document that came in: it is on disk, with these entrypoints, or it is not taken.
pub fn identity_committed(
    world: &mut World,
    system: &System,
    session: SessionId,
    sender: NodeId,
    packet: PacketId,
    entrypoints: Option<&[Entrypoint]>,
    relays: bool,
) {
    let answer = match entrypoints {
        Some(entrypoints) => {
            // By which it may be reached without whoever carries its session.
            if world.learn(sender, entrypoints, PeerSource::Itself) {
                world.tell_if_there(system, peers::peer_link::address_learnt(sender));
            }
            stun_client::offered(world, system, sender, entrypoints);
            relay_circuit::offered(world, system, sender, relays);
            PacketBody::ack(packet)
        }
        None => PacketBody::fail(packet, FailReason::Malformed),
    };
    world.answer_packet(session, sender, answer);
}
