//! A guard as a function of the world, evaluated as at run time: from the left, and only as far as needed.

use super::World;

/// A guard, as a function of the world.
#[derive(Clone, Debug)]
pub enum Formula {
    /// The same in all worlds.
    Constant(bool),
    /// True in those cells of that dimension.
    In(usize, Vec<bool>),
    /// Negated.
    Not(Box<Formula>),
    /// All hold.
    All(Vec<Formula>),
    /// One holds.
    Any(Vec<Formula>),
    /// Its value, if none of these dimensions is in the cell for zero.
    Dividing(Vec<(usize, usize)>, Box<Formula>),
    /// Both or neither.
    Same(Box<Formula>, Box<Formula>),
}

impl Formula {
    /// Whether it holds in a world. Where it divides by zero on the way, it does not.
    #[must_use]
    pub fn holds(&self, world: &World) -> bool {
        self.value(world) == Some(true)
    }

    /// `None` after a division by zero. The right side is not evaluated if the left one decides, as at run time.
    fn value(&self, world: &World) -> Option<bool> {
        match self {
            Formula::Constant(value) => Some(*value),
            Formula::In(dimension, cells) => Some(cells[world.cell(*dimension)]),
            Formula::Dividing(divisors, of) => {
                if divisors.iter().any(|(dimension, zero)| world.cell(*dimension) == *zero) {
                    None
                } else {
                    of.value(world)
                }
            }
            Formula::Not(of) => Some(!of.value(world)?),
            Formula::All(of) => {
                for formula in of {
                    if !formula.value(world)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            Formula::Any(of) => {
                for formula in of {
                    if formula.value(world)? {
                        return Some(true);
                    }
                }
                Some(false)
            }
            Formula::Same(left, right) => Some(left.value(world)? == right.value(world)?),
        }
    }
}
