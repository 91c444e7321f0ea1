//! Mermaid, Graphviz and PlantUML draw every automaton, and what they draw is what was meant.

use std::collections::BTreeMap;
use std::process::Command;

use automata_compiler::model::{AutomatonId, History, Reaction, StateId, System, Target};
use automata_outputs::outline::{activities, label, leading, name, root_acts, visible, word};
use automata_outputs::printer::Printer;
use automata_outputs::{Output, mermaid};
use roxmltree::Document;
use serde_json::{Value, json};

use super::{definitions, driven, told};

/// Lines with their ends and labels; blanks do not count, since every program breaks lines in its own way.
type Lines = Vec<(String, String, String)>;

fn without_blanks(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && *character != '\u{a0}').collect()
}

fn drawn_label(printer: &Printer<'_>, id: automata_compiler::model::TransitionId) -> String {
    without_blanks(&visible(&label(printer, id)))
}

/// The name of a state, and what it does.
fn drawn_box(printer: &Printer<'_>, id: StateId) -> String {
    let lines = activities(printer, id).into_iter().map(|line| visible(&line));
    without_blanks(&std::iter::once(name(printer, id).to_owned()).chain(lines).collect::<String>())
}

/// Every text of a format, with the system and the automaton it is of.
fn texts(format: &str) -> BTreeMap<String, (usize, Option<AutomatonId>, String)> {
    let output = Output::named(format).expect("there is that format");
    let mut texts = BTreeMap::new();
    for (index, definitions) in definitions().iter().enumerate() {
        for (path, text) in output.render(&definitions.system, &definitions.sources) {
            let stem = path.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
            let automaton = definitions.system.automaton(stem);
            texts.insert(format!("{index}_{stem}"), (index, automaton, text));
        }
    }
    assert!(texts.len() > 60, "{} texts", texts.len());
    texts
}

fn target_name(printer: &Printer<'_>, target: Target, of: impl Fn(&Printer<'_>, StateId) -> String) -> String {
    match target {
        Target::State(state) => of(printer, state),
        Target::History(state) => format!("{} history", of(printer, state)),
    }
}

/// What Mermaid is meant to draw: one line for each transition and each state where it begins, the initial ones, and
/// the ends.
fn meant_for_mermaid(system: &System, id: AutomatonId) -> Lines {
    let printer = Printer::new(system, &system.automata[id]);
    let mut lines = Lines::new();
    for transition in leading(&printer) {
        let Reaction::To(target) = printer.automaton.transitions[transition].reaction else { continue };
        let to = target_name(&printer, target, word).replace(' ', "_");
        for source in mermaid::sources(&printer, transition) {
            let (from, label) = (word(&printer, source), mermaid::shown(&drawn_label(&printer, transition)));
            // Those from a state to itself are one line.
            match lines.iter_mut().find(|line| from == to && line.0 == from && line.1 == to) {
                Some(line) => line.2.push_str(&label),
                None => lines.push((from, to.clone(), label)),
            }
        }
    }
    for id in printer.automaton.state_ids() {
        let state = &printer.automaton.states[id];
        let around = if id == StateId::ROOT { "root".to_owned() } else { word(&printer, id) };
        if let Some(initial) = state.initial {
            lines.push((format!("{around}_start"), word(&printer, initial), String::new()));
        }
        if state.is_final {
            lines.push((word(&printer, id), "root_end".to_owned(), String::new()));
        }
    }
    lines.sort();
    lines
}

#[test]
#[ignore = "needs Mermaid: cargo xtask interop formats"]
fn mermaid_draws_what_is_meant() {
    let texts = texts("mermaid");
    let input: Value = texts.iter().map(|(name, (_, _, text))| (name.clone(), json!(text))).collect();
    let answers = driven("mermaid.mjs", &input);
    let all = definitions();
    for (name, (index, automaton, text)) in &texts {
        let answer = &answers[name];
        assert!(answer.get("error").is_none(), "Mermaid refuses this text:\n{text}\n{}", answer["error"]);
        let Some(id) = automaton else { continue };
        let system = &all[*index].system;
        let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut lines: Lines = answer["lines"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|line| (string(&line[0]), string(&line[1]), without_blanks(&string(&line[2]))))
            .filter(|(_, to, _)| !to.contains("----note"))
            .collect();
        lines.sort();
        assert_eq!(lines, meant_for_mermaid(system, *id), "the lines of\n{text}");
        let printer = Printer::new(system, &system.automata[*id]);
        let states: Vec<String> = answer["states"].as_array().expect("a list").iter().map(string).collect();
        let boxes: Vec<String> =
            answer["boxes"].as_array().expect("a list").iter().map(|text| without_blanks(&string(text))).collect();
        for state in printer.automaton.state_ids().filter(|&state| state != StateId::ROOT || root_acts(&printer)) {
            assert!(states.contains(&word(&printer, state)), "{} in\n{text}", word(&printer, state));
            // What a composite does stands in its note.
            let shown = match printer.automaton.states[state].children.is_empty() || state == StateId::ROOT {
                true => mermaid::shown(&drawn_box(&printer, state)),
                false => without_blanks(self::name(&printer, state)),
            };
            assert!(boxes.contains(&shown), "{shown} in {boxes:?} of\n{text}");
        }
    }
}

