//! DOT, the language of Graphviz: composites are clusters.
//!
//! A cluster cannot be the end of an edge, so each composite has an invisible point inside, and the edge is cut at the border
//! (`compound`, `ltail`, `lhead`). An edge from a composite into itself cannot be cut there, and begins at the point.

use std::fmt::Write as _;

use automata_compiler::model::{AutomatonId, History, Reaction, StateId, System, Target};
use automata_compiler::source::Sources;

use crate::outline::{activities, label, leading, root_acts, word};
use crate::wording::Wording;

/// The diagram of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let wording = Wording::new(system, &system.automata[id]);
    let automaton = wording.automaton;
    let mut text = format!(
        "digraph {} {{\n  compound=true; rankdir=TB; nodesep=0.4; ranksep=0.5; labelloc=t; fontsize=16; \
         fontname=\"Helvetica\";\n  label={};\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", \
         fontsize=11];\n  edge [fontname=\"Helvetica\", fontsize=10, arrowsize=0.7];\n",
        quote(&automaton.name),
        quote(&format!("{}\n{}", automaton.name, automaton.summary)),
    );
    if root_acts(&wording) {
        let label = quote_left("any state", &activities(&wording, StateId::ROOT));
        let _ = writeln!(text, "  any_state [label={label}, style=\"rounded,dashed\"];");
    }
    contents(&mut text, &wording, StateId::ROOT, 1);
    for transition in leading(&wording) {
        let Reaction::To(target) = automaton.transitions[transition].reaction else { continue };
        let source = automaton.transitions[transition].state;
        let (from, tail) = end(&wording, source);
        let (to, head) = match target {
            Target::State(state) => end(&wording, state),
            Target::History(state) => (format!("{}_history", word(&wording, state)), None),
        };
        let holds = |outer: StateId, inner: StateId| outer != inner && automaton.is_in(inner, outer);
        let mut attributes = format!("label={}", quote(&broken(&label(&wording, transition))));
        if let Some(tail) = tail.filter(|_| !automaton.is_in(target.state(), source)) {
            let _ = write!(attributes, ", ltail={tail}");
        }
        if let Some(head) = head.filter(|_| source != target.state() && !holds(target.state(), source)) {
            let _ = write!(attributes, ", lhead={head}");
        }
        let _ = writeln!(text, "  {from} -> {to} [{attributes}];");
    }
    text.push_str("}\n");
    text
}

/// The node that stands for a state at the end of an edge, and the cluster at whose border the edge is cut.
fn end(wording: &Wording<'_>, id: StateId) -> (String, Option<String>) {
    let name = word(wording, id);
    if id == StateId::ROOT || wording.automaton.states[id].children.is_empty() {
        (name.to_owned(), None)
    } else {
        (format!("{name}_point"), Some(format!("cluster_{name}")))
    }
}

fn contents(text: &mut String, wording: &Wording<'_>, id: StateId, depth: usize) {
    let indent = "  ".repeat(depth);
    let state = &wording.automaton.states[id];
    let name = word(wording, id);
    if let Some(initial) = state.initial {
        let (to, head) = end(wording, initial);
        let head = head.map_or(String::new(), |head| format!(" [lhead={head}]"));
        let _ = writeln!(
            text,
            "{indent}{name}_initial [shape=circle, label=\"\", width=0.16, style=filled, fillcolor=black];"
        );
        let _ = writeln!(text, "{indent}{name}_initial -> {to}{head};");
    }
    if state.history != History::None {
        let mark = if state.history == History::Deep { "H*" } else { "H" };
        let _ = writeln!(text, "{indent}{name}_history [shape=circle, label=\"{mark}\", width=0.3, fixedsize=true];");
    }
    for &child in &state.children {
        let name = word(wording, child);
        let child_state = &wording.automaton.states[child];
        let lines = activities(wording, child);
        if child_state.children.is_empty() {
            let shape = if child_state.is_final { ", peripheries=2" } else { "" };
            let _ = writeln!(text, "{indent}{name} [label={}{shape}];", quote_left(name, &lines));
        } else {
            let _ = writeln!(text, "{indent}subgraph cluster_{name} {{");
            let _ = writeln!(
                text,
                "{indent}  label={}; labeljust=l; style=\"rounded,filled\"; fillcolor=\"#{}\"; fontsize=12; fontname=\"Helvetica\";",
                quote_left(name, &lines),
                ["eef2fa", "e2e9f6"][depth % 2]
            );
            let _ = writeln!(text, "{indent}  {name}_point [shape=point, style=invis, width=0.01];");
            contents(text, wording, child, depth + 1);
            let _ = writeln!(text, "{indent}}}");
        }
    }
}

/// What is done in a line of its own.
fn broken(label: &str) -> String {
    label.replacen(" / ", "\n/ ", 1)
}

/// As a string of DOT.
#[must_use]
pub fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A name, and lines under it that begin at the left.
fn quote_left(name: &str, lines: &[String]) -> String {
    let mut text = name.to_owned();
    if !lines.is_empty() {
        text.push('\n');
    }
    let mut quoted = quote(&text);
    quoted.pop();
    for line in lines {
        let line = quote(line);
        quoted.push_str(&line[1..line.len() - 1]);
        quoted.push_str("\\l");
    }
    quoted.push('"');
    quoted
}
