//! Network simplex (Gansner, Koutsofios, North, Vo 1993): whole numbers for variables, with minimum distances between
//! them, so that the weighted sum of the distances is least. It finds both layers and columns.
//!
//! A pivot never makes the sum greater, and every state in between is a solution. So the number of pivots can be
//! bounded, and the solution reached is used: the same on every machine.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// `head` is at least `length` after `tail`; the distance between them costs `weight` per unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distance {
    pub tail: usize,
    pub head: usize,
    pub length: i64,
    pub weight: i64,
}

/// Candidates that are compared before a pivot: the best of so many is nearly as good as the best of all.
const SEARCHED: usize = 40;
/// No vertex, no edge.
const NONE: usize = usize::MAX;

/// Values from 0 for `count` variables that hold all distances, which must not form a circle. At most `pivots` steps
/// are made; what is left of them is left in there.
pub(super) fn solve(count: usize, distances: &[Distance], pivots: &mut usize) -> Vec<i64> {
    if count == 0 {
        return Vec::new();
    }
    let mut edges: Vec<Distance> = distances.to_vec();
    connect(count, &mut edges);
    let mut simplex = Simplex::new(count, edges);
    simplex.grow_tree();
    simplex.number(0, NONE, 0);
    simplex.weigh();
    while *pivots > 0 {
        let Some(leaving) = simplex.leaving() else { break };
        let Some(entering) = simplex.entering(leaving) else { break };
        simplex.pivot(leaving, entering);
        *pivots -= 1;
    }
    let least = simplex.value.iter().copied().min().unwrap_or(0);
    simplex.value.iter().map(|value| value - least).collect()
}

/// Connects separate parts to the first variable, at no cost.
fn connect(count: usize, edges: &mut Vec<Distance>) {
    let mut of: Vec<usize> = (0..count).collect();
    fn root(of: &mut [usize], mut vertex: usize) -> usize {
        while of[vertex] != vertex {
            of[vertex] = of[of[vertex]];
            vertex = of[vertex];
        }
        vertex
    }
    for edge in edges.iter() {
        let (a, b) = (root(&mut of, edge.tail), root(&mut of, edge.head));
        of[a.max(b)] = a.min(b);
    }
    for vertex in 1..count {
        let own = root(&mut of, vertex);
        if own != 0 {
            of[own] = 0;
            edges.push(Distance { tail: 0, head: own, length: -1_000_000, weight: 0 });
        }
    }
}

struct Simplex {
    edges: Vec<Distance>,
    /// Edges at each vertex.
    at: Vec<Vec<usize>>,
    value: Vec<i64>,
    /// Tree edges at each vertex.
    tree: Vec<Vec<usize>>,
    in_tree: Vec<bool>,
    tree_edges: Vec<usize>,
    /// Where an edge is in `tree_edges`.
    place: Vec<usize>,
    cut: Vec<i64>,
    /// The edge towards the root.
    parent: Vec<usize>,
    /// Numbers of the vertices below, and of this one, which is the highest of them.
    low: Vec<usize>,
    high: Vec<usize>,
    /// The vertices by their numbers.
    by_number: Vec<usize>,
    next: usize,
}

impl Simplex {
    fn new(count: usize, edges: Vec<Distance>) -> Self {
        let mut at = vec![Vec::new(); count];
        for (index, edge) in edges.iter().enumerate() {
            at[edge.tail].push(index);
            at[edge.head].push(index);
        }
        let value = first_values(count, &edges, &at);
        let number = edges.len();
        Simplex {
            edges,
            at,
            value,
            tree: vec![Vec::new(); count],
            in_tree: vec![false; number],
            tree_edges: Vec::new(),
            place: vec![NONE; number],
            cut: vec![0; number],
            parent: vec![NONE; count],
            low: vec![0; count],
            high: vec![0; count],
            by_number: vec![0; count],
            next: 0,
        }
    }

    fn slack(&self, edge: usize) -> i64 {
        let Distance { tail, head, length, .. } = self.edges[edge];
        self.value[head] - self.value[tail] - length
    }

    fn other(&self, edge: usize, vertex: usize) -> usize {
        let Distance { tail, head, .. } = self.edges[edge];
        if tail == vertex { head } else { tail }
    }

    fn add_to_tree(&mut self, edge: usize) {
        let Distance { tail, head, .. } = self.edges[edge];
        self.tree[tail].push(edge);
        self.tree[head].push(edge);
        self.in_tree[edge] = true;
        self.place[edge] = self.tree_edges.len();
        self.tree_edges.push(edge);
    }

    fn replace_in_tree(&mut self, old: usize, new: usize) {
        let Distance { tail, head, .. } = self.edges[old];
        for vertex in [tail, head] {
            self.tree[vertex].retain(|&edge| edge != old);
        }
        self.in_tree[old] = false;
        let place = self.place[old];
        let Distance { tail, head, .. } = self.edges[new];
        self.tree[tail].push(new);
        self.tree[head].push(new);
        self.in_tree[new] = true;
        self.place[new] = place;
        self.tree_edges[place] = new;
    }

