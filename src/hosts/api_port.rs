//! Where the API is reached, and why it is not.

use crate::automata::api_port::Inside as Action;
use crate::automata::system::System;
use crate::name::ServiceName;
use crate::world::{Command, World};

use super::api_address;

/// Performs an action.
pub fn perform(world: &mut World, system: &System, service: ServiceName, action: Action) {
    match action {
        Action::NoteOpen { address } => {
            world.api_ports.problems.remove(&service);
            api_address::opened(world, &service);
            world.api_ports.open.insert(service, address);
        }
        Action::NoteClosed => {
            api_address::closed(world, system, &service);
            world.api_ports.open.remove(&service);
        }
        Action::ReportFailure { reason } => {
            if world.api_ports.problems.get(&service) != Some(&reason) {
                let what = format!("nobody is answered at the port of {service}");
                world.command(Command::Report { what, reason: reason.clone() });
            }
            world.api_ports.problems.insert(service, reason);
        }
    }
}
