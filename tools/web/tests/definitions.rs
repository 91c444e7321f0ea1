//! What the page is given of the definitions fits together: ids, indexes and pictures.

use std::path::{Path, PathBuf};

use automata_compiler::source::{Source, Sources};
use automata_compiler::{analyse, read_folder, sound_part};
use automata_web::{AutomatonView, Definitions, definitions, findings};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn of_folder(folder: &str) -> Definitions {
    let sources = read_folder(&repository().join(folder)).expect("the folder can be read");
    definitions(&analyse(&sources).system.expect("it has no errors"), &sources)
}

/// Of the node and of an example.
fn all() -> Vec<AutomatonView> {
    ["automata", "examples/elevator/automata"].into_iter().flat_map(|folder| of_folder(folder).automata).collect()
}

#[test]
fn every_state_and_transition_is_found_in_its_picture() {
    for automaton in all() {
        let picture = &automaton.picture;
        let has = |id: &str| picture.contains(&format!(" id=\"{id}\""));
        for state in automaton.states.iter().skip(1) {
            assert!(has(&state.id), "{} is not in the picture of {}", state.id, automaton.name);
        }
        for (number, transition) in automaton.transitions.iter().enumerate() {
            let numbers = picture.split("data-transitions=\"").skip(1).filter_map(|rest| rest.split('"').next());
            let is_line = numbers.flat_map(str::split_whitespace).any(|other| other == number.to_string());
            assert!(is_line || has(&transition.id), "{} is not in its picture", transition.id);
        }
        assert!(!picture.contains("<style") && picture.starts_with("<svg "), "a strict page takes no style from it");
    }
}

#[test]
fn the_map_has_every_automaton() {
    let definitions = of_folder("automata");
    for automaton in &definitions.automata {
        assert!(definitions.map.contains(&format!("id=\"system-automaton-{}\"", automaton.name)), "{}", automaton.name);
    }
}

#[test]
fn indexes_lead_to_what_is_meant() {
    for automaton in all() {
        let states = automaton.states.len() as u32;
        for (state, index) in automaton.states.iter().zip(0..) {
            assert_eq!(state.parent.is_none(), index == 0);
            assert!(state.parent.is_none_or(|parent| parent < index), "a parent comes before its children");
            assert!(state.defaults.iter().all(|&inner| inner > index && inner < states));
            assert!(state.accepts.iter().all(|accepted| (accepted.event as usize) < automaton.events.len()));
            assert!(state.accepts.is_empty() || state.kind == "leaf" || automaton.states.len() == 1);
        }
        for transition in &automaton.transitions {
            assert_eq!(transition.target.is_some(), transition.scope.is_some());
            assert!(transition.state < states && transition.target.is_none_or(|target| target < states));
            assert!(transition.line <= transition.end_line);
        }
        let timers = automaton.timers.iter().flat_map(|timer| &timer.cases);
        assert!(timers.into_iter().all(|&case| (case as usize) < automaton.transitions.len()));
    }
}

#[test]
fn lines_are_those_of_the_file() {
    for automaton in of_folder("automata").automata {
        let text = std::fs::read_to_string(repository().join(&automaton.path)).expect("the file is there");
        let lines: Vec<&str> = text.lines().collect();
        for state in automaton.states.iter().skip(1) {
            assert!(lines[state.line - 1].contains(&state.name), "{}:{}", automaton.path, state.line);
        }
        for variable in &automaton.variables {
            assert!(lines[variable.line - 1].contains(&variable.name), "{}:{}", automaton.path, variable.line);
        }
    }
}

/// Texts of an author are texts, wherever they end up.
#[test]
fn markup_in_a_definition_stays_text() {
    let hostile = "\
automaton: lamp
summary: \"<script>alert(1)</script>\"
events:
  press: { from: hall, summary: \"</svg><img src=x>\" }
initial: OFF
states:
  OFF:
    summary: \"<b>\"
    on: { press: { if: 1 < 2, to: OFF } }
";
    let source = |path: &str, text: &str| Source { path: format!("automata/{path}"), text: text.to_owned() };
    let parts = "parts:\n  hall: \"<i>\"\n";
    let sources = Sources::new(vec![source("lamp.yaml", hostile), source("parts.yaml", parts)]);
    let analysis = analyse(&sources);
    let definitions = definitions(&analysis.system.expect("it has no errors"), &sources);
    for picture in [&definitions.automata[0].picture, &definitions.map] {
        for markup in ["<script", "<img", "<b>", "<i>"] {
            assert!(!picture.contains(markup), "{markup} in {picture}");
        }
    }
}

#[test]
fn a_finding_has_its_line_and_shows_it() {
    let source = Source { path: "automata/lamp.yaml".to_owned(), text: "automaton: lamp\nsumary: x\n".to_owned() };
    let sources = Sources::new(vec![source]);
    let (shown, more) = findings(&sources, &analyse(&sources).findings);
    let finding = shown.iter().find(|finding| finding.line == 2).expect("the misspelt key is found");
    assert_eq!((finding.severity, finding.column), ("error", 1));
    assert!(finding.text.contains("2 | sumary: x"), "{}", finding.text);
    assert!(more.is_empty());
}

#[test]
fn without_a_single_automaton_there_is_a_map_all_the_same() {
    let sources = Sources::new(Vec::new());
    let none = definitions(&sound_part(&sources).system, &sources);
    assert!(none.automata.is_empty() && none.map.starts_with("<svg"), "{none:?}");
}