    /// A spanning tree of edges without slack. What is in it moves as a whole towards the nearest that is not.
    fn grow_tree(&mut self) {
        let count = self.value.len();
        let mut inside = vec![false; count];
        // What the tree has been moved by since its start: of those inside, it is missing in `value`.
        let mut moved = 0_i64;
        let (mut leading_out, mut leading_in) = (BinaryHeap::new(), BinaryHeap::new());
        let mut base = vec![0_i64; count];
        let mut fresh = vec![0_usize];
        inside[0] = true;
        let mut held = 1;
        loop {
            while let Some(vertex) = fresh.pop() {
                base[vertex] = self.value[vertex] - moved;
                for &edge in &self.at[vertex] {
                    let Distance { tail, head, length, .. } = self.edges[edge];
                    if tail == vertex && !inside[head] {
                        leading_out.push(Reverse((self.value[head] - base[vertex] - length, edge)));
                    } else if head == vertex && !inside[tail] {
                        leading_in.push(Reverse((base[vertex] - self.value[tail] - length, edge)));
                    }
                }
            }
            if held == count {
                break;
            }
            while leading_out.peek().is_some_and(|&Reverse((_, edge))| inside[self.edges[edge].head]) {
                leading_out.pop();
            }
            while leading_in.peek().is_some_and(|&Reverse((_, edge))| inside[self.edges[edge].tail]) {
                leading_in.pop();
            }
            let forwards = leading_out.peek().map(|&Reverse((slack, edge))| (slack - moved, edge));
            let backwards = leading_in.peek().map(|&Reverse((slack, edge))| (slack + moved, edge));
            let (edge, by) = match (forwards, backwards) {
                (Some((out, edge)), Some((into, _))) if out <= into => (edge, out),
                (_, Some((into, edge))) => (edge, -into),
                (Some((out, edge)), None) => (edge, out),
                (None, None) => break,
            };
            moved += by;
            let Distance { tail, head, .. } = self.edges[edge];
            let vertex = if inside[tail] { head } else { tail };
            inside[vertex] = true;
            held += 1;
            fresh.push(vertex);
            self.add_to_tree(edge);
        }
        for (value, base) in self.value.iter_mut().zip(base) {
            *value = base + moved;
        }
    }

    /// Numbers the vertices below `root`, from `first` on, children before their parents.
    fn number(&mut self, root: usize, parent: usize, first: usize) {
        self.next = first;
        self.parent[root] = parent;
        self.low[root] = first;
        let mut stack = vec![(root, 0_usize)];
        while let Some(top) = stack.last_mut() {
            let (vertex, at) = *top;
            if at < self.tree[vertex].len() {
                top.1 += 1;
                let edge = self.tree[vertex][at];
                if edge != self.parent[vertex] {
                    let child = self.other(edge, vertex);
                    self.parent[child] = edge;
                    self.low[child] = self.next;
                    stack.push((child, 0));
                }
            } else {
                self.high[vertex] = self.next;
                self.by_number[self.next] = vertex;
                self.next += 1;
                stack.pop();
            }
        }
    }

    /// The cut value of every tree edge, from the leaves to the root.
    fn weigh(&mut self) {
        for number in 0..self.by_number.len() {
            let vertex = self.by_number[number];
            let own = self.parent[vertex];
            if own == NONE {
                continue;
            }
            let direction = |simplex: &Simplex, edge: usize| if simplex.edges[edge].tail == vertex { 1 } else { -1 };
            let mut sum = 0;
            for &edge in &self.at[vertex] {
                sum += self.edges[edge].weight * direction(self, edge);
                if self.in_tree[edge] && edge != own {
                    sum -= self.cut[edge] * direction(self, edge);
                }
            }
            self.cut[own] = sum * direction(self, own);
        }
    }

    /// A tree edge whose removal helps.
    fn leaving(&mut self) -> Option<usize> {
        let count = self.tree_edges.len();
        let (mut best, mut found) = (None, 0);
        for step in 0..count {
            let at = (self.next + step) % count;
            let edge = self.tree_edges[at];
            if self.cut[edge] < 0 {
                if best.is_none_or(|best: usize| self.cut[edge] < self.cut[best]) {
                    best = Some(edge);
                }
                found += 1;
                if found == SEARCHED {
                    self.next = at;
                    break;
                }
            }
        }
        best
    }

    fn is_below(&self, vertex: usize, root: usize) -> bool {
        self.low[root] <= self.high[vertex] && self.high[vertex] <= self.high[root]
    }

    /// The vertex of a tree edge that is further from the root.
    fn lower_end(&self, edge: usize) -> usize {
        let Distance { tail, head, .. } = self.edges[edge];
        if self.parent[tail] == edge { tail } else { head }
    }

