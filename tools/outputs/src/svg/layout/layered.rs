//! A level with its layers: members, and on the way of each link a vertex in every layer that it passes.

use std::collections::BTreeMap;

use super::graph::{Graph, LABEL_GAP, Side, Sides};
use super::layering::{Course, Layering};
use super::levels::{End, Level};

/// A member of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text of the container. Always the first of the first layer.
    Text,
    /// A node of the graph.
    Member(usize),
    /// Where an edge passes the border, or ends on it.
    Port(usize),
    /// A link that passes.
    Line,
    /// The label of a link, which runs along its left side.
    Label(usize),
    /// Where a link that came down on one side goes up on the other, around its label.
    Turn(usize),
}

/// A box or a point in a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex {
    pub kind: Kind,
    pub layer: usize,
    pub width: i64,
    pub height: i64,
}

/// Part of a link, from one layer to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub upper: usize,
    pub lower: usize,
    pub link: usize,
    /// Whether the link runs from the upper end to the lower.
    pub is_forward: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Layered {
    pub vertices: Vec<Vertex>,
    pub segments: Vec<Segment>,
    /// Vertices from left to right.
    pub layers: Vec<Vec<usize>>,
    /// By link: its segments, from its source to its target.
    pub parts: Vec<Vec<usize>>,
    /// By vertex: segments above and below.
    pub above: Vec<Vec<usize>>,
    pub below: Vec<Vec<usize>>,
}

/// Edges that pass the upper and the lower border or end there, seen from outside, from left to right.
pub(super) type Borders = [Vec<usize>; 2];

impl Layered {
    pub fn new(
        graph: &Graph,
        level: &Level,
        layering: &Layering,
        sequence: &[usize],
        sizes: &[(i64, i64)],
        sides: &Sides,
        borders: &Borders,
    ) -> Self {
        let mut builder = Builder {
            graph,
            level,
            layering,
            layered: Layered::default(),
            members: BTreeMap::new(),
            ports: BTreeMap::new(),
            loads: Vec::new(),
        };
        let count = layering.bottom + 1;
        builder.layered.layers = vec![Vec::new(); count];
        builder.loads = vec![(0, 0); count];
        if let Some(container) = level.container {
            let (width, height) = graph.nodes[container].size;
            builder.vertex(Kind::Text, 0, width.ceil() as i64, height.ceil() as i64);
        }
        for (layer, edges) in [(0, &borders[0]), (layering.bottom, &borders[1])] {
            for &edge in edges {
                let port = builder.vertex(Kind::Port(edge), layer, 0, 0);
                builder.ports.insert(edge, port);
            }
        }
        for &member in sequence {
            let (width, height) = sizes[member];
            let vertex = builder.vertex(Kind::Member(member), layering.layers[&member], width, height);
            builder.members.insert(member, vertex);
        }
        for (number, link) in level.links.iter().enumerate() {
            // A border that a link leaves is on the way to its target, one that it comes to on the way from its source.
            let side = match link.from {
                End::Border => sides[1][link.edge].unwrap_or(Side::Top),
                End::Member(_) => sides[0][link.edge].unwrap_or(Side::Bottom),
            };
            builder.link(number, side);
        }
        let mut layered = builder.layered;
        layered.close_ranks();
        layered
    }

    /// Takes out layers that hold nothing, and notes what is above and below each vertex.
    fn close_ranks(&mut self) {
        self.layers.retain(|layer| !layer.is_empty());
        for (index, layer) in self.layers.iter().enumerate() {
            layer.iter().for_each(|&vertex| self.vertices[vertex].layer = index);
        }
        self.above = vec![Vec::new(); self.vertices.len()];
        self.below = vec![Vec::new(); self.vertices.len()];
        for (index, segment) in self.segments.iter().enumerate() {
            self.below[segment.upper].push(index);
            self.above[segment.lower].push(index);
        }
    }

    /// The node that a vertex is, if it is one.
    pub fn member(&self, vertex: usize) -> Option<usize> {
        match self.vertices[vertex].kind {
            Kind::Member(node) => Some(node),
            _ => None,
        }
    }
}

