//! What happens to the node's automata in the situations that once went wrong: `tests/scenarios`, one folder for each.
//!
//! `script.jsonl` holds the inputs, and comments on why. A line `#= instance STATE` says in which state that instance was last left by
//! all that came before; these were written by hand, from the definitions and `docs/SEMANTICS.md`. `expected.jsonl` holds the whole
//! records. `UPDATE_EXPECT=1` writes it anew: then read each line that changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agreement::sources::repository;
use automata_compiler::model::System;
use automata_compiler::simulation::run_script;
use automata_runtime::Record;

fn scenarios() -> Vec<PathBuf> {
    let folder = repository().join("tests/scenarios");
    let entries = fs::read_dir(&folder).expect("a folder of the repository");
    let mut scenarios: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder that can be listed").path()).collect();
    scenarios.sort();
    assert!(scenarios.len() > 20, "only {} scenarios were found", scenarios.len());
    scenarios
}

fn node() -> Arc<System> {
    let sources = automata_compiler::read_folder(&repository().join("automata")).expect("the definitions of the node");
    let analysis = automata_compiler::analyse(&sources);
    let findings = || automata_compiler::render::plain(&sources, &analysis.findings);
    Arc::new(analysis.system.unwrap_or_else(|| panic!("the definitions have errors:\n{}", findings())))
}

fn run(system: &Arc<System>, scenario: &Path, script: &str) -> Vec<Record> {
    let mut records = Vec::new();
    if let Err(error) = run_script(Arc::clone(system), script, |record| records.push(record)) {
        panic!("{}: {error}", scenario.display());
    }
    records
}

fn script(scenario: &Path) -> String {
    let path = scenario.join("script.jsonl");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_record_is_as_expected() {
    let system = node();
    for scenario in scenarios() {
        let records = run(&system, &scenario, &script(&scenario));
        let lines = records.iter().map(|record| serde_json::to_string(record).expect("records are JSON") + "\n");
        expect_test::expect_file![scenario.join("expected.jsonl")].assert_eq(&lines.collect::<String>());
    }
}

#[test]
fn instances_are_in_the_states_that_the_scripts_say() {
    let system = node();
    for scenario in scenarios() {
        let script = script(&scenario);
        let mut checked = 0;
        let mut so_far = String::new();
        for (line, number) in script.lines().zip(1..) {
            if let Some(claim) = line.strip_prefix("#= ") {
                let (instance, state) = claim.split_once(' ').expect("`#= instance STATE`");
                let records = run(&system, &scenario, &so_far);
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
    let system = node();
    for scenario in scenarios() {
        for record in run(&system, &scenario, &script(&scenario)) {
            let name = scenario.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            assert_ne!(record.outcome, automata_runtime::Outcome::Unexpected, "{name}: {record:?}");
            assert!(record.faults.is_empty(), "{name}: {record:?}");
        }
    }
}
