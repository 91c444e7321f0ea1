//! Places the layers from top to bottom, and determines where each link runs.

use super::super::geometry::{Point, Rectangle};
use super::columns::Columns;
use super::graph::LABEL_GAP;
use super::layered::{Kind, Layered};
use super::shapes::Shapes;
use super::tracks::{Change, Steps, tracks};

/// From a layer to the first track below, in pixels.
const BELOW_LAYER: i64 = 14;
/// Between two tracks, in pixels.
const TRACK: i64 = 12;
/// From the last track to the layer below: room for the head of an arrow, in pixels.
const ABOVE_LAYER: i64 = 18;
/// Between layers where no line changes its column, in pixels.
const STRAIGHT: i64 = 26;
/// From the text of a container, and from the last layer to the lower border, in pixels.
const INSET: i64 = 22;

/// A level with everything in its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    /// By vertex.
    pub boxes: Vec<Rectangle>,
    /// By link: from its source to its target.
    pub routes: Vec<Vec<Point>>,
    /// By link.
    pub labels: Vec<Option<Rectangle>>,
    pub size: (i64, i64),
}

/// `upper_layers`: this many layers are aligned at their upper sides, not in the middle.
pub(super) fn place(
    layered: &Layered,
    columns: &Columns,
    shapes: &Shapes,
    is_inside: bool,
    upper_layers: usize,
) -> Placed {
    let mut tops = Vec::new();
    let mut steps: Vec<Steps> = vec![Vec::new(); layered.segments.len()];
    // By layer: where its first track is.
    let mut first_tracks = Vec::new();
    let mut y = 0;
    for (index, layer) in layered.layers.iter().enumerate() {
        tops.push(y);
        y += height(layered, shapes, layer);
        first_tracks.push(y + BELOW_LAYER);
        let parts: Vec<usize> = layer.iter().flat_map(|&vertex| layered.below[vertex].iter().copied()).collect();
        let changes: Vec<Change> =
            parts.iter().map(|&part| Change { upper: columns.ends[part].0, lower: columns.ends[part].1 }).collect();
        let (found, count) = tracks(&changes);
        for (part, found) in parts.iter().zip(found) {
            steps[*part] = found;
        }
        let is_last = index + 1 == layered.layers.len();
        y += match count {
            _ if is_last => 0,
            0 if parts.is_empty() => INSET,
            0 => STRAIGHT,
            count => BELOW_LAYER + TRACK * (count as i64 - 1) + ABOVE_LAYER,
        };
    }
    let ends_on_border = layered.layers.len() > 1
        && layered.layers.last().is_some_and(|layer| matches!(layered.vertices[layer[0]].kind, Kind::Port(_)));
    if is_inside && !ends_on_border {
        y += INSET;
    }
    let boxes = boxes(layered, columns, shapes, &tops, upper_layers);
    let mut placed = Placed { boxes, size: (columns.whole, y), ..Placed::default() };
    placed.run_lines(layered, columns, &steps, &first_tracks);
    placed.put_labels(layered);
    placed
}

fn height(layered: &Layered, shapes: &Shapes, layer: &[usize]) -> i64 {
    let needed = layer.iter().map(|&vertex| match layered.vertices[vertex].kind {
        Kind::Member(node) => shapes.height(node).max(shapes.loop_height(node)),
        _ => layered.vertices[vertex].height,
    });
    needed.max().unwrap_or(0)
}

fn boxes(layered: &Layered, columns: &Columns, shapes: &Shapes, tops: &[i64], upper_layers: usize) -> Vec<Rectangle> {
    let mut boxes = vec![Rectangle::default(); layered.vertices.len()];
    for (index, layer) in layered.layers.iter().enumerate() {
        let whole = height(layered, shapes, layer);
        for &vertex in layer {
            let (height, needed) = match layered.vertices[vertex].kind {
                Kind::Member(node) => (shapes.height(node), shapes.height(node).max(shapes.loop_height(node))),
                _ => (layered.vertices[vertex].height, layered.vertices[vertex].height),
            };
            let down = if index < upper_layers { 0 } else { (whole - needed) / 2 };
            boxes[vertex] = Rectangle {
                x: columns.left[vertex] as f64,
                y: (tops[index] + down) as f64,
                width: columns.width[vertex] as f64,
                height: height as f64,
            };
        }
    }
    boxes
}

impl Placed {
    fn run_lines(&mut self, layered: &Layered, columns: &Columns, steps: &[Steps], first_tracks: &[i64]) {
        for parts in &layered.parts {
            let mut route: Vec<Point> = Vec::new();
            for &part in parts {
                let segment = layered.segments[part];
                let (from, to) = columns.ends[part];
                let layer = layered.vertices[segment.upper].layer;
                let upper = &self.boxes[segment.upper];
                let lower = &self.boxes[segment.lower];
                let is_turn = matches!(layered.vertices[segment.lower].kind, Kind::Turn(_));
                let end = if is_turn { lower.bottom() } else { lower.y };
                let mut points = vec![Point { x: from as f64, y: upper.bottom() }];
                let mut column = from;
                for &(track, next) in &steps[part] {
                    let y = (first_tracks[layer] + TRACK * track as i64) as f64;
                    points.push(Point { x: column as f64, y });
                    points.push(Point { x: next as f64, y });
                    column = next;
                }
                points.push(Point { x: to as f64, y: end });
                if !segment.is_forward {
                    points.reverse();
                }
                route.extend(points);
            }
            self.routes.push(straightened(route));
        }
    }

    fn put_labels(&mut self, layered: &Layered) {
        self.labels = vec![None; layered.parts.len()];
        let gap = LABEL_GAP as f64;
        for (vertex, place) in layered.vertices.iter().zip(&self.boxes) {
            let (link, right, bottom) = match vertex.kind {
                Kind::Label(link) => (link, 0.0, 0.0),
                Kind::Turn(link) => (link, gap, gap),
                _ => continue,
            };
            let (width, height) = (vertex.width as f64 - gap - right, place.height - bottom);
            self.labels[link] = Some(Rectangle { x: place.x + gap, y: place.y, width, height });
        }
    }
}

/// Without points that change nothing.
pub(super) fn straightened(points: Vec<Point>) -> Vec<Point> {
    let mut route: Vec<Point> = Vec::new();
    for point in points {
        if route.last() == Some(&point) {
            continue;
        }
        while let [.., before, last] = route.as_slice() {
            let level = (before.y - last.y).abs() < 0.01 && (last.y - point.y).abs() < 0.01;
            let upright = (before.x - last.x).abs() < 0.01 && (last.x - point.x).abs() < 0.01;
            if !level && !upright {
                break;
            }
            route.pop();
        }
        route.push(point);
    }
    route
}
