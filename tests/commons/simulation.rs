//! A thousand nodes from one seed: they are apart for a while, messages are lost, nodes restart, clocks differ, and one
//! in ten lies. The honest agree after a bounded number of rounds, and say who lied.
//!
//! Every node has sessions with some others. A round is ten seconds of virtual time: in each, every node talks with two
//! of those.

use std::collections::{BTreeMap, BTreeSet};

use bitpie::commons::digest::{Contradiction, Hash, VerifiedAttestation, contradiction};
use bitpie::commons::sync::{Salt, SyncFault};
use bitpie::commons::{Commons, MemoryStore, PeerBudget, Refusal, Register, Statement, StatementBody, StatementId};
use bitpie::identity::{IdentityKey, NodeId};

use super::exchange::{Cost, Ended, Exchange, Honest};
use super::history::{BEGINNING, Random, anything, empty, key, network, note};
use super::liars::{LIES, Liar, Lie, Lossy};

const NODES: usize = 1000;
/// Sessions that each node opens; as many again are opened to it, on average.
const SESSIONS: usize = 8;
const ROUND_MS: u64 = 10_000;
/// Rounds in which nodes speak; in the first of them the network is in three parts.
const SPEAKING_ROUNDS: usize = 12;
const APART_ROUNDS: usize = 8;
/// Rounds after the last word within which all honest ones agree, and liars are known.
const ROUNDS_TO_AGREE: usize = 18;
const STATEMENTS_PER_ROUND: usize = 8;
/// Of a hundred exchanges, those that break off in the middle.
const LOST_PERCENT: usize = 20;
/// In how many meetings in a row a node may lack the same, and not ask for it, before it counts as one that withholds.
const OFFERS: usize = 6;

struct Node {
    key: IdentityKey,
    lie: Option<Lie>,
    commons: Commons<MemoryStore>,
    sessions: Vec<usize>,
    /// How far the clock is off, in milliseconds: within what is tolerated.
    clock_ahead_ms: u64,
    /// Those with whom it talks no longer.
    left: BTreeMap<NodeId, Found>,
    /// What others were offered, in how many meetings they have lacked it, and have not asked for anything since.
    untaken: BTreeMap<NodeId, (StatementId, usize)>,
    budgets: BTreeMap<NodeId, PeerBudget>,
}

/// What a node has found out about another.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    Fault(SyncFault),
    Withholds,
    Floods,
}

