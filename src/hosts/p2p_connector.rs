//! Our identity document: built by the rim, which has the key, and sent to everybody with whom there is a session.

use std::collections::BTreeMap;

use crate::automata::local_service;
use crate::automata::p2p_connector::{Conditions, Inside as Action};
use crate::automata::senders::identity;
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::name::{TransportName, relay_name};
use crate::world::{Command, IdentityBuilt, Purpose, World};

impl Conditions for World {
    fn peers_known(&mut self) -> bool {
        self.sessions.ready_count() > 0
    }

    /// What comes by another transport says nothing against the first one, if others have come by that: there is one
    /// session with each peer, by whichever way was quicker.
    fn best_transport(&mut self, transport: &TransportName) -> bool {
        let came_in = |first: &TransportName| self.identity.stabilities.of(first).came_in_unix_ms().is_some();
        // What another node carries says nothing of our contacts.
        *transport == relay_name()
            || self
                .identity
                .published
                .first()
                .is_none_or(|it| it.is_stun() || it.transport == *transport || came_in(&it.transport))
    }

    fn order_changed(&mut self) -> bool {
        in_order(self) != self.identity.published
    }
}

/// Performs an action.
pub fn perform(world: &mut World, system: &System, action: &Action) {
    match action {
        Action::UpdateMyIdentity => {
            let entrypoints = in_order(world);
            world.identity.published.clone_from(&entrypoints);
            // One that is being launched is on when others read of it.
            let is_on = |state| matches!(state, local_service::State::On | local_service::State::Launching);
            let services = system.local_service.iter().filter(|(_, service)| is_on(service.state()));
            let services = services.map(|(name, _)| name.clone()).collect();
            world.command(Command::BuildIdentity { entrypoints, services });
        }
        Action::SendToAll => send_to_all(world),
        Action::SendMyIdentity { peer } => {
            let ours = world.our_document();
            world.send_packet(*peer, ours);
        }
        Action::ReportFailure { reason } => {
            world.problems.identity = Some(reason.clone());
            let what = "the identity document cannot be built".to_owned();
            world.command(Command::Report { what, reason: reason.clone() });
        }
        Action::DropFirstContact => {
            let first = world.identity.published.first().map(|first| first.transport.clone());
            // Behind all others: it is the one by which nobody has come.
            if let Some(first) = first {
                world.identity.stabilities.nobody_comes_by(&first);
            }
        }
    }
}

/// Our identity document is on disk.
pub fn identity_built(world: &mut World, system: &System, built: IdentityBuilt) {
    let IdentityBuilt { contacts_changed, identity_changed, document, revision, name } = built;
    world.identity.document = document;
    world.identity.revision = revision;
    world.identity.name = name;
    world.problems.identity = None;
    if contacts_changed || identity_changed {
        world.tell_if_there(system, identity::identity_publisher::changed());
    }
    world.tell_if_there(system, identity::p2p_connector::my_id_updated(contacts_changed, identity_changed));
}

/// Our identity document could not be built, or not be kept.
pub fn identity_failed(world: &mut World, system: &System, reason: String) {
    world.tell_if_there(system, identity::p2p_connector::my_id_failed(reason));
}

/// Where we can be reached: the transport that serves best first, and addresses of the internet before others. Whoever
/// dials tries one after the other, so each transport has its turn before the second address of any. Last comes our
/// STUN server.
fn in_order(world: &World) -> Vec<Entrypoint> {
    let mut transports: Vec<TransportName> = Vec::new();
    let before = world.identity.published.iter().map(|entrypoint| &entrypoint.transport);
    let reached: BTreeMap<&TransportName, Vec<Entrypoint>> = world.reached_at().collect();
    for transport in before.chain(reached.keys().copied()) {
        if !transports.contains(transport) && reached.contains_key(transport) {
            transports.push(transport.clone());
        }
    }
    let transports = world.identity.stabilities.order(transports);
    let lists: Vec<&Vec<Entrypoint>> = transports.iter().map(|it| &reached[it]).collect();
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|turn| lists.iter().filter_map(move |list| list.get(turn)));
    let mut ordered: Vec<Entrypoint> = turns.cloned().collect();
    ordered.sort_by_key(|entrypoint| !entrypoint.is_public());
    // One is enough to tell the port of our STUN server: it is asked where the session is.
    ordered.extend(world.stun.entrypoints.first().cloned());
    ordered
}

/// Sends our identity document to everybody who is here. Whoever was sent an older one is not waited for any more.
fn send_to_all(world: &mut World) {
    world.acknowledgements.forget(None, Some(Purpose::Propagation));
    let peers: Vec<NodeId> = world.sessions.ready_peers().map(|(peer, _)| *peer).collect();
    let mut sent = 0;
    for peer in peers {
        let ours = world.our_document();
        if let Some(packet) = world.send_packet(peer, ours) {
            world.acknowledgements.wait(packet, peer, Purpose::Propagation);
            sent += 1;
        }
    }
    world.tell(identity::p2p_connector::my_id_sent(sent));
}
