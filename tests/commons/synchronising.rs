//! How two nodes come to hold the same, what that costs, and what a peer cannot do.

use std::collections::{BTreeMap, BTreeSet};

use bitpie::codec::AtMost;
use bitpie::commons::digest::{DigestTree, Part, Prefix};
use bitpie::commons::sync::{
    ASKED_PARTS, Fetch, FetchEvent, PartAnswer, QUESTIONS_UNDER_WAY, STREAM_STATEMENTS, StreamEnd, SyncFault,
    SyncMessage, Walk, fingerprint,
};
use bitpie::commons::{MemoryStore, Place, Statement, StatementId};
use proptest::prelude::*;

use super::exchange::{Cost, Ended, Exchange, Honest, Peer, learn};
use super::history::{BEGINNING, Random, empty, history, key, network, node_with, note, part, say};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn from_any_part_of_a_history_one_comes_to_all_of_it(
        seed in any::<u64>(), count in 0..150_usize, percents in (0..101_usize, 0..101_usize), salt in any::<u8>(),
    ) {
        let history = history(seed, count);
        let mut random = Random(seed ^ 4);
        let (one, other) = (part(&mut random, &history, percents.0), part(&mut random, &history, percents.1));
        let (mut here, mut there) = (node_with(&one), node_with(&other));
        let together = node_with(&[one, other].concat());
        let (ended, _) = learn(&mut here, &there, salt);
        // What the other one lacks is what we had and it had not.
        let Ended::Learnt(mut offers) = ended else { panic!("{ended:?}") };
        let mut expected: Vec<_> =
            here.tree().ids(&Prefix::ROOT, usize::MAX).into_iter().filter(|id| !there.tree().contains(id)).collect();
        expected.sort();
        offers.sort();
        prop_assert_eq!(offers, expected);
        prop_assert_eq!(learn(&mut there, &here, salt).0, Ended::Learnt(vec![]));
        prop_assert!(here.store() == together.store() && there.store() == together.store());
        prop_assert_eq!(here.tree().root(), there.tree().root());
        // And who has nothing gets all of it in order.
        let mut new = empty();
        let all = {
            let mut verify = |bytes: &[u8]| Statement::verify(bytes, &network(), u64::MAX);
            let (peer_id, cost) = (key(9).id(), Cost::default());
            let mut exchange = Exchange { ours: &mut new, peer_id, salt: [salt; 16], verify: &mut verify, cost };
            exchange.fetch(&mut Honest(&here), Fetch::after(Place::FIRST), &BTreeMap::new())
        };
        prop_assert_eq!(all, Ok(None));
        prop_assert!(new.store() == here.store());
    }

    #[test]
    fn whatever_a_peer_answers_a_walk_comes_to_an_end(seed in any::<u64>()) {
        let mut random = Random(seed);
        let ours: DigestTree = (0..50_u32).map(|number| StatementId::of(&number.to_be_bytes())).collect();
        let mut walk = Walk::new(ours, [7; 16], random.number() % 1000);
        let mut questions = 0;
        while let Some(SyncMessage::AskParts { prefixes, .. }) = walk.ask() {
            questions += 1;
            prop_assert!(questions < 10_000, "it would never end");
            let parts = prefixes.iter().map(|prefix| match random.below(5) {
                0 => PartAnswer::Leaf(vec![]),
                1 => PartAnswer::Leaf(vec![Place { generation: 1, id: prefix.lowest() }]),
                _ => PartAnswer::Children(std::array::from_fn(|_| random.number().to_be_bytes())),
            });
            let parts: AtMost<PartAnswer, ASKED_PARTS> = parts.collect();
            if walk.answered(&parts).is_err() {
                break;
            }
        }
    }
}

/// What a node with this tree answers about a part of it.
fn answer(tree: &DigestTree, prefix: &Prefix, salt: &[u8; 16]) -> PartAnswer {
    match tree.part(prefix) {
        Part::Leaf(ids) => PartAnswer::Leaf(ids.iter().map(|id| Place { generation: 1, id: *id }).collect()),
        Part::Children(hashes) => PartAnswer::Children(hashes.map(|hash| fingerprint(salt, &hash))),
    }
}

/// Two trees as after a while apart: `count` ids of which each of two lacks some.
fn walk_cost(count: u32, missing: u32) -> (usize, usize, usize) {
    let id = |number: u32| StatementId::of(&number.to_be_bytes());
    let theirs: DigestTree = (0..count).map(id).collect();
    // Spread over everything, which is the worst case.
    let step = count / missing;
    let ours: DigestTree =
        (0..count).filter(|number| number % step != 0 || *number >= missing * step).map(id).collect();
    let (salt, mut walk) = ([9; 16], Walk::new(ours, [9; 16], u64::from(count)));
    let (mut levels, mut asked, mut answered) = (BTreeSet::new(), 0, 0);
    while let Some(question) = walk.ask() {
        asked += question.encode().len();
        let SyncMessage::AskParts { prefixes, .. } = question else { panic!("a walk asks for parts") };
        levels.extend(prefixes.iter().map(Prefix::depth));
        let parts = prefixes.iter().map(|prefix| answer(&theirs, prefix, &salt));
        let parts: AtMost<PartAnswer, ASKED_PARTS> = parts.collect();
        answered += SyncMessage::Parts(parts.clone()).encode().len();
        walk.answered(&parts).expect("the peer is honest");
    }
    assert_eq!(walk.lacking().len(), missing as usize);
    assert!(walk.offers().is_empty() && !walk.is_partial());
    (levels.len(), asked, answered)
}

