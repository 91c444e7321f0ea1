//! A contact's handshake: its identity document is there as soon as there is a session, and ours goes out as a packet.

use crate::automata::contact_status::Inside as Action;
use crate::automata::peer_link;
use crate::automata::senders::handshake;
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::node::{OutgoingPacket, Purpose, World};
use crate::peers::PeerSource;

/// Performs an action of the contact.
pub fn perform(world: &mut World, system: &System, peer: NodeId, action: &Action) {
    match action {
        // A session brings the identity document with it, verified.
        Action::FetchIdentity if world.sessions.ready(&peer).is_some() => {
            world.tell(handshake::contact_status::identity_fetched(peer));
        }
        // Nobody was there a moment ago. When it is tried again, the link knows, which is to be hurried by nobody but the user; and a session tells of itself.
        Action::FetchIdentity if has_failed_lately(world, system, &peer) => {
            world.tell(handshake::contact_status::identity_missing(peer));
        }
        Action::FetchIdentity => {
            world.handshakes.fetching.insert(peer);
            world.hurry_link(system, peer);
        }
        Action::SendMyIdentity => match world.send_packet(peer, OutgoingPacket::Identity) {
            Some(packet) => world.handshakes.wait(packet, peer, Purpose::Contact),
            None => world.tell(handshake::contact_status::send_failed(peer)),
        },
        Action::CancelHandshake => {
            world.handshakes.fetching.remove(&peer);
            world.handshakes.forget(&peer, Some(Purpose::Contact));
        }
        Action::RememberTime => {
            let now_unix_ms = world.now.unix_ms;
            world.peers.entry(peer, PeerSource::Itself, now_unix_ms).seen(now_unix_ms);
        }
        Action::ReleaseMessages => world.let_messages_go(system, peer),
    }
}

/// All addresses of the peer were tried in vain, by this run or by the one before, and the link rests from it.
fn has_failed_lately(world: &World, system: &System, peer: &NodeId) -> bool {
    let rests = system.peer_link.get(peer).is_some_and(|link| link.state() == peer_link::State::Resting);
    rests && world.peers.get(peer).is_some_and(|known| known.failures > 0)
}
