//! What must hold for any history.

use std::collections::{BTreeMap, BTreeSet};

use bitpie::commons::digest::DigestTree;
use bitpie::commons::{Commons, Folded, MemoryStore, Register, Store, check, folded};
use proptest::prelude::*;

use super::history::{Random, entries, history, network, node_with, part};

/// What a node has worked out, one statement at a time.
fn worked_out(commons: &Commons<MemoryStore>) -> Folded {
    Folded {
        index: commons.store().index().cloned().collect(),
        sums: commons.store().sums().map(|(of, sum)| (*of, *sum)).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_order_of_arrival_gives_the_same(seed in any::<u64>(), count in 0..120_usize) {
        let history = history(seed, count);
        let mut random = Random(seed ^ 1);
        let straight = node_with(&history);
        for _ in 0..3 {
            let mut shuffled = history.clone();
            shuffled.extend(part(&mut random, &history, 30));
            random.shuffle(&mut shuffled);
            let other = node_with(&shuffled);
            prop_assert_eq!(other.orphans().used().statements, 0);
            prop_assert_eq!(other.tree().root(), straight.tree().root());
            prop_assert!(other.store() == straight.store());
        }
        prop_assert_eq!(straight.tree().count(), history.len() as u64);
    }

    #[test]
    fn one_at_a_time_comes_to_the_same_as_all_at_once(seed in any::<u64>(), count in 0..120_usize) {
        let history = history(seed, count);
        let mut random = Random(seed ^ 2);
        for percent in [100, 90, 60] {
            let mut part = part(&mut random, &history, percent);
            random.shuffle(&mut part);
            let commons = node_with(&part);
            prop_assert_eq!(worked_out(&commons), folded(&entries(&commons)));
            prop_assert_eq!(check(commons.store(), &network(), commons.tree()), Ok(vec![]));
        }
    }

    #[test]
    fn a_node_with_both_halves_sees_that_an_author_equivocates(seed in any::<u64>(), count in 0..120_usize) {
        let history = history(seed, count);
        let part = part(&mut Random(seed ^ 3), &history, 90);
        let commons = node_with(&part);
        let mut said: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for statement in &part {
            said.entry((statement.body().author, statement.body().sequence)).or_default().insert(statement.id());
        }
        let mut liars = BTreeSet::new();
        for ((author, _), together) in said.iter().filter(|(_, together)| together.len() > 1) {
            liars.insert(*author);
            let evidence = commons.store().listed(&Register::Evidence(*author), None, usize::MAX)?;
            let evidence: BTreeSet<_> = evidence.iter().map(|place| place.id).collect();
            prop_assert!(together.is_subset(&evidence));
            let standing = together.iter().filter(|id| commons.stands(id) == Ok(true)).count();
            prop_assert!(standing <= 1, "of those that share a number one counts at most");
            // If any stands it is the lowest; the others never do.
            prop_assert!(together.iter().skip(1).all(|id| commons.stands(id) == Ok(false)));
        }
        for (author, _) in said.keys() {
            prop_assert_eq!(commons.equivocates(author)?, liars.contains(author));
        }
    }

    #[test]
    fn the_digest_until_a_time_is_that_of_what_was_said_by_then(seed in any::<u64>(), count in 1..120_usize) {
        let history = history(seed, count);
        let commons = node_with(&history);
        let until = history[history.len() / 2].body().time_unix_ms;
        let earlier = history.iter().filter(|of| of.body().time_unix_ms <= until).map(|of| of.id());
        let expected: DigestTree = earlier.collect();
        let tree = commons.tree_until(until, usize::MAX)?.expect("without a limit");
        prop_assert_eq!((tree.root(), tree.count()), (expected.root(), expected.count()));
        let later = history.len() - usize::try_from(expected.count()).expect("few");
        prop_assert!(commons.tree_until(until, later)?.is_some());
        prop_assert!(later == 0 || commons.tree_until(until, later - 1)?.is_none());
    }
}

#[test]
fn histories_have_in_them_what_is_to_be_tested() {
    let mut found = [0; 5];
    for seed in 0..20 {
        let commons = node_with(&history(seed, 100));
        for (register, _) in commons.store().index() {
            match register {
                Register::Evidence(_) => found[0] += 1,
                Register::Retraction(..) => found[1] += 1,
                Register::RatingsOf(_) => found[2] += 1,
                Register::Answers(_) => found[3] += 1,
                Register::Claimants(_) => found[4] += 1,
                _ => {}
            }
        }
        let standing = commons.store().index().filter(|(register, _)| matches!(register, Register::Author(_))).count();
        assert!(standing < 100, "some are taken back, or share a number");
    }
    assert!(found.iter().all(|count| *count > 50), "{found:?}");
}
