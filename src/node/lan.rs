//! Nodes that are announced in the local network, as hints where they may be. Nothing here is proved: a hint is kept as long as it is announced, and no longer
//! unless a session has come of it.

use std::collections::BTreeMap;

use crate::automata::senders::peers;
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::node::{Command, LanInput, World};
use crate::peers::PeerSource;

/// Nodes of the local network that are known at a time, at the most. Others count when one of them is gone.
pub const LAN_PEERS: usize = 64;

/// What is known of the local network.
#[derive(Clone, Debug, Default)]
pub struct Lan {
    /// Which nodes are announced, and what was new of where they may be.
    hints: BTreeMap<NodeId, Vec<Entrypoint>>,
    /// Why nobody is found, or nobody finds us.
    problem: Option<String>,
}

impl Lan {
    /// Nodes that are announced.
    #[must_use]
    pub fn found(&self) -> usize {
        self.hints.len()
    }

    /// Why nobody is found, or nobody finds us.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

impl World {
    /// Nodes are looked for in the local network, and it is announced where we can be reached by now.
    pub fn search_lan(&mut self) {
        let entrypoints = self.identity.entrypoints.values().flatten().cloned().collect();
        self.command(Command::SearchLan { entrypoints });
    }

    /// Nobody is looked for any more, and nothing is left of the hints.
    pub fn leave_lan(&mut self) {
        for peer in self.lan.hints.keys().copied().collect::<Vec<_>>() {
            self.lan_peer_gone(peer);
        }
        self.lan.problem = None;
        self.command(Command::StopLan);
    }

    pub(super) fn lan_input(&mut self, system: &System, input: LanInput) {
        // What was on its way when the service was switched off counts no more.
        if !self.is_service_on(system, crate::services::LAN_DISCOVERY) {
            return;
        }
        match input {
            LanInput::Searching => self.lan.problem = None,
            LanInput::Failed { reason } => {
                if self.lan.problem.as_ref() != Some(&reason) {
                    let what = "discovery in the local network does not work".to_owned();
                    self.command(Command::Report { what, reason: reason.clone() });
                }
                self.lan.problem = Some(reason);
            }
            LanInput::Found { peer, entrypoints } => self.lan_peer_found(system, peer, &entrypoints),
            LanInput::Gone { peer } => self.lan_peer_gone(peer),
        }
    }

    fn lan_peer_found(&mut self, system: &System, peer: NodeId, entrypoints: &[Entrypoint]) {
        if peer == self.me || (self.lan.hints.len() >= LAN_PEERS && !self.lan.hints.contains_key(&peer)) {
            return;
        }
        let known: Vec<Entrypoint> = self
            .peers
            .get(&peer)
            .into_iter()
            .flat_map(|known| &known.entrypoints)
            .map(|it| it.entrypoint.clone())
            .collect();
        self.learn(peer, entrypoints, PeerSource::Lan);
        let old = self.lan.hints.remove(&peer).unwrap_or_default();
        let (stays, goes): (Vec<_>, Vec<_>) = old.into_iter().partition(|hint| entrypoints.contains(hint));
        self.peers.unlearn(&peer, &goes);
        let new = entrypoints.iter().filter(|entrypoint| !known.contains(entrypoint)).cloned();
        let hints = stays.into_iter().chain(new).collect();
        self.lan.hints.insert(peer, hints);
        // Also if it is where it has been before: it has just come.
        self.tell_if_there(system, peers::peer_link::address_learnt(peer));
    }

    fn lan_peer_gone(&mut self, peer: NodeId) {
        if let Some(hints) = self.lan.hints.remove(&peer) {
            self.peers.unlearn(&peer, &hints);
        }
    }
}
