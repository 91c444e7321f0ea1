//! Places boxes, lines and labels, by the layered algorithm of ELK (crate `elkrs`; why: `docs/decisions/0003-layout-engine.md`).
//!
//! No single set of options suits every graph, and a layout takes some milliseconds. So several are tried, each is judged
//! ([`Layout::faults`], then [`Layout::cost`]), and the best is taken. This is the only file that knows of the engine.

use serde_json::{Map, Value, json};

use super::geometry::{Point, Rectangle, coincide, cross, segments};

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
/// Between the border of a container and its children, in pixels.
const CONTAINER_INSET: f64 = 22.0;
/// From the text above the children to the children, in pixels.
const BELOW_TEXT: f64 = 16.0;
/// A page that is wider than this many pixels has to be scrolled sideways.
const COMFORTABLE_WIDTH: f64 = 1250.0;

const CYCLE_BREAKING: [&str; 3] = ["MODEL_ORDER", "GREEDY", "DEPTH_FIRST"];
const MODEL_ORDER: [&str; 2] = ["NODES_AND_EDGES", "PREFER_EDGES"];
const PLACEMENT: [&str; 2] = ["NETWORK_SIMPLEX", "BRANDES_KOEPF"];

/// The best of several layouts; none if the engine gives up on all of them.
#[must_use]
pub fn place(graph: &Graph) -> Option<Layout> {
    let mut best: Option<(usize, f64, Layout)> = None;
    for breaking in CYCLE_BREAKING {
        for order in MODEL_ORDER {
            for placement in PLACEMENT {
                let options = [
                    ("elk.layered.cycleBreaking.strategy", breaking),
                    ("elk.layered.considerModelOrder.strategy", order),
                    ("elk.layered.nodePlacement.strategy", placement),
                ];
                let Some(layout) = place_with(graph, &options) else { continue };
                let (faults, cost) = (layout.faults(graph), layout.cost());
                if best.as_ref().is_none_or(|(fewest, least, _)| (faults, cost) < (*fewest, *least)) {
                    best = Some((faults, cost, layout));
                }
            }
        }
    }
    best.map(|(_, _, layout)| layout)
}

/// One layout. Where lines run through the text of a container and leave no gap for it, the children move to the right of it.
fn place_with(graph: &Graph, options: &[(&str, &str)]) -> Option<Layout> {
    let mut beside_text = vec![false; graph.nodes.len()];
    loop {
        let mut layout = run(graph, options, &beside_text)?;
        let crowded = layout.move_texts(graph);
        let mut again = false;
        for node in crowded {
            again |= !std::mem::replace(&mut beside_text[node], true);
        }
        if !again {
            return Some(layout);
        }
    }
}

fn run(graph: &Graph, options: &[(&str, &str)], beside_text: &[bool]) -> Option<Layout> {
    let input = describe(graph, options, beside_text).to_string();
    let output = elkrs::create_elk().layout_json(&input).ok()?;
    let mut layout = Layout {
        nodes: vec![Rectangle::default(); graph.nodes.len()],
        texts: vec![Rectangle::default(); graph.nodes.len()],
        routes: vec![Vec::new(); graph.edges.len()],
        labels: vec![None; graph.edges.len()],
        size: (number(&output, "width")?, number(&output, "height")?),
    };
    layout.read(&output, Point::default())?;
    for (index, node) in graph.nodes.iter().enumerate() {
        let whole = layout.nodes[index];
        let (width, height) = node.size;
        layout.texts[index] = if node.is_container { Rectangle { width, height, ..whole } } else { whole };
    }
    layout.routes.iter().all(|route| route.len() >= 2).then_some(layout)
}

