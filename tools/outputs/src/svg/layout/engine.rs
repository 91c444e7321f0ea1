//! One layout: levels from the outside inwards until everything has its order, then from the inside outwards until
//! everything has its place.

use super::super::geometry::{Point, Rectangle};
use super::columns::columns;
use super::graph::{Graph, LABEL_GAP, LOOP, Layout, Side, Sides};
use super::layered::{Borders, Kind, Layered};
use super::layering::{Course, Unlayered};
use super::levels::{End, Levels};
use super::ordering::order;
use super::rows::{Placed, place, straightened};
use super::sequence::{Reading, sequence};
use super::shapes::Shapes;
use super::work::Work;

/// What varies from one layout to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub reading: Reading,
    /// Whether containers are side by side.
    pub in_rows: bool,
}

/// A level in progress: ordered, then placed.
struct Stage {
    layered: Layered,
    upper_layers: usize,
    placed: Placed,
}

/// One layout, and the sizes that containers have in it.
pub(super) fn lay_out(
    graph: &Graph,
    manner: Manner,
    known_sizes: Option<&[(i64, i64)]>,
    work: &mut Work,
) -> (Layout, Vec<(i64, i64)>) {
    let levels = Levels::of(graph);
    let mut shapes = Shapes::of(graph);
    if let Some(sizes) = known_sizes {
        shapes.sizes.copy_from_slice(sizes);
    }
    let mut stages = ordered(graph, &levels, &shapes, manner, work);
    for index in (0..stages.len()).rev() {
        let level = &levels.levels[index];
        let edge_of: Vec<usize> = level.links.iter().map(|link| link.edge).collect();
        let is_inside = level.container.is_some();
        let stage = &mut stages[index];
        let columns = columns(&stage.layered, &shapes, &edge_of, is_inside, work);
        stage.placed = place(&stage.layered, &columns, &shapes, is_inside, stage.upper_layers);
        let Some(container) = level.container else { continue };
        shapes.sizes[container] = stage.placed.size;
        for (vertex, place) in stage.layered.vertices.iter().zip(&stage.placed.boxes) {
            if let Kind::Port(edge) = vertex.kind {
                shapes.ports.insert((container, edge, vertex.layer > 0), place.x as i64);
            }
        }
    }
    let layout = assembled(graph, &levels, &shapes, &stages);
    (layout, shapes.sizes)
}

/// All levels, the outer before the inner, with their layers in order.
fn ordered(graph: &Graph, levels: &Levels, shapes: &Shapes, manner: Manner, work: &mut Work) -> Vec<Stage> {
    let sizes: Vec<(i64, i64)> = (0..graph.nodes.len())
        .map(|node| (shapes.width(node) + shapes.tail(node), shapes.height(node).max(shapes.loop_height(node))))
        .collect();
    let mut sides: Sides = [vec![None; graph.edges.len()], vec![None; graph.edges.len()]];
    let mut borders: Vec<Borders> = vec![Borders::default(); levels.levels.len()];
    let mut stages = Vec::new();
    for (index, level) in levels.levels.iter().enumerate() {
        let sequence = sequence(graph, level, manner.reading);
        for link in level.links.iter().filter(|link| link.is_main) {
            match (link.from, link.to) {
                (End::Border, _) => (sides[0][link.edge], sides[1][link.edge]) = (Some(Side::Top), Some(Side::Top)),
                (_, End::Border) => {
                    (sides[0][link.edge], sides[1][link.edge]) = (Some(Side::Bottom), Some(Side::Bottom));
                }
                _ => {}
            }
        }
        let unlayered =
            Unlayered { graph, level, sequence: &sequence, sizes: &sizes, sides: &sides, in_rows: manner.in_rows };
        let (layering, in_rows) = (unlayered.layering(work), unlayered.stands_in_rows());
        for (link, course) in level.links.iter().zip(&layering.courses) {
            if let (End::Member(_), End::Member(_), true) = (link.from, link.to, link.is_main) {
                let (from, to) = match course {
                    Course::Down => (Side::Bottom, Side::Top),
                    Course::Up => (Side::Top, Side::Bottom),
                    Course::Turn => (Side::Bottom, Side::Bottom),
                };
                (sides[0][link.edge], sides[1][link.edge]) = (Some(from), Some(to));
            }
        }
        let mut layered = Layered::new(graph, level, &layering, &sequence, &sizes, &sides, &borders[index]);
        let is_given = |edge: usize| borders[index].iter().any(|edges| edges.contains(&edge));
        let pinned: Vec<bool> = layered
            .vertices
            .iter()
            .map(|vertex| match vertex.kind {
                Kind::Text => true,
                Kind::Port(edge) => is_given(edge),
                // Members side by side are read from left to right.
                Kind::Member(_) => in_rows,
                _ => false,
            })
            .collect();
        order(&mut layered, &pinned, work);
        let upper_layers = upper_layers(graph, level.container.is_some(), &layered);
        for vertex in 0..layered.vertices.len() {
            let inside = layered.member(vertex).and_then(|node| levels.inside[node]);
            if let Some(inside) = inside {
                borders[inside] = borders_of(&layered, vertex, &level.links);
            }
        }
        stages.push(Stage { layered, upper_layers, placed: Placed::default() });
    }
    stages
}

