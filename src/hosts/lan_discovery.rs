//! Nodes that are announced in the local network, as hints where they may be.

use crate::automata::lan_discovery::Inside as Action;
use crate::automata::senders::peers;
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::peers::PeerSource;
use crate::world::{Command, LAN_PEERS, World};

/// Performs an action.
pub fn perform(world: &mut World, system: &System, action: Action) {
    match action {
        Action::KeepHint { peer, mut entrypoints } => {
            // Nobody has said which is better, so our own figures decide what is dialled first.
            let order = world.transports_in_order();
            entrypoints.sort_by_key(|at| order.iter().position(|it| *it == at.transport).unwrap_or(order.len()));
            keep_hint(world, system, peer, &entrypoints);
        }
        Action::ForgetHint { peer } => forget_hint(world, peer),
        Action::ForgetHints => {
            for peer in world.lan.hints.keys().copied().collect::<Vec<_>>() {
                forget_hint(world, peer);
            }
        }
        Action::ReportSearching => world.lan.problem = None,
        Action::ReportFailure { reason } => {
            if world.lan.problem.as_ref() != Some(&reason) {
                let what = "discovery in the local network does not work".to_owned();
                world.command(Command::Report { what, reason: reason.clone() });
            }
            world.lan.problem = Some(reason);
        }
    }
}

fn keep_hint(world: &mut World, system: &System, peer: NodeId, entrypoints: &[Entrypoint]) {
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

fn forget_hint(world: &mut World, peer: NodeId) {
    if let Some(hints) = world.lan.hints.remove(&peer) {
        world.peers.unlearn(&peer, &hints);
    }
}
