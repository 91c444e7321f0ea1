//! Why a transport does not listen, for the user.

use crate::automata::network_transport::Inside as Action;
use crate::automata::senders::transports;
use crate::name::TransportName;
use crate::world::{Command, TransportInput, World};

/// Performs an action of the transport.
pub fn perform(world: &mut World, transport: TransportName, action: Action) {
    match action {
        Action::ReportFailure { reason } => {
            let what = format!("the transport {transport} does not listen");
            world.problems.transports.insert(transport, reason.clone());
            world.command(Command::Report { what, reason });
        }
    }
}

/// A transport reports.
pub fn report(world: &mut World, transport: TransportName, input: TransportInput) {
    match input {
        TransportInput::Listening { entrypoints, gave_way } => {
            world.problems.transports.remove(&transport);
            world.identity.entrypoints.insert(transport.clone(), entrypoints);
            world.tell(transports::network_transport::receiving_started(transport.clone()));
            if gave_way {
                world.tell(transports::network_transport::gave_way(transport));
            }
        }
        TransportInput::Failed { reason } => {
            world.identity.entrypoints.remove(&transport);
            world.tell(transports::network_transport::receiving_failed(transport, reason));
        }
        TransportInput::Stopped => {
            world.identity.entrypoints.remove(&transport);
            world.tell(transports::network_transport::receiving_stopped(transport));
        }
    }
}
