//! Interpreter and generated Rust agree, record for record, on random events with random answers at random times.

use std::sync::Arc;

use agreement::generated::Generated;
use agreement::side_by_side::agree_on;
use agreement::sources::Definitions;
use agreement::steps::Steps;
use agreement::{definitions, system};
use automata_compiler::model::System;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::test_runner::{TestCaseError, TestRunner};

/// Sequences for each set of definitions, and inputs in each at most. `AGREEMENT_FACTOR` makes it more.
const SEQUENCES: u32 = 64;
const LENGTH: usize = 60;

/// Sequences for `endless`, where nearly every input leads to ten thousand deliveries.
const ENDLESS_SEQUENCES: u32 = 2;

/// A sequence ends after so many deliveries: enough to go over the limit of one input once.
const DELIVERIES: u64 = 10_500;

#[test]
fn both_agree_on_random_sequences_of_every_accept_case() {
    for definitions in definitions().iter().filter(|of| of.name != "automata") {
        agree(definitions, if definitions.name == "endless" { ENDLESS_SEQUENCES } else { SEQUENCES });
    }
}

#[test]
fn both_agree_on_random_sequences_of_the_project_s_automata() {
    let project = definitions().into_iter().find(|of| of.name == "automata").expect("the project's definitions");
    agree(&project, SEQUENCES * 4);
}

fn agree(definitions: &Definitions, cases: u32) {
    let system = system(definitions);
    let steps = Steps::new(&system);
    let factor = std::env::var("AGREEMENT_FACTOR").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1_u32);
    let cases = cases.saturating_mul(factor);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let sequence = vec(any::<u64>(), 1..LENGTH);
    let outcome = TestRunner::new(config).run(&sequence, |numbers| run(definitions, &system, &steps, &numbers));
    if let Err(error) = outcome {
        panic!("{}: {error}", definitions.name);
    }
}

fn run(definitions: &Definitions, system: &Arc<System>, steps: &Steps, numbers: &[u64]) -> Result<(), TestCaseError> {
    let generated = Generated::new(&definitions.name, system);
    agree_on(system, generated, steps, numbers, DELIVERIES).map(drop).map_err(TestCaseError::fail)
}
