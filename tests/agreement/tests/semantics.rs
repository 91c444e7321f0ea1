//! Runs the script of every accept case, and compares the records with those that were worked out from `docs/SEMANTICS.md`.
//!
//! `script.jsonl` says in comments why the outcome is what it is. `UPDATE_EXPECT=1` writes `expected.jsonl` anew: then look at each line
//! that changed, with the text of the semantics beside it.

use std::fs;

use agreement::{definitions, system};
use automata_compiler::simulation::run_script;

#[test]
fn the_interpreter_does_what_the_semantics_say() {
    let mut scripts = 0;
    for definitions in definitions() {
        let path = definitions.folder.join("script.jsonl");
        if !path.exists() {
            continue;
        }
        scripts += 1;
        let script = fs::read_to_string(&path).expect("a file of the repository");
        let mut lines = String::new();
        let outcome = run_script(system(&definitions), &script, |record| {
            lines.push_str(&serde_json::to_string(&record).expect("records are JSON"));
            lines.push('\n');
        });
        if let Err(error) = outcome {
            panic!("{}: {error}", definitions.name);
        }
        expect_test::expect_file![definitions.folder.join("expected.jsonl")].assert_eq(&lines);
    }
    assert!(scripts > 20, "only {scripts} scripts were found");
}
