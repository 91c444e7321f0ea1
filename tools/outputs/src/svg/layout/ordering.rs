//! Puts the vertices of each layer into an order in which few lines cross: by the mean of their neighbours, layer by
//! layer, down and up; then by exchange of neighbours. The best of all orders that came up is kept.

use super::layered::Layered;
use super::work::Work;

/// Passes through all layers for small graphs, and fewer for large ones.
const SWEEPS: [usize; 3] = [14, 8, 4];
/// Segments up to which a graph is small, and is not large.
const SIZES: [usize; 2] = [400, 4000];

/// Orders the layers. The vertices that are pinned stay in the order in which they are among one another.
pub(super) fn order(layered: &mut Layered, pinned: &[bool], work: &mut Work) {
    let mut ordering = Ordering::new(layered, pinned);
    let size = SIZES.iter().position(|&size| layered.segments.len() <= size).unwrap_or(2);
    let mut best = (ordering.crossings(), ordering.layers.clone());
    for sweep in 0..SWEEPS[size] {
        if best.0 == 0 && sweep > 1 {
            break;
        }
        work.spend(layered.segments.len() / 8 + 1);
        ordering.sweep(sweep % 2 == 0);
        ordering.exchange(if size == 2 { 1 } else { 4 });
        let crossings = ordering.crossings();
        if crossings < best.0 || sweep == 0 {
            best = (crossings, ordering.layers.clone());
        }
    }
    layered.layers = best.1;
}

struct Ordering<'a> {
    pinned: &'a [bool],
    layers: Vec<Vec<usize>>,
    place: Vec<usize>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

impl<'a> Ordering<'a> {
    fn new(layered: &Layered, pinned: &'a [bool]) -> Self {
        let segments = &layered.segments;
        let above = layered.above.iter().map(|list| list.iter().map(|&at| segments[at].upper).collect()).collect();
        let below = layered.below.iter().map(|list| list.iter().map(|&at| segments[at].lower).collect()).collect();
        let layers = layered.layers.clone();
        let mut ordering = Ordering { pinned, layers, place: vec![0; layered.vertices.len()], above, below };
        ordering.note_places();
        ordering
    }

    fn note_places(&mut self) {
        for layer in &self.layers {
            for (place, &vertex) in layer.iter().enumerate() {
                self.place[vertex] = place;
            }
        }
    }

    fn sweep(&mut self, down: bool) {
        let count = self.layers.len();
        for step in 0..count {
            let layer = if down { step } else { count - 1 - step };
            let scale = self.layers[layer].len() as f64;
            let beside = if down { layer.checked_sub(1) } else { Some(layer + 1).filter(|&next| next < count) };
            let other = beside.map_or(1.0, |beside| self.layers[beside].len() as f64);
            let mut keyed: Vec<(f64, usize)> = Vec::new();
            let mut last_pinned = f64::NEG_INFINITY;
            for (place, &vertex) in self.layers[layer].iter().enumerate() {
                let neighbours = if down { &self.above[vertex] } else { &self.below[vertex] };
                let is_text = self.pinned[vertex] && self.above[vertex].is_empty() && self.below[vertex].is_empty();
                let mean = if is_text && place == 0 {
                    f64::NEG_INFINITY
                } else if neighbours.is_empty() {
                    (place as f64 + 0.5) / scale * other
                } else {
                    let sum: usize = neighbours.iter().map(|&neighbour| self.place[neighbour]).sum();
                    sum as f64 / neighbours.len() as f64 + 0.5
                };
                if self.pinned[vertex] {
                    last_pinned = mean.max(last_pinned);
                }
                keyed.push((if self.pinned[vertex] { last_pinned } else { mean }, vertex));
            }
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            self.layers[layer] = keyed.into_iter().map(|(_, vertex)| vertex).collect();
            for (place, &vertex) in self.layers[layer].iter().enumerate() {
                self.place[vertex] = place;
            }
        }
    }

    /// Exchanges neighbours where that saves crossings.
    fn exchange(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let mut improved = false;
            for layer in 0..self.layers.len() {
                for place in 1..self.layers[layer].len() {
                    let (left, right) = (self.layers[layer][place - 1], self.layers[layer][place]);
                    let may = !(self.pinned[left] && self.pinned[right]);
                    if may && self.crossings_of(left, right) > self.crossings_of(right, left) {
                        self.layers[layer].swap(place - 1, place);
                        self.place.swap(left, right);
                        improved = true;
                    }
                }
            }
            if !improved {
                break;
            }
        }
    }

    /// Crossings of the lines of two neighbours if they stand in this order.
    fn crossings_of(&self, left: usize, right: usize) -> usize {
        let count = |left: &[usize], right: &[usize]| {
            let mut crossings = 0;
            for &a in left {
                crossings += right.iter().filter(|&&b| self.place[b] < self.place[a]).count();
            }
            crossings
        };
        count(&self.above[left], &self.above[right]) + count(&self.below[left], &self.below[right])
    }

    fn crossings(&self) -> usize {
        self.layers.iter().map(|layer| self.crossings_below(layer)).sum()
    }

    /// Inversions among the ends of the lines that leave a layer downwards.
    fn crossings_below(&self, layer: &[usize]) -> usize {
        let mut ends = Vec::new();
        for &vertex in layer {
            let mut own: Vec<usize> = self.below[vertex].iter().map(|&other| self.place[other]).collect();
            own.sort_unstable();
            ends.extend(own);
        }
        let size = ends.iter().max().map_or(0, |last| last + 2);
        // A tree of counts: how many ends so far are at a place or before it.
        let mut counts = vec![0_usize; size + 1];
        let mut crossings = 0;
        for (done, &end) in ends.iter().enumerate() {
            let mut not_behind = 0;
            let mut at = end + 1;
            while at > 0 {
                not_behind += counts[at];
                at -= at & at.wrapping_neg();
            }
            crossings += done - not_behind;
            let mut at = end + 1;
            while at <= size {
                counts[at] += 1;
                at += at & at.wrapping_neg();
            }
        }
        crossings
    }
}
