//! Why a transport does not listen, for the user.

use crate::automata::network_transport::Inside as Action;
use crate::node::{Command, World};
use crate::transports::TransportName;

/// Performs an action of the transport.
pub fn perform(world: &mut World, transport: TransportName, action: Action) {
    match action {
        Action::ReportFailure { reason } => {
            let what = format!("the transport {transport} does not listen");
            world.transport_failures.insert(transport, reason.clone());
            world.command(Command::Report { what, reason });
        }
    }
}
