//! What is to be placed, and where it was placed.

use super::super::geometry::{Point, Rectangle};

/// Boxes and lines of known sizes, without places.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Parents before their children.
    pub nodes: Vec<GraphNode>,
    /// Between any two nodes, also from or to one that has children.
    pub edges: Vec<GraphEdge>,
}

/// A box.
#[derive(Clone, Copy, Debug, Default)]
pub struct GraphNode {
    /// In which it lies.
    pub parent: Option<usize>,
    /// Width and height: of the whole, or, if it has children, of the text above them.
    pub size: (f64, f64),
    /// Whether there are children.
    pub is_container: bool,
    /// Whether it is the dot at which reading of what is around it begins.
    pub is_entry: bool,
    /// Whether it is drawn as a circle, to which lines have to lead in the middle.
    pub is_round: bool,
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
/// Between a line and its label, in pixels.
pub(super) const LABEL_GAP: i64 = 3;
/// How far what leads to its own beginning goes to the right, in pixels.
pub(super) const LOOP: i64 = 18;

/// The upper or the lower side of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Top,
    Bottom,
}

/// By edge: on which side of its source it begins, and of its target it ends; likewise of all containers that it passes
/// on the way.
pub(super) type Sides = [Vec<Option<Side>>; 2];
