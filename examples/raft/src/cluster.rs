//! A cluster on one bus: answers the questions of its nodes, performs their actions, and moves the clock.

use std::collections::BTreeSet;

use automata_runtime::{Bus, Handled, Milliseconds, Recorder};
use serde::Serialize;

use crate::automata::raft_node::{self, Action as Asked, State};
use crate::automata::senders::{client, machine, network as received};
use crate::automata::system::{Action, Message, Settings, System};
use crate::chance::Chance;
use crate::log::{Entry, Excerpt, Log};
use crate::network::Network;

/// Who has voted for a candidate. An opaque type of the definitions: see `automata/types.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Votes(BTreeSet<u8>);

/// The shortest patience: longer than a heartbeat and a message together.
const LEAST_PATIENCE_MS: u64 = 150;

/// The longest patience.
const MOST_PATIENCE_MS: u64 = 400;

/// Everything outside the automata.
pub struct World {
    /// Node `n` has the log at place `n - 1`.
    logs: Vec<Log>,
    network: Network,
    chance: Chance,
}

impl raft_node::Conditions for World {
    fn next_patience(&mut self, _: &u8) -> Milliseconds {
        Milliseconds(self.chance.between(LEAST_PATIENCE_MS, MOST_PATIENCE_MS))
    }

    fn is_up_to_date(&mut self, node: &u8, last_index: u64, last_term: u64) -> bool {
        self.log(*node).is_up_to_date(last_index, last_term)
    }

    fn fits(&mut self, node: &u8, index: u64, term: u64) -> bool {
        self.log(*node).fits(index, term)
    }

    fn with_vote(&mut self, _: &u8, votes: Option<&Votes>, voter: u8) -> Votes {
        let mut votes = votes.cloned().unwrap_or_default();
        votes.0.insert(voter);
        votes
    }

    fn is_majority(&mut self, _: &u8, votes: Option<&Votes>) -> bool {
        votes.is_some_and(|votes| votes.0.len() * 2 > self.logs.len())
    }

    fn agreed(&mut self, node: &u8, term: u64) -> u64 {
        let size = self.size();
        self.log(*node).agreed(size, term)
    }
}

impl World {
    fn size(&self) -> u8 {
        self.logs.len() as u8
    }

    fn log(&mut self, node: u8) -> &mut Log {
        &mut self.logs[usize::from(node) - 1]
    }

    fn perform(&mut self, now_ms: u64, node: u8, action: Asked) {
        use received::raft_node as to;
        match action {
            Asked::AskForVotes { term } => {
                let (last_index, last_term) = self.log(node).last();
                for other in self.others(node) {
                    self.send(now_ms, node, other, to::vote_requested(other, node, term, last_index, last_term));
                }
            }
            Asked::GrantVote { candidate, term } => {
                self.send(now_ms, node, candidate, to::vote_granted(candidate, node, term));
            }
            Asked::RefuseVote { candidate, term } => {
                self.send(now_ms, node, candidate, to::vote_refused(candidate, term));
            }
            Asked::Replicate { term } => {
                for other in self.others(node) {
                    let excerpt = self.log(node).excerpt_for(other);
                    let committed = self.log(node).committed_up_to(excerpt.last_index());
                    self.send(now_ms, node, other, entries(node, other, term, excerpt, committed));
                }
            }
            Asked::AcceptEntries { leader, term, last_index } => {
                self.send(now_ms, node, leader, to::entries_accepted(leader, node, term, last_index));
            }
            Asked::RefuseEntries { leader, term } => {
                self.send(now_ms, node, leader, to::entries_refused(leader, node, term));
            }
            Asked::BeginToLead => self.log(node).begin_to_lead(),
            Asked::NoteAccepted { follower, last_index } => self.log(node).note_accepted(follower, last_index),
            Asked::NoteRefused { follower } => self.log(node).note_refused(follower),
            Asked::Append { term, command } => self.log(node).append(Entry { term, command }),
            Asked::TakeOver { previous_index, entries } => self.log(node).take_over(previous_index, &entries),
            Asked::Commit { index } => self.log(node).commit(index),
        }
    }

