//! Places boxes, lines and labels: the layered way of drawing (Sugiyama, Tagawa, Toda 1981), for nested boxes and with
//! labels that have their own room. Why it is ours: `docs/decisions/0003-layout-engine.md`.
//!
//! 1. [`levels`]: each container's inside is laid out alone; a line that crosses borders is a link in each level that
//!    it passes.
//! 2. [`sequence`]: in which order members are read, from the initial state on; lines along it lead down, lines against
//!    it up.
//! 3. [`layering`], [`layered`]: members get layers; lines and labels get a place in each layer that they pass.
//! 4. [`ordering`]: the order in each layer, such that few lines cross.
//! 5. [`columns`]: places from left to right, such that lines are straight.
//! 6. [`rows`], [`tracks`]: places from top to bottom, and horizontal parts of lines that do not overlap.
//!
//! Everything uses whole numbers and bounded steps ([`Work`]), without a clock: the same graph has the same layout on
//! every machine. Small graphs are laid out in several ways, and the best is used ([`Layout::cost`]).

mod columns;
mod engine;
mod graph;
mod judgement;
mod layered;
mod layering;
mod levels;
mod ordering;
mod rows;
mod sequence;
mod shapes;
mod simplex;
mod tracks;
mod work;

use engine::{Manner, lay_out};
pub use graph::{Graph, GraphEdge, GraphNode, Layout, MARGIN};
use sequence::Reading;
pub use work::Work;

/// Edges up to which all ways are tried, and up to which some are.
const TRIED: [usize; 2] = [60, 160];

/// The best of several layouts.
#[must_use]
pub fn place(graph: &Graph, work: &mut Work) -> Layout {
    let readings: &[Reading] = match TRIED.iter().position(|&edges| graph.edges.len() <= edges) {
        Some(0) => &[Reading::Depth, Reading::Breadth, Reading::File],
        Some(_) => &[Reading::Depth, Reading::Breadth],
        None => &[Reading::Depth],
    };
    let containers = graph.nodes.iter().filter(|node| node.is_container).count();
    let mut best: Option<(f64, Layout)> = None;
    for &reading in readings {
        let (layout, sizes) = lay_out(graph, Manner { reading, in_rows: false }, None, work);
        let is_tall = layout.size.1 > 1.3 * layout.size.0;
        keep(&mut best, graph, layout);
        if containers > 1 && is_tall {
            let (layout, _) = lay_out(graph, Manner { reading, in_rows: true }, Some(&sizes), work);
            keep(&mut best, graph, layout);
        }
    }
    best.map(|(_, layout)| layout).expect("there is one manner at least")
}

fn keep(best: &mut Option<(f64, Layout)>, graph: &Graph, layout: Layout) {
    let cost = layout.cost(graph);
    if best.as_ref().is_none_or(|(least, _)| cost < *least) {
        *best = Some((cost, layout));
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Rectangle;
    use super::work::STEPS;
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
            graph.nodes.push(GraphNode { parent, size, ..GraphNode::default() });
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
        for seed in 0..200 {
            let graph = any_graph(seed);
            let layout = place(&graph, &mut Work::default());
            assert_eq!(layout.faults(&graph), 0, "graph {seed}");
            let whole = Rectangle { x: 0.0, y: 0.0, width: layout.size.0, height: layout.size.1 };
            for (node, place) in graph.nodes.iter().zip(&layout.nodes) {
                let around = node.parent.map_or(whole, |parent| layout.nodes[parent]);
                assert!(around.contains(place), "graph {seed}");
            }
            for (edge, (route, label)) in graph.edges.iter().zip(layout.routes.iter().zip(&layout.labels)) {
                assert!(route.len() >= 2 && label.is_some() == edge.label.is_some(), "graph {seed}");
            }
        }
    }

    /// Steps are counted and bounded, however large the graph.
    #[test]
    fn work_is_bounded() {
        let node = GraphNode { size: (96.0, 36.0), ..GraphNode::default() };
        let mut numbers = Numbers(1);
        let mut graph = Graph { nodes: vec![node; 300], edges: Vec::new() };
        for from in 0..300 {
            for to in [(from + 1) % 300, numbers.below(300)] {
                graph.edges.push(GraphEdge { from, to, label: Some((60.0, 17.0)) });
            }
        }
        let mut work = Work::default();
        let layout = place(&graph, &mut work);
        assert!(work.done > 1000 && work.done < 2 * STEPS, "{} steps", work.done);
        assert!(layout.routes.iter().all(|route| route.len() >= 2));
    }
}
