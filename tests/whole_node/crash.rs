//! Power failures: wherever a node dies, every message that its API had accepted arrives, and is shown once.

use std::collections::BTreeSet;

use bitpie::abort_points::AbortPoint;
use bitpie::api::answers::MessageState;
use bitpie::api::hidden::Hidden;
use bitpie::api::methods::SendMessage;

use super::nodes::{Node, pair, until};

/// Messages that each side writes in one round, at most.
const AT_MOST: usize = 12;

#[test]
fn nothing_is_lost_or_shown_twice_wherever_one_of_them_dies() {
    let mut talk = Talk::new();
    talk.sides.iter_mut().for_each(Node::start);
    for point in AbortPoint::ALL {
        talk.die_at(0, point, 1);
    }
    talk.check();
}

#[test]
fn nothing_is_lost_or_shown_twice_wherever_the_other_dies_later() {
    let mut talk = Talk::new();
    talk.sides.iter_mut().for_each(Node::start);
    for point in AbortPoint::ALL {
        let times = match point {
            // Commits are frequent; the first ones are those of the start.
            AbortPoint::BeforeCommit
            | AbortPoint::AfterCommit
            | AbortPoint::BetweenAnswers
            | AbortPoint::AfterAnswers => 8,
            // There is one of these at a start, or in a session.
            AbortPoint::BeforeIdentityAcknowledgement
            | AbortPoint::AfterIdentityAcknowledgement
            | AbortPoint::BeforeIdentityShown
            | AbortPoint::AfterIdentityShown => 1,
            _ => 3,
        };
        talk.die_at(1, point, times);
    }
    talk.check();
}

/// Rounds in each of which at least one node is killed; more of them by `BITPIE_KILLS=1000 cargo test -p bitpie --test
/// whole_node killed`.
const KILLS: usize = 240;

/// Pairs that are tried side by side: most of a round is waiting for a node that starts, and a conversation that gets
/// long is slow to list.
const PAIRS: usize = 8;

#[test]
fn nothing_is_lost_or_shown_twice_when_nodes_are_killed_at_any_time() {
    let kills = std::env::var("BITPIE_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number of kills"));
    std::thread::scope(|scope| {
        for pair in 0..PAIRS {
            // Each pair has rounds of its own, the same whenever this is run.
            let seed = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(2 * pair as u64 + 1);
            scope.spawn(move || killed(kills.div_ceil(PAIRS), seed));
        }
    });
}

fn killed(rounds: usize, seed: u64) {
    let mut talk = Talk::new();
    talk.sides.iter_mut().for_each(Node::start);
    // A generator of its own (xorshift), so that the same rounds can be had again.
    let mut state = seed;
    let mut chance = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from((state >> 32) % below).expect("it is small")
    };
    for round in 0..rounds {
        let (victim, there, back) = (chance(2), chance(8), chance(8));
        let shown_before = talk.sides[1 - victim].received().len();
        for number in 0..there.max(back) {
            if number < there {
                talk.write(0, &format!("round {round}, there {number}"));
            }
            if number < back {
                talk.write(1, &format!("round {round}, back {number}"));
            }
        }
        // At some moment between the first message that gets through and the last one.
        let wanted = chance(3);
        if wanted > 0 && talk.sides[victim].is_online(talk.sides[1 - victim].key().id()) {
            let of_victim = if victim == 0 { there } else { back };
            let wanted = shown_before + wanted.min(of_victim);
            until("some get through", || (talk.sides[1 - victim].received().len() >= wanted).then_some(()));
        }
        talk.sides[victim].kill();
        if chance(4) == 0 {
            talk.sides[1 - victim].kill();
            talk.sides[1 - victim].start();
        }
        talk.sides[victim].start();
    }
    talk.check();
}

/// Two contacts, and what their users have written.
struct Talk {
    sides: [Node; 2],
    /// What each API has accepted: id, text.
    accepted: [Vec<(String, String)>; 2],
    tried: [BTreeSet<String>; 2],
}

/// What one side calls the other.
const NAMES: [&str; 2] = ["b", "a"];

impl Talk {
    fn new() -> Self {
        let (a, b) = pair();
        Self { sides: [a, b], accepted: Default::default(), tried: Default::default() }
    }

    /// Writes a message; the node may die of it.
    fn write(&mut self, side: usize, text: &str) {
        self.tried[side].insert(text.to_owned());
        let message = SendMessage { to: NAMES[side].into(), text: Hidden(text.to_owned()), expires_ms: None };
        if let Ok(sent) = self.sides[side].ask(&message) {
            self.accepted[side].push((sent.id, text.to_owned()));
        }
    }

    /// One side is started anew and dies at that point, while both write. Then it is started as usual.
    fn die_at(&mut self, victim: usize, point: AbortPoint, times: usize) {
        let at = format!("{}:{times}", point.name());
        self.sides[victim].stop();
        self.sides[victim].set("testing/abort-at", Some(&format!("\"{at}\"")));
        self.sides[victim].spawn();
        let mut written = 0;
        let status = until(&format!("it dies at {at}"), || {
            self.sides[victim].look_for_api();
            if written < AT_MOST {
                self.write(1 - victim, &format!("{at}, to it, {written}"));
                if self.sides[victim].has_api() {
                    self.write(victim, &format!("{at}, from it, {written}"));
                }
                written += 1;
            }
            self.sides[victim].has_ended()
        });
        assert!(!status.success(), "{at}: {status}");
        self.sides[victim].set("testing/abort-at", None);
        self.sides[victim].start();
    }

    /// Everything arrives, once, and the databases are sound.
    fn check(mut self) {
        for side in 0..2 {
            self.sides[side].until("nothing is on its way any more", |node| {
                let messages = node.status().messages;
                let of = |state| messages.get(&state).copied().unwrap_or(0);
                of(MessageState::Queued) + of(MessageState::Sent) == 0
            });
        }
        for side in 0..2 {
            let shown = self.sides[1 - side].received();
            let once: BTreeSet<_> = shown.iter().cloned().collect();
            assert_eq!(once.len(), shown.len(), "something is shown twice: {shown:#?}");
            for (id, text) in &self.accepted[side] {
                assert!(once.contains(text), "lost: {text}");
                assert_eq!(self.sides[side].message(id).state, MessageState::Delivered, "{text}");
            }
            assert!(once.is_subset(&self.tried[side]), "nobody has written all of these: {once:#?}");
            assert!(!self.accepted[side].is_empty());
        }
        for side in &mut self.sides {
            side.stop();
            assert_eq!(side.store().check().expect("checked"), [""; 0]);
        }
    }
}
