//! Puts the members of a level into layers, one below the other.

use std::collections::BTreeMap;

use super::graph::{Graph, Side, Sides};
use super::levels::{End, Level};
use super::simplex::{Distance, solve};
use super::work::Work;

/// Where a link runs, as seen from its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    Down,
    Up,
    /// Out of the lower side of one, and into the lower side of the other, which stands beside it.
    Turn,
}

/// What is known of a level before it has layers.
pub(super) struct Unlayered<'a> {
    pub graph: &'a Graph,
    pub level: &'a Level,
    /// The members as they are read.
    pub sequence: &'a [usize],
    /// Width and height of each node of the graph; of containers, as far as they are known yet.
    pub sizes: &'a [(i64, i64)],
    /// At which side links pass the border.
    pub sides: &'a Sides,
    /// Whether containers are side by side.
    pub in_rows: bool,
}

/// Layers of members, from 1; and where each link runs.
pub(super) struct Layering {
    pub layers: BTreeMap<usize, usize>,
    pub courses: Vec<Course>,
    /// Behind all members.
    pub bottom: usize,
}

/// Between two members of a layer, in pixels, roughly: lines pass there too.
const BESIDE: i64 = 44;
/// A level may be this wide whatever it holds, in pixels.
const NARROW: f64 = 700.0;

