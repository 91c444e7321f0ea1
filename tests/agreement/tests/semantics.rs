//! Runs the script of every accept case on both implementations, and compares the records with those that were worked
//! out from `docs/SEMANTICS.md`.
//!
//! `script.jsonl` says in comments why the outcome is what it is. `UPDATE_EXPECT=1` writes `expected.jsonl` anew: then
//! look at each line that changed, with the text of the semantics beside it.

use std::fs;

use agreement::sources::Definitions;
use agreement::{definitions, scripted, system};
use automata_runtime::Record;

/// All cases with a script, and the script.
fn scripts() -> Vec<(Definitions, String)> {
    let with_script = |definitions: Definitions| {
        let script = fs::read_to_string(definitions.folder.join("script.jsonl")).ok()?;
        Some((definitions, script))
    };
    let scripts: Vec<_> = definitions().into_iter().filter_map(with_script).collect();
    assert!(scripts.len() > 20, "only {} scripts were found", scripts.len());
    scripts
}

fn expect(definitions: &Definitions, records: &[Record]) {
    let line = |record: &Record| serde_json::to_string(record).expect("records are JSON") + "\n";
    let lines: String = records.iter().map(line).collect();
    expect_test::expect_file![definitions.folder.join("expected.jsonl")].assert_eq(&lines);
}

#[test]
fn the_interpreter_does_what_the_semantics_say() {
    for (definitions, script) in scripts() {
        expect(&definitions, &scripted::on_interpreter(&system(&definitions), &script));
    }
}

#[test]
fn generated_rust_does_what_the_semantics_say() {
    for (definitions, script) in scripts() {
        let records = scripted::on_generated(&definitions.name, &system(&definitions), &script);
        expect(&definitions, &records);
    }
}
