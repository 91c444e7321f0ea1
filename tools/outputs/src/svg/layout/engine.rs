//! The one file that knows of the engine: asks it with JSON, and reads its answer.

use serde_json::{Map, Value, json};

use super::super::geometry::{Point, Rectangle};
use super::{CONTAINER_INSET, Graph, GraphEdge, Layout, Room};

/// From the text above the children to the children, in pixels.
const BELOW_TEXT: f64 = 16.0;

pub(super) fn run(graph: &Graph, options: &[(&str, &str)], rooms: &[Room]) -> Option<Layout> {
    let input = describe(graph, options, rooms).to_string();
    let output = elkrs::create_elk().layout_json(&input).ok()?;
    let mut layout = Layout {
        nodes: vec![Rectangle::default(); graph.nodes.len()],
        texts: vec![Rectangle::default(); graph.nodes.len()],
        routes: vec![Vec::new(); graph.edges.len()],
        labels: vec![None; graph.edges.len()],
        size: (0.0, 0.0),
    };
    layout.read(&output, Point::default())?;
    layout.routes.iter().all(|route| route.len() >= 2).then_some(layout)
}

fn describe(graph: &Graph, options: &[(&str, &str)], rooms: &[Room]) -> Value {
    let mut all = Map::new();
    for (name, value) in [
        ("algorithm", "layered"),
        ("elk.direction", "DOWN"),
        (
            "elk.hierarchyHandling",
            if graph.nodes.iter().any(|node| node.is_container) { "INCLUDE_CHILDREN" } else { "SEPARATE_CHILDREN" },
        ),
        ("elk.aspectRatio", "1.1"),
        ("elk.spacing.componentComponent", "40"),
        ("elk.edgeRouting", "ORTHOGONAL"),
        ("elk.layered.considerModelOrder.strategy", "NODES_AND_EDGES"),
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
    all.insert("elk.padding".to_owned(), json!(padding(0.0, 0.0, 0.0, 0.0)));
    let edges: Vec<_> = graph.edges.iter().enumerate().map(|(index, edge)| describe_edge(index, edge)).collect();
    json!({ "id": "root", "layoutOptions": all, "children": children(graph, None, rooms), "edges": edges })
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

fn children(graph: &Graph, parent: Option<usize>, rooms: &[Room]) -> Vec<Value> {
    let inside = graph.nodes.iter().enumerate().filter(|(_, node)| node.parent == parent);
    inside
        .map(|(index, node)| {
            let (width, height) = node.size;
            if !node.is_container {
                return json!({ "id": format!("n{index}"), "width": width, "height": height });
            }
            let Room { left, right } = rooms[index];
            let padding =
                padding(height + BELOW_TEXT, CONTAINER_INSET + right, CONTAINER_INSET, CONTAINER_INSET + left);
            json!({
                "id": format!("n{index}"),
                "children": children(graph, Some(index), rooms),
                "layoutOptions": { "elk.padding": padding },
            })
        })
        .collect()
}

fn padding(top: f64, right: f64, bottom: f64, left: f64) -> String {
    format!("[top={top},left={left},bottom={bottom},right={right}]")
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