#[test]
#[ignore = "needs Graphviz: cargo xtask interop formats"]
fn graphviz_draws_what_is_meant() {
    let all = definitions();
    for (index, automaton, text) in texts("dot").into_values() {
        let (fine, svg, error) = told(Command::new("dot").arg("-Tsvg"), &text);
        assert!(fine && error.is_empty(), "Graphviz refuses this text:\n{text}\n{error}");
        let svg = svg.split_once("<svg").map(|(_, rest)| format!("<svg{rest}")).expect("an SVG");
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
        let Some(id) = automaton else { continue };
        let printer = Printer::new(&all[index].system, &all[index].system.automata[id]);
        let groups = |class: &'static str| {
            document.descendants().filter(move |node| {
                node.has_tag_name(("http://www.w3.org/2000/svg", "g")) && node.attribute("class") == Some(class)
            })
        };
        let shown = |node: roxmltree::Node<'_, '_>| -> String {
            let texts = node.children().filter(|child| child.tag_name().name() == "text");
            without_blanks(&texts.filter_map(|text| text.text()).collect::<String>())
        };
        let mut labels: Vec<String> = groups("edge").map(shown).filter(|label| !label.is_empty()).collect();
        labels.sort();
        let mut meant: Vec<String> = leading(&printer).map(|id| drawn_label(&printer, id)).collect();
        meant.sort();
        assert_eq!(labels, meant, "the edges of\n{text}");
        let boxes: Vec<String> = groups("node").chain(groups("cluster")).map(shown).collect();
        for state in printer.automaton.state_ids().filter(|&state| state != StateId::ROOT || root_acts(&printer)) {
            let shown = drawn_box(&printer, state);
            assert!(boxes.contains(&shown), "{shown} in {boxes:?} of\n{text}");
        }
    }
}

#[test]
#[ignore = "needs PlantUML: cargo xtask interop formats"]
fn plantuml_draws_what_is_meant() {
    let folder = super::npm_folder().join("plantuml");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let texts = texts("plantuml");
    let mut command = Command::new("plantuml");
    command
        .args(["-tsvg", "-charset", "UTF-8"])
        .current_dir(&folder)
        .env("JAVA_TOOL_OPTIONS", "-Djava.awt.headless=true");
    for (name, (_, _, text)) in &texts {
        let file = format!("{name}.puml");
        // The picture is called like the file where the text does not name it.
        let text = text.split_once('\n').map(|(_, rest)| format!("@startuml {name}\n{rest}")).expect("lines");
        std::fs::write(folder.join(&file), text).expect("a file can be written");
        command.arg(file);
    }
    let (fine, output, error) = told(&mut command, "");
    assert!(fine, "PlantUML refuses a text in {}:\n{output}{error}", folder.display());
    let all = definitions();
    for (name, (index, automaton, text)) in &texts {
        let svg = std::fs::read_to_string(folder.join(format!("{name}.svg"))).expect("a picture of each text");
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{error}: {name}"));
        let Some(id) = automaton else { continue };
        let printer = Printer::new(&all[*index].system, &all[*index].system.automata[*id]);
        let drawn: Vec<String> = document
            .descendants()
            .filter(|node| node.tag_name().name() == "text")
            .map(|node| without_blanks(node.text().unwrap_or_default()))
            .collect();
        for state in printer.automaton.state_ids().filter(|&state| state != StateId::ROOT || root_acts(&printer)) {
            let name = without_blanks(self::name(&printer, state));
            assert!(drawn.contains(&name), "{name} in {drawn:?} of\n{text}");
        }
        // The texts of a picture come in the order of what they stand at: a label in one piece.
        let whole = drawn.concat();
        for state in printer.automaton.state_ids() {
            for line in activities(&printer, state) {
                let line = without_blanks(&visible(&line));
                assert!(whole.contains(&line), "{line} in {whole} of\n{text}");
            }
        }
        for transition in leading(&printer) {
            let label = drawn_label(&printer, transition);
            assert!(whole.contains(&label), "{label} in {whole} of\n{text}");
        }
        let states = &printer.automaton.states;
        let initial = states.iter().filter(|state| state.initial.is_some()).count();
        let finals = states.iter().filter(|state| state.is_final).count();
        let paths = document.descendants().filter(|node| {
            node.tag_name().name() == "path" && node.attribute("id").is_some_and(|id| id.contains("->"))
        });
        assert_eq!(paths.count(), leading(&printer).count() + initial + finals, "the lines of\n{text}");
        let deep = states.iter().filter(|state| state.history == History::Deep).count();
        assert_eq!(drawn.iter().filter(|text| *text == "H*").count(), deep, "the histories of\n{text}");
    }
}