fn describe(graph: &Graph, options: &[(&str, &str)], beside_text: &[bool]) -> Value {
    let mut all = Map::new();
    for (name, value) in [
        ("algorithm", "layered"),
        ("elk.direction", "DOWN"),
        ("elk.hierarchyHandling", "INCLUDE_CHILDREN"),
        ("elk.edgeRouting", "ORTHOGONAL"),
        ("elk.layered.feedbackEdges", "true"),
        ("elk.layered.thoroughness", "12"),
        ("elk.layered.mergeHierarchyEdges", "false"),
        ("elk.spacing.nodeNode", "36"),
        ("elk.spacing.edgeEdge", "16"),
        ("elk.spacing.edgeNode", "20"),
        ("elk.spacing.edgeLabel", "4"),
        ("elk.spacing.nodeSelfLoop", "16"),
        ("elk.layered.spacing.nodeNodeBetweenLayers", "30"),
        ("elk.layered.spacing.edgeNodeBetweenLayers", "16"),
        ("elk.layered.spacing.edgeEdgeBetweenLayers", "14"),
    ]
    .into_iter()
    .chain(options.iter().copied())
    {
        all.insert(name.to_owned(), json!(value));
    }
    all.insert("elk.padding".to_owned(), json!(padding(MARGIN, MARGIN, MARGIN)));
    let edges: Vec<_> = graph.edges.iter().enumerate().map(|(index, edge)| describe_edge(index, edge)).collect();
    json!({ "id": "root", "layoutOptions": all, "children": children(graph, None, beside_text), "edges": edges })
}

fn describe_edge(index: usize, edge: &GraphEdge) -> Value {
    let labels: Vec<_> = edge
        .label
        .iter()
        .map(|&(width, height)| json!({ "text": "label", "width": width, "height": height }))
        .collect();
    json!({
        "id": format!("e{index}"),
        "sources": [format!("n{}", edge.from)],
        "targets": [format!("n{}", edge.to)],
        "labels": labels,
    })
}

fn children(graph: &Graph, parent: Option<usize>, beside_text: &[bool]) -> Vec<Value> {
    let inside = graph.nodes.iter().enumerate().filter(|(_, node)| node.parent == parent);
    inside
        .map(|(index, node)| {
            let (width, height) = node.size;
            if !node.is_container {
                return json!({ "id": format!("n{index}"), "width": width, "height": height });
            }
            let left = if beside_text[index] { width + 8.0 } else { CONTAINER_INSET };
            json!({
                "id": format!("n{index}"),
                "children": children(graph, Some(index), beside_text),
                "layoutOptions": {
                    "elk.padding": padding(height + BELOW_TEXT, left, CONTAINER_INSET),
                    "elk.nodeSize.constraints": "MINIMUM_SIZE",
                    "elk.nodeSize.minimum": format!("({width},{height})"),
                },
            })
        })
        .collect()
}

fn padding(top: f64, left: f64, rest: f64) -> String {
    format!("[top={top},left={left},bottom={rest},right={rest}]")
}

fn number(value: &Value, key: &str) -> Option<f64> {
    value.get(key)?.as_f64()
}

