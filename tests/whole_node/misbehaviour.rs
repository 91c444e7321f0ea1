//! Misbehaviour again and again: each time it is counted for what it is, nothing is left of it, a friend notices
//! nothing, and the node's memory stays as it was.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bitpie::identity::{IdentityKey, NodeId, SEED_BYTES};
use bitpie::wire::Refusal;
use futures_util::future::join_all;
use sha2::{Digest as _, Sha256};

use super::nodes::{Node, until_equal};
use super::refusals::Friends;
use super::stranger::{Stage, Stranger};

/// Rounds before memory is looked at: every stranger has been there by then, and buffers, caches and the allocator's
/// own pools are filled.
const WARM_UP: usize = 160;

/// Rounds between two looks.
const ROUNDS: usize = 200;

/// So often in a row memory has to have grown by too much.
const WINDOWS: usize = 2;

/// What a node's memory may grow by in one of those rounds: a leak of that size is too much. A list of peers that
/// somebody asks for, and what the friends say meanwhile, take a part of it.
const GROWTH_BYTES_A_ROUND: u64 = 2 * 1_024;

/// What the allocator may keep, for each session of those that are there at the same time: how they are spread over its
/// pages varies.
const SPREAD_BYTES_A_SESSION: u64 = 2 * 1_024;

/// How often the friends talk while strangers do their worst, at most.
const TALKS: usize = 3;

/// Something that is done to a node.
#[derive(Clone, Copy)]
pub struct Case {
    pub what: &'static str,
    /// So far all is well.
    pub stage: Stage,
    pub deed: Deed,
    /// The reason that the stranger hears.
    pub told: Option<Refusal>,
    /// What the node counts, each once.
    pub counted: &'static [(Counter, &'static str)],
}

/// What is done.
#[derive(Clone, Copy)]
pub enum Deed {
    /// It goes.
    Vanish,
    /// It goes, and its system tells the node so that nothing is left to read.
    Reset,
    /// These bytes come at once, as they are, and then nothing more.
    Say(fn(&mut Stranger) -> Vec<u8>),
    /// These bytes come one at a time.
    SayAtAPace(fn(&mut Stranger) -> Vec<Vec<u8>>, Duration),
    /// These bytes come, and then it goes.
    SayAndVanish(fn(&mut Stranger) -> Vec<u8>),
}

/// Where a node counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    Refused,
    Ended,
    BrokenOff,
}

type Counts = BTreeMap<(Counter, String), u64>;

fn counts(node: &Node) -> Counts {
    let counters = node.status().counters;
    let all = [
        (Counter::Refused, counters.refusals),
        (Counter::Ended, counters.sessions_ended),
        (Counter::BrokenOff, counters.broken_off),
    ];
    let flat = all
        .into_iter()
        .flat_map(|(counter, names)| names.into_iter().map(move |(name, count)| ((counter, name), count)));
    flat.collect()
}

impl Friends {
    /// A node for strangers that come many at a time, all from one address, with more settings.
    pub fn with_wide_doors(settings: &[(&str, &str)]) -> Self {
        let doors = [
            ("sessions/inbound", "1000"),
            ("sessions/inbound-per-address", "1000"),
            ("sessions/half-open", "1000"),
            ("sessions/accepted-per-second", "100000"),
            ("sessions/half-open-per-address", "1000"),
        ];
        Self::new(&[&doors, settings].concat())
    }

    /// Strangers do each of these once, then some hundred times, so many at a time. Whether all of it is as it should
    /// be. `BITPIE_SHOW_GROWTH=1` with `--nocapture` prints what memory grows by.
    #[track_caller]
    pub fn endure(&mut self, what: &str, cases: &[Case], at_a_time: usize) {
        self.endure_rounds(what, cases, 1, 1);
        self.endure_rounds(what, cases, WARM_UP, at_a_time);
        let sessions = (cases.len() * at_a_time) as u64;
        let allowed = GROWTH_BYTES_A_ROUND * ROUNDS as u64 + SPREAD_BYTES_A_SESSION * sessions;
        let mut grew = Vec::new();
        // What leaks does so whenever it is done. Where a busy machine lets more of it happen at the same moment than
        // ever before, the allocator takes more pages once.
        for window in 0..WINDOWS {
            let before = self.node.resident_bytes();
            // Each window goes on with the keys where the one before has ended, or some would be used too often.
            let first = WARM_UP + window * ROUNDS;
            self.endure_from(what, cases, first, ROUNDS, at_a_time);
            let Some((before, after)) = before.zip(self.node.resident_bytes()) else { return };
            let growth = after.saturating_sub(before);
            if std::env::var_os("BITPIE_SHOW_GROWTH").is_some() {
                println!("{:>8} KiB of {:>8} KiB by {ROUNDS} times {what}", growth / 1_024, after / 1_024);
            }
            if growth < allowed {
                return;
            }
            grew.push(growth);
        }
        panic!("memory grows by {grew:?} bytes in {ROUNDS} times each of {what}; {allowed} are allowed");
    }

