//! Containers after the engine: taken in to what they hold, and their texts moved to where no line runs.

use super::super::geometry::{Point, Rectangle, segments};
use super::{BEND_INSET, CONTAINER_INSET, Graph, Layout, MARGIN, Room, TEXT_SLACK};

/// Sides of a container that can be taken in. The upper one stays, for the sake of the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Bottom,
}

impl Side {
    fn of(self, place: &Rectangle) -> (Point, Point) {
        let corner = |x, y| Point { x, y };
        match self {
            Side::Left => (corner(place.x, place.y), corner(place.x, place.bottom())),
            Side::Right => (corner(place.right(), place.y), corner(place.right(), place.bottom())),
            Side::Bottom => (corner(place.x, place.bottom()), corner(place.right(), place.bottom())),
        }
    }
}

impl Layout {
    /// Takes in the sides of containers to what they hold: the engine leaves room for what it has put elsewhere since.
    pub(super) fn tighten(&mut self, graph: &Graph, rooms: &[Room]) {
        for (index, node) in graph.nodes.iter().enumerate().rev().filter(|(_, node)| node.is_container) {
            let before = self.nodes[index];
            let mut needed = self.needed(graph, index);
            needed.width += rooms[index].left;
            needed.x -= rooms[index].left;
            let mut place = before;
            if needed.bottom() < before.bottom() - 1.0 && !self.runs_along(&needed, Side::Bottom) {
                place.height = needed.bottom() - before.y;
            }
            let right = needed.right().max(needed.x.max(before.x) + node.size.0);
            if right < before.right() - 1.0
                && !self.runs_along(&Rectangle { width: right - needed.x, ..needed }, Side::Right)
            {
                place.width = right - before.x;
            }
            let left = needed.x.min(place.right() - node.size.0);
            if left > before.x + 1.0 && !self.runs_along(&Rectangle { x: left, ..needed }, Side::Left) {
                place.width = place.right() - left;
                place.x = left;
            }
            self.move_ends(graph, index, &before, &place);
            self.nodes[index] = place;
        }
    }

    /// The room of what a container holds: its children, the labels and bends inside it, and the ends of lines on its border.
    fn needed(&self, graph: &Graph, index: usize) -> Rectangle {
        let whole = self.nodes[index];
        let dot = |point: Point| Rectangle { x: point.x, y: point.y, width: 0.0, height: 0.0 };
        let children = graph.nodes.iter().zip(&self.nodes).filter(|(node, _)| node.parent == Some(index));
        let mut held: Vec<_> = children.map(|(_, place)| place.grown(CONTAINER_INSET)).collect();
        let labels = self.labels.iter().flatten();
        held.extend(labels.filter(|label| whole.overlaps(label)).map(|label| label.grown(BEND_INSET)));
        let inside = whole.grown(-1.0);
        let bends = self.routes.iter().flatten().map(|&point| dot(point)).filter(|bend| inside.contains(bend));
        held.extend(bends.map(|bend| bend.grown(BEND_INSET)));
        let lowest = held.iter().map(Rectangle::bottom).fold(whole.y, f64::max);
        for (edge, route) in graph.edges.iter().zip(&self.routes) {
            for (_, end) in
                [(edge.from, route[0]), (edge.to, route[route.len() - 1])].iter().filter(|(node, _)| *node == index)
            {
                held.push(dot(Point { x: end.x, y: lowest - BEND_INSET }).grown(BEND_INSET));
            }
        }
        enclosing(held.into_iter()).unwrap_or(whole)
    }

    /// Whether a line would run beside that side, too near to be told from it.
    fn runs_along(&self, place: &Rectangle, side: Side) -> bool {
        let (from, to) = side.of(place);
        let near = Rectangle { x: from.x, y: from.y, width: to.x - from.x, height: to.y - from.y }.grown(6.0);
        let upright = side != Side::Bottom;
        self.routes.iter().flat_map(|route| segments(route)).any(|(a, b)| {
            let same_direction = if upright { (a.x - b.x).abs() < 0.5 } else { (a.y - b.y).abs() < 0.5 };
            same_direction && near.is_crossed_by((a, b))
        })
    }

    /// Lines that end on the border of a container follow it.
    fn move_ends(&mut self, graph: &Graph, index: usize, before: &Rectangle, after: &Rectangle) {
        let follow = |point: &mut Point| {
            if (point.y - before.bottom()).abs() < 0.5 {
                point.y = after.bottom();
            } else if (point.x - before.right()).abs() < 0.5 {
                point.x = after.right();
            } else if (point.x - before.x).abs() < 0.5 {
                point.x = after.x;
            }
        };
        for (edge, route) in graph.edges.iter().zip(&mut self.routes) {
            if edge.from == index {
                follow(route.first_mut().expect("a route has two points at least"));
            }
            if edge.to == index {
                follow(route.last_mut().expect("a route has two points at least"));
            }
        }
    }

    /// Moves the whole to the upper left, and measures it.
    pub(super) fn trim(&mut self) {
        let points =
            self.routes.iter().flatten().map(|point| Rectangle { x: point.x, y: point.y, width: 0.0, height: 0.0 });
        let all: Vec<_> =
            self.nodes.iter().copied().chain(self.labels.iter().flatten().copied()).chain(points).collect();
        let Some(whole) = enclosing(all.into_iter()) else { return };
        let (dx, dy) = (MARGIN - whole.x, MARGIN - whole.y);
        let places = self.nodes.iter_mut().chain(&mut self.texts).chain(self.labels.iter_mut().flatten());
        places.for_each(|place| (place.x, place.y) = (place.x + dx, place.y + dy));
        self.routes.iter_mut().flatten().for_each(|point| (point.x, point.y) = (point.x + dx, point.y + dy));
        self.size = (whole.width + 2.0 * MARGIN, whole.height + 2.0 * MARGIN);
    }

    /// Moves each container's text to the first place from the left where no line runs through it; returns the containers
    /// that have none.
    pub(super) fn move_texts(&mut self, graph: &Graph) -> Vec<usize> {
        let mut crowded = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            let whole = self.nodes[index];
            self.texts[index] = whole;
            if !node.is_container {
                continue;
            }
            let room = whole.width - node.size.0;
            let lines = || self.routes.iter().flat_map(|route| segments(route));
            let free = (0..=(room.max(0.0) / 4.0) as usize)
                .map(|step| Rectangle {
                    x: whole.x + 4.0 * step as f64,
                    y: whole.y,
                    width: node.size.0,
                    height: node.size.1,
                })
                .find(|place| !lines().any(|line| place.grown(-TEXT_SLACK).is_crossed_by(line)));
            match free {
                Some(place) => self.texts[index] = place,
                None => {
                    self.texts[index] = Rectangle { width: node.size.0, height: node.size.1, ..whole };
                    crowded.push(index);
                }
            }
        }
        crowded
    }
}

/// The smallest rectangle around all of them.
fn enclosing(mut places: impl Iterator<Item = Rectangle>) -> Option<Rectangle> {
    let first = places.next()?;
    Some(places.fold(first, |whole, place| {
        let (x, y) = (whole.x.min(place.x), whole.y.min(place.y));
        let (right, bottom) = (whole.right().max(place.right()), whole.bottom().max(place.bottom()));
        Rectangle { x, y, width: right - x, height: bottom - y }
    }))
}
