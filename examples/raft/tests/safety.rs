//! Two hundred clusters in storms: whatever the network does, never two leaders in one term, and nothing that was committed is lost.

use std::collections::{BTreeMap, BTreeSet};

use automata_runtime::{Handled, Off, Outcome, Records};
use raft::automata::raft_node::State;
use raft::chance::Chance;
use raft::cluster::Cluster;
use raft::log::Entry;
use raft::network::Weather;

const SEEDS: u64 = 200;

/// Storms in the life of each cluster.
const STORMS: u64 = 25;

/// What has been seen of a cluster, and must never be contradicted.
#[derive(Default)]
struct Witness {
    /// Who led in which term.
    leaders: BTreeMap<u64, u8>,
    /// What was committed, by any node.
    committed: Vec<Entry>,
}

impl Witness {
    /// Looks at the cluster after a delivery.
    fn look(&mut self, cluster: &Cluster<Off>, handled: &Handled) {
        assert!(handled.is_clean(), "{handled:?}");
        for (node, term) in cluster.leaders() {
            let first = *self.leaders.entry(term).or_insert(node);
            assert_eq!(first, node, "two leaders in term {term}");
        }
    }

    /// Looks at all logs.
    fn compare(&mut self, cluster: &Cluster<Off>) {
        let logs = cluster.logs();
        for log in logs {
            let (own, known) = (log.committed(), self.committed.len());
            let both = own.len().min(known);
            assert_eq!(own[..both], self.committed[..both], "a committed entry is another one now");
            self.committed.extend_from_slice(&own[both..]);
        }
        // Where two logs have an entry of one term at one place, they are the same up to there.
        for (place, log) in logs.iter().enumerate() {
            for other in &logs[..place] {
                let pairs = log.entries().iter().zip(other.entries());
                let same = pairs.clone().rposition(|(own, others)| own.term == others.term).map_or(0, |last| last + 1);
                assert_eq!(log.entries()[..same], other.entries()[..same], "one term, one place, two entries");
            }
        }
        // The leader of the newest term that ever had one has all that was ever committed. One of an older term need not.
        let newest = self.leaders.keys().next_back().copied();
        if let Some((leader, _)) = cluster.leaders().find(|(_, term)| Some(*term) == newest) {
            let own = logs[usize::from(leader) - 1].entries();
            assert!(own.starts_with(&self.committed), "node {leader} leads without what was committed");
        }
    }

    fn run(&mut self, cluster: &mut Cluster<Off>, duration_ms: u64) {
        let end_ms = cluster.now_ms() + duration_ms;
        while let Some(handled) = cluster.step(end_ms) {
            self.look(cluster, &handled);
        }
        self.compare(cluster);
    }
}

/// A cluster through storms, and then in fair weather.
fn live_through(seed: u64) -> Witness {
    let mut chance = Chance::new(seed ^ 0x5eed);
    let nodes = if chance.percent(50) { 3 } else { 5 };
    let mut cluster = Cluster::new(nodes, seed, Off);
    let mut witness = Witness::default();
    let mut down = BTreeSet::new();
    for number in 0..STORMS {
        let any = |chance: &mut Chance| chance.between(1, nodes.into()) as u8;
        cluster.network().weather = if chance.percent(70) { Weather::STORM } else { Weather::FAIR };
        let others = (1..=nodes).filter(|_| chance.percent(40)).collect();
        cluster.network().island = if chance.percent(50) { others } else { BTreeSet::new() };
        let node = any(&mut chance);
        let handled = if down.insert(node) {
            cluster.crash(node)
        } else {
            down.remove(&node);
            cluster.restart(node)
        };
        witness.look(&cluster, &handled);
        for turn in 0..4 {
            // Of all nodes, since only a leader writes anything down, and who that is nobody knows for certain.
            for node in 1..=nodes {
                let handled = cluster.propose(node, (number * 4 + turn) as u32);
                witness.look(&cluster, &handled);
            }
            let duration_ms = chance.between(50, 400);
            witness.run(&mut cluster, duration_ms);
        }
    }
    cluster.network().weather = Weather::FAIR;
    cluster.network().island.clear();
    for node in down {
        cluster.restart(node);
    }
    witness.run(&mut cluster, 5_000);
    let leaders: Vec<(u8, u64)> = cluster.leaders().collect();
    assert_eq!(leaders.len(), 1, "in fair weather one node leads: {leaders:?}");
    let handled = cluster.propose(leaders[0].0, u32::MAX);
    assert_eq!(handled.outcome(), Some(Outcome::Internal));
    witness.run(&mut cluster, 1_000);
    for (node, log) in (1..).zip(cluster.logs()) {
        assert_eq!(log.entries(), log.committed(), "node {node} has all that it has for certain");
        assert_eq!(log.committed(), witness.committed, "node {node} has what the others have");
    }
    assert_eq!(witness.committed.last().map(|entry| entry.command), Some(u32::MAX));
    witness
}

#[test]
fn never_two_leaders_in_one_term_and_nothing_committed_is_lost() {
    let (mut terms, mut entries) = (0, 0);
    for seed in 0..SEEDS {
        let witness = std::panic::catch_unwind(|| live_through(seed));
        let witness = witness.unwrap_or_else(|panic| {
            eprintln!("that was seed {seed}");
            std::panic::resume_unwind(panic)
        });
        terms += witness.leaders.len();
        entries += witness.committed.len();
    }
    // Storms that nobody notices would show nothing.
    assert!(terms > 5 * SEEDS as usize, "only {terms} terms had a leader");
    assert!(entries > 20 * SEEDS as usize, "only {entries} entries were committed");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let records = |seed| {
        let mut cluster = Cluster::new(5, seed, Records::default());
        cluster.network().weather = Weather::STORM;
        while cluster.step(3_000).is_some() {}
        cluster.into_recorder().0
    };
    assert_eq!(records(1), records(1));
    assert_ne!(records(1), records(2));
}

#[test]
fn a_leader_that_was_cut_off_gives_way_and_loses_what_was_not_safe() {
    let mut cluster = Cluster::new(3, 4, Off);
    let run = |cluster: &mut Cluster<Off>, duration_ms| {
        let end_ms = cluster.now_ms() + duration_ms;
        while cluster.step(end_ms).is_some() {}
    };
    run(&mut cluster, 1_000);
    let (old, old_term) = cluster.leaders().next().expect("somebody leads");
    cluster.network().island = [old].into();
    cluster.propose(old, 13);
    run(&mut cluster, 2_000);
    let (new, new_term) = cluster.leaders().max_by_key(|(_, term)| *term).expect("somebody leads");
    assert!(new != old && new_term > old_term);
    assert_eq!(cluster.leaders().count(), 2, "the old one has not heard of it");
    cluster.propose(new, 42);
    cluster.network().island.clear();
    run(&mut cluster, 1_000);
    assert_eq!(cluster.system().raft_node.get(&old).map(|node| node.state()), Some(State::Follower));
    for log in cluster.logs() {
        assert_eq!(log.committed().iter().map(|entry| entry.command).collect::<Vec<_>>(), [42]);
    }
}