    /// Strangers do each of these so often, so many at a time.
    #[track_caller]
    pub fn endure_rounds(&mut self, what: &str, cases: &[Case], rounds: usize, at_a_time: usize) {
        self.endure_from(what, cases, 0, rounds, at_a_time);
    }

    /// The same, beginning with that number.
    #[track_caller]
    fn endure_from(&mut self, what: &str, cases: &[Case], first: usize, rounds: usize, at_a_time: usize) {
        let mut expected = counts(&self.node);
        for (counter, name) in cases.iter().flat_map(|case| case.counted) {
            *expected.entry((*counter, (*name).to_owned())).or_default() += rounds as u64;
        }
        let (address, whom) = (self.node.address(), self.node.key().id());
        let its_key = self.strangers_have_its_key.then(|| self.node.key().seed());
        let key = |case: &Case, round| match &its_key {
            Some(seed) => IdentityKey::from_seed(seed),
            None => key(case, first + round, at_a_time),
        };
        std::thread::scope(|scope| {
            let strangers = scope.spawn(|| all_strangers((address, whom), cases, key, rounds, at_a_time));
            for _ in 0..TALKS {
                self.are_undisturbed(what);
                if strangers.is_finished() {
                    break;
                }
            }
            if let Err(panic) = strangers.join() {
                std::panic::resume_unwind(panic);
            }
        });
        until_equal(what, &expected, || counts(&self.node));
        until_equal(what, &(1, 0), || {
            let sessions = self.node.status().sessions;
            (sessions.incoming + sessions.outgoing, sessions.half_open)
        });
    }
}

fn all_strangers(
    node: (SocketAddr, NodeId),
    cases: &[Case],
    key: impl Fn(&Case, usize) -> IdentityKey + Copy,
    rounds: usize,
    at_a_time: usize,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let lanes = cases.iter().flat_map(|case| (0..at_a_time).map(move |lane| (case, lane)));
        let lanes = lanes.map(|(case, lane)| async move {
            for round in (lane..rounds).step_by(at_a_time) {
                one_stranger(node, case, key(case, round)).await;
            }
        });
        join_all(lanes).await;
    });
}

async fn one_stranger((address, whom): (SocketAddr, NodeId), case: &Case, key: IdentityKey) {
    let mut stranger = Stranger::reach(address, &whom, key, case.stage).await;
    let told = match case.deed {
        Deed::Vanish => {
            stranger.vanish();
            None
        }
        Deed::Reset => {
            stranger.reset();
            None
        }
        Deed::Say(bytes) => {
            let bytes = bytes(&mut stranger);
            stranger.say(vec![bytes], Duration::ZERO).await
        }
        Deed::SayAtAPace(pieces, pace) => {
            let pieces = pieces(&mut stranger);
            stranger.say(pieces, pace).await
        }
        Deed::SayAndVanish(bytes) => {
            let bytes = bytes(&mut stranger);
            stranger.session().write_raw(&bytes).await;
            stranger.vanish();
            None
        }
    };
    assert_eq!(told, case.told, "{}", case.what);
}

/// All keys that strangers have who do this, so many at a time.
pub fn keys(case: &Case, at_a_time: usize) -> Vec<IdentityKey> {
    (0..key_count(case, at_a_time)).map(|round| key(case, round, at_a_time)).collect()
}

fn key_count(case: &Case, at_a_time: usize) -> usize {
    // Whoever violates the protocol more than five times is not heard any more, and all windows together come to less
    // for each of these keys.
    let is_remembered = case.counted.contains(&(Counter::Refused, "violation"));
    if is_remembered { WARM_UP } else { 2 * at_a_time }
}

/// The keys of a case belong to it alone, and each of them to one lane, where another comes before it is used again; so
/// no stranger meets itself. Otherwise they are few, since a node remembers all of them.
fn key(case: &Case, round: usize, at_a_time: usize) -> IdentityKey {
    let keys = key_count(case, at_a_time);
    assert_eq!(keys % at_a_time, 0, "each key is in one lane");
    let mut seed = <[u8; SEED_BYTES]>::from(Sha256::digest(case.what));
    seed[0] = u8::try_from(round % keys).expect("there are few");
    IdentityKey::from_seed(&seed)
}
