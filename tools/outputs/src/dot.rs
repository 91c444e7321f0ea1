//! DOT, the language of Graphviz: composites are clusters.
//!
//! A cluster cannot be the end of an edge: the first leaf in it is, and the edge is cut at the border (`compound`,
//! `ltail`, `lhead`). An edge between a composite and what is in it cannot be cut there, and has an invisible point
//! inside for its end. Names are in quotes, where they cannot be keywords.

use std::fmt::Write as _;

use automata_compiler::model::{AutomatonId, History, Reaction, StateId, System, Target};
use automata_compiler::source::Sources;

use crate::outline::{activities, broken, label_lines, leading, name, root_acts, visible};
use crate::printer::Printer;

/// The diagram of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let printer = Printer::new(system, &system.automata[id]);
    let automaton = printer.automaton;
    let mut text = format!(
        "digraph {} {{\n  compound=true; newrank=true; rankdir=TB; nodesep=0.4; ranksep=0.5; labelloc=t; fontsize=16; \
         fontname=\"Helvetica\";\n  label={};\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", \
         fontsize=11];\n  edge [fontname=\"Helvetica\", fontsize=10, arrowsize=0.7];\n",
        quote(&automaton.name),
        quote(&[vec![automaton.name.clone()], broken(&automaton.summary)].concat().join("\n")),
    );
    if root_acts(&printer) {
        let label = boxed(&printer, StateId::ROOT);
        let _ = writeln!(text, "  {} [label={label}, style=\"rounded,dashed\"];", node(&printer, StateId::ROOT, ""));
    }
    contents(&mut text, &printer, StateId::ROOT, 1);
    for transition in leading(&printer) {
        let Reaction::To(target) = automaton.transitions[transition].reaction else { continue };
        let source = automaton.transitions[transition].state;
        let nested = are_nested(&printer, source, target.state());
        let (from, tail) = end(&printer, source, nested);
        let (to, head) = match target {
            Target::State(state) => end(&printer, state, nested),
            Target::History(state) => (node(&printer, state, HISTORY), None),
        };
        let mut attributes = format!("label={}", quote(&label_lines(&printer, transition).join("\n")));
        for (attribute, cluster) in [("ltail", tail), ("lhead", head)] {
            if let Some(cluster) = cluster {
                let _ = write!(attributes, ", {attribute}={cluster}");
            }
        }
        let _ = writeln!(text, "  {from} -> {to} [{attributes}];");
    }
    text.push_str("}\n");
    text
}

/// Nodes for something about a state. State names have no lower-case letters.
const POINT: &str = ".point";
const INITIAL: &str = ".initial";
const HISTORY: &str = ".history";

/// The name of a node: that of a state, and which aspect of it.
fn node(printer: &Printer<'_>, id: StateId, of: &str) -> String {
    quote(&format!("{}{of}", name(printer, id)))
}

fn cluster(printer: &Printer<'_>, id: StateId) -> String {
    quote(&format!("cluster_{}", name(printer, id)))
}

/// The node for a state at the end of an edge, and the cluster at whose border the edge is cut.
fn end(printer: &Printer<'_>, id: StateId, nested: bool) -> (String, Option<String>) {
    if id == StateId::ROOT || printer.automaton.states[id].children.is_empty() {
        (node(printer, id, ""), None)
    } else if nested {
        (node(printer, id, POINT), None)
    } else {
        (node(printer, first_leaf(printer, id), ""), Some(cluster(printer, id)))
    }
}

/// The leaf that a composite leads to.
fn first_leaf(printer: &Printer<'_>, id: StateId) -> StateId {
    let states = &printer.automaton.states;
    let next = |id: &StateId| states[*id].initial.or_else(|| states[*id].children.first().copied());
    std::iter::successors(Some(id), next).last().unwrap_or(id)
}

/// Whether one is the other or inside it; the root is around all and does not count.
fn are_nested(printer: &Printer<'_>, one: StateId, other: StateId) -> bool {
    let inside = |inner, outer| outer != StateId::ROOT && printer.automaton.is_in(inner, outer);
    inside(one, other) || inside(other, one)
}

/// Whether an edge begins or ends at the point of a composite.
fn has_point(printer: &Printer<'_>, id: StateId) -> bool {
    leading(printer).any(|transition| {
        let transition = &printer.automaton.transitions[transition];
        let Reaction::To(target) = transition.reaction else { return false };
        let ends = transition.state == id || target == Target::State(id);
        ends && are_nested(printer, transition.state, target.state())
    })
}

fn contents(text: &mut String, printer: &Printer<'_>, id: StateId, depth: usize) {
    let indent = "  ".repeat(depth);
    let state = &printer.automaton.states[id];
    if let Some(initial) = state.initial {
        let from = node(printer, id, INITIAL);
        let (to, head) = end(printer, initial, false);
        let head = head.map_or(String::new(), |head| format!(" [lhead={head}]"));
        let _ = writeln!(text, "{indent}{from} [shape=circle, label=\"\", width=0.16, style=filled, fillcolor=black];");
        let _ = writeln!(text, "{indent}{from} -> {to}{head};");
    }
    if state.history != History::None {
        let mark = if state.history == History::Deep { "H*" } else { "H" };
        let history = node(printer, id, HISTORY);
        let _ = writeln!(text, "{indent}{history} [shape=circle, label=\"{mark}\", width=0.3, fixedsize=true];");
    }
    for &child in &state.children {
        let child_state = &printer.automaton.states[child];
        let label = boxed(printer, child);
        if child_state.children.is_empty() {
            let shape = if child_state.is_final { ", peripheries=2" } else { "" };
            let _ = writeln!(text, "{indent}{} [label={label}{shape}];", node(printer, child, ""));
        } else {
            let _ = writeln!(text, "{indent}subgraph {} {{", cluster(printer, child));
            let _ = writeln!(
                text,
                "{indent}  label={label}; labeljust=l; style=\"rounded,filled\"; fillcolor=\"#{}\"; fontsize=12; \
                 fontname=\"Helvetica\";",
                ["eef2fa", "e2e9f6"][depth % 2]
            );
            if has_point(printer, child) {
                let point = node(printer, child, POINT);
                let _ = writeln!(text, "{indent}  {point} [shape=point, style=invis, width=0.01];");
            }
            contents(text, printer, child, depth + 1);
            let _ = writeln!(text, "{indent}}}");
        }
    }
}

/// As a DOT string; lines stay lines. In a label an ampersand begins a character entity.
#[must_use]
pub fn quote(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(escape).collect();
    format!("\"{}\"", lines.join("\\n"))
}

fn escape(line: &str) -> String {
    visible(line).replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
}

/// The name of a state, and under it what it does, in left-aligned lines.
fn boxed(printer: &Printer<'_>, id: StateId) -> String {
    let mut label = format!("\"{}", name(printer, id));
    let lines: Vec<String> = activities(printer, id).iter().flat_map(|line| hanging(line)).collect();
    if !lines.is_empty() {
        label.push_str("\\n");
    }
    for line in lines {
        label.push_str(&escape(&line));
        label.push_str("\\l");
    }
    label.push('"');
    label
}

/// A line, broken; what follows is indented.
fn hanging(line: &str) -> Vec<String> {
    let lines = broken(line).into_iter().enumerate();
    lines.map(|(index, line)| if index == 0 { line } else { format!("    {line}") }).collect()
}