struct Simulation {
    random: Random,
    nodes: Vec<Node>,
    by_id: BTreeMap<NodeId, usize>,
    said: Vec<Statement>,
    /// Verified once for all: a signature holds for everybody or for nobody.
    verified: BTreeMap<StatementId, Result<Statement, Refusal>>,
    round: usize,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let nodes: Vec<Node> = (0..NODES)
            .map(|number| Node {
                key: key(number as u64),
                lie: (number % 10 == 9).then(|| LIES[number / 10 % LIES.len()]),
                commons: empty(),
                sessions: (0..SESSIONS).map(|_| random.below(NODES)).collect(),
                clock_ahead_ms: random.number() % 100_000,
                left: BTreeMap::new(),
                untaken: BTreeMap::new(),
                budgets: BTreeMap::new(),
            })
            .collect();
        let by_id = (0..).zip(&nodes).map(|(number, node)| (node.key.id(), number)).collect();
        Self { random, nodes, by_id, said: Vec::new(), verified: BTreeMap::new(), round: 0 }
    }

    fn now_unix_ms(&self, node: usize) -> u64 {
        BEGINNING + self.round as u64 * ROUND_MS + self.nodes[node].clock_ahead_ms
    }

    /// Somebody says something.
    fn speak(&mut self, node: usize) {
        let authors: Vec<NodeId> = (0..20).map(|number| self.nodes[number].key.id()).collect();
        let own = self.nodes[node].key.id();
        let payload = anything(&mut self.random, &self.said, &authors, own);
        let now_unix_ms = self.now_unix_ms(node);
        let commons = &self.nodes[node].commons;
        let body = commons.next_statement(own, &payload, now_unix_ms).expect("memory can be read");
        let twin = StatementBody { payload: note("another").encode(), kind: note("another").kind(), ..body.clone() };
        let first = self.sign(node, &body);
        self.give(node, &first);
        self.said.push(first);
        if self.nodes[node].lie == Some(Lie::Equivocate) {
            // The other half goes to somebody else, and never through the liar itself.
            let second = self.sign(node, &twin);
            let other = self.random.below(NODES);
            if second.body().stands_on().all(|id| id == network().genesis || self.nodes[other].commons.knows(&id)) {
                self.give(other, &second);
                self.said.push(second);
            }
        }
    }

    fn sign(&self, node: usize, body: &StatementBody) -> Statement {
        let signed = body.sign(&self.nodes[node].key);
        Statement::verify(signed.as_bytes(), &network(), u64::MAX).expect("it is valid by itself")
    }

    fn give(&mut self, node: usize, statement: &Statement) {
        let from = statement.body().author;
        self.nodes[node].commons.take_verified(statement.clone(), from, 0).expect("it is valid in its place");
    }

    fn are_connected(&self, one: usize, other: usize) -> bool {
        self.round >= APART_ROUNDS || one % 3 == other % 3
    }

    /// A round: each node talks with two others, some restart.
    fn round(&mut self) {
        if self.round < SPEAKING_ROUNDS {
            for _ in 0..STATEMENTS_PER_ROUND {
                let node = self.random.below(NODES);
                self.speak(node);
            }
            // Some of them are sure to be by those who equivocate.
            if self.round % 4 == 1 {
                let liars: Vec<usize> =
                    (0..NODES).filter(|node| self.nodes[*node].lie == Some(Lie::Equivocate)).collect();
                let liar = liars[self.random.below(liars.len())];
                self.speak(liar);
            }
        }
        for node in 0..NODES {
            for _ in 0..2 {
                let peer = self.nodes[node].sessions[self.random.below(SESSIONS)];
                if peer != node && self.are_connected(node, peer) {
                    self.meet(node, peer);
                }
            }
            if self.random.percent(2) {
                self.restart(node);
            }
        }
        self.round += 1;
    }

    fn restart(&mut self, node: usize) {
        let commons = std::mem::replace(&mut self.nodes[node].commons, empty());
        self.nodes[node].commons = Commons::open(network(), commons.into_store()).expect("memory can be read");
        self.nodes[node].untaken.clear();
    }

    /// Each learns from the other.
    fn meet(&mut self, one: usize, other: usize) {
        for (ours, theirs) in [(one, other), (other, one)] {
            let (our_id, their_id) = (self.nodes[ours].key.id(), self.nodes[theirs].key.id());
            let is_over =
                self.nodes[ours].left.contains_key(&their_id) || self.nodes[theirs].left.contains_key(&our_id);
            if is_over || self.nodes[ours].lie == Some(Lie::Withhold) {
                continue;
            }
            self.learn(ours, theirs);
        }
    }

    fn learn(&mut self, ours: usize, theirs: usize) {
        let their_id = self.nodes[theirs].key.id();
        let now_unix_ms = self.now_unix_ms(ours);
        if self.nodes[theirs].lie == Some(Lie::Flood) && self.is_flooded(ours, their_id) {
            self.nodes[ours].left.insert(their_id, Found::Floods);
            return;
        }
        let mut commons = std::mem::replace(&mut self.nodes[ours].commons, empty());
        let salt: Salt = std::array::from_fn(|_| self.random.number().to_be_bytes()[0]);
        let answers_left = if self.random.percent(LOST_PERCENT) { self.random.below(4) } else { usize::MAX };
        if answers_left > 0 {
            // The first question arrives.
            let our_id = self.nodes[ours].key.id();
            self.nodes[theirs].untaken.remove(&our_id);
        }
        let verified = &mut self.verified;
        let mut verify = |bytes: &[u8]| {
            let id = StatementId::of(bytes);
            let known = verified.entry(id).or_insert_with(|| Statement::verify(bytes, &network(), u64::MAX));
            let statement = known.clone()?;
            let time_unix_ms = statement.body().time_unix_ms;
            if time_unix_ms > now_unix_ms + bitpie::identity::CLOCK_SKEW_MS {
                return Err(Refusal::FromFuture { time_unix_ms });
            }
            Ok(statement)
        };
        let honest = Honest(&self.nodes[theirs].commons);
        let ended = {
            let mut exchange =
                Exchange { ours: &mut commons, peer_id: their_id, salt, verify: &mut verify, cost: Cost::default() };
            match self.nodes[theirs].lie {
                Some(lie) => {
                    let mut peer = Liar { honest, lie, random: &mut self.random };
                    exchange.learn(&mut Lossy { peer: &mut peer, answers_left })
                }
                None => {
                    let mut peer = honest;
                    exchange.learn(&mut Lossy { peer: &mut peer, answers_left })
                }
            }
        };
        self.nodes[ours].commons = commons;
        match ended {
            Ended::Fault(fault) => drop(self.nodes[ours].left.insert(their_id, Found::Fault(fault))),
            Ended::Learnt(offers) => self.offered(ours, their_id, &offers),
            Ended::Lost => {}
        }
    }

    /// What a peer lacks is offered to it. One that still lacks it when it is met again and again, and never asks, does
    /// not want it.
    fn offered(&mut self, ours: usize, their_id: NodeId, offers: &[StatementId]) {
        let node = &mut self.nodes[ours];
        let Some(first) = offers.iter().min() else {
            node.untaken.remove(&their_id);
            return;
        };
        let (before, times) = node.untaken.get(&their_id).copied().unwrap_or((*first, 0));
        let times = if offers.contains(&before) { times + 1 } else { 1 };
        let kept = if offers.contains(&before) { before } else { *first };
        node.untaken.insert(their_id, (kept, times));
        if times >= OFFERS {
            node.left.insert(their_id, Found::Withholds);
        }
    }

    /// A flooder announces a thousand ids at a time.
    fn is_flooded(&mut self, ours: usize, from: NodeId) -> bool {
        let now_us = (self.round as u64 + 100) * ROUND_MS * 1000;
        let budget = self.nodes[ours].budgets.entry(from).or_default();
        (0..4).any(|_| budget.unasked(250, now_us) == Err(Refusal::TooFast))
    }

    fn honest(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.lie.is_none())
    }

    fn roots(&self) -> BTreeSet<Hash> {
        self.honest().map(|node| node.commons.tree().root()).collect()
    }

    /// Who was found out by somebody honest, and by how many.
    fn found(&self) -> BTreeMap<usize, Vec<&Found>> {
        let mut found: BTreeMap<usize, Vec<&Found>> = BTreeMap::new();
        for (id, what) in self.honest().flat_map(|node| &node.left) {
            found.entry(self.by_id[id]).or_default().push(what);
        }
        found
    }
}