fn index(value: &Value) -> Option<usize> {
    value.get("id")?.as_str()?.get(1..)?.parse().ok()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl Layout {
    /// Takes over what the engine says of a node's inside; its places count from `origin`.
    fn read(&mut self, node: &Value, origin: Point) -> Option<()> {
        let point =
            |value: &Value| Some(Point { x: origin.x + number(value, "x")?, y: origin.y + number(value, "y")? });
        let rectangle = |value: &Value| {
            let Point { x, y } = point(value)?;
            Some(Rectangle { x, y, width: number(value, "width")?, height: number(value, "height")? })
        };
        for child in list(node, "children") {
            let place = rectangle(child)?;
            self.nodes[index(child)?] = place;
            self.read(child, Point { x: place.x, y: place.y })?;
        }
        for edge in list(node, "edges") {
            let at = index(edge)?;
            let section = list(edge, "sections").first()?;
            let mut route = vec![point(section.get("startPoint")?)?];
            for bend in list(section, "bendPoints") {
                route.push(point(bend)?);
            }
            route.push(point(section.get("endPoint")?)?);
            self.routes[at] = straightened(route);
            self.labels[at] = match list(edge, "labels").first() {
                Some(label) => Some(rectangle(label)?),
                None => None,
            };
        }
        Some(())
    }

    /// Moves each container's text to the first place from the left where no line runs through it; returns the containers
    /// that have none.
    fn move_texts(&mut self, graph: &Graph) -> Vec<usize> {
        let mut crowded = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.is_container) {
            let whole = self.nodes[index];
            let room = whole.width - node.size.0;
            let lines = || self.routes.iter().flat_map(|route| segments(route));
            let free = (0..=(room.max(0.0) / 4.0) as usize)
                .map(|step| Rectangle { x: whole.x + 4.0 * step as f64, ..self.texts[index] })
                .find(|place| !lines().any(|line| place.grown(-4.0).is_crossed_by(line)));
            match free {
                Some(place) => self.texts[index] = place,
                None => crowded.push(index),
            }
        }
        crowded
    }

    /// How often a label, a leaf or the text of a container meets what it should not.
    #[must_use]
    pub fn faults(&self, graph: &Graph) -> usize {
        let mut faults = 0;
        let solid: Vec<_> = self.texts.iter().map(|place| place.grown(-2.0)).collect();
        for (edge, label) in self.labels.iter().enumerate() {
            let Some(label) = label else { continue };
            let others = self.labels[edge + 1..].iter().flatten();
            faults += others.filter(|other| other.overlaps(label)).count();
            faults += solid.iter().filter(|place| place.overlaps(label)).count();
            faults += self.nodes.iter().filter(|node| node.overlaps(label) && !node.contains(label)).count();
            let lines = self.routes.iter().enumerate().filter(|(other, _)| *other != edge);
            faults += lines.filter(|(_, route)| segments(route).any(|line| label.is_crossed_by(line))).count();
        }
        for (edge, route) in self.routes.iter().enumerate() {
            let ends = [graph.edges[edge].from, graph.edges[edge].to];
            for (node, place) in solid.iter().enumerate() {
                let own = ends.contains(&node) && !graph.nodes[node].is_container;
                faults += usize::from(!own && segments(route).any(|line| place.is_crossed_by(line)));
            }
            for other in &self.routes[edge + 1..] {
                faults += segments(route).filter(|&line| segments(other).any(|second| coincide(line, second))).count();
            }
        }
        faults
    }

    /// What the eye has to pay: crossings, bends, long lines, and a page that does not fit.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let mut crossings = 0;
        for (edge, route) in self.routes.iter().enumerate() {
            for other in &self.routes[edge + 1..] {
                crossings += segments(route)
                    .map(|line| segments(other).filter(|&second| cross(line, second)).count())
                    .sum::<usize>();
            }
        }
        let bends: usize = self.routes.iter().map(|route| route.len() - 2).sum();
        let length: f64 = self
            .routes
            .iter()
            .flat_map(|route| segments(route))
            .map(|(a, b)| (a.x - b.x).abs() + (a.y - b.y).abs())
            .sum();
        let (width, height) = self.size;
        crossings as f64 * 50.0
            + bends as f64 * 15.0
            + length / 10.0
            + width * height / 1500.0
            + (width - COMFORTABLE_WIDTH).max(0.0) * 2.0
    }
}

/// Without points that change nothing.
fn straightened(points: Vec<Point>) -> Vec<Point> {
    let mut route: Vec<Point> = Vec::new();
    for point in points {
        if let [.., before, last] = route.as_slice() {
            let level = (before.y - last.y).abs() < 0.01 && (last.y - point.y).abs() < 0.01;
            let upright = (before.x - last.x).abs() < 0.01 && (last.x - point.x).abs() < 0.01;
            if level || upright {
                route.pop();
            }
        }
        if route.last() != Some(&point) {
            route.push(point);
        }
    }
    route
}
