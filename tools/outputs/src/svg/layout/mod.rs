//! Places boxes, lines and labels, by the layered algorithm of ELK (crate `elkrs`; why: `docs/decisions/0003-layout-engine.md`).
//!
//! No single set of options suits every graph, and a layout takes some milliseconds. So several are tried, each is judged
//! ([`Layout::faults`], then [`Layout::cost`]), and the best is taken. [`engine`] is the only file that knows of it.

mod containers;
mod engine;
mod judgement;

use super::geometry::{Point, Rectangle};
use engine::run;

/// Boxes and lines of known sizes, without places.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Parents before their children.
    pub nodes: Vec<GraphNode>,
    /// Between any two nodes, also from or to one that has children.
    pub edges: Vec<GraphEdge>,
}

/// A box.
#[derive(Clone, Copy, Debug)]
pub struct GraphNode {
    /// In which it lies.
    pub parent: Option<usize>,
    /// Width and height: of the whole, or, if it has children, of the text above them.
    pub size: (f64, f64),
    /// Whether there are children.
    pub is_container: bool,
    /// Whether reading begins here.
    pub is_entry: bool,
}

/// A line.
#[derive(Clone, Copy, Debug)]
pub struct GraphEdge {
    /// Index of a node.
    pub from: usize,
    /// Index of a node.
    pub to: usize,
    /// Width and height of its label.
    pub label: Option<(f64, f64)>,
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Layout {
    /// As many as nodes.
    pub nodes: Vec<Rectangle>,
    /// Of nodes with children: where the text above them stands. Of others: the whole.
    pub texts: Vec<Rectangle>,
    /// As many as edges: from the border of one node to that of the other, in level and upright parts.
    pub routes: Vec<Vec<Point>>,
    /// As many as edges.
    pub labels: Vec<Option<Rectangle>>,
    /// Width and height of the whole.
    pub size: (f64, f64),
}

/// Around the whole, in pixels.
pub const MARGIN: f64 = 8.0;

const CYCLE_BREAKING: [&str; 3] = ["MODEL_ORDER", "GREEDY", "DEPTH_FIRST"];
const LABEL_PLACEMENT: [&str; 3] = ["MEDIAN_LAYER", "HEAD_LAYER", "WIDEST_LAYER"];
const PLACEMENT: [&str; 2] = ["NETWORK_SIMPLEX", "BRANDES_KOEPF"];

/// The best of several layouts; none if the engine gives up on all of them.
#[must_use]
pub fn place(graph: &Graph) -> Option<Layout> {
    let mut best: Option<(usize, f64, Layout)> = None;
    for breaking in CYCLE_BREAKING {
        for labels in LABEL_PLACEMENT {
            for placement in PLACEMENT {
                let options = [
                    ("elk.layered.cycleBreaking.strategy", breaking),
                    ("elk.layered.edgeLabels.centerLabelPlacementStrategy", labels),
                    ("elk.layered.nodePlacement.strategy", placement),
                ];
                let Some(layout) = place_with(graph, &options) else { continue };
                let (faults, cost) = (layout.faults(graph), layout.cost(graph));
                if best.as_ref().is_none_or(|(fewest, least, _)| (faults, cost) < (*fewest, *least)) {
                    best = Some((faults, cost, layout));
                }
            }
        }
    }
    best.map(|(_, _, layout)| layout)
}

/// Room that a container needs beside its children, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Room {
    left: f64,
    right: f64,
}

/// One layout. Where lines run through the text of a container and leave no gap for it, the children move to the right of it;
/// where a container is narrower than its text, it grows to the right.
fn place_with(graph: &Graph, options: &[(&str, &str)]) -> Option<Layout> {
    let mut rooms = vec![Room::default(); graph.nodes.len()];
    loop {
        let mut layout = run(graph, options, &rooms)?;
        let mut again = false;
        for (index, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.is_container) {
            let missing = node.size.0 - layout.nodes[index].width;
            if missing > 0.0 {
                rooms[index].right += missing.ceil();
                again = true;
            }
        }
        if !again {
            layout.tighten(graph, &rooms);
            for node in layout.move_texts(graph) {
                again |= rooms[node].left == 0.0;
                rooms[node].left = graph.nodes[node].size.0;
            }
        }
        if !again {
            layout.trim();
            return Some(layout);
        }
    }
}

/// Between the border of a container and its children, in pixels.
const CONTAINER_INSET: f64 = 22.0;
/// Between the border of a container and a bend or label inside it, in pixels.
const BEND_INSET: f64 = 14.0;
/// A line may come this far into the inset around a text, in pixels.
const TEXT_SLACK: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator of numbers: the same graphs in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) % bound as u64) as usize
        }
    }

    /// Nested nodes up to three deep, and edges between any of them: to oneself, to a parent, into a child.
    fn any_graph(seed: u64) -> Graph {
        let mut numbers = Numbers(seed);
        let count = 2 + numbers.below(9);
        let mut graph = Graph::default();
        let mut depth = Vec::new();
        for index in 0..count {
            let parent = Some(numbers.below(index + 1))
                .filter(|&parent| parent < index && depth[parent] < 3 && numbers.below(2) == 0);
            depth.push(parent.map_or(0, |parent| depth[parent] + 1));
            if let Some(parent) = parent {
                graph.nodes[parent].is_container = true;
            }
            let size = (60.0 + numbers.below(200) as f64, 36.0 + numbers.below(80) as f64);
            graph.nodes.push(GraphNode { parent, size, is_container: false, is_entry: index == 0 });
        }
        for _ in 0..numbers.below(3 * count) {
            let (from, to) = (numbers.below(count), numbers.below(count));
            if !graph.edges.iter().any(|edge| (edge.from, edge.to) == (from, to)) {
                let label =
                    (numbers.below(5) > 0).then(|| (30.0 + numbers.below(150) as f64, 17.0 + numbers.below(80) as f64));
                graph.edges.push(GraphEdge { from, to, label });
            }
        }
        graph
    }

    #[test]
    fn any_graph_is_placed() {
        for seed in 0..60 {
            let graph = any_graph(seed);
            let layout = place(&graph).unwrap_or_else(|| panic!("no layout of graph {seed}"));
            assert_eq!(layout.faults(&graph), 0, "graph {seed}");
            let whole = Rectangle { x: 0.0, y: 0.0, width: layout.size.0, height: layout.size.1 };
            for (node, place) in graph.nodes.iter().zip(&layout.nodes) {
                let around = node.parent.map_or(whole, |parent| layout.nodes[parent]);
                assert!(around.contains(place), "graph {seed}");
            }
        }
    }
}