struct Builder<'a> {
    graph: &'a Graph,
    level: &'a Level,
    layering: &'a Layering,
    layered: Layered,
    members: BTreeMap<usize, usize>,
    /// By edge.
    ports: BTreeMap<usize, usize>,
    /// Width and height of what is in each layer so far.
    loads: Vec<(i64, i64)>,
}

impl Builder<'_> {
    fn vertex(&mut self, kind: Kind, layer: usize, width: i64, height: i64) -> usize {
        let vertex = self.layered.vertices.len();
        self.layered.vertices.push(Vertex { kind, layer, width, height });
        self.layered.layers[layer].push(vertex);
        let load = &mut self.loads[layer];
        *load = (load.0 + width + 14, load.1.max(height));
        vertex
    }

    fn link(&mut self, number: usize, side: Side) {
        let link = self.level.links[number];
        let label = self.graph.edges[link.edge].label.filter(|_| link.is_main);
        let label = label.map(|(width, height)| (width.ceil() as i64, height.ceil() as i64));
        let from = self.end(link.from, number, side);
        let to = self.end(link.to, number, side);
        let (from_layer, to_layer) = (self.layered.vertices[from].layer, self.layered.vertices[to].layer);
        if self.layering.courses[number] == Course::Turn {
            let (width, height) = label.unwrap_or((20, 2));
            let layer = from_layer.max(to_layer) + 1;
            let turn = self.vertex(Kind::Turn(number), layer, width + 2 * LABEL_GAP, height + LABEL_GAP);
            let mut parts = self.chain(from, turn, number, true, None);
            let back = self.chain(to, turn, number, false, None);
            parts.extend(back.into_iter().rev());
            self.layered.parts.push(parts);
            return;
        }
        let is_down = from_layer < to_layer;
        let (upper, lower) = if is_down { (from, to) } else { (to, from) };
        let mut parts = self.chain(upper, lower, number, is_down, label);
        if !is_down {
            parts.reverse();
        }
        self.layered.parts.push(parts);
    }

    fn end(&mut self, end: End, number: usize, side: Side) -> usize {
        match end {
            End::Member(node) => self.members[&node],
            End::Border => {
                let edge = self.level.links[number].edge;
                let layer = if side == Side::Top { 0 } else { self.layering.bottom };
                self.ports.get(&edge).copied().unwrap_or_else(|| self.vertex(Kind::Port(edge), layer, 0, 0))
            }
        }
    }

    /// Segments from the upper vertex down to the lower one; the label is where it takes least room.
    fn chain(
        &mut self,
        upper: usize,
        lower: usize,
        link: usize,
        is_forward: bool,
        label: Option<(i64, i64)>,
    ) -> Vec<usize> {
        let (first, last) = (self.layered.vertices[upper].layer + 1, self.layered.vertices[lower].layer);
        let labelled = label.map(|size| (size, self.label_layer(first..last, size)));
        let mut parts = Vec::new();
        let mut before = upper;
        for layer in first..=last {
            let vertex = match labelled {
                _ if layer == last => lower,
                Some(((width, height), at)) if at == layer => {
                    self.vertex(Kind::Label(link), layer, width + LABEL_GAP, height)
                }
                _ => self.vertex(Kind::Line, layer, 0, 0),
            };
            parts.push(self.layered.segments.len());
            self.layered.segments.push(Segment { upper: before, lower: vertex, link, is_forward });
            before = vertex;
        }
        parts
    }

    fn label_layer(&self, layers: std::ops::Range<usize>, (width, height): (i64, i64)) -> usize {
        let widest = self.loads.iter().map(|load| load.0).max().unwrap_or(0);
        let cost = |layer: usize| {
            let (used, tall) = self.loads[layer];
            (height - tall).max(0) * 4 + (used + width - widest).max(0) + (used + width) / 4
        };
        layers.clone().min_by_key(|&layer| cost(layer)).unwrap_or(layers.start)
    }
}
