//! The network: whether what is connected still lives, and what stands in the way.

use automata_runtime::Milliseconds;

use crate::automata::network_connector::{Conditions, Inside as Action};
use crate::automata::senders::{gateway, identity};
use crate::automata::system::System;
use crate::hosts::connections::{self, Told};
use crate::world::{Command, World};

impl Conditions for World {
    fn connection_alive(&mut self, silence: Milliseconds) -> bool {
        let now_ms = self.now.ms;
        let is_heard = |heard_ms: u64| now_ms < heard_ms.saturating_add(silence.0);
        self.sessions.is_empty() || self.sessions.iter().any(|(_, session)| is_heard(session.heard_ms))
    }
}

/// Performs an action.
pub fn perform(world: &mut World, system: &System, action: &Action) {
    match action {
        // A socket that is dead shows it when something is sent.
        Action::VerifyTransports => {
            for session in connections::all(system) {
                connections::tell(world, system, session, Told::KeepAliveWanted);
            }
            world.tell(gateway::network_connector::transports_verified());
        }
        Action::NoteProblem { problem } => {
            if world.problems.network.as_ref() != Some(problem) {
                let what = "others cannot reach this node".to_owned();
                world.command(Command::Report { what, reason: problem.clone() });
            }
            world.problems.network = Some(problem.clone());
        }
        Action::TellOfWays => world.tell_if_there(system, identity::p2p_connector::check_synchronize()),
        Action::ClearProblem => world.problems.network = None,
    }
}
