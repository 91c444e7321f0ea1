//! What the router maps: whether it has to be asked, and where the address goes that it names.

use crate::automata::local_service::State;
use crate::automata::port_mapping::{Conditions, Inside as Action};
use crate::automata::senders::{identity, services};
use crate::automata::system::System;
use crate::identity::Entrypoint;
use crate::name::TransportName;
use crate::world::services::state;
use crate::world::{Command, Mapping, World};

impl Conditions for World {
    fn behind_router(&mut self, transport: &TransportName) -> bool {
        let listens_at = self.identity.entrypoints.get(transport);
        listens_at.is_some_and(|listens_at| self.mappings.not_needed(listens_at).is_none())
    }

    fn reachable(&mut self, _: &TransportName, external: Option<&Entrypoint>) -> bool {
        self.mappings.is_reachable(external)
    }
}

/// Performs an action.
pub fn perform(world: &mut World, system: &System, transport: TransportName, action: Action) {
    match action {
        // A service that is being launched has told those that were there.
        Action::CheckService => {
            if matches!(state(system, "port-mapping"), State::Launching | State::On) {
                world.tell(services::port_mapping::init(transport));
            }
        }
        Action::KeepMapping { external, pinholes, lifetime, protocol, missing, published } => {
            let until_unix_ms = world.now.unix_ms.saturating_add(lifetime.0);
            let mapping = Mapping { external, pinholes, missing, protocol, until_unix_ms, is_published: published };
            let published = |of: &Mapping| of.external.clone().filter(|_| of.is_published);
            let new = published(&mapping);
            let old = world.mappings.held.insert(transport, mapping).as_ref().and_then(published);
            if new != old {
                tell_others(world, system);
            }
        }
        Action::ForgetMapping => {
            if world.mappings.held.remove(&transport).is_some_and(|mapping| mapping.is_published) {
                tell_others(world, system);
            }
        }
        Action::NoteProblem { reason } => {
            if world.mappings.problems.get(&transport) != Some(&reason) {
                let what = format!("no router maps a port for the transport {transport}");
                world.command(Command::Report { what, reason: reason.clone() });
            }
            world.mappings.problems.insert(transport, reason);
        }
        Action::ClearProblem => drop(world.mappings.problems.remove(&transport)),
    }
}

/// Our identity document has to say something else.
fn tell_others(world: &mut World, system: &System) {
    world.tell_if_there(system, identity::p2p_connector::check_synchronize());
}
