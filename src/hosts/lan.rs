//! Nodes that are announced in the local network, as hints where they may be. Nothing here is proved: a hint is kept as
//! long as it is announced, and no longer unless a session has come of it.

use crate::automata::senders::peers;
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::peers::PeerSource;
use crate::world::{Command, LAN_PEERS, LanInput, World};

/// The service that it serves.
pub const SERVICE: &str = "lan-discovery";

/// Nodes are looked for in the local network, and it is announced where we can be reached by now.
pub fn search(world: &mut World) {
    let entrypoints = world.identity.entrypoints.values().flatten().cloned().collect();
    world.command(Command::SearchLan { entrypoints });
}

/// Nobody is looked for any more, and nothing is left of the hints.
pub fn leave(world: &mut World) {
    for peer in world.lan.hints.keys().copied().collect::<Vec<_>>() {
        gone(world, peer);
    }
    world.lan.problem = None;
    world.command(Command::StopLan);
}

/// Discovery reports.
pub fn report(world: &mut World, system: &System, input: LanInput) {
    // What was on its way when the service was switched off counts no more.
    if !world.is_service_on(system, SERVICE) {
        return;
    }
    match input {
        LanInput::Searching => world.lan.problem = None,
        LanInput::Failed { reason } => {
            if world.lan.problem.as_ref() != Some(&reason) {
                let what = "discovery in the local network does not work".to_owned();
                world.command(Command::Report { what, reason: reason.clone() });
            }
            world.lan.problem = Some(reason);
        }
        LanInput::Found { peer, entrypoints } => found(world, system, peer, &entrypoints),
        LanInput::Gone { peer } => gone(world, peer),
    }
}

fn found(world: &mut World, system: &System, peer: NodeId, entrypoints: &[Entrypoint]) {
    if peer == world.me || (world.lan.hints.len() >= LAN_PEERS && !world.lan.hints.contains_key(&peer)) {
        return;
    }
    let known: Vec<Entrypoint> = world
        .peers
        .get(&peer)
        .into_iter()
        .flat_map(|known| &known.entrypoints)
        .map(|it| it.entrypoint.clone())
        .collect();
    world.learn(peer, entrypoints, PeerSource::Lan);
    let old = world.lan.hints.remove(&peer).unwrap_or_default();
    let (stays, goes): (Vec<_>, Vec<_>) = old.into_iter().partition(|hint| entrypoints.contains(hint));
    world.peers.unlearn(&peer, &goes);
    let new = entrypoints.iter().filter(|entrypoint| !known.contains(entrypoint)).cloned();
    let hints = stays.into_iter().chain(new).collect();
    world.lan.hints.insert(peer, hints);
    // Also if it is where it has been before: it has just come.
    world.tell_if_there(system, peers::peer_link::address_learnt(peer));
}

fn gone(world: &mut World, peer: NodeId) {
    if let Some(hints) = world.lan.hints.remove(&peer) {
        world.peers.unlearn(&peer, &hints);
    }
}
