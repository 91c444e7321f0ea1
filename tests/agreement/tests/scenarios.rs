//! What happens to the node's automata in the situations that once went wrong: `tests/scenarios`, one folder for each.
//!
//! `script.jsonl` holds the inputs, and comments on why. A line `#= instance STATE` says in which state that instance
//! was last left by all that came before; these were written by hand, from the definitions and `docs/SEMANTICS.md`.
//! `expected.jsonl` holds the whole records. `UPDATE_EXPECT=1` writes it anew: then read each line that changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agreement::sources::repository;
use agreement::{definitions, scripted, system};
use automata_compiler::model::System;
use automata_runtime::{Outcome, Record};

fn scenarios() -> Vec<PathBuf> {
    let folder = repository().join("tests/scenarios");
    let entries = fs::read_dir(&folder).expect("a folder of the repository");
    let mut scenarios: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder that can be listed").path()).collect();
    scenarios.sort();
    assert!(scenarios.len() > 20, "only {} scenarios were found", scenarios.len());
    scenarios
}

/// What the project's own definitions are called among all.
const NODE: &str = "automata";

fn node() -> Arc<System> {
    let node = definitions().into_iter().find(|definitions| definitions.name == NODE);
    system(&node.expect("the project has definitions of its own"))
}

fn expect(scenario: &Path, records: &[Record]) {
    let lines = records.iter().map(|record| serde_json::to_string(record).expect("records are JSON") + "\n");
    expect_test::expect_file![scenario.join("expected.jsonl")].assert_eq(&lines.collect::<String>());
}

fn script(scenario: &Path) -> String {
    let path = scenario.join("script.jsonl");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_interpreter_records_what_is_expected() {
    let node = node();
    for scenario in scenarios() {
        expect(&scenario, &scripted::on_interpreter(&node, &script(&scenario)));
    }
}

#[test]
fn generated_rust_records_what_is_expected() {
    let node = node();
    for scenario in scenarios() {
        expect(&scenario, &scripted::on_generated(NODE, &node, &script(&scenario)));
    }
}

#[test]
fn instances_are_in_the_states_that_the_scripts_say() {
    let node = node();
    for scenario in scenarios() {
        let script = script(&scenario);
        let mut checked = 0;
        let mut so_far = String::new();
        for (line, number) in script.lines().zip(1..) {
            if let Some(claim) = line.strip_prefix("#= ") {
                let (instance, state) = claim.split_once(' ').expect("`#= instance STATE`");
                let records = scripted::on_interpreter(&node, &so_far);
                let last = records.iter().rfind(|record| record.instance == instance && record.after.is_some());
                let found = last.and_then(|record| record.after.as_deref());
                assert_eq!(found, Some(state), "{}, line {number}: {instance}", scenario.display());
                checked += 1;
            }
            so_far = so_far + line + "\n";
        }
        assert!(checked > 0, "{} says nothing about states", scenario.display());
    }
}

#[test]
fn nothing_in_a_scenario_is_unforeseen() {
    let node = node();
    for scenario in scenarios() {
        for record in scripted::on_interpreter(&node, &script(&scenario)) {
            let name = scenario.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            assert_ne!(record.outcome, Outcome::Unexpected, "{name}: {record:?}");
            assert!(record.faults.is_empty(), "{name}: {record:?}");
        }
    }
}
