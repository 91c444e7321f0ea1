//! What is known of the nodes while a picture is laid out.

use std::collections::BTreeMap;

use super::graph::{Graph, LABEL_GAP, LOOP};

/// What is known of the nodes.
#[derive(Clone, Debug)]
pub(super) struct Shapes {
    pub sizes: Vec<(i64, i64)>,
    /// Width and height of the label of what leads to itself.
    pub loops: Vec<Option<(i64, i64)>>,
    pub is_container: Vec<bool>,
    pub is_dot: Vec<bool>,
    pub is_round: Vec<bool>,
    /// Of containers: where an edge passes the border, by node, edge, and whether that is the lower border.
    pub ports: BTreeMap<(usize, usize, bool), i64>,
}

impl Shapes {
    pub fn of(graph: &Graph) -> Self {
        let whole = |(width, height): (f64, f64)| (width.ceil() as i64, height.ceil() as i64);
        let mut loops = vec![None; graph.nodes.len()];
        for edge in graph.edges.iter().filter(|edge| edge.from == edge.to) {
            loops[edge.from] = Some(edge.label.map_or((0, 0), whole));
        }
        let mut shapes = Shapes {
            sizes: graph.nodes.iter().map(|node| whole(node.size)).collect(),
            loops,
            is_container: graph.nodes.iter().map(|node| node.is_container).collect(),
            is_dot: graph.nodes.iter().map(|node| node.is_entry).collect(),
            is_round: graph.nodes.iter().map(|node| node.is_round).collect(),
            ports: BTreeMap::new(),
        };
        shapes.estimate(graph);
        shapes
    }

    /// Of containers, before they are laid out: about the size of a square that holds everything.
    pub fn estimate(&mut self, graph: &Graph) {
        let mut areas = vec![0_i64; graph.nodes.len()];
        for edge in &graph.edges {
            if let (Some(parent), Some((width, height))) = (graph.nodes[edge.from].parent, edge.label) {
                areas[parent] += (width as i64 + 24) * (height as i64 + 36);
            }
        }
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            if node.is_container {
                let side = (areas[index] as f64).sqrt() as i64;
                self.sizes[index] = (self.sizes[index].0.max(side) + 44, self.sizes[index].1 + side + 44);
            }
            if let Some(parent) = node.parent {
                areas[parent] += (self.sizes[index].0 + 36) * (self.sizes[index].1 + 50);
            }
        }
    }

    pub fn width(&self, node: usize) -> i64 {
        self.sizes[node].0
    }

    pub fn height(&self, node: usize) -> i64 {
        self.sizes[node].1
    }

    /// Whether the places on its border are given, since it is a container.
    pub fn is_rigid(&self, node: usize) -> bool {
        self.is_container[node]
    }

    pub fn is_dot(&self, node: usize) -> bool {
        self.is_dot[node]
    }

    pub fn is_round(&self, node: usize) -> bool {
        self.is_round[node]
    }

    /// Room at its right for the line that leads to itself.
    pub fn tail(&self, node: usize) -> i64 {
        self.loops[node].map_or(0, |(width, _)| LOOP + if width > 0 { LABEL_GAP + width } else { 0 })
    }

    /// Height of the label there.
    pub fn loop_height(&self, node: usize) -> i64 {
        self.loops[node].map_or(0, |(_, height)| height)
    }

    pub fn port(&self, node: usize, edge: usize, is_below: bool) -> i64 {
        self.ports.get(&(node, edge, is_below)).copied().unwrap_or(self.sizes[node].0 / 2)
    }
}