impl Unlayered<'_> {
    pub fn layering(&self, work: &mut Work) -> Layering {
        let limit = self.comfortable_width();
        if self.stands_in_rows() {
            // Lines between rows take height, so rows are rather long.
            return self.rows(limit * 13 / 10);
        }
        let courses = self.courses(|_, _| false);
        let layers = self.shortest(&courses, work);
        let mut widths: BTreeMap<usize, i64> = BTreeMap::new();
        for (&member, &layer) in &layers {
            *widths.entry(layer).or_default() += self.breadth(member);
        }
        let widest = widths.into_values().max().unwrap_or(0);
        let layers = if widest > limit { self.spread(&courses, limit) } else { layers };
        finished(layers, courses)
    }

    /// Whether members are side by side: if there is more than one container.
    pub fn stands_in_rows(&self) -> bool {
        self.in_rows && self.level.members.iter().filter(|&&member| self.graph.nodes[member].is_container).count() > 1
    }

    /// The side of a square, or rather of what fits on a screen, that holds all members and labels.
    fn comfortable_width(&self) -> i64 {
        let members = self.level.members.iter().map(|&member| self.sizes[member]);
        let labels = self.level.links.iter().filter(|link| link.is_main);
        let labels = labels.filter_map(|link| self.graph.edges[link.edge].label);
        let labels = labels.map(|(width, height)| (width.ceil() as i64, height.ceil() as i64));
        let area: i64 = members.chain(labels).map(|(width, height)| (width + 36) * (height + 40)).sum();
        (1.5 * area as f64).sqrt().max(NARROW) as i64
    }

    /// What a member and the labels on its lines need of a layer.
    fn breadth(&self, member: usize) -> i64 {
        self.sizes[member].0 + BESIDE
    }

    fn position(&self) -> BTreeMap<usize, usize> {
        self.sequence.iter().enumerate().map(|(at, &member)| (member, at)).collect()
    }

    fn courses(&self, beside: impl Fn(usize, usize) -> bool) -> Vec<Course> {
        let position = self.position();
        let course = |(from, to)| match (from, to) {
            (End::Member(from), End::Member(to)) if beside(from, to) => Course::Turn,
            (End::Member(from), End::Member(to)) if position[&from] > position[&to] => Course::Up,
            _ => Course::Down,
        };
        self.level.links.iter().map(|link| course((link.from, link.to))).collect()
    }

    /// The dot of this level, and the initial state.
    fn beginning(&self) -> (Option<usize>, Option<usize>) {
        let dot = self.level.members.iter().copied().find(|&member| self.graph.nodes[member].is_entry);
        let Some(dot) = dot else { return (None, None) };
        let initial = self.level.links.iter().find_map(|link| match (link.from, link.to) {
            (End::Member(from), End::Member(to)) if from == dot => Some(to),
            _ => None,
        });
        (Some(dot), initial)
    }

    /// Layers such that lines are short.
    fn shortest(&self, courses: &[Course], work: &mut Work) -> BTreeMap<usize, usize> {
        let members = &self.level.members;
        let index: BTreeMap<usize, usize> = members.iter().enumerate().map(|(at, &member)| (member, at + 1)).collect();
        let (top, bottom) = (0, members.len() + 1);
        let mut distances = Vec::new();
        let mut add = |tail, head, length, weight| distances.push(Distance { tail, head, length, weight });
        let (dot, initial) = self.beginning();
        for &member in members {
            add(top, index[&member], 1, 0);
            add(index[&member], bottom, 1, 0);
            if let Some(dot) = dot.filter(|&dot| dot != member) {
                add(index[&dot], index[&member], 1, 0);
            }
            if let Some(initial) = initial.filter(|&initial| initial != member && Some(member) != dot) {
                add(index[&initial], index[&member], 0, 0);
            }
        }
        for (link, course) in self.level.links.iter().zip(courses) {
            let (upper, lower) = match (link.from, link.to) {
                (End::Member(from), End::Member(to)) if *course == Course::Up => (index[&to], index[&from]),
                (End::Member(from), End::Member(to)) => (index[&from], index[&to]),
                (End::Border, End::Member(member)) => match self.sides[1][link.edge] {
                    Some(Side::Bottom) => (index[&member], bottom),
                    _ => (top, index[&member]),
                },
                (End::Member(member), End::Border) => match self.sides[0][link.edge] {
                    Some(Side::Top) => (top, index[&member]),
                    _ => (index[&member], bottom),
                },
                (End::Border, End::Border) => continue,
            };
            let weight = if link.is_main { 2 } else { 1 };
            add(upper, lower, self.length(link.edge, link.is_main), weight);
        }
        let mut pivots = work.pivots.min(20 * members.len() + 200);
        let before = pivots;
        let values = solve(members.len() + 2, &distances, &mut pivots);
        work.spend(before - pivots);
        members.iter().map(|&member| (member, values[index[&member]] as usize)).collect()
    }

    /// How many layers a link leads down at least: its label needs a separate one.
    fn length(&self, edge: usize, is_main: bool) -> i64 {
        if is_main && self.graph.edges[edge].label.is_some() { 2 } else { 1 }
    }

    /// Layers that are no wider than the limit, filled in the order of reading.
    fn spread(&self, courses: &[Course], limit: i64) -> BTreeMap<usize, usize> {
        let (dot, initial) = self.beginning();
        let mut above: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (link, course) in self.level.links.iter().zip(courses) {
            let length = self.length(link.edge, link.is_main) as usize;
            match (link.from, link.to, course) {
                (End::Member(from), End::Member(to), Course::Down) => above.entry(to).or_default().push((from, length)),
                (End::Member(from), End::Member(to), _) => above.entry(from).or_default().push((to, length)),
                _ => {}
            }
        }
        let mut layers: BTreeMap<usize, usize> = BTreeMap::new();
        let mut widths: BTreeMap<usize, i64> = BTreeMap::new();
        let mut floor = 1;
        for &member in self.sequence {
            let lines = above.get(&member).map_or(&[][..], Vec::as_slice);
            let lowest = lines.iter().map(|(other, length)| layers[other] + length).max().unwrap_or(0);
            let first = floor.max(lowest).max(1 + self.main_length_from_border(member));
            let fits = |layer: usize| widths.get(&layer).is_none_or(|width| width + self.breadth(member) <= limit);
            let layer = (0..).map(|step| first + 2 * step).find(|&layer| fits(layer)).unwrap_or(first);
            *widths.entry(layer).or_default() += self.breadth(member);
            layers.insert(member, layer);
            if Some(member) == dot {
                floor = layer + 1;
            } else if Some(member) == initial {
                floor = layer;
            }
        }
        layers
    }

    /// 1 if a label is between the upper border and this member.
    fn main_length_from_border(&self, member: usize) -> usize {
        let comes =
            |link: &&super::levels::Link| link.is_main && (link.from, link.to) == (End::Border, End::Member(member));
        usize::from(self.level.links.iter().any(|link| comes(&link)))
    }

    /// Members side by side, like words in lines: members connected within a line are connected below it.
    fn rows(&self, limit: i64) -> Layering {
        let (dot, _) = self.beginning();
        let is_wide = |member: usize| self.graph.nodes[member].is_container;
        let first = 1 + self.sequence.iter().map(|&member| self.main_length_from_border(member)).max().unwrap_or(0);
        let mut layers: BTreeMap<usize, usize> = BTreeMap::new();
        let (whole, widest) = self
            .sequence
            .iter()
            .fold((0, 0), |(whole, widest), &member| (whole + self.breadth(member), self.breadth(member).max(widest)));
        // Rows of about the same width.
        let limit = limit.min(whole / (whole / limit + 1) + widest);
        let (mut row, mut width, mut before) = (first, 0, None);
        for &member in self.sequence {
            if Some(member) == dot {
                layers.insert(member, row);
                row += 1;
                continue;
            }
            let breadth = self.breadth(member);
            let goes_beside = before.is_some_and(|before| is_wide(before) || is_wide(member));
            if before.is_some() && (width + breadth > limit || !goes_beside) {
                row += 2;
                width = 0;
            }
            layers.insert(member, row);
            width += breadth;
            before = Some(member);
        }
        let courses = self.courses(|from, to| layers[&from] == layers[&to]);
        finished(layers, courses)
    }
}

fn finished(layers: BTreeMap<usize, usize>, courses: Vec<Course>) -> Layering {
    // Below the last there may be turns, and labels of lines to the lower border.
    let bottom = layers.values().max().map_or(2, |last| last + 2);
    Layering { layers, courses, bottom }
}