    fn others(&self, node: u8) -> impl Iterator<Item = u8> + use<> {
        (1..=self.size()).filter(move |other| *other != node)
    }

    fn send(&mut self, now_ms: u64, from: u8, to: u8, message: Message) {
        self.network.send(now_ms, from, to, message, &mut self.chance);
    }
}

/// The message of a leader to a follower.
fn entries(leader: u8, to: u8, term: u64, excerpt: Excerpt, committed: u64) -> Message {
    let last_index = excerpt.last_index();
    let Excerpt { previous_index, previous_term, entries } = excerpt;
    received::raft_node::entries_received(
        to,
        leader,
        term,
        previous_index,
        previous_term,
        entries,
        last_index,
        committed,
    )
}

/// Some nodes and the network between them.
pub struct Cluster<R: Recorder> {
    bus: Bus<System, R>,
    world: World,
    actions: Vec<Action>,
    now_ms: u64,
}

impl<R: Recorder> Cluster<R> {
    /// That many nodes, all of them running. What happens follows from the seed.
    pub fn new(size: u8, seed: u64, recorder: R) -> Self {
        let world =
            World { logs: vec![Log::default(); size.into()], network: Network::new(), chance: Chance::new(seed) };
        let bus = Bus::with_recorder(System::new(Settings::default()), recorder);
        let mut cluster = Self { bus, world, actions: Vec::new(), now_ms: 0 };
        let Cluster { bus, world, actions, .. } = &mut cluster;
        bus.start(0, world, actions);
        for node in 1..=size {
            cluster.receive(machine::raft_node::started(node));
        }
        cluster
    }

    /// The next thing that happens until then: a message arrives, or a timer is due. None if nothing does; then it is `end_ms`.
    pub fn step(&mut self, end_ms: u64) -> Option<Handled> {
        let next_ms = self.bus.deadline().into_iter().chain(self.world.network.next_ms()).min();
        let Some(next_ms) = next_ms.filter(|&next_ms| next_ms <= end_ms) else {
            self.now_ms = end_ms;
            return None;
        };
        self.now_ms = self.now_ms.max(next_ms);
        Some(match self.world.network.arrived(self.now_ms) {
            Some(message) => self.receive(message),
            None => {
                let handled = self.bus.advance(self.now_ms, &mut self.world, &mut self.actions);
                self.perform();
                handled
            }
        })
    }

    fn receive(&mut self, message: Message) -> Handled {
        let handled = self.bus.receive(self.now_ms, message, &mut self.world, &mut self.actions);
        self.perform();
        handled
    }

    fn perform(&mut self) {
        for Action::RaftNode(node, action) in self.actions.drain(..) {
            self.world.perform(self.now_ms, node, action);
        }
    }

    /// A client asks that node to write something down.
    pub fn propose(&mut self, node: u8, command: u32) -> Handled {
        self.receive(client::raft_node::proposed(node, command))
    }

    /// A node crashes. What it did not write down is lost.
    pub fn crash(&mut self, node: u8) -> Handled {
        self.world.log(node).crash();
        self.receive(machine::raft_node::crashed(node))
    }

    /// A node that crashed runs again.
    pub fn restart(&mut self, node: u8) -> Handled {
        self.receive(machine::raft_node::restarted(node))
    }

    /// The network between the nodes, to make it better or worse.
    pub fn network(&mut self) -> &mut Network {
        &mut self.world.network
    }

    /// The time, in milliseconds since the cluster was made.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Who leads, each with the term. There may be several: an older leader need not have heard of a newer one.
    pub fn leaders(&self) -> impl Iterator<Item = (u8, u64)> {
        let nodes = self.bus.system().raft_node.iter();
        let leading = nodes.filter(|(_, instance)| instance.state() == State::Leader);
        leading.map(|(node, instance)| (*node, instance.variables.term))
    }

    /// What recorded the run, when the cluster is done with.
    pub fn into_recorder(self) -> R {
        self.bus.into_recorder()
    }

    /// All nodes.
    pub fn system(&self) -> &System {
        self.bus.system()
    }

    /// The log of each node, in the order of their numbers.
    pub fn logs(&self) -> &[Log] {
        &self.world.logs
    }
}