/// The layers down to that of the initial state.
fn upper_layers(graph: &Graph, is_inside: bool, layered: &Layered) -> usize {
    let is_dot = |vertex: usize| layered.member(vertex).is_some_and(|node| graph.nodes[node].is_entry);
    let initial = layered.segments.iter().find(|segment| is_dot(segment.upper)).map(|segment| segment.lower);
    initial.map_or(1 + usize::from(is_inside), |initial| layered.vertices[initial].layer + 1)
}

/// The edges above and below a container, from left to right.
fn borders_of(layered: &Layered, vertex: usize, links: &[super::levels::Link]) -> Borders {
    let mut place = vec![0; layered.vertices.len()];
    for layer in &layered.layers {
        layer.iter().enumerate().for_each(|(at, &vertex)| place[vertex] = at);
    }
    let sorted = |parts: &[usize], other: &dyn Fn(usize) -> usize| {
        let mut parts = parts.to_vec();
        parts.sort_by_key(|&part| (place[other(part)], part));
        parts.into_iter().map(|part| links[layered.segments[part].link].edge).collect()
    };
    [
        sorted(&layered.above[vertex], &|part| layered.segments[part].upper),
        sorted(&layered.below[vertex], &|part| layered.segments[part].lower),
    ]
}

fn assembled(graph: &Graph, levels: &Levels, shapes: &Shapes, stages: &[Stage]) -> Layout {
    let mut layout = Layout {
        nodes: vec![Rectangle::default(); graph.nodes.len()],
        texts: vec![Rectangle::default(); graph.nodes.len()],
        routes: vec![Vec::new(); graph.edges.len()],
        labels: vec![None; graph.edges.len()],
        size: (0.0, 0.0),
    };
    let mut origins = vec![Point::default(); stages.len()];
    for (index, stage) in stages.iter().enumerate() {
        let origin = origins[index];
        for (vertex, place) in stage.placed.boxes.iter().enumerate() {
            let place = moved(place, origin);
            match stage.layered.vertices[vertex].kind {
                Kind::Member(node) => {
                    (layout.nodes[node], layout.texts[node]) = (place, place);
                    if let Some(inside) = levels.inside[node] {
                        origins[inside] = Point { x: place.x, y: place.y };
                    }
                }
                Kind::Text => {
                    if let Some(container) = levels.levels[index].container {
                        layout.texts[container] = place;
                    }
                }
                _ => {}
            }
        }
    }
    for (edge, passed) in levels.links.iter().enumerate() {
        let mut route = Vec::new();
        for &(level, link) in passed {
            let Point { x, y } = origins[level];
            let placed = &stages[level].placed;
            route.extend(placed.routes[link].iter().map(|point| Point { x: x + point.x, y: y + point.y }));
            if levels.levels[level].links[link].is_main && graph.edges[edge].label.is_some() {
                layout.labels[edge] = placed.labels[link].map(|label| moved(&label, origins[level]));
            }
        }
        layout.routes[edge] = straightened(route);
        if graph.edges[edge].from == graph.edges[edge].to {
            layout.run_loop(graph, edge, shapes);
        }
    }
    layout.trim();
    layout
}

fn moved(place: &Rectangle, by: Point) -> Rectangle {
    Rectangle { x: place.x + by.x, y: place.y + by.y, ..*place }
}

impl Layout {
    /// What leads to its own beginning runs at the right side, with its label to the right of it.
    fn run_loop(&mut self, graph: &Graph, edge: usize, shapes: &Shapes) {
        let node = graph.edges[edge].from;
        let place = self.nodes[node];
        let (right, out) = (place.right(), place.right() + LOOP as f64);
        let middle = place.y + place.height.min(120.0) / 2.0;
        let (upper, lower) = (middle - 9.0, middle + 9.0);
        self.routes[edge] =
            [(right, upper), (out, upper), (out, lower), (right, lower)].map(|(x, y)| Point { x, y }).to_vec();
        let height = shapes.loop_height(node) as f64;
        self.labels[edge] = graph.edges[edge].label.map(|(width, _)| Rectangle {
            x: out + LABEL_GAP as f64,
            y: (middle - height / 2.0).max(place.y),
            width,
            height,
        });
    }
}
