//! Places the contents of the layers from left to right, so that lines have as few and as short horizontal parts as
//! possible.
//!
//! Long lines are one upright piece wherever they do not cross one another. Network simplex does the rest: its
//! variables are the sides of boxes, upright pieces, and the places where lines leave the boxes.

use super::layered::{Kind, Layered};
use super::shapes::Shapes;
use super::simplex::{Distance, solve};
use super::work::Work;

/// Between two boxes, in pixels.
const BOX_BOX: i64 = 32;
/// Between a box and a line or label, in pixels.
const BOX_LINE: i64 = 20;
/// Between two lines, in pixels.
const LINE_LINE: i64 = 14;
/// Between a label and the line of another, in pixels: far more than between a label and its own line.
const LABEL_LINE: i64 = 18;
/// Between two lines at a box, and from its corner, in pixels.
const PORT_PORT: i64 = 12;
/// Between the border of a container and boxes, and between it and lines, in pixels.
const INSET: [i64; 2] = [22, 16];

/// The cost of each pixel by which a box is wider than necessary: more than all its lines can gain.
const WIDER: i64 = 5000;

/// Where everything is from left to right.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// By vertex: its left side. Of a label or a line: where the line is.
    pub left: Vec<i64>,
    /// By vertex.
    pub width: Vec<i64>,
    /// By segment: at its upper and its lower end.
    pub ends: Vec<(i64, i64)>,
    pub whole: i64,
}

/// A variable, and how far to the right of it.
type Place = (usize, i64);

const LEFT_WALL: usize = 0;
const RIGHT_WALL: usize = 1;

struct Columnist<'a> {
    layered: &'a Layered,
    shapes: &'a Shapes,
    is_inside: bool,
    place_in_layer: Vec<usize>,
    count: usize,
    distances: Vec<Distance>,
    /// By vertex: the variables of its left and its right side.
    sides: Vec<(Place, Place)>,
    upper_ends: Vec<Place>,
    lower_ends: Vec<Place>,
}

/// Columns of a level; `is_inside` of those of a container.
pub(super) fn columns(
    layered: &Layered,
    shapes: &Shapes,
    edge_of: &[usize],
    is_inside: bool,
    work: &mut Work,
) -> Columns {
    let mut place_in_layer = vec![0; layered.vertices.len()];
    for layer in &layered.layers {
        layer.iter().enumerate().for_each(|(place, &vertex)| place_in_layer[vertex] = place);
    }
    let (vertices, segments) = (layered.vertices.len(), layered.segments.len());
    let mut columnist = Columnist {
        layered,
        shapes,
        is_inside,
        place_in_layer,
        count: 2,
        distances: Vec::new(),
        sides: vec![((0, 0), (0, 0)); vertices],
        upper_ends: vec![(0, 0); segments],
        lower_ends: vec![(0, 0); segments],
    };
    columnist.boxes();
    columnist.ports(edge_of);
    columnist.separate();
    columnist.attract();
    let mut pivots = work.pivots.min(6 * columnist.count + 500);
    let before = pivots;
    let values = solve(columnist.count, &columnist.distances, &mut pivots);
    work.spend(before - pivots);
    let origin = values[LEFT_WALL];
    let at = |(variable, offset): Place| values[variable] + offset - origin;
    Columns {
        left: columnist.sides.iter().map(|&(left, _)| at(left)).collect(),
        width: columnist.sides.iter().map(|&(left, right)| at(right) - at(left)).collect(),
        ends: columnist.upper_ends.iter().zip(&columnist.lower_ends).map(|(&a, &b)| (at(a), at(b))).collect(),
        whole: values[RIGHT_WALL] - origin,
    }
}

