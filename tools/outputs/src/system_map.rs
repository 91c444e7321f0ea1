//! The map of the system for Mermaid, Graphviz and PlantUML: automata and parts as boxes, and what passes between them.

use std::fmt::Write as _;

use automata_compiler::graph::{Link, LinkKind, SystemGraph};
use automata_compiler::model::{Partner, System};
use automata_compiler::source::Sources;

use crate::dot::quote;
use crate::mermaid::escape;

/// As a Mermaid flowchart.
#[must_use]
pub fn mermaid(system: &System, _: &Sources) -> String {
    let mut text = String::from("flowchart TB\n");
    for automaton in &system.automata {
        let _ = writeln!(text, "    automaton_{0}[\"{0}\"]", automaton.name);
    }
    for part in &system.parts {
        let _ = writeln!(text, "    part_{0}([\"{0}\"])", part.name);
    }
    for (from, to, link) in links(&SystemGraph::new(system)) {
        let arrow = if link.kind == LinkKind::Observe { "-.->" } else { "-->" };
        let label: Vec<_> = names(&link).iter().map(|name| escape(name)).collect();
        let _ = writeln!(text, "    {} {arrow}|\"{}\"| {}", word(system, from), label.join("<br>"), word(system, to));
    }
    text
}

/// As DOT.
#[must_use]
pub fn dot(system: &System, _: &Sources) -> String {
    let mut text = String::from(
        "digraph system {\n  rankdir=LR; nodesep=0.4; ranksep=1.2; fontname=\"Helvetica\";\n  node [fontname=\"Helvetica\", fontsize=11];\n  \
         edge [fontname=\"Helvetica\", fontsize=10, arrowsize=0.7];\n",
    );
    for automaton in &system.automata {
        let tooltip = quote(&automaton.summary);
        let _ = writeln!(
            text,
            "  automaton_{0} [label=\"{0}\", shape=box, style=\"rounded,filled\", fillcolor=\"#dce4f5\", tooltip={tooltip}];",
            automaton.name
        );
    }
    for part in &system.parts {
        let _ = writeln!(text, "  part_{0} [label=\"{0}\", shape=box, tooltip={1}];", part.name, quote(&part.summary));
    }
    for (from, to, link) in links(&SystemGraph::new(system)) {
        let style = match link.kind {
            LinkKind::Observe => "dashed",
            LinkKind::Start => "bold",
            LinkKind::Send | LinkKind::Event | LinkKind::Action => "solid",
        };
        let label = quote(&names(&link).join("\n"));
        let _ = writeln!(text, "  {} -> {} [label={label}, style={style}];", word(system, from), word(system, to));
    }
    text.push_str("}\n");
    text
}

/// As a PlantUML component diagram.
#[must_use]
pub fn plantuml(system: &System, _: &Sources) -> String {
    let mut text = String::from("@startuml system\ntitle Who tells whom\nleft to right direction\n");
    for automaton in &system.automata {
        let _ = writeln!(text, "component \"{0}\" as automaton_{0}", automaton.name);
    }
    for part in &system.parts {
        let _ = writeln!(text, "actor \"{0}\" as part_{0}", part.name);
    }
    for (from, to, link) in links(&SystemGraph::new(system)) {
        let arrow = if link.kind == LinkKind::Observe { "..>" } else { "-->" };
        let label = crate::plantuml::escape(&names(&link).join(" | ")).replace(" | ", "\\n");
        let _ = writeln!(text, "{} {arrow} {} : {label}", word(system, from), word(system, to));
    }
    text.push_str("@enduml\n");
    text
}

fn links(graph: &SystemGraph) -> Vec<(Partner, Partner, Link)> {
    let graph = &graph.graph;
    let ends = graph.edge_indices().filter_map(|edge| graph.edge_endpoints(edge).map(|(from, to)| (from, to, edge)));
    ends.map(|(from, to, edge)| (graph[from], graph[to], graph[edge].clone())).collect()
}

fn names(link: &Link) -> Vec<String> {
    if link.kind == LinkKind::Start { vec!["start".to_owned()] } else { link.names.clone() }
}

fn word(system: &System, partner: Partner) -> String {
    match partner {
        Partner::Part(id) => format!("part_{}", system.parts[id].name),
        Partner::Automaton(id) => format!("automaton_{}", system.automata[id].name),
    }
}
