//! The picture of an automaton: the drawing of what [`layout`] has placed.
//!
//! What pages can rely on, to highlight the current state or colour by use:
//!
//! * `<g id="AUTOMATON-state-NAME" class="state …" data-line="…">` is a state; its parent's name is in `data-parent`.
//! * `<g class="transition" data-transitions="3 5">` is a line, and the same on a label the words of it: the numbers of
//!   the transitions in the file, from 0. `id="AUTOMATON-transition-STATE-TRIGGER-1"` is on the words that trigger it,
//!   also inside a state.
//! * All ids are those of [`ids`]: several pictures on one page share none, and what is added elsewhere changes none.
//! * The classes `current`, `used` and `unused` on any of these are ready in the style sheet.
//! * Links lead to the line of the YAML, from where the picture lies in `generated/diagrams/`.

pub mod diagram;
mod draw;
pub mod geometry;
pub mod ids;
pub mod layout;
mod listing;
pub mod sequence;
mod sizes;
mod style;
pub mod system_map;
pub mod typeset;

use automata_compiler::model::{AutomatonId, System};
use automata_compiler::source::Sources;
use automata_compiler::trace::Usage;

pub use style::style_sheet;

use diagram::{Counts, Diagram, Shape, diagram};
use layout::{Graph, GraphEdge, GraphNode, Layout, Work, place};

/// Widths in pixels at which the lines of labels are broken; the one that gives the best picture is taken.
const LABEL_WIDTHS: [f64; 2] = [175.0, 220.0];

/// Lines above which only one width of labels is tried.
const MANY: usize = 160;

/// The picture of one automaton.
#[must_use]
pub fn automaton(system: &System, sources: &Sources, id: AutomatonId) -> String {
    picture(system, sources, id, None, "")
}

/// The picture of one automaton, with how often each state was entered and each transition performed in a trace. It says
/// so if the trace leaves something out, since there may have been more.
#[must_use]
pub fn with_usage(system: &System, sources: &Sources, id: AutomatonId, usage: &Usage) -> String {
    let counts = Counts { states: &usage.states[id.index()], transitions: &usage.transitions[id.index()] };
    let note = match usage.left_out {
        0 => String::new(),
        1 => "1 delivery, of whatever automaton, is left out".to_owned(),
        left_out => format!("{left_out} deliveries, of whatever automata, are left out"),
    };
    picture(system, sources, id, Some((counts, usage.deliveries[id.index()])), &note)
}

fn picture(
    system: &System,
    sources: &Sources,
    id: AutomatonId,
    usage: Option<(Counts<'_>, u64)>,
    note: &str,
) -> String {
    let automaton = &system.automata[id];
    let counts = usage.map(|(counts, _)| counts);
    let path = &sources.get(automaton.span.file).path;
    let mut work = Work::default();
    let mut best: Option<(f64, Diagram, Layout)> = None;
    for width in LABEL_WIDTHS {
        let diagram = diagram(system, sources, automaton, counts, width);
        if listing::is_needed(&diagram, automaton) {
            let (diagram, layout) = listing::listing(automaton, &diagram);
            let notes = if note.is_empty() { listing::NOTE.to_owned() } else { format!("{note}; {}", listing::NOTE) };
            return draw::picture(automaton, path, &diagram, &layout, usage, &notes);
        }
        let graph = graph(&diagram);
        let layout = place(&graph, &mut work);
        let cost = layout.cost(&graph);
        if best.as_ref().is_none_or(|(least, _, _)| cost < *least) {
            best = Some((cost, diagram, layout));
        }
        if graph.edges.len() > MANY {
            break;
        }
    }
    let (_, diagram, layout) = best.expect("there is one width at least");
    draw::picture(automaton, path, &diagram, &layout, usage, note)
}

fn graph(diagram: &Diagram) -> Graph {
    let nodes = diagram.nodes.iter().map(|node| GraphNode {
        parent: node.parent,
        size: node.text_size(),
        is_container: node.shape == Shape::Composite,
        is_entry: node.shape == Shape::Initial,
        is_round: matches!(node.shape, Shape::Initial | Shape::History(_)),
    });
    let edges = diagram.edges.iter().map(|edge| GraphEdge { from: edge.from, to: edge.to, label: edge.label_size() });
    Graph { nodes: nodes.collect(), edges: edges.collect() }
}