#[test]
fn a_walk_costs_little_more_than_what_differs() {
    // A statement has some 330 bytes. It is fetched for 3 times that at most, of which once is itself.
    for (count, missing) in [(100_000, 100), (100_000, 1000), (20_000, 10)] {
        let (levels, asked, answered) = walk_cost(count, missing);
        let bytes = asked + answered;
        assert!(levels <= 7, "{count}, {missing}: {levels} levels");
        assert!(bytes < 2 * 330 * missing as usize, "{count}, {missing}: {bytes} bytes");
    }
    let (_, asked, answered) = walk_cost(1000, 1);
    assert!(asked + answered < 1500, "{asked} + {answered} bytes");
}

#[test]
fn a_wide_tree_costs_no_more_round_trips_than_a_narrow_one() {
    let id = |number: u32| StatementId::of(&number.to_be_bytes());
    let theirs: DigestTree = (0..20_000).map(id).collect();
    let ours: DigestTree = (0..20_000).filter(|number| number % 10 != 0).map(id).collect();
    let (salt, mut walk, mut round_trips) = ([9; 16], Walk::new(ours, [9; 16], 20_000), 0);
    loop {
        let questions: Vec<SyncMessage> = std::iter::from_fn(|| walk.ask()).collect();
        if questions.is_empty() {
            break;
        }
        assert!(questions.len() <= QUESTIONS_UNDER_WAY);
        round_trips += 1;
        for question in questions {
            let SyncMessage::AskParts { prefixes, .. } = question else { panic!("a walk asks for parts") };
            walk.answered(&prefixes.iter().map(|prefix| answer(&theirs, prefix, &salt)).collect())
                .expect("it is honest");
        }
    }
    assert_eq!(walk.lacking().len(), 2000);
    // 20,000 ids have four digits that matter, and the widest level has more questions than may be under way.
    assert!(round_trips <= 9, "{round_trips}");
}

#[test]
fn two_that_hold_the_same_need_one_question() {
    let history = history(1, 100);
    let (mut here, there) = (node_with(&history), node_with(&history));
    let (ended, cost) = learn(&mut here, &there, 1);
    assert_eq!((ended, cost.questions), (Ended::Learnt(vec![]), 1));
}

/// One that answers as another would, but for one thing.
struct Crooked<'a, F> {
    honest: Honest<'a>,
    bend: F,
}

impl<F: FnMut(&SyncMessage, Vec<SyncMessage>) -> Vec<SyncMessage>> Peer for Crooked<'_, F> {
    fn answer(&mut self, question: &SyncMessage) -> Option<Vec<SyncMessage>> {
        let answers = self.honest.answer(question)?;
        Some((self.bend)(question, answers))
    }
}

/// What a node makes of a peer that changes its answers in this way.
fn crooked(bend: impl FnMut(&SyncMessage, Vec<SyncMessage>) -> Vec<SyncMessage>) -> Ended {
    let mut there = empty();
    for number in 0..30_u64 {
        say(&mut there, &key(number % 3), &note(&number.to_string()), BEGINNING + number);
    }
    let mut ours = empty();
    say(&mut ours, &key(7), &note("ours"), BEGINNING);
    let mut verify = |bytes: &[u8]| Statement::verify(bytes, &network(), u64::MAX);
    let (peer_id, cost) = (key(8).id(), Cost::default());
    let mut exchange = Exchange { ours: &mut ours, peer_id, salt: [3; 16], verify: &mut verify, cost };
    exchange.learn(&mut Crooked { honest: Honest(&there), bend })
}

