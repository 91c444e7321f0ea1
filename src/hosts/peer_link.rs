//! A wanted session: addresses are taken one after another, and rests are written down.

use crate::automata::peer_link::{Conditions, Inside as Action};
use crate::automata::senders::{contacts, gateway, peers};
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::name::relay_name;
use crate::peers::PeerSource;
use crate::world::{Command, Session, World};

use automata_runtime::Milliseconds;

use super::connections::{self, Told};
use super::{introductions, relay_circuit};

impl Conditions for World {
    fn in_session(&mut self, peer: &NodeId) -> bool {
        self.sessions.ready(peer).is_some()
    }

    fn any_address(&mut self, peer: &NodeId) -> bool {
        self.peers.get(peer).is_some_and(|known| !known.entrypoints.is_empty())
    }

    fn another_address(&mut self, peer: &NodeId) -> bool {
        self.peers.has_untried(peer)
    }

    fn any_go_between(&mut self, peer: &NodeId) -> bool {
        relay_circuit::has_go_between(self, peer)
    }

    fn another_go_between(&mut self, peer: &NodeId) -> bool {
        relay_circuit::next_go_between(self, peer).is_some()
    }

    fn carried(&mut self, peer: &NodeId) -> bool {
        self.sessions.ready(peer).is_some() && self.sessions.direct(peer).is_none()
    }

    fn better_way(&mut self, peer: &NodeId) -> bool {
        !better_ways(self, peer).is_empty()
    }

    fn next_session(&mut self, _: &NodeId) -> u64 {
        self.sessions.next()
    }
}

/// Performs an action of the link.
pub fn perform(world: &mut World, system: &System, peer: NodeId, action: &Action) {
    match action {
        Action::BeginRound => {
            let order = world.transports_in_order();
            world.peers.begin_round(peer, &order);
            world.relay.begin_round(&peer);
        }
        Action::BeginBetterRound => {
            let ways = better_ways(world, &peer);
            world.peers.begin_round_at(peer, ways);
        }
        Action::Dial => {
            let entrypoint = world.peers.next_untried(&peer);
            dial(world, system, peer, entrypoint);
        }
        Action::DialAt { at } => dial(world, system, peer, at.clone()),
        Action::DialThrough => dial_through(world, peer),
        Action::AskForMeeting => introductions::ask(world, system, peer),
        Action::RememberRest { pause } => {
            let now_unix_ms = world.now.unix_ms;
            let known = world.peers.entry(peer, PeerSource::User, now_unix_ms);
            known.next_attempt_unix_ms = if pause.0 == 0 { 0 } else { now_unix_ms.saturating_add(pause.0) };
            world.remember_peer(&peer);
        }
        Action::GiveUpDials => {
            let is_given_up = |session: &Session| session.expected == Some(peer) && !session.is_proved;
            let dials: Vec<_> = world.sessions.iter().filter(|(_, it)| is_given_up(it)).map(|(id, _)| id).collect();
            for session in dials {
                connections::tell(world, system, session, Told::Disconnect);
            }
        }
        Action::ReportUnreachable => {
            let now_unix_ms = world.now.unix_ms;
            let known = world.peers.entry(peer, PeerSource::User, now_unix_ms);
            known.failures = known.failures.saturating_add(1);
            // It may have moved; then only its document says where to. Asked after each round, since a document that
            // has just been written is not found at once.
            if world.contacts.contains(&peer) {
                world.find_identity(peer);
            }
        }
    }
}

/// Where the peer may be reached by a transport that serves clearly better than that of the session, the best first.
/// Whoever has opened the session decides that, so that the two sides do not each prefer another way for ever.
fn better_ways(world: &World, peer: &NodeId) -> Vec<Entrypoint> {
    let session = world.sessions.direct(peer).map(|(_, session)| session).filter(|session| session.is_outgoing);
    let (Some(session), Some(known)) = (session, world.peers.get(peer)) else { return Vec::new() };
    let stabilities = &world.identity.stabilities;
    let present = stabilities.of(&session.transport);
    let is_better = |it: &Entrypoint| {
        it.transport != session.transport
            && it.can_be_dialled()
            && stabilities.of(&it.transport).is_better_than(&present).is_some()
    };
    known.in_order(&world.transports_in_order()).into_iter().filter(is_better).collect()
}

fn dial(world: &mut World, system: &System, peer: NodeId, entrypoint: Option<Entrypoint>) {
    // What was written down by an older version may name what no transport dials, which would never answer.
    let carries =
        |it: &Entrypoint| it.can_be_dialled() && world.is_service_on(system, &format!("{}-connections", it.transport));
    let entrypoint = entrypoint.filter(|it| world.sessions.has_room() && carries(it));
    let session = world.sessions.next_id();
    let Some(entrypoint) = entrypoint else {
        world.tell(gateway::peer_link::dial_failed(peer, session, Milliseconds(0)));
        return;
    };
    let opened = Session::new(entrypoint.transport.clone(), entrypoint.address, Some(peer), world.now.ms);
    world.sessions.insert(session, opened);
    world.command(Command::Dial { session, entrypoint, expected: peer });
}

/// Asks the next node that may carry a session with the peer.
fn dial_through(world: &mut World, peer: NodeId) {
    // Found here exactly if `another_go_between` says so, or the link would ask without end.
    let go_between = relay_circuit::next_go_between(world, &peer);
    let session = world.sessions.next_id();
    let carrier =
        go_between.and_then(|(carrier, through)| Some((carrier, through, world.sessions.get(through)?.remote)));
    let Some((carrier, through, remote)) = carrier else {
        world.tell(gateway::peer_link::dial_failed(peer, session, Milliseconds(0)));
        return;
    };
    world.relay.ask(peer, carrier);
    let opened = Session::new(relay_name(), remote, Some(peer), world.now.ms);
    world.sessions.insert(session, Session { through: Some(carrier), ..opened });
    world.command(Command::DialThrough { session, through, remote, expected: peer });
}

/// A session is wanted with that peer.
pub fn want(world: &mut World, peer: NodeId) {
    let now_unix_ms = world.now.unix_ms;
    let peer_known = world.peers.entry(peer, PeerSource::User, now_unix_ms);
    let pause = Milliseconds(peer_known.next_attempt_unix_ms.saturating_sub(now_unix_ms));
    world.tell(peers::peer_link::wanted(peer, pause));
}

/// A link is wanted at once, and there is one from now on if there was none.
pub fn hurry(world: &mut World, system: &System, peer: NodeId) {
    if system.peer_link.get(&peer).is_some() {
        world.tell(contacts::peer_link::wanted_now(peer));
    } else {
        // Somebody waits for it, so it does not rest first.
        world.tell(peers::peer_link::wanted(peer, Milliseconds(0)));
    }
}

/// The identity document of a node was looked for in the DHT.
pub fn identity_read(world: &mut World, system: &System, peer: NodeId, entrypoints: Option<&[Entrypoint]>) {
    if world.finding.remove(&peer) == Some(true) {
        world.find_identity(peer);
    }
    if let Some(entrypoints) = entrypoints
        && world.learn(peer, entrypoints, PeerSource::Dht)
    {
        world.tell_if_there(system, peers::peer_link::address_learnt(peer));
    }
}