impl Columnist<'_> {
    fn variable(&mut self) -> usize {
        self.count += 1;
        self.count - 1
    }

    /// `head` is at least `gap` after `tail`.
    fn distance(&mut self, tail: Place, head: Place, gap: i64, weight: i64) {
        self.distances.push(Distance { tail: tail.0, head: head.0, length: tail.1 + gap - head.1, weight });
    }

    /// The distance between two places costs, whichever is further left.
    fn pull(&mut self, a: Place, b: Place, weight: i64) {
        if a.0 != b.0 {
            let both = (self.variable(), 0);
            self.distance(both, a, 0, weight);
            self.distance(both, b, 0, weight);
        }
    }

    fn is_line(&self, vertex: usize) -> bool {
        matches!(self.layered.vertices[vertex].kind, Kind::Line | Kind::Label(_))
    }

    /// Variables of all vertices: one for each upright piece, two for a box that may become wider.
    fn boxes(&mut self) {
        let aligned = self.aligned();
        for layer in &self.layered.layers {
            for &vertex in layer {
                let width = self.layered.vertices[vertex].width;
                let left = match aligned[vertex] {
                    Some(above) => self.sides[above].0,
                    None => (self.variable(), 0),
                };
                let right = match self.layered.member(vertex) {
                    Some(node) if !self.shapes.is_rigid(node) => {
                        let right = (self.variable(), 0);
                        self.distance(left, right, self.shapes.width(node), WIDER);
                        right
                    }
                    Some(node) => (left.0, left.1 + self.shapes.width(node)),
                    None => (left.0, left.1 + width),
                };
                self.sides[vertex] = (left, right);
            }
        }
    }

    /// By vertex of a line: the one above it with which it is one upright piece. As many as possible without crossing
    /// one another.
    fn aligned(&self) -> Vec<Option<usize>> {
        let mut aligned = vec![None; self.layered.vertices.len()];
        for layer in &self.layered.layers {
            let mut pairs: Vec<(usize, usize, usize, usize)> = Vec::new();
            for &vertex in layer.iter().filter(|&&vertex| self.is_line(vertex)) {
                for &part in &self.layered.above[vertex] {
                    let upper = self.layered.segments[part].upper;
                    if self.is_line(upper) {
                        pairs.push((self.place_in_layer[upper], self.place_in_layer[vertex], upper, vertex));
                    }
                }
            }
            pairs.sort_unstable();
            for (_, _, upper, vertex) in longest_rising(&pairs) {
                aligned[vertex] = Some(upper);
            }
        }
        aligned
    }

    /// Where segments end: at a separate place at a leaf, at a given one elsewhere.
    fn ports(&mut self, edge_of: &[usize]) {
        let layered = self.layered;
        for vertex in 0..layered.vertices.len() {
            for is_below in [true, false] {
                let mut parts = if is_below { layered.below[vertex].clone() } else { layered.above[vertex].clone() };
                let other = |part: usize| {
                    let segment = layered.segments[part];
                    self.place_in_layer[if is_below { segment.lower } else { segment.upper }]
                };
                parts.sort_by_key(|&part| (other(part), part));
                let ends = self.ends_at(vertex, &parts, is_below, edge_of);
                for (part, end) in parts.into_iter().zip(ends) {
                    let list = if is_below { &mut self.upper_ends } else { &mut self.lower_ends };
                    list[part] = end;
                }
            }
        }
    }

    fn ends_at(&mut self, vertex: usize, parts: &[usize], is_below: bool, edge_of: &[usize]) -> Vec<Place> {
        let (left, right) = self.sides[vertex];
        match self.layered.vertices[vertex].kind {
            Kind::Turn(_) if parts.len() == 2 => vec![left, right],
            Kind::Member(node) if self.shapes.is_rigid(node) => {
                let offset = |&part: &usize| {
                    let edge = edge_of[self.layered.segments[part].link];
                    (left.0, left.1 + self.shapes.port(node, edge, is_below))
                };
                parts.iter().map(offset).collect()
            }
            Kind::Member(node) => {
                let (width, count) = (self.shapes.width(node), parts.len() as i64);
                let even = width / (count + 1);
                let (edge, pitch) = if self.shapes.is_round(node) { (even, even) } else { (PORT_PORT, PORT_PORT) };
                let mut before = (left, edge);
                let mut ends = Vec::new();
                for index in 1..=count {
                    let port = (self.variable(), 0);
                    self.distance(before.0, port, before.1, 0);
                    self.pull(port, (left.0, left.1 + even * index), 1);
                    before = (port, pitch);
                    ends.push(port);
                }
                if count > 0 {
                    self.distance(before.0, right, edge, 0);
                }
                ends
            }
            _ => vec![left; parts.len()],
        }
    }

    /// Neighbours keep their distance, and all stay between the walls.
    fn separate(&mut self) {
        let mut known = std::collections::BTreeMap::new();
        let mut gaps: Vec<(Place, Place, i64)> = Vec::new();
        for layer in &self.layered.layers {
            for pair in layer.windows(2) {
                let gap = self.tail(pair[0]) + self.gap(pair[0], pair[1]);
                gaps.push((self.sides[pair[0]].1, self.sides[pair[1]].0, gap));
            }
            if let (Some(&first), Some(&last)) = (layer.first(), layer.last()) {
                gaps.push(((LEFT_WALL, 0), self.sides[first].0, self.inset(first)));
                gaps.push((self.sides[last].1, (RIGHT_WALL, 0), self.inset(last) + self.tail(last)));
            }
        }
        for (tail, head, gap) in gaps {
            let length = tail.1 + gap - head.1;
            let known = known.entry((tail.0, head.0)).or_insert(length);
            *known = length.max(*known);
        }
        let distances = known.into_iter().map(|((tail, head), length)| Distance { tail, head, length, weight: 0 });
        self.distances.extend(distances);
    }

    fn inset(&self, vertex: usize) -> i64 {
        match self.layered.vertices[vertex].kind {
            _ if !self.is_inside => 0,
            Kind::Text => 0,
            Kind::Member(_) => INSET[0],
            _ => INSET[1],
        }
    }

    /// Room after a member for the line to itself.
    fn tail(&self, vertex: usize) -> i64 {
        self.layered.member(vertex).map_or(0, |node| self.shapes.tail(node))
    }

    fn gap(&self, left: usize, right: usize) -> i64 {
        let is_box = |vertex: usize| matches!(self.layered.vertices[vertex].kind, Kind::Member(_) | Kind::Text);
        match (is_box(left), is_box(right)) {
            (true, true) => BOX_BOX,
            (false, false) if self.layered.vertices[left].width > 0 => LABEL_LINE,
            (false, false) => LINE_LINE,
            _ => BOX_LINE,
        }
    }

    fn attract(&mut self) {
        let layered = self.layered;
        for (index, segment) in layered.segments.iter().enumerate() {
            let ends = [segment.upper, segment.lower];
            let lines = ends.iter().filter(|&&vertex| self.is_line(vertex)).count();
            let is_entry = ends.iter().any(|&end| layered.member(end).is_some_and(|node| self.shapes.is_dot(node)));
            let weight = if is_entry { 24 } else { [10, 8, 16][lines] };
            self.pull(self.upper_ends[index], self.lower_ends[index], weight);
        }
        self.distance((LEFT_WALL, 0), (RIGHT_WALL, 0), 0, 2);
        let middle = layered.layers.iter().max_by_key(|layer| layer.len()).and_then(|layer| layer.get(layer.len() / 2));
        for (vertex, it) in layered.vertices.iter().enumerate() {
            match it.kind {
                Kind::Text => self.distance((LEFT_WALL, 0), self.sides[vertex].0, 0, 100),
                Kind::Port(_) if layered.above[vertex].len() + layered.below[vertex].len() == 0 => {
                    if let Some(&middle) = middle {
                        self.pull(self.sides[vertex].0, self.sides[middle].0, 1);
                    }
                }
                _ => {}
            }
        }
    }
}

/// From pairs sorted by their first number, as many as possible whose second rises too.
fn longest_rising(pairs: &[(usize, usize, usize, usize)]) -> Vec<(usize, usize, usize, usize)> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; pairs.len()];
    for (index, pair) in pairs.iter().enumerate() {
        let at = ends.partition_point(|&end| pairs[end].1 < pair.1);
        before[index] = at.checked_sub(1).map(|at| ends[at]);
        if at == ends.len() {
            ends.push(index);
        } else {
            ends[at] = index;
        }
    }
    let mut rising: Vec<_> =
        std::iter::successors(ends.last().copied(), |&index| before[index]).map(|index| pairs[index]).collect();
    rising.reverse();
    rising
}
