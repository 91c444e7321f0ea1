//! Between two layers, lines change their columns on level tracks. Which track is above which decides where lines
//! cross, and that none overlap.

/// Where a line comes from above and where it goes on below, in pixels from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub upper: i64,
    pub lower: i64,
}

/// The tracks of one change, from above: each ends at that column.
pub(super) type Steps = Vec<(usize, i64)>;

/// Upright pieces that are nearer to each other than this must not be beside each other, in pixels.
const APART: i64 = 9;
/// More than any number of crossings.
const FORBIDDEN: i64 = 1_000_000;
/// How often conflicting lines get another track in between.
const DOGLEGS: usize = 6;

#[derive(Clone, Copy, Debug)]
struct Piece {
    of: usize,
    from: i64,
    to: i64,
}

impl Piece {
    fn range(&self) -> (i64, i64) {
        (self.from.min(self.to), self.from.max(self.to))
    }

    fn meets(&self, other: &Piece) -> bool {
        let (a, b) = (self.range(), other.range());
        a.0 <= b.1 + APART && b.0 <= a.1 + APART
    }

    fn spans(&self, column: i64) -> bool {
        let (first, last) = self.range();
        first < column && column < last
    }

    /// Whether the upright ends of the two overlap if this one is above.
    fn clashes_above(&self, other: &Piece) -> bool {
        self.of != other.of && (self.to - other.from).abs() < APART
    }

    /// What it costs if this one is above.
    fn cost_above(&self, other: &Piece) -> i64 {
        let crossings = i64::from(other.spans(self.to)) + i64::from(self.spans(other.from));
        crossings + if self.clashes_above(other) { FORBIDDEN } else { 0 }
    }
}

/// Tracks for all changes, and how many tracks there are. A change that changes nothing has none.
pub(super) fn tracks(changes: &[Change]) -> (Vec<Steps>, usize) {
    let moving = changes.iter().enumerate().filter(|(_, change)| change.upper != change.lower);
    let mut pieces: Vec<Piece> =
        moving.map(|(of, change)| Piece { of, from: change.upper, to: change.lower }).collect();
    let mut order = in_order(&pieces);
    for _ in 0..DOGLEGS {
        let Some(piece) = clash(&pieces, &order) else { break };
        let bend = free_column(&pieces, &pieces[piece]);
        let rest = Piece { from: bend, ..pieces[piece] };
        pieces[piece].to = bend;
        pieces.insert(piece + 1, rest);
        order = in_order(&pieces);
    }
    let mut track = vec![0; pieces.len()];
    let mut count = 0;
    for (done, &piece) in order.iter().enumerate() {
        let above = order[..done].iter().filter(|&&other| pieces[other].meets(&pieces[piece]));
        track[piece] = above.map(|&other| track[other] + 1).max().unwrap_or(0);
        count = count.max(track[piece] + 1);
    }
    let mut steps = vec![Vec::new(); changes.len()];
    for (index, piece) in pieces.iter().enumerate() {
        steps[piece.of].push((track[index], piece.to));
    }
    (steps, count)
}

/// From the top down, such that few lines cross and, if possible, none overlap.
fn in_order(pieces: &[Piece]) -> Vec<usize> {
    let count = pieces.len();
    // By piece: those that had better be below it, and how much better.
    let mut below: Vec<Vec<(usize, i64)>> = vec![Vec::new(); count];
    let (mut into, mut out) = (vec![0_i64; count], vec![0_i64; count]);
    let mut by_left: Vec<usize> = (0..count).collect();
    by_left.sort_by_key(|&piece| pieces[piece].range());
    for (place, &first) in by_left.iter().enumerate() {
        let last_column = pieces[first].range().1 + APART;
        for &second in by_left[place + 1..].iter().take_while(|&&second| pieces[second].range().0 <= last_column) {
            let (upper, lower) = (first.min(second), first.max(second));
            let better = if pieces[upper].of == pieces[lower].of {
                // Parts of one line come in their order.
                2 * FORBIDDEN
            } else {
                pieces[lower].cost_above(&pieces[upper]) - pieces[upper].cost_above(&pieces[lower])
            };
            if better != 0 {
                let (upper, lower) = if better > 0 { (upper, lower) } else { (lower, upper) };
                below[upper].push((lower, better.abs()));
                out[upper] += better.abs();
                into[lower] += better.abs();
            }
        }
    }
    let mut left: Vec<usize> = (0..count).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = left.iter().position(|&piece| into[piece] == 0);
        let at = free.unwrap_or_else(|| {
            let best = (0..left.len()).max_by_key(|&at| (out[left[at]] - into[left[at]], std::cmp::Reverse(at)));
            best.unwrap_or(0)
        });
        let piece = left.remove(at);
        for &(other, by) in &below[piece] {
            into[other] -= by;
        }
        order.push(piece);
    }
    order
}

/// A piece that overlaps another in this order.
fn clash(pieces: &[Piece], order: &[usize]) -> Option<usize> {
    for (done, &upper) in order.iter().enumerate() {
        let clashes = |&&lower: &&usize| pieces[upper].clashes_above(&pieces[lower]);
        if let Some(&lower) = order[done + 1..].iter().find(clashes) {
            let long = |piece: usize| (pieces[piece].from - pieces[piece].to).abs();
            return Some(if long(upper) >= long(lower) { upper } else { lower });
        }
    }
    None
}

/// A column for another upright piece: the nearest to the middle that is far from all others.
fn free_column(pieces: &[Piece], piece: &Piece) -> i64 {
    let middle = i64::midpoint(piece.from, piece.to);
    let is_free = |column: &i64| {
        pieces.iter().all(|other| (other.from - column).abs() >= APART && (other.to - column).abs() >= APART)
    };
    let tried = (0..400).map(|step| middle + if step % 2 == 0 { step / 2 } else { -(step / 2) - 1 } * 3);
    tried.into_iter().find(is_free).unwrap_or(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(ends: &[(i64, i64)]) -> Vec<Change> {
        ends.iter().map(|&(upper, lower)| Change { upper, lower }).collect()
    }

    #[test]
    fn what_is_straight_needs_no_track() {
        assert_eq!(tracks(&changes(&[(5, 5), (50, 50)])), (vec![vec![], vec![]], 0));
    }

    #[test]
    fn lines_side_by_side_do_not_cross() {
        let (steps, count) = tracks(&changes(&[(0, 100), (20, 120)]));
        assert_eq!(count, 2);
        assert!(steps[0][0].0 > steps[1][0].0, "{steps:?}");
    }

    /// Each goes to where the other comes from: no order of two tracks will do.
    #[test]
    fn lines_that_change_places_do_not_lie_on_one_another() {
        let (steps, count) = tracks(&changes(&[(0, 100), (100, 0)]));
        assert_eq!(count, 3);
        assert_eq!(steps.iter().map(Vec::len).sum::<usize>(), 3, "{steps:?}");
    }
}
