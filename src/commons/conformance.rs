//! What every store has to do, held against the one in memory: the same suite for all of them.
//!
//! `suite(make)` makes as many empty stores as it needs. A store that lasts is tested for that beside it.

use std::collections::BTreeSet;

use super::database::Commons;
use super::id::{Place, StatementId};
use super::memory::MemoryStore;
use super::payload::{Claim, Payload, Rating, Retraction, StatementKind, Target};
use super::samples::{Author, NOW, network, note};
use super::store::{Change, Entry, Register, Store, Sum};
use crate::identity::NodeId;

/// All that every store has to do.
pub fn suite<S: Store>(mut make: impl FnMut() -> S) {
    an_empty_store_has_nothing(make());
    what_is_kept_is_found(make());
    registers_are_ordered_and_apart(make());
    sums_are_what_was_written(make());
    pages_are_what_memory_says(make());
}

fn id(byte: u8) -> StatementId {
    StatementId([byte; 32])
}

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 32])
}

fn at(generation: u64, byte: u8) -> Place {
    Place { generation, id: id(byte) }
}

fn entry(generation: u64, byte: u8, author: u8, sequence: u64, time_unix_ms: u64) -> Entry {
    let kind = StatementKind::Note;
    Entry { place: at(generation, byte), author: node(author), sequence, time_unix_ms, of_day: 3, kind }
}

fn an_empty_store_has_nothing<S: Store>(store: S) {
    assert_eq!(store.entry(&id(1)).expect("read"), None);
    assert_eq!(store.bytes(&id(1)).expect("read"), None);
    assert_eq!(store.sharing(&node(1), 1).expect("read"), []);
    assert_eq!(store.highest_sequence(&node(1)).expect("read"), None);
    assert_eq!(store.after(Place::FIRST, 9).expect("read"), []);
    assert_eq!(store.later_than(0, 9).expect("read"), []);
    assert_eq!(store.listed(&Register::Tips, None, 9).expect("read"), []);
    assert_eq!(store.last(&Register::Tips, None).expect("read"), None);
    assert_eq!(store.sum(None).expect("read"), Sum::default());
}

fn what_is_kept_is_found<S: Store>(mut store: S) {
    let greatest = i64::MAX as u64;
    let entries =
        [entry(1, 9, 1, 1, 500), entry(2, 3, 1, 2, 700), entry(2, 4, 1, 2, 600), entry(300, 1, 2, greatest, greatest)];
    let bytes = |entry: &Entry| vec![entry.place.id.as_bytes()[0]; 5000].into();
    let kept: Vec<Change> = entries.iter().map(|entry| Change::Keep(*entry, bytes(entry))).collect();
    store.commit(&kept).expect("written");
    for entry in &entries {
        assert_eq!(store.entry(&entry.place.id).expect("read"), Some(*entry));
        assert_eq!(store.bytes(&entry.place.id).expect("read"), Some(bytes(entry)));
    }
    assert_eq!(store.entry(&id(7)).expect("read"), None);
    assert_eq!(store.sharing(&node(1), 2).expect("read"), [id(3), id(4)]);
    assert_eq!(store.sharing(&node(2), 2).expect("read"), []);
    assert_eq!(store.highest_sequence(&node(1)).expect("read"), Some(2));
    assert_eq!(store.highest_sequence(&node(2)).expect("read"), Some(greatest));
    assert_eq!(store.after(Place::FIRST, 9).expect("read"), entries.map(|entry| entry.place));
    assert_eq!(store.after(at(2, 3), 1).expect("read"), [at(2, 4)]);
    assert_eq!(store.after(at(300, 1), 9).expect("read"), []);
    assert_eq!(store.later_than(500, 9).expect("read"), [id(1), id(3), id(4)]);
    assert_eq!(store.later_than(0, 2).expect("read"), [id(1), id(3)]);
    assert_eq!(store.later_than(greatest, 9).expect("read"), []);
}

