//! The picture of a definition too large for lines: a box for each state, in columns, which lists the targets of its
//! transitions.

use automata_compiler::model::{Automaton, StateId};

use super::diagram::{Diagram, Shape};
use super::geometry::Rectangle;
use super::layout::{Layout, MARGIN};
use super::sizes::DETAIL_SIZE;
use super::typeset::{Paragraph, Run, Tone};

/// Shown beside the name of the automaton.
pub const NOTE: &str = "too large for lines: each state lists its targets";
/// Boxes above which there are no lines.
const BOXES: usize = 1000;
/// States above which there are no lines.
const STATES: usize = 500;
/// Lines above which there are none.
const LINES: usize = 2000;
/// Between two boxes, in pixels.
const BETWEEN: f64 = 24.0;
/// Width of the text in a box, in pixels.
const TEXT: f64 = 330.0;

/// Whether there would be too many lines to follow.
pub fn is_needed(diagram: &Diagram, automaton: &Automaton) -> bool {
    automaton.states.len() > STATES + 1 || diagram.nodes.len() > BOXES || diagram.edges.len() > LINES
}

/// The same diagram without lines, and where its boxes are.
pub fn listing(automaton: &Automaton, diagram: &Diagram) -> (Diagram, Layout) {
    let mut nodes = diagram.nodes.clone();
    let words = |keyword: &str, name: String| {
        let runs = vec![Run::plain(keyword, Tone::Keyword), Run::plain(name, Tone::Quiet)];
        Paragraph::new(DETAIL_SIZE, None, runs, TEXT)
    };
    for node in &mut nodes {
        let state = &automaton.states[node.state];
        let around = state.parent.filter(|&parent| parent != StateId::ROOT);
        let mut said = Vec::new();
        said.extend(around.map(|around| words("inside", automaton.states[around].name.clone())));
        said.extend(state.initial.map(|initial| words("begins in", automaton.states[initial].name.clone())));
        node.rows.splice(0..0, said);
        node.parent = None;
        if node.shape == Shape::Composite {
            node.shape = Shape::Leaf;
        }
    }
    for edge in diagram.edges.iter().filter(|edge| !edge.transitions.is_empty()) {
        let target = &diagram.nodes[edge.to];
        let name = &automaton.states[target.state].name;
        let history = if matches!(target.shape, Shape::History(_)) { ".history" } else { "" };
        let rows = edge.label.iter().flatten().cloned().map(|row| Paragraph { size: DETAIL_SIZE, ..row });
        let rows: Vec<_> = rows.collect();
        nodes[edge.from].rows.extend(rows);
        nodes[edge.from].rows.push(words("\u{2192}", format!("{name}{history}")));
    }
    nodes.retain(|node| !matches!(node.shape, Shape::Initial | Shape::History(_)));
    let diagram = Diagram { nodes, edges: Vec::new() };
    let layout = columns(&diagram);
    (diagram, layout)
}

/// Boxes one below the other, in enough columns that the whole is about square.
fn columns(diagram: &Diagram) -> Layout {
    let sizes: Vec<(f64, f64)> = diagram.nodes.iter().map(super::diagram::Node::text_size).collect();
    let area: f64 = sizes.iter().map(|(width, height)| (width + BETWEEN) * (height + BETWEEN)).sum();
    let limit = area.sqrt();
    let (mut x, mut y, mut widest, mut lowest) = (MARGIN, MARGIN, 0.0_f64, 0.0_f64);
    let mut nodes = Vec::new();
    for (width, height) in sizes {
        if y > MARGIN && y + height > limit {
            (x, y, widest) = (x + widest + BETWEEN, MARGIN, 0.0);
        }
        nodes.push(Rectangle { x, y, width, height });
        (y, widest) = (y + height + BETWEEN, widest.max(width));
        lowest = lowest.max(y);
    }
    let size = (x + widest + MARGIN, lowest - BETWEEN + MARGIN);
    Layout { texts: nodes.clone(), nodes, routes: Vec::new(), labels: Vec::new(), size }
}
