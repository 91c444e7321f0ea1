//! How good a layout is.

use super::super::geometry::{Point, Rectangle, coincide, cross, is_upright, segments};
use super::graph::{Graph, Layout, MARGIN};

/// A line may come this far into the inset around a text, in pixels.
const TEXT_SLACK: f64 = 4.0;

/// A page wider than this many pixels has to be scrolled sideways.
const COMFORTABLE_WIDTH: f64 = 1250.0;

/// How often lines cross one another. Level parts are sorted by height, so that an upright part is compared only with
/// those that it passes.
fn crossings(routes: &[Vec<Point>]) -> usize {
    let parts = routes.iter().enumerate().flat_map(|(route, points)| segments(points).map(move |line| (route, line)));
    let (uprights, mut levels): (Vec<_>, Vec<_>) = parts.partition(|(_, line)| is_upright(*line));
    levels.sort_by(|(_, a), (_, b)| a.0.y.total_cmp(&b.0.y));
    let mut crossings = 0;
    for (route, upright) in uprights {
        let (top, bottom) = (upright.0.y.min(upright.1.y), upright.0.y.max(upright.1.y));
        let first = levels.partition_point(|(_, level)| level.0.y < top);
        let passed = levels[first..].iter().take_while(|(_, level)| level.0.y <= bottom);
        crossings += passed.filter(|(other, level)| *other != route && cross(upright, *level)).count();
    }
    crossings
}

impl Layout {
    /// Moves the whole to the upper left, and measures it.
    pub(super) fn trim(&mut self) {
        let dot = |point: &Point| Rectangle { x: point.x, y: point.y, width: 0.0, height: 0.0 };
        let places = self.nodes.iter().chain(self.labels.iter().flatten()).copied();
        let all = places.chain(self.routes.iter().flatten().map(dot));
        let Some(whole) = all.reduce(|a, b| {
            let (x, y) = (a.x.min(b.x), a.y.min(b.y));
            Rectangle { x, y, width: a.right().max(b.right()) - x, height: a.bottom().max(b.bottom()) - y }
        }) else {
            return;
        };
        let (dx, dy) = (MARGIN - whole.x, MARGIN - whole.y);
        let places = self.nodes.iter_mut().chain(&mut self.texts).chain(self.labels.iter_mut().flatten());
        places.for_each(|place| (place.x, place.y) = (place.x + dx, place.y + dy));
        self.routes.iter_mut().flatten().for_each(|point| (point.x, point.y) = (point.x + dx, point.y + dy));
        self.size = (whole.width + 2.0 * MARGIN, whole.height + 2.0 * MARGIN);
    }

    /// How often a label, a leaf or the text of a container overlaps something else, and lines overlap.
    #[must_use]
    pub fn faults(&self, graph: &Graph) -> usize {
        self.faults_of_labels() + self.faults_of_lines(graph)
    }

    fn faults_of_labels(&self) -> usize {
        let mut faults = 0;
        for (edge, label) in self.labels.iter().enumerate() {
            let Some(label) = label else { continue };
            let others = self.labels[edge + 1..].iter().flatten();
            faults += others.filter(|other| other.overlaps(label)).count();
            faults += self.texts.iter().filter(|place| place.grown(-TEXT_SLACK).overlaps(label)).count();
            faults += self.nodes.iter().filter(|node| node.overlaps(label) && !node.contains(label)).count();
            let lines = self.routes.iter().enumerate().filter(|(other, _)| *other != edge);
            faults += lines.filter(|(_, route)| segments(route).any(|line| label.is_crossed_by(line))).count();
        }
        faults
    }

    fn faults_of_lines(&self, graph: &Graph) -> usize {
        let mut faults = 0;
        for (edge, route) in self.routes.iter().enumerate() {
            let ends = [graph.edges[edge].from, graph.edges[edge].to];
            for (node, place) in self.texts.iter().enumerate() {
                let own = ends.contains(&node) && !graph.nodes[node].is_container;
                let place = place.grown(-TEXT_SLACK);
                faults += usize::from(!own && segments(route).any(|line| place.is_crossed_by(line)));
            }
            for other in &self.routes[edge + 1..] {
                faults += segments(route).filter(|&line| segments(other).any(|second| coincide(line, second))).count();
            }
        }
        faults
    }

    /// The cost for the reader: crossings, bends, long lines, a page that does not fit, and an entry that is not at the
    /// top.
    #[must_use]
    pub fn cost(&self, graph: &Graph) -> f64 {
        let crossings = crossings(&self.routes);
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
            + self
                .nodes
                .iter()
                .zip(&graph.nodes)
                .filter(|(_, node)| node.is_entry)
                .map(|(place, _)| place.y * 1.5)
                .sum::<f64>()
    }
}
