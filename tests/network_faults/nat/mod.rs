//! Real nodes behind routers of every kind: by which way two contacts talk. `cargo xtask nat` runs it.
//!
//! Each pair has an internet of its own, so pairs run side by side, and what one leaves behind disturbs no other.

mod bare;
mod internet;
mod kinds;
mod pair;
mod probe;
mod table;

use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Deserialize;

use internet::kinds_that_can_be_made;
use kinds::{BARE_COLUMNS, Conditions, Kind};
use pair::{Outcome, Trial};

/// What `cargo xtask nat` was asked for, as JSON.
const ASKED: &str = "BITPIE_NAT";

/// See `cargo xtask nat --help`.
#[derive(Deserialize)]
struct Asked {
    /// None are all.
    pairs: Vec<String>,
    loss_percent: u8,
    mapping_seconds: Option<u32>,
    wait_seconds: u64,
    at_once: usize,
    logs: Option<PathBuf>,
    /// Nothing that is found is a failure.
    report: bool,
}

/// Two kinds, as `port/full`.
fn pair(text: &str) -> (Kind, Kind) {
    let kind = |name: &str| {
        let known = || Kind::ALL.map(Kind::name).join(", ");
        Kind::named(name).unwrap_or_else(|| panic!("`{name}` is not a kind of router; there are: {}", known()))
    };
    let (a, b) = text.split_once('/').unwrap_or_else(|| panic!("`{text}` is not a pair: it is written `port/full`"));
    (kind(a), kind(b))
}

fn every_pair() -> Vec<(Kind, Kind)> {
    kinds_that_can_be_made().into_iter().flat_map(|a| BARE_COLUMNS.map(|b| (a, b))).collect()
}

/// Everything ends with the task that started it: it holds the other end.
fn end_with_the_task() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
}

/// A pair, whatever becomes of it.
fn try_pair(trial: &Trial<'_>, (a, b): (Kind, Kind)) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| trial.of(a, b))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let problem = format!("the run was broken off: {}", said.unwrap_or("nobody knows why"));
        Outcome { a, b, talk: None, bare: None, problem: Some(problem) }
    })
}

#[test]
#[ignore = "`cargo xtask nat` runs it: it takes minutes"]
fn contacts_behind_routers_of_every_kind() {
    let asked = std::env::var(ASKED).unwrap_or_else(|_| panic!("run by `cargo xtask nat`, which sets {ASKED}"));
    let asked: Asked = serde_json::from_str(&asked).expect("as the task writes it");
    end_with_the_task();
    let pairs = match asked.pairs.as_slice() {
        [] => every_pair(),
        given => given.iter().map(|text| pair(text)).collect(),
    };
    let trial = Trial {
        conditions: Conditions { loss_percent: asked.loss_percent, mapping_seconds: asked.mapping_seconds },
        patience: Duration::from_secs(asked.wait_seconds),
        logs: asked.logs.as_deref(),
    };
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..asked.at_once.clamp(1, pairs.len().max(1)) {
            scope.spawn(|| {
                while let Some(pair) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = try_pair(&trial, *pair);
                    let mut outcomes = outcomes.lock().expect("nobody panics with it");
                    outcomes.push(outcome.clone());
                    println!("{:>3}/{} {}", outcomes.len(), pairs.len(), table::line(&outcome));
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().expect("nobody panics with it");
    println!("\n{}\n{}\n{}", table::table(&outcomes), table::LEGEND, table::figures(&outcomes));
    let failures: Vec<String> = outcomes.iter().filter_map(Outcome::failure).collect();
    if !failures.is_empty() {
        println!("Not as it has to be, {} of {}:\n  {}", failures.len(), outcomes.len(), failures.join("\n  "));
    }
    assert!(asked.report || failures.is_empty(), "{} pairs are not as they have to be", failures.len());
}