fn registers_are_ordered_and_apart<S: Store>(mut store: S) {
    let (target, other) = (Target::Statement(id(5)), Target::Author(NodeId::from_bytes([5; 32])));
    let names = ["a", "ab"].map(|name| Register::Claimants(name.parse().expect("a nickname")));
    let registers = [
        Register::Author(node(5)),
        Register::Kind(StatementKind::Note),
        Register::Kind(StatementKind::Rating),
        Register::Answers(id(5)),
        Register::Profile(node(5)),
        Register::Rating(node(5), target),
        Register::Rating(node(5), other),
        Register::Claim(node(5)),
        Register::Retraction(node(5), id(5)),
        Register::RatingsOf(target),
        Register::RatingsOf(other),
        Register::Evidence(node(5)),
        Register::Tips,
    ];
    let registers: Vec<Register> = registers.into_iter().chain(names).collect();
    let keys: BTreeSet<Vec<u8>> = registers.iter().map(Register::key).collect();
    assert_eq!(keys.len(), registers.len(), "each has a key of its own");
    for (number, register) in (1..).zip(&registers) {
        let places = [at(300, number), at(2, 200), at(2, number)];
        store.commit(&places.map(|place| Change::Enter(register.clone(), place))).expect("written");
    }
    for (number, register) in (1..).zip(&registers) {
        let sorted = [at(2, number), at(2, 200), at(300, number)];
        assert_eq!(store.listed(register, None, 9).expect("read"), sorted, "{register:?}");
        assert_eq!(store.listed(register, None, 2).expect("read"), sorted[..2]);
        assert_eq!(store.listed(register, Some(sorted[0]), 9).expect("read"), sorted[1..]);
        assert_eq!(store.listed(register, Some(Place::LAST), 9).expect("read"), []);
        assert_eq!(store.last(register, None).expect("read"), Some(sorted[2]));
        assert_eq!(store.last(register, Some(sorted[2])).expect("read"), Some(sorted[1]));
        assert_eq!(store.last(register, Some(sorted[0])).expect("read"), None);
        assert_eq!(store.last(register, Some(Place::FIRST)).expect("read"), None);
        assert!(store.has(register, sorted[1]).expect("read"));
        assert!(!store.has(register, at(3, number)).expect("read"));
    }
    let (first, rest) = registers.split_first().expect("there are some");
    let again = [Change::Enter(first.clone(), at(2, 1)), Change::Leave(first.clone(), at(2, 200))];
    let nothing = Change::Leave(first.clone(), at(9, 9));
    store.commit(&[again[0].clone(), again[1].clone(), nothing]).expect("written");
    assert_eq!(store.listed(first, None, 9).expect("read"), [at(2, 1), at(300, 1)]);
    assert!(store.has(&rest[0], at(2, 200)).expect("read"), "others are as they were");
}

fn sums_are_what_was_written<S: Store>(mut store: S) {
    let (one, other) = (Target::Statement(id(5)), Target::Author(NodeId::from_bytes([5; 32])));
    let sum = |ratings, stars| Sum { ratings, stars };
    store.commit(&[Change::Sum(None, sum(3, 12)), Change::Sum(Some(one), sum(2, 7))]).expect("written");
    store.commit(&[Change::Sum(Some(other), sum(1, 5)), Change::Sum(Some(one), sum(1, 2))]).expect("written");
    let read = |of: Option<&Target>| store.sum(of).expect("read");
    assert_eq!([read(None), read(Some(&one)), read(Some(&other))], [sum(3, 12), sum(1, 2), sum(1, 5)]);
    store.commit(&[Change::Sum(Some(one), Sum::default())]).expect("written");
    assert_eq!(store.sum(Some(&one)).expect("read"), Sum::default());
}

/// A small history with everything in it, in this store and in memory.
fn pages_are_what_memory_says<S: Store>(store: S) {
    let mut ours = Commons::open(network(), store).expect("it opens");
    let mut memory = Commons::open(network(), MemoryStore::default()).expect("it opens");
    let authors = [1, 2, 3].map(Author::numbered);
    let mut said = Vec::new();
    for round in 0..12_u64 {
        let author = &authors[usize::try_from(round % 3).expect("below 3")];
        let payload = match (round % 4, said.last()) {
            (1, Some(last)) => Payload::Rating(Rating { target: Target::Statement(*last), stars: 3 }),
            (2, _) => Payload::Claim(Claim { nickname: "alice".parse().expect("a nickname") }),
            (3, _) if round > 5 => {
                Payload::Retraction(Retraction { of: said[usize::try_from(round - 3).expect("few")] })
            }
            _ => note(&format!("{round}")),
        };
        let statement = author.say(&mut ours, &payload, NOW + round);
        let taken = memory.take(statement.as_bytes(), author.id(), NOW + round, 0);
        assert!(taken.is_ok(), "{taken:?}");
        said.push(statement.id());
    }
    let (store, memory) = (ours.store(), memory.store());
    assert_eq!(store.after(Place::FIRST, 99).expect("read"), memory.after(Place::FIRST, 99).expect("read"));
    let registers: BTreeSet<&Register> = memory.index().map(|(register, _)| register).collect();
    for register in registers {
        let listed = store.listed(register, None, 99).expect("read");
        assert_eq!(listed, memory.listed(register, None, 99).expect("read"), "{register:?}");
    }
    assert_eq!(store.sum(None).expect("read"), memory.sum(None).expect("read"));
    let reopened = Commons::open(network(), ours.into_store()).expect("it opens");
    assert_eq!(super::check::check(reopened.store(), &network(), reopened.tree()).expect("read"), []);
}

#[test]
fn memory_does_all_that_a_store_has_to_do() {
    suite(MemoryStore::default);
}
