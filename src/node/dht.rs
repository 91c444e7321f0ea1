//! What the DHT answers, passed on to those who asked; and nodes that are looked up on behalf of the user.

use std::collections::BTreeMap;

use crate::automata::senders::{api, contacts, dht, peers};
use crate::automata::system::System;
use crate::automata::types::{NicknameResult, SlotState};
use crate::identity::NodeId;
use crate::nickname::Nickname;
use crate::node::{Command, DhtInput, RequestId, World};
use crate::peers::PeerSource;

/// Nodes of which it is being found out whether they are there, at the most; a further request is answered with no.
const REACHING_LIMIT: usize = 64;

/// Our nickname, as far as it has come.
#[derive(Clone, Debug, Default)]
pub struct OwnNickname {
    /// By which name the user wants to be known.
    pub wanted: Option<Nickname>,
    /// What was reported last: what has become of which name in which slot.
    pub report: Option<(NicknameResult, Option<Nickname>, u8)>,
    /// What the slot held that was read last.
    pub read: Option<SlotState>,
    /// What stood in the way the last time.
    pub problem: Option<String>,
}

/// Whom the user wants to know to be there.
#[derive(Clone, Debug, Default)]
pub struct Reaching(BTreeMap<NodeId, Vec<RequestId>>);

impl World {
    pub(super) fn dht(&mut self, system: &System, input: DhtInput) {
        match input {
            DhtInput::Opened => {
                self.dht_failure = None;
                // What was asked of the one before is not answered any more.
                self.finding.clear();
                self.tell(dht::dht_connector::opened());
            }
            DhtInput::IdentityRead { peer, entrypoints } => {
                self.finding.remove(&peer);
                let Some(entrypoints) = entrypoints else { return };
                if self.learn(peer, &entrypoints, PeerSource::Dht) {
                    self.tell_if_there(system, peers::peer_link::address_learnt(peer));
                }
            }
            DhtInput::SlotRead(slot) => {
                self.nickname.problem = None;
                self.nickname.read = Some(slot);
                self.tell(dht::nickname_holder::slot_read(slot));
            }
            DhtInput::SlotReadFailed { reason } => {
                self.nickname.problem = Some(reason);
                self.tell(dht::nickname_holder::read_failed());
            }
            DhtInput::SlotWriteFailed { reason, is_exhausted } => {
                self.nickname.problem = Some(reason);
                self.tell(dht::nickname_holder::write_failed(is_exhausted));
            }
            DhtInput::SlotErased { problem } => {
                self.nickname.problem = problem;
                self.tell(dht::nickname_holder::slot_erased());
            }
            DhtInput::SearchSlotRead { search, index, claimant, entrypoints } => {
                if let Some(claimant) = claimant {
                    self.learn(claimant, &entrypoints, PeerSource::Dht);
                }
                self.tell_if_there(system, dht::nickname_observer::slot_read(search, index, claimant));
            }
        }
    }

    /// Looks for the identity document of a node in the DHT, if that is not being done: it may say where the node is now.
    pub fn find_identity(&mut self, peer: NodeId) {
        if self.finding.insert(peer) {
            self.command(Command::FindIdentity(peer));
        }
    }

    /// The user wants to be known by another name, or by none.
    pub(super) fn set_nickname(&mut self, system: &System, nickname: Option<Nickname>) {
        self.nickname.wanted.clone_from(&nickname);
        // Otherwise it is taken up as soon as the service is on.
        if self.is_service_on(system, "private-messages") {
            match nickname {
                Some(nickname) => self.tell(api::nickname_holder::set_nickname(nickname)),
                None => self.tell_if_there(system, api::nickname_holder::clear_nickname()),
            }
        }
    }

    /// The user wants to know whether a node is there.
    pub(super) fn reach(&mut self, system: &System, request: RequestId, peer: NodeId) {
        if self.sessions.ready(&peer).is_some() {
            self.command(Command::ReportReached { request, is_reached: true });
        } else if peer == self.me || self.reaching.0.len() >= REACHING_LIMIT {
            self.command(Command::ReportReached { request, is_reached: peer == self.me });
        } else {
            self.reaching.0.entry(peer).or_default().push(request);
            self.hurry_link(system, peer);
        }
    }

    /// The user waits to hear whether a node is there.
    pub fn is_reaching(&self, peer: &NodeId) -> bool {
        self.reaching.0.contains_key(peer)
    }

    /// It has been found out whether a node is there. A session that only served to find out is not wanted any more.
    pub fn reached(&mut self, system: &System, peer: NodeId, is_reached: bool) {
        let Some(requests) = self.reaching.0.remove(&peer) else { return };
        for request in requests {
            self.command(Command::ReportReached { request, is_reached });
        }
        if !self.contacts.contains(&peer) && !self.bootstrap.contains(&peer) {
            self.tell_if_there(system, contacts::peer_link::unwanted(peer));
        }
    }
}
