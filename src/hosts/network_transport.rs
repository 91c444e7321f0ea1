//! A transport: told to listen, and to stop.

use crate::automata::network_transport::Action;
use crate::automata::senders::gateway;
use crate::node::{Command, World};
use crate::transports::TransportName;

/// Performs an action of the transport.
pub fn perform(world: &mut World, transport: TransportName, action: Action) {
    match action {
        Action::Initialise => world.tell(gateway::network_transport::initialised(transport)),
        Action::StartReceiving => world.command(Command::Listen(transport)),
        Action::StopReceiving => world.command(Command::StopListening(transport)),
        Action::ReportFailure { reason } => {
            let what = format!("the transport {transport} does not listen");
            world.transport_failures.insert(transport, reason.clone());
            world.command(Command::Report { what, reason });
        }
    }
}
