//! Splits a graph with nested nodes into levels without nesting: the inside of each container is laid out alone.
//!
//! A line that crosses borders becomes one link in each level that it passes. In the level where its ends separate, the
//! link leads from one member to another and has the label; further in, it leads from a member to a place on the
//! border.

use super::graph::Graph;

/// The inside of a container, or the whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    /// None of the whole.
    pub container: Option<usize>,
    /// Nodes, in the order of the graph.
    pub members: Vec<usize>,
    pub links: Vec<Link>,
}

/// What passes a level of one edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub edge: usize,
    pub from: End,
    pub to: End,
    /// Whether this is where the ends of the edge separate. Here it has its label.
    pub is_main: bool,
}

/// Where a link ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Member(usize),
    Border,
}

/// All levels, the whole first, then by container.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    pub levels: Vec<Level>,
    /// By node: the level of its inside.
    pub inside: Vec<Option<usize>>,
    /// By edge: level and number of each link, from its source to its target. Empty for what leads to itself.
    pub links: Vec<Vec<(usize, usize)>>,
}

impl Levels {
    pub fn of(graph: &Graph) -> Self {
        let mut levels = vec![Level::default()];
        let mut inside = vec![None; graph.nodes.len()];
        for (index, _) in graph.nodes.iter().enumerate().filter(|(_, node)| node.is_container) {
            inside[index] = Some(levels.len());
            levels.push(Level { container: Some(index), ..Level::default() });
        }
        let level_of = |node: Option<usize>| node.map_or(0, |node| inside[node].expect("a parent is a container"));
        for (index, node) in graph.nodes.iter().enumerate() {
            levels[level_of(node.parent)].members.push(index);
        }
        let mut links = Vec::new();
        for (edge, ends) in graph.edges.iter().enumerate() {
            let mut passed = Vec::new();
            for (container, from, to, is_main) in passages(graph, ends.from, ends.to) {
                let level = level_of(container);
                passed.push((level, levels[level].links.len()));
                levels[level].links.push(Link { edge, from, to, is_main });
            }
            links.push(passed);
        }
        Levels { levels, inside, links }
    }
}

/// The containers that an edge passes, from its source to its target, with the ends of its link in each.
fn passages(graph: &Graph, from: usize, to: usize) -> Vec<(Option<usize>, End, End, bool)> {
    if from == to {
        return Vec::new();
    }
    let (up, down) = (ancestry(graph, from), ancestry(graph, to));
    // Both end with what lies in the whole; what they have in common is around both.
    let common = up.iter().rev().zip(down.iter().rev()).take_while(|(a, b)| a == b).count();
    let (up, down) = (&up[..up.len() - common], &down[..down.len() - common]);
    let parent = |node: usize| graph.nodes[node].parent;
    let mut passages = Vec::new();
    passages.extend(up.iter().rev().skip(1).rev().map(|&node| (parent(node), End::Member(node), End::Border, false)));
    match (up.last(), down.last()) {
        (Some(&a), Some(&b)) => passages.push((parent(a), End::Member(a), End::Member(b), true)),
        (None, Some(&b)) => passages.push((parent(b), End::Border, End::Member(b), true)),
        (Some(&a), None) => passages.push((parent(a), End::Member(a), End::Border, true)),
        (None, None) => {}
    }
    let inwards = down.iter().rev().skip(1);
    passages.extend(inwards.map(|&node| (parent(node), End::Border, End::Member(node), false)));
    passages
}

/// The node and what is around it, outwards.
fn ancestry(graph: &Graph, node: usize) -> Vec<usize> {
    std::iter::successors(Some(node), |&node| graph.nodes[node].parent).collect()
}