    /// The edge with the least slack that leads across the cut the other way.
    fn entering(&self, leaving: usize) -> Option<usize> {
        let below = self.lower_end(leaving);
        let wants_tail_below = self.edges[leaving].head == below;
        let (first, last) = (self.low[below], self.high[below]);
        let count = self.value.len();
        let walks_below = 2 * (last + 1 - first) <= count;
        let mut best: Option<(i64, usize)> = None;
        let mut look = |number: usize| {
            let vertex = self.by_number[number];
            for &edge in &self.at[vertex] {
                let Distance { tail, head, .. } = self.edges[edge];
                let starts_here = tail == vertex;
                if starts_here != (wants_tail_below == walks_below) || self.in_tree[edge] {
                    continue;
                }
                let other = if starts_here { head } else { tail };
                if self.is_below(other, below) == walks_below {
                    continue;
                }
                let candidate = (self.slack(edge), edge);
                if best.is_none_or(|best| candidate < best) {
                    best = Some(candidate);
                }
            }
        };
        if walks_below {
            (first..=last).for_each(&mut look);
        } else {
            (0..first).chain(last + 1..count).for_each(&mut look);
        }
        best.map(|(_, edge)| edge)
    }

    fn pivot(&mut self, leaving: usize, entering: usize) {
        let below = self.lower_end(leaving);
        let slack = self.slack(entering);
        let by = if self.is_below(self.edges[entering].tail, below) { slack } else { -slack };
        let (first, last) = (self.low[below], self.high[below]);
        let count = self.value.len();
        if 2 * (last + 1 - first) <= count {
            (first..=last).for_each(|number| self.value[self.by_number[number]] += by);
        } else {
            (0..first).chain(last + 1..count).for_each(|number| self.value[self.by_number[number]] -= by);
        }
        let Distance { tail, head, .. } = self.edges[entering];
        let cut = self.cut[leaving];
        let meeting = self.shift_cuts(tail, head, cut, true);
        self.shift_cuts(head, tail, cut, false);
        self.cut[entering] = -cut;
        self.cut[leaving] = 0;
        self.replace_in_tree(leaving, entering);
        let search = self.next;
        self.number(meeting, self.parent[meeting], self.low[meeting]);
        self.next = search;
    }

    /// Adds to the cut values on the way from one end of the entering edge up to where the ways of both ends meet.
    fn shift_cuts(&mut self, mut vertex: usize, other: usize, cut: i64, from_tail: bool) -> usize {
        while !self.is_below(other, vertex) {
            let edge = self.parent[vertex];
            if (self.edges[edge].tail == vertex) == from_tail {
                self.cut[edge] += cut;
            } else {
                self.cut[edge] -= cut;
            }
            vertex = self.other(edge, vertex);
        }
        vertex
    }
}

/// As near to the front as the distances allow.
fn first_values(count: usize, edges: &[Distance], at: &[Vec<usize>]) -> Vec<i64> {
    let mut waiting = vec![0_usize; count];
    edges.iter().for_each(|edge| waiting[edge.head] += 1);
    let mut value = vec![0_i64; count];
    let mut is_set = vec![false; count];
    let mut ready: Vec<usize> = (0..count).rev().filter(|&vertex| waiting[vertex] == 0).collect();
    while let Some(vertex) = ready.pop() {
        for &edge in &at[vertex] {
            let Distance { tail, head, length, .. } = edges[edge];
            if tail != vertex {
                continue;
            }
            let needed = value[vertex] + length;
            value[head] = if is_set[head] { value[head].max(needed) } else { needed };
            is_set[head] = true;
            waiting[head] -= 1;
            if waiting[head] == 0 {
                ready.push(head);
            }
        }
    }
    debug_assert!(waiting.iter().all(|&left| left == 0), "distances that form a circle");
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(distances: &[Distance], values: &[i64]) -> i64 {
        distances.iter().map(|it| it.weight * (values[it.head] - values[it.tail])).sum()
    }

    /// Against all values that there are, on small cases.
    #[test]
    fn the_sum_is_least() {
        let mut seed = 5_u64;
        let mut below = |bound: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % bound
        };
        for _ in 0..300 {
            let count = 2 + below(3) as usize;
            let mut distances = Vec::new();
            for tail in 0..count {
                for head in tail + 1..count {
                    if below(4) > 0 {
                        let (length, weight) = (below(3) as i64 - 1, below(5) as i64);
                        distances.push(Distance { tail, head, length, weight });
                    }
                }
            }
            let values = solve(count, &distances, &mut 1000);
            let holds = |values: &[i64]| distances.iter().all(|it| values[it.head] - values[it.tail] >= it.length);
            assert!(holds(&values), "{distances:?}: {values:?}");
            let mut least = i64::MAX;
            for code in 0..9_i64.pow(count as u32) {
                let tried: Vec<i64> = (0..count as u32).map(|at| code / 9_i64.pow(at) % 9).collect();
                if holds(&tried) {
                    least = least.min(cost(&distances, &tried));
                }
            }
            assert_eq!(cost(&distances, &values), least, "{distances:?}: {values:?}");
        }
    }

    #[test]
    fn without_pivots_the_distances_hold_all_the_same() {
        let distances: Vec<_> = (0..50)
            .map(|at| Distance { tail: at, head: at + 1 + at % 3, length: 2, weight: 1 + at as i64 % 4 })
            .collect();
        let values = solve(60, &distances, &mut 0);
        assert!(distances.iter().all(|it| values[it.head] - values[it.tail] >= it.length));
    }
}