#[test]
fn a_peer_that_bends_an_answer_is_found_out() {
    assert!(matches!(crooked(|_, answers| answers), Ended::Learnt(offers) if offers.len() == 1));

    let root = crooked(|_, mut answers| {
        if let SyncMessage::State(state) = &mut answers[0] {
            state.root[0] ^= 1;
        }
        answers
    });
    assert_eq!(root, Ended::Fault(SyncFault::FalseDigest));

    let count = crooked(|_, mut answers| {
        if let SyncMessage::State(state) = &mut answers[0] {
            state.count += 1;
        }
        answers
    });
    assert_eq!(count, Ended::Fault(SyncFault::FalseDigest));

    let invented = StatementId([0x77; 32]);
    let tips = crooked(|_, mut answers| {
        if let SyncMessage::State(state) = &mut answers[0] {
            state.tips = vec![invented].into();
        }
        answers
    });
    assert_eq!(tips, Ended::Fault(SyncFault::FalseTip(invented)));

    let withheld = crooked(|_, mut answers| {
        if matches!(answers.last(), Some(SyncMessage::End(_))) {
            answers.remove(0);
        }
        answers
    });
    assert!(matches!(withheld, Ended::Fault(SyncFault::Unexpected(_) | SyncFault::Withheld(_))), "{withheld:?}");

    let silent = crooked(|_, answers| match answers.last() {
        Some(SyncMessage::End(_)) => vec![SyncMessage::End(StreamEnd::NotHere)],
        _ => answers,
    });
    assert!(matches!(silent, Ended::Fault(SyncFault::Withheld(_))), "{silent:?}");

    let swapped = crooked(|_, mut answers| {
        if matches!(answers.last(), Some(SyncMessage::End(_))) {
            answers.swap(0, 1);
        }
        answers
    });
    assert!(matches!(swapped, Ended::Fault(SyncFault::Unexpected(_) | SyncFault::Withheld(_))), "{swapped:?}");

    let altered = crooked(|_, mut answers| {
        if let SyncMessage::Statement(bytes) = &mut answers[0] {
            bytes[40] ^= 1;
        }
        answers
    });
    assert!(matches!(altered, Ended::Fault(SyncFault::Unexpected(_))), "{altered:?}");

    let misplaced = crooked(|_, mut answers| {
        if let SyncMessage::Parts(parts) = &mut answers[0] {
            *parts = parts
                .iter()
                .cloned()
                .map(|part| match part {
                    PartAnswer::Leaf(mut places) => {
                        places.iter_mut().for_each(|place| place.generation += 1);
                        PartAnswer::Leaf(places)
                    }
                    children => children,
                })
                .collect();
        }
        answers
    });
    assert!(matches!(misplaced, Ended::Fault(SyncFault::WrongGeneration(_))), "{misplaced:?}");

    let elsewhere = crooked(|question, mut answers| {
        if let (SyncMessage::AskParts { prefixes, .. }, SyncMessage::Parts(parts)) = (question, &mut answers[0])
            && prefixes[0].depth() == 1
        {
            *parts = prefixes.iter().map(|_| PartAnswer::Leaf(vec![Place { generation: 1, id: invented }])).collect();
        }
        answers
    });
    assert!(matches!(elsewhere, Ended::Fault(SyncFault::WrongPart(_))), "{elsewhere:?}");
}

#[test]
fn a_stream_ends_at_its_limit_and_is_asked_for_again() {
    let mut there = empty();
    for number in 0..(STREAM_STATEMENTS as u64 + 500) {
        // A day has a thousand statements of one author.
        say(&mut there, &key(number % 2), &note(&number.to_string()), BEGINNING + number);
    }
    let mut ours = empty();
    let (ended, cost) = learn(&mut ours, &there, 1);
    assert_eq!(ended, Ended::Learnt(vec![]));
    assert!(ours.store() == there.store());
    assert!(cost.answered_bytes + cost.asked_bytes < 2 * cost.statement_bytes, "{cost:?}");
    let mut verify = |bytes: &[u8]| Statement::verify(bytes, &network(), u64::MAX);
    let (mut new, peer_id, cost) = (empty(), key(9).id(), Cost::default());
    let mut exchange = Exchange { ours: &mut new, peer_id, salt: [1; 16], verify: &mut verify, cost };
    let all = exchange.fetch(&mut Honest(&there), Fetch::after(Place::FIRST), &BTreeMap::new());
    assert_eq!((all, exchange.cost.questions), (Ok(None), 2));
    assert!(new.store() == there.store());
}

#[test]
fn a_stream_that_brings_nothing_is_not_asked_for_for_ever() {
    let mut fetch = Fetch::after(Place::FIRST);
    assert!(fetch.ask().is_some() && fetch.ask().is_none());
    let ended = fetch.received(SyncMessage::End(StreamEnd::Limit));
    assert_eq!(ended, Ok(FetchEvent::Failed(StreamEnd::Limit)));
    let unasked = fetch.received(SyncMessage::End(StreamEnd::Complete));
    assert_eq!(unasked, Err(SyncFault::NotAsked));
    assert_eq!(MemoryStore::default().len(), 0);
}

#[test]
fn what_a_stream_passes_over_is_withheld() {
    let bytes = [b"one".to_vec(), b"two".to_vec()];
    let places = bytes.each_ref().map(|bytes| Place { generation: 1, id: StatementId::of(bytes) });
    let listed = BTreeSet::from(places);
    let (first, last) = (listed.first().expect("two").id, listed.last().expect("two").id);
    let of = |id| bytes.iter().find(|bytes| StatementId::of(bytes) == id).expect("one of them").clone();
    let mut fetch = Fetch::of(&listed);
    assert!(fetch.ask().is_some());
    assert_eq!(fetch.received(SyncMessage::Statement(of(last))), Ok(FetchEvent::Take(of(last))));
    let end = fetch.received(SyncMessage::End(StreamEnd::Complete));
    assert_eq!(end, Err(SyncFault::Withheld(first)));
}
