//! A wanted session: addresses are taken one after another, and rests are written down.

use crate::automata::peer_link::{Action, Conditions};
use crate::automata::senders::{gateway, handshake};
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::node::{Command, Session, World};
use crate::peers::PeerSource;

use automata_runtime::Milliseconds;

impl Conditions for World {
    fn any_address(&mut self, peer: &NodeId) -> bool {
        self.peers.get(peer).is_some_and(|known| !known.entrypoints.is_empty())
    }

    fn another_address(&mut self, peer: &NodeId) -> bool {
        self.peers.has_untried(peer)
    }
}

/// Performs an action of the link.
pub fn perform(world: &mut World, system: &System, peer: NodeId, action: &Action) {
    match action {
        Action::BeginRound => world.peers.begin_round(peer),
        Action::Dial => dial(world, system, peer),
        Action::RememberRest { pause } => {
            let now_unix_ms = world.now.unix_ms;
            let known = world.peers.entry(peer, PeerSource::User, now_unix_ms);
            known.next_attempt_unix_ms = if pause.0 == 0 { 0 } else { now_unix_ms.saturating_add(pause.0) };
            world.remember_peer(&peer);
        }
        Action::ReportUnreachable => {
            let now_unix_ms = world.now.unix_ms;
            let known = world.peers.entry(peer, PeerSource::User, now_unix_ms);
            known.failures = known.failures.saturating_add(1);
            if world.handshakes.fetching.remove(&peer) {
                world.tell(handshake::contact_status::identity_missing(peer));
            }
            // It may have moved; then only its document says where to. Asked after each round, since a document that has just been written is not found at once.
            if world.contacts.contains(&peer) || world.is_reaching(&peer) {
                world.find_identity(peer);
            }
            world.reached(system, peer, false);
        }
    }
}

fn dial(world: &mut World, system: &System, peer: NodeId) {
    let entrypoint = world.peers.next_untried(&peer);
    let can_dial = world.is_service_on(system, "tcp-connections") && world.sessions.len() < world.session_limit;
    let Some(entrypoint) = entrypoint.filter(|_| can_dial) else {
        world.tell(gateway::peer_link::dial_failed(peer, Milliseconds(0)));
        return;
    };
    let session = world.sessions.next_id();
    let opened = Session::new(entrypoint.transport.clone(), entrypoint.address, Some(peer), world.now.ms);
    world.sessions.insert(session, opened);
    world.command(Command::Dial { session, entrypoint, expected: peer });
}
