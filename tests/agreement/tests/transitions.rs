//! Every cell of every table of the project's automata is exercised, on both implementations.
//!
//! An instance is put into the leaf, and values, answers and states of others are searched for that make exactly that
//! case answer. A cell that is not reached fails, and so does a table that differs from the one in `transitions/`: a
//! new cell has to be looked at.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;

use agreement::cells::{Cell, always_cases, cells, table};
use agreement::generated::Generated;
use agreement::implementation::Implementation;
use agreement::trial::{Trial, Trials, answer};
use agreement::{definitions, system};
use automata_compiler::interpreter::Delivery;
use automata_compiler::model::{AutomatonId, System, TransitionId};
use automata_runtime::Record;

/// The definitions of the node.
const PROJECT: &str = "automata";

/// Attempts at a cell before it counts as not reached.
const ATTEMPTS: u64 = 5_000;

#[test]
fn every_cell_of_every_table_is_reached() {
    let project = definitions().into_iter().find(|of| of.name == PROJECT).expect("the project's definitions");
    let system = system(&project);
    let mut missed = Vec::new();
    for (index, automaton) in system.automata.iter().enumerate() {
        missed.extend(reach(&system, AutomatonId(index as u32)));
        let snapshot =
            agreement::sources::repository().join(format!("tests/agreement/transitions/{}.txt", automaton.name));
        expect_test::expect_file![snapshot].assert_eq(&table(&system, automaton));
    }
    assert!(missed.is_empty(), "cells that no attempt reached:\n{}", missed.join("\n"));
}

/// The cells that were not reached, in words.
fn reach(system: &Arc<System>, id: AutomatonId) -> Vec<String> {
    let automaton = &system.automata[id];
    let trials = Trials::new(system, id);
    let all = cells(automaton);
    let mut wanted: Vec<Cell> = all.clone();
    let mut always: BTreeSet<TransitionId> = always_cases(automaton).into_iter().collect();
    let always_count = always.len();
    for cell in &all {
        let mut number = 0;
        while wanted.contains(cell) && number < ATTEMPTS {
            let trial = trials.trial(cell.leaf, cell.arrival, number);
            let deliveries = trials.deliveries(&trial);
            number += 1;
            // Timers of one length: another may come first.
            let mut own = deliveries.iter().filter(|delivery| delivery.address.automaton == id);
            let answers =
                own.find_map(|delivery| answer(delivery, cell.arrival).filter(|_| delivery.before == Some(cell.leaf)));
            let Some(answer) = answers else { continue };
            let reached = Cell { answer, ..*cell };
            assert!(all.contains(&reached), "{reached:?} is not in the table: {trial:?}");
            if wanted.contains(&reached) {
                wanted.retain(|of| *of != reached);
                generated_does_the_same(system, &trial, &deliveries);
            }
            forget_performed(&mut always, id, &deliveries);
        }
    }
    // What follows from a cell depends on more than what makes it answer.
    for number in 0..ATTEMPTS {
        if always.is_empty() {
            break;
        }
        for cell in &all {
            let trial = trials.trial(cell.leaf, cell.arrival, number);
            let deliveries = trials.deliveries(&trial);
            if forget_performed(&mut always, id, &deliveries) {
                generated_does_the_same(system, &trial, &deliveries);
            }
        }
    }
    // Not by `println!`, which the test harness keeps to itself when a test passes: the coverage is to be seen.
    let _ = writeln!(
        std::io::stderr(),
        "transitions of {}: {} of {} cells, {} of {always_count} always",
        automaton.name,
        all.len() - wanted.len(),
        all.len(),
        always_count - always.len()
    );
    let name = |cell: &Cell| format!("{}: {} {:?}", automaton.name, automaton.states[cell.leaf].name, cell);
    let always = always.into_iter().map(|case| {
        format!("{}: always: {}", automaton.name, automata_compiler::simulation::case_text(system, automaton, case))
    });
    wanted.iter().map(name).chain(always).collect()
}

/// Whether one of them was performed.
fn forget_performed(wanted: &mut BTreeSet<TransitionId>, id: AutomatonId, deliveries: &[Delivery]) -> bool {
    let before = wanted.len();
    let own = deliveries.iter().filter(|delivery| delivery.address.automaton == id);
    own.flat_map(|delivery| &delivery.cases).for_each(|case| {
        wanted.remove(case);
    });
    wanted.len() < before
}

fn generated_does_the_same(system: &Arc<System>, trial: &Trial, deliveries: &[Delivery]) {
    let mut generated = Generated::new(PROJECT, system);
    generated.start();
    // Numbers of deliveries go on from those of the start.
    generated.records();
    trial.perform(&mut generated);
    let expected: Vec<Record> = deliveries.iter().map(|delivery| delivery.record(system)).collect();
    assert_eq!(generated.records(), expected, "generated Rust (left) and interpreter (right) differ: {trial:?}");
}
