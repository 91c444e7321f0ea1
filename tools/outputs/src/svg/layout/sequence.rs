//! The order in which the members of a level are read. Links along it lead downwards, links against it upwards.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::levels::{End, Level};

/// How the order is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Depth first from where reading begins: only links that close a circle lead upwards.
    Depth,
    /// By distance from where reading begins: shortest ways lead downwards.
    Breadth,
    /// As in the file, after where reading begins.
    File,
}

/// The members in their order.
pub(super) fn sequence(graph: &Graph, level: &Level, reading: Reading) -> Vec<usize> {
    let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for link in &level.links {
        if let (End::Member(from), End::Member(to)) = (link.from, link.to) {
            next.entry(from).or_default().push(to);
        }
    }
    let starts = starts(graph, level, &next);
    let empty = Vec::new();
    let next = |node: usize| next.get(&node).unwrap_or(&empty);
    match reading {
        Reading::Depth => depth_first(&starts, next),
        Reading::Breadth => breadth_first(&starts, next),
        Reading::File => {
            let mut order: Vec<usize> = Vec::new();
            // A system without automata has a map too.
            let Some(&first) = starts.first() else { return order };
            let behind_dot = graph.nodes[first].is_entry.then(|| next(first).first().copied()).flatten();
            order.push(first);
            order.extend(behind_dot);
            order.extend(level.members.iter().filter(|&&member| member != first && Some(member) != behind_dot));
            order
        }
    }
}

/// Where reading begins, the best first: at the dot, then where lines come in from outside, then where none ends, then
/// anywhere.
fn starts(graph: &Graph, level: &Level, next: &BTreeMap<usize, Vec<usize>>) -> Vec<usize> {
    let mut rank: BTreeMap<usize, u8> = level.members.iter().map(|&member| (member, 3)).collect();
    let mut lower = |member: usize, to: u8| {
        let rank = rank.entry(member).or_insert(to);
        *rank = (*rank).min(to);
    };
    for &member in &level.members {
        if graph.nodes[member].is_entry {
            lower(member, 0);
        } else if !next.values().flatten().any(|&target| target == member) && next.contains_key(&member) {
            lower(member, 2);
        }
    }
    for link in &level.links {
        if let (End::Border, End::Member(to), false) = (link.from, link.to, link.is_main) {
            lower(to, 1);
        }
    }
    let mut starts = level.members.clone();
    starts.sort_by_key(|member| rank[member]);
    starts
}

/// Topological except for links back: a node comes after all from which it is reached forwards.
fn depth_first<'a>(starts: &[usize], next: impl Fn(usize) -> &'a Vec<usize>) -> Vec<usize> {
    let mut seen: std::collections::BTreeSet<usize> = std::collections::BTreeSet::new();
    let mut whole = Vec::new();
    for &start in starts {
        if !seen.insert(start) {
            continue;
        }
        let mut finished = Vec::new();
        // The first way out of a state comes last in the search, and so first in the order.
        let mut stack = vec![(start, next(start).len())];
        while let Some(top) = stack.last_mut() {
            if top.1 == 0 {
                finished.push(top.0);
                stack.pop();
                continue;
            }
            top.1 -= 1;
            let target = next(top.0)[top.1];
            if seen.insert(target) {
                stack.push((target, next(target).len()));
            }
        }
        whole.extend(finished.into_iter().rev());
    }
    whole
}

fn breadth_first<'a>(starts: &[usize], next: impl Fn(usize) -> &'a Vec<usize>) -> Vec<usize> {
    let mut seen: std::collections::BTreeSet<usize> = std::collections::BTreeSet::new();
    let mut order: Vec<usize> = Vec::new();
    let mut done = 0;
    for &start in starts {
        if seen.insert(start) {
            order.push(start);
        }
        while done < order.len() {
            order.extend(next(order[done]).iter().copied().filter(|&target| seen.insert(target)));
            done += 1;
        }
    }
    order
}
