//! Worlds that are made only as needed.
//!
//! A visitor of a world asks for the cells that matter, one after another; each new question makes as many worlds as
//! the dimension has cells. Dimensions that nobody asks for make none.

use std::cell::RefCell;

/// Worlds that are visited at most; guards with more are not judged, and a finding says so.
pub const MOST_WORLDS: usize = 1 << 16;

/// A cell for each dimension, as far as it was asked for.
#[derive(Debug)]
pub struct World {
    sizes: Vec<usize>,
    cells: RefCell<Vec<Option<usize>>>,
    /// The dimensions in the order in which they were asked for; those that were given are not among them.
    asked: RefCell<Vec<usize>>,
}

impl World {
    /// Which cell of a dimension it is in.
    #[must_use]
    pub fn cell(&self, dimension: usize) -> usize {
        *self.cells.borrow_mut()[dimension].get_or_insert_with(|| {
            self.asked.borrow_mut().push(dimension);
            0
        })
    }

    /// What is known of it: dimensions and their cells.
    pub fn chosen(&self) -> impl Iterator<Item = (usize, usize)> {
        let chosen = self.cells.borrow().clone();
        chosen.into_iter().enumerate().filter_map(|(dimension, cell)| Some((dimension, cell?)))
    }

    /// The next world: the last question gets its next answer. None if all are exhausted.
    fn advance(&mut self) -> bool {
        let (cells, asked) = (self.cells.get_mut(), self.asked.get_mut());
        while let Some(last) = asked.pop() {
            let next = cells[last].take().map_or(0, |cell| cell + 1);
            if next < self.sizes[last] {
                cells[last] = Some(next);
                asked.push(last);
                return true;
            }
        }
        false
    }
}

/// Visits each world in which those dimensions are in those cells, but at most so many; returns whether these were all.
pub fn each(
    sizes: impl Iterator<Item = usize>,
    fixed: &[(usize, usize)],
    most: usize,
    mut visit: impl FnMut(&World),
) -> bool {
    let sizes: Vec<usize> = sizes.collect();
    let mut cells = vec![None; sizes.len()];
    fixed.iter().for_each(|&(dimension, cell)| cells[dimension] = Some(cell));
    let mut world = World { sizes, cells: RefCell::new(cells), asked: RefCell::default() };
    for _ in 0..most {
        visit(&world);
        if !world.advance() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_makes_no_worlds() {
        let mut seen = Vec::new();
        let all = each([2, 3, 100].into_iter(), &[], MOST_WORLDS, |world| {
            let first = world.cell(0);
            seen.push((first, if first == 0 { world.cell(1) } else { 9 }));
        });
        assert!(all);
        assert_eq!(seen, [(0, 0), (0, 1), (0, 2), (1, 9)]);
    }

    #[test]
    fn what_is_given_stays_as_it_is() {
        let mut seen = Vec::new();
        assert!(each([2, 2].into_iter(), &[(0, 1)], MOST_WORLDS, |world| {
            seen.push((world.cell(0), world.cell(1)))
        }));
        assert_eq!(seen, [(1, 0), (1, 1)]);
    }

    #[test]
    fn too_many_are_not_all() {
        let visit = |world: &World| {
            (0..17).for_each(|dimension| {
                let _ = world.cell(dimension);
            })
        };
        assert!(!each([2; 17].into_iter(), &[], MOST_WORLDS, visit));
    }
}