#[test]
fn a_thousand_nodes_agree_although_one_in_ten_lies() {
    let mut simulation = Simulation::new(14);
    while simulation.round < SPEAKING_ROUNDS {
        simulation.round();
        assert!(simulation.roots().len() > 1, "they have something to agree on");
    }
    let mut rounds = 0;
    while simulation.roots().len() > 1 && rounds < ROUNDS_TO_AGREE {
        simulation.round();
        rounds += 1;
    }
    assert_eq!(simulation.roots().len(), 1, "after {rounds} rounds");
    // Withholders are known after a few more meetings.
    while rounds < ROUNDS_TO_AGREE {
        simulation.round();
        rounds += 1;
    }

    let first = simulation.honest().next().expect("there are some");
    let is_honest = |author: &NodeId| simulation.nodes[simulation.by_id[author]].lie.is_none();
    let said = || simulation.said.iter().filter(|of| is_honest(&of.body().author));
    assert!(said().all(|of| first.commons.knows(&of.id())), "all that the honest have said is there");
    assert!(said().count() > SPEAKING_ROUNDS * STATEMENTS_PER_ROUND / 2);
    assert!(simulation.honest().all(|node| node.commons.store() == first.commons.store()));

    let found = simulation.found();
    let named = |lie: Lie| {
        let liars: Vec<usize> = (0..NODES).filter(|node| simulation.nodes[*node].lie == Some(lie)).collect();
        let known = liars.iter().filter(|liar| found.contains_key(liar)).count();
        (known, liars.len())
    };
    for lie in [Lie::Invent, Lie::Flood, Lie::InvalidStream, Lie::FalseTips, Lie::FalseDigest, Lie::Withhold] {
        let (known, of) = named(lie);
        assert_eq!(known, of, "{lie:?}");
    }
    let accused: Vec<_> = found.iter().filter(|(node, _)| simulation.nodes[**node].lie.is_none()).collect();
    assert!(accused.is_empty(), "these are honest, and are said to lie: {accused:?}");
    // Of those who equivocate everybody has the evidence.
    let equivocating: BTreeSet<NodeId> = first
        .commons
        .store()
        .index()
        .filter_map(|(register, _)| match register {
            Register::Evidence(author) => Some(*author),
            _ => None,
        })
        .collect();
    assert!(!equivocating.is_empty());
    for author in &equivocating {
        assert_eq!(simulation.nodes[simulation.by_id[author]].lie, Some(Lie::Equivocate));
        assert!(simulation.honest().all(|node| node.commons.equivocates(author) == Ok(true)));
    }
}

#[test]
fn a_node_that_signs_two_answers_which_cannot_both_be_true_convicts_itself() {
    let key = key(1);
    let mut simulation = Simulation::new(5);
    (0..4).for_each(|node| simulation.speak(node * 10));
    let attest = |node: usize, moment_unix_ms| {
        let Ok(attestation) = simulation.nodes[node].commons.attest(key.id(), moment_unix_ms, None, 0);
        let signed = attestation.expect("it is of all").sign(&key);
        VerifiedAttestation::verify(signed.as_bytes()).expect("it is signed")
    };
    // It shows one of its clients the database of one node, and the next one that of another.
    assert_eq!(contradiction(&attest(0, 1000), &attest(10, 2000)), Some(Contradiction::Lost));
    assert_eq!(contradiction(&attest(0, 1000), &attest(0, 2000)), None);
}
