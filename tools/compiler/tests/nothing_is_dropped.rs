//! What was written is in the system, or an error says why not.

use std::collections::BTreeSet;

use automata_compiler::resolve::{Files, resolve};
use automata_compiler::source::{Source, Sources};
use automata_compiler::{analyse, codes};

const PARTS: &str = "parts: { x: The world. }";

fn numbers(files: &[(&str, &str)]) -> (bool, Vec<&'static str>) {
    let source = |(path, text): &(&str, &str)| Source { path: (*path).to_owned(), text: (*text).to_owned() };
    let analysis = analyse(&Sources::new(files.iter().map(source).collect()));
    (analysis.system.is_some(), analysis.findings.iter().map(|finding| finding.code.number).collect())
}

/// Once the guard vanished: variants were taken to be unknown because of the missing file, of which nobody said
/// anything.
#[test]
fn a_guard_that_names_nothing_is_an_error_also_without_types() {
    let automaton = "automaton: m
summary: The guard of `open` names `Yes`, which is declared nowhere.
events: { open: { from: x, fields: { pin_ok: bool } } }
initial: LOCKED
states:
  LOCKED: { on: { open: { if: pin_ok and Yes, to: OPEN } } }
  OPEN: { ignore: { open: it is } }
";
    assert_eq!(numbers(&[("m.yaml", automaton), ("parts.yaml", PARTS)]), (false, vec!["A0102"]));
    let owned = automaton.replace("Yes", "Answer.Yes");
    let (is_whole, found) = numbers(&[("m.yaml", &owned), ("parts.yaml", PARTS)]);
    assert!(!is_whole && !found.is_empty(), "{found:?}");
}

/// With a type that the missing file would declare, that is the one cause.
#[test]
fn variants_of_a_missing_file_are_told_with_its_types() {
    let automaton = "automaton: m
summary: S.
events: { open: { from: x, fields: { answer: Answer } } }
initial: A
states:
  A: { on: { open: { if: answer == Yes, to: A } } }
";
    assert_eq!(numbers(&[("m.yaml", automaton), ("parts.yaml", PARTS)]), (false, vec!["A0020"]));
}

/// Whatever comes to nothing without a word is a bug of the compiler, and it says so itself.
#[test]
fn a_forgotten_error_is_an_error() {
    let files = Files { unreadable: BTreeSet::from(["lost".to_owned()]), ..Files::default() };
    let mut findings = Vec::new();
    let _ = resolve(files, &mut findings);
    let [bug] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(bug.code.number, codes::check_errors::COMPILER_BUG.number);
    assert!(bug.message.contains("`lost`"), "{}", bug.message);
}
